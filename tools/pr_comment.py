"""The comment on a pull request: ``gateway diff`` of every stack that it concerns, as one Markdown text.

Usage: ``python tools/pr_comment.py BASE HEAD``, two git revisions; the text goes to stdout, the workflow
posts it. Needs no cloud account. A preview that fails is part of the text and no failure of this program.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MARKER = "<!-- ai-gateway preview -->"
"""First line of the comment, by which the workflow finds the one it wrote before."""

LIMIT_BYTES = 65_000
"""GitHub takes 65,536 characters in a comment. Counted in bytes, of which a text has no fewer."""

PROGRAM = ("sizing/", "components/", "infra/", "policy/", "__main__.py", "Pulumi.yaml", "requirements.txt")
"""What decides every stack's resources; a change of anything else but stack files changes none."""

_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]{1,100})\.yaml")
_SHOWN_COMMIT = 10

Diff = Callable[[str, str], tuple[bool, str]]
"""Operands of ``gateway diff`` -> (worked, what it printed)."""


class RevisionError(ValueError):
    """Git cannot answer for a revision."""


@dataclass(frozen=True)
class Section:
    """What is said of one stack. ``open`` shows it without a click; ``text`` "" is a head line alone."""

    stack: str
    headline: str
    text: str = ""
    open: bool = False

    def render(self, text: str | None = None) -> str:
        """Markdown; ``text`` in place of the section's own when it had to be cut."""
        shown = self.text if text is None else text
        if not shown:
            return f"**{self.stack}**: {self.headline}\n"
        summary = f"<summary><b>{self.stack}</b>: {self.headline}</summary>"
        return f"<details{' open' if self.open else ''}>{summary}\n\n{shown}\n\n</details>\n"


