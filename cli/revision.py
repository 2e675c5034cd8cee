"""The preview of a stack as a git revision has it: its own program, run on its own stack file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli.errors import InputError
from sizing.names import suggestion

PROGRAM = "cli/main.py"
"""What a revision must have to be previewed at all."""


def preview_at(
    revision: str, stack: str, project: Path, arguments: Sequence[str] = (), named: str | None = None
) -> str:
    """The JSON of ``gateway preview STACK --json`` as ``revision`` would print it.

    The revision is unpacked into a temporary directory; neither the working tree nor git's own data changes.
    ``arguments`` are added to the command, ``named`` gives the stack another one's name. It runs with the
    libraries that are installed now: a revision that needs others cannot be previewed.

    Raises:
        InputError: not a git repository, no such revision, no such stack in it, or its program refuses.
    """
    operand = f"{revision}:{stack}"
    commit = _commit(operand, revision, project)
    _check_contents(operand, commit, stack, project)
    archive = _git(project, "archive", "--format=tar", commit)
    with tempfile.TemporaryDirectory(prefix="gateway-") as directory:
        try:
            with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
                tar.extractall(directory, filter="data")
            own, wanted = (Path(directory, f"Pulumi.{name}.yaml") for name in (stack, named or stack))
            own.replace(wanted)
        except (tarfile.TarError, OSError) as error:
            raise InputError(
                "revision", operand, f"cannot be unpacked: {error}", "Check it out and compare stacks."
            ) from None
        return _run(operand, [named or stack, *arguments], Path(directory))


def _git(project: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError(
            "command", "git", "not installed", "Install git, or compare saved previews."
        ) from None


def _commit(operand: str, revision: str, project: Path) -> str:
    inside = _git(project, "rev-parse", "--is-inside-work-tree")
    if inside.returncode != 0:
        said = " ".join(inside.stderr.decode(errors="replace").split()).removeprefix("fatal: ")
        if "not a git repository" not in said:  # such as one of another owner
            raise InputError("revision", operand, f"git refuses {project}: {said}", "Do what git says.")
        raise InputError(
            "revision", operand, f"{project} is not in a git repository",
            "Run from a clone of the project, or compare stacks or saved previews.",
        )  # fmt: skip
    found = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not revision or found.returncode != 0:
        raise InputError(
            "revision", operand, f"git knows no revision {revision!r}",
            "See `git log` and `git branch --all`; a shallow clone needs `git fetch` of the revision first.",
        )  # fmt: skip
    return found.stdout.decode().strip()


def _check_contents(operand: str, commit: str, stack: str, project: Path) -> None:
    """The stack's file and the program are in the revision, at the project's own place in it."""
    listed = _git(project, "ls-tree", "--name-only", "-z", commit, "./").stdout.decode(errors="replace")
    names = [name.rsplit("/", 1)[-1] for name in listed.split("\0") if name]
    if f"Pulumi.{stack}.yaml" not in names:
        stacks = [
            n.removeprefix("Pulumi.").removesuffix(".yaml")
            for n in names
            if n.startswith("Pulumi.") and n != "Pulumi.yaml"
        ]
        remedy = suggestion(stack, stacks) if stacks else "That revision has no stack file at all."
        raise InputError("stack", operand, f"there is no Pulumi.{stack}.yaml in that revision", remedy)
    if _git(project, "cat-file", "-e", f"{commit}:./{PROGRAM}").returncode != 0:
        raise InputError(
            "revision", operand, f"that revision has no {PROGRAM} to preview it with",
            "Compare with a later revision, or with a saved preview.",
        )  # fmt: skip


def _run(operand: str, arguments: Sequence[str], directory: Path) -> str:
    command: Sequence[str] = (sys.executable, "-m", "cli.main", "preview", *arguments, "--json")
    paths = [str(directory), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("PYTHONSAFEPATH", None)  # it would hide the revision's own modules
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split()).removeprefix("error: ")
        raise InputError(
            "revision", operand, f"its own program refuses the stack: {said or 'without a word'}",
            "Compare with a revision that can be previewed.",
        )  # fmt: skip
    return done.stdout.decode()
