"""The pull request's comment: which stacks it speaks of, what it says, and that GitHub takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest

from tests.harness import ROOT
from tools.pr_comment import LIMIT_BYTES, MARKER, PROGRAM, Section, comment, concerned, main, sections

STACKS = ("large", "mine", "small")
BASE, HEAD = "a" * 40, "b" * 40
CHANGED = """## `base:small` → `head:small`

1 created, 2 updated, 0 replaced, 0 deleted, 200 unchanged.

### Sizing (1)

| Figure | Base | Head |
|---|---|---|
| `litellm.replicas` | 2 | 3 |
"""
LOSES_DATA = CHANGED.replace("### Sizing", "> **1 resource that hold data would be lost.**\n\n### Sizing")
UNFIT = CHANGED.replace(
    "### Sizing", "> **It does not fit any more: `pulumi up` refuses it.**\n> vault: no node\n\n### Sizing"
)
STACK_FILE = "config:\n  ai-gateway:tier: small\n"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["Pulumi.small.yaml"], ["small"]),
        (["Pulumi.small.yaml", "README.md"], ["small"]),
        (["README.md", "docs/adr/0001.md", "tests/test_x.py", "cli/diff.py", ""], []),
        (["sizing/guide/ch2_components.py"], ["large", "mine", "small"]),
        (["components/aws/network.py", "Pulumi.small.yaml"], ["large", "mine", "small"]),
        (["requirements.txt"], ["large", "mine", "small"]),
        (["requirements-dev.txt"], []),
        (["Pulumi.yaml"], ["large", "mine", "small"]),
        (["examples/Pulumi.small.yaml"], []),
    ],
)
def test_stacks_whose_resources_can_change(changed: list[str], expected: list[str]) -> None:
    assert concerned(changed, STACKS) == expected


def git(project: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(project), *identity, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def commit(project: Path, files: Mapping[str, str | None]) -> str:
    """Write files (None removes one), commit, and return the commit's id."""
    for name, text in files.items():
        path = project / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "change")
    return git(project, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def test_each_kind_of_stack_has_its_section(project: Path) -> None:
    base = commit(
        project, {"Pulumi.small.yaml": STACK_FILE, "Pulumi.gone.yaml": STACK_FILE, "Pulumi.yaml": "a"}
    )
    head = commit(project, {"Pulumi.gone.yaml": None, "Pulumi.new.yaml": STACK_FILE, "Pulumi.yaml": "b"})
    asked: list[tuple[str, str]] = []

    def diff(old: str, new: str) -> tuple[bool, str]:
        asked.append((old, new))
        return True, CHANGED

    gone, new, small = sections(project, base, head, diff)
    assert asked == [(f"{base}:small", f"{head}:small")]
    assert "destroys nothing" in gone.headline
    assert "new stack" in new.headline
    assert small.headline == "1 created, 2 updated, 0 replaced, 0 deleted, 200 unchanged"
    assert small.text.startswith("### Sizing (1)")
    assert not small.open


def test_names_that_are_no_stack_are_left_out(project: Path) -> None:
    base = commit(project, {"Pulumi.<img>.yaml": "a", "Pulumi.a b.yaml": "a", "Pulumi.yaml": "a"})
    head = commit(project, {"Pulumi.yaml": "b"})
    assert sections(project, base, head, lambda old, new: (True, CHANGED)) == []


@pytest.mark.parametrize(
    ("worked", "text"), [(True, LOSES_DATA), (True, UNFIT), (False, "error: tier: unknown\n```")]
)
def test_bad_news_is_shown_without_a_click(project: Path, worked: bool, text: str) -> None:
    base = commit(project, {"Pulumi.small.yaml": STACK_FILE})
    head = commit(project, {"Pulumi.small.yaml": f"{STACK_FILE}# changed\n"})
    (small,) = sections(project, base, head, lambda old, new: (worked, text))
    assert small.open
    rendered = small.render()
    assert rendered.startswith("<details open>")
    if not worked:
        assert "````text\nerror: tier: unknown\n```\n````" in rendered


def test_comment_begins_with_its_marker_and_names_the_revisions() -> None:
    text = comment(BASE, HEAD, [Section("small", "No changes"), Section("large", "1 created", "body")])
    assert text.startswith(f"{MARKER}\n")
    assert "`aaaaaaaaaa` to `bbbbbbbbbb`" in text
    assert "**small**: No changes\n" in text
    assert "<summary><b>large</b>: 1 created</summary>\n\nbody\n\n</details>" in text
    assert "No stack is concerned" in comment(BASE, HEAD, [])


def test_workflow_looks_for_the_same_marker() -> None:
    workflow = (ROOT / ".github/workflows/preview.yml").read_text(encoding="utf-8")
    assert f'startswith("{MARKER}")' in workflow


def test_long_sections_end_early_and_short_ones_stay_whole() -> None:
    lines = [f"| `path.{number}` | → | {'x' * 60} |" for number in range(3000)]
    long = [Section(name, "many updated", "\n".join(lines)) for name in ("a", "b", "c")]
    text = comment(BASE, HEAD, [*long, Section("short", "1 created", "all of it")])
    assert LIMIT_BYTES - 1000 < len(text.encode()) <= LIMIT_BYTES
    assert "all of it" in text
    assert text.count("<details>") == text.count("</details>") == 4
    assert "more lines; `gateway diff aaaaaaaaaa:a bbbbbbbbbb:a` prints all of them._" in text
    shown = text.count("| `path.")
    left = [
        int(line.split()[0].lstrip("_"))
        for line in text.splitlines()
        if line.endswith("prints all of them._")
    ]
    assert shown + sum(left) == 9000


@pytest.mark.parametrize("body", ["", "all of it", "\n".join(["| a line of a table |"] * 40)])
@pytest.mark.parametrize("stacks", [300, 1000])
def test_more_stacks_than_a_comment_can_name_are_counted(body: str, stacks: int) -> None:
    names = [f"{'a-team-with-a-long-name' * 3}-{number}" for number in range(stacks)]
    found = [Section(name, "1 created", body, open=name.endswith("-77")) for name in names]
    text = comment(BASE, HEAD, found)
    assert len(text.encode()) <= LIMIT_BYTES
    shown = [name for name in names if f"{name}</b>" in text or f"{name}**" in text]
    more = re.search(
        r"_and (\d+) more stacks: `gateway diff aaaaaaaaaa:STACK bbbbbbbbbb:STACK` shows one._\n\Z", text
    )
    assert len(shown) + (int(more[1]) if more else 0) == stacks
    assert any(name.endswith("-77") for name in shown)  # bad news first
    if more:
        assert len(text.encode()) > LIMIT_BYTES - 500


def test_every_room_that_a_preview_uses_concerns_all_stacks() -> None:
    """By the imports themselves; the command's own code only writes down what the others found."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    imports = grimp.build_graph(*settings["tool"]["importlinter"]["root_packages"], cache_dir=None)
    used = {module.partition(".")[0] for module in imports.find_upstream_modules("cli.diff")}
    assert used - {"cli"} == {path.rstrip("/") for path in PROGRAM if path.endswith("/")}
    assert all((ROOT / path).exists() for path in PROGRAM)


def test_a_cut_message_stays_in_its_fence() -> None:
    failed = Section("small", "cannot be compared", "```text\n" + "word\n" * 500 + "```", open=True)
    text = comment(BASE, HEAD, [failed], limit=1200)
    assert len(text.encode()) <= 1200
    assert text.count("```") == 2
    assert text.index("```\n\n_") < text.index("more lines")


def test_unknown_revision_is_one_message(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(project, {"Pulumi.small.yaml": STACK_FILE})
    assert main(["no-such-branch", "HEAD", "--project", str(project)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "pr_comment: no such revision: no-such-branch\n"


def program_of(project: Path) -> None:
    """This project's own program, where a repository of a test has it."""
    for name in ("sizing", "components", "infra", "policy", "cli", "tools"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    for name in ("__main__.py", "Pulumi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, project / name)


def test_comment_of_a_stack_that_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """This project's own program in two revisions, compared by the command itself; the second is wrong."""
    program_of(project)
    commit(project, {"Pulumi.small.yaml": STACK_FILE})
    commit(project, {"Pulumi.small.yaml": f"{STACK_FILE}  ai-gateway:litellm:\n    replicas: 0\n"})
    assert main(["HEAD^", "HEAD", "--project", str(project)]) == 0
    text = capsys.readouterr().out
    assert "<details open><summary><b>small</b>: cannot be compared</summary>" in text
    assert "litellm.replicas" in text
    assert "Traceback" not in text