def git(project: Path, *arguments: str) -> str:
    """Standard output of git. Raises RevisionError with what it said on stderr."""
    done = subprocess.run(
        ["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RevisionError(" ".join(done.stderr.split()) or f"git {arguments[0]} failed")
    return done.stdout


def commit_of(project: Path, revision: str) -> str:
    """The full id of a revision. Raises RevisionError when there is no such commit."""
    try:
        found = git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except RevisionError:
        raise RevisionError(f"no such revision: {revision}") from None
    return found.strip()


def stacks_at(project: Path, commit: str) -> list[str]:
    """Stacks that have a file at the commit; names that Pulumi would refuse are left out."""
    names = git(project, "ls-tree", "--name-only", "-z", commit, "./").split("\0")
    found = (_STACK_FILE.fullmatch(name.rsplit("/", 1)[-1]) for name in names)
    return sorted(match[1] for match in found if match)


def concerned(changed: Iterable[str], stacks: Iterable[str]) -> list[str]:
    """The stacks whose resources a change of these files can alter: all when the program changed."""
    paths = set(changed)
    everything = any(path.startswith(PROGRAM) for path in paths)
    return [stack for stack in sorted(stacks) if everything or f"Pulumi.{stack}.yaml" in paths]


def sections(project: Path, base: str, head: str, diff: Diff) -> list[Section]:
    """A section for each stack that the change from ``base`` to ``head`` (commits) concerns."""
    old, new = stacks_at(project, base), stacks_at(project, head)
    changed = git(project, "diff", "--name-only", "--no-renames", "--relative", "-z", base, head, "--")
    names = concerned(changed.split("\0"), {*old, *new})

    def of(stack: str) -> Section:
        return _section(stack, base, head, stack in old, stack in new, diff)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(of, names))


def _section(stack: str, base: str, head: str, in_base: bool, in_head: bool, diff: Diff) -> Section:
    if not in_base:
        return Section(stack, f"new stack; `gateway preview {stack}` shows all of it")
    if not in_head:
        return Section(stack, "stack file removed; that destroys nothing, see docs/runbooks/destroy.md")
    worked, text = diff(f"{base}:{stack}", f"{head}:{stack}")
    if not worked:
        return Section(stack, "cannot be compared", _fenced(text), open=True)
    body = re.sub(r"\A## .*\n+", "", text).strip()
    summary, _, rest = body.partition("\n")
    lost = re.search(r"^> \*\*", body, re.MULTILINE) is not None
    return Section(stack, summary.rstrip("."), rest.strip(), open=lost)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"


def comment(base: str, head: str, found: Sequence[Section], limit: int = LIMIT_BYTES) -> str:
    """The whole text, at most ``limit`` bytes: sections that are too long end early and say so."""
    old, new = base[:_SHOWN_COMMIT], head[:_SHOWN_COMMIT]
    top = (
        f"{MARKER}\n## Preview of this change\n\n`{old}` to `{new}`, computed without a cloud account: what"
        " `pulumi up` would do to a stack that runs the first. Drift and secrets' values are not in it.\n\n"
    )
    if not found:
        return f"{top}No stack is concerned.\n"
    commands = {one.stack: f"gateway diff {old}:{one.stack} {new}:{one.stack}" for one in found}
    room = limit - _size(top)
    shown = _named(found, commands, room)
    missing = len(found) - len(shown)
    last = [_others(missing, old, new)] if missing else []
    spare = room - _size("".join(last)) - sum(shown.values())
    kept: dict[str, str] = {}
    waiting = sorted(
        (section for section in found if section.stack in shown),
        key=lambda section: _size(section.render()) - shown[section.stack],
    )
    for position, section in enumerate(waiting):
        least = shown[section.stack]
        share = least - 1 + spare // (len(waiting) - position)  # 1 for the line's end between two
        kept[section.stack] = _cut(section, share, commands[section.stack])
        spare -= _size(kept[section.stack]) + 1 - least
    return top + "\n".join([*(kept[section.stack] for section in found if section.stack in kept), *last])


def _named(found: Sequence[Section], commands: Mapping[str, str], room: int) -> dict[str, int]:
    """The stacks that ``room`` bytes can name, bad news first, with what each takes at least."""
    least = {s.stack: min(_size(s.render()), _size(_cut(s, 0, commands[s.stack]))) + 1 for s in found}
    if sum(least.values()) <= room:
        return least
    shown: dict[str, int] = {}
    left = room - _size(_others(len(found), "x" * _SHOWN_COMMIT, "x" * _SHOWN_COMMIT))
    for section in sorted(found, key=lambda section: not section.open):
        if (left := left - least[section.stack]) < 0:
            break
        shown[section.stack] = least[section.stack]
    return shown


def _others(count: int, old: str, new: str) -> str:
    return f"_and {count} more stack{'s' * (count > 1)}: `gateway diff {old}:STACK {new}:STACK` shows one._\n"


def _size(text: str) -> int:
    return len(text.encode())


def _cut(section: Section, room: int, command: str) -> str:
    """The section within ``room`` bytes, cut between lines; the head line alone when nothing else fits."""
    whole = section.render()
    if _size(whole) <= room:
        return whole
    lines = section.text.splitlines()
    fence = lines[-1] if lines and lines[-1].startswith("```") else ""
    note = f"{fence}\n\n_{{}} more lines; `{command}` prints all of them._"
    left = room - _size(section.render(note.format(len(lines)))) - 1
    kept = 0
    while kept < len(lines) and (left := left - _size(lines[kept]) - 1) >= 0:
        kept += 1
    return section.render("\n".join([*lines[:kept], note.format(len(lines) - kept)]))


def gateway_diff(project: Path) -> Diff:
    """``gateway diff`` of this checkout, run in ``project``."""

    def run(base: str, head: str) -> tuple[bool, str]:
        command = [sys.executable, "-m", "cli.main", "diff", base, head]
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False
        )
        return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr

    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comment; 2 with one message on stderr when git knows no such revision."""
    parser = argparse.ArgumentParser(description="Print the comment for a pull request.")
    parser.add_argument("base", help="revision that the change is made to")
    parser.add_argument("head", help="revision with the change")
    parser.add_argument("--project", type=Path, default=Path(), help="the clone (default: current directory)")
    options = parser.parse_args(arguments)
    project: Path = options.project
    try:
        base, head = commit_of(project, options.base), commit_of(project, options.head)
        found = sections(project, base, head, gateway_diff(project))
    except RevisionError as error:
        print(f"pr_comment: {error}", file=sys.stderr)
        return 2
    sys.stdout.write(comment(base, head, found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
