"""``gateway diff REVISION:STACK``: the revision's own program on its own stack file, and its refusals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import STACK_FILE, Run, assert_refused
from tests.harness import ROOT
from tests.infra.graphs import graph, resource

PROGRAM = """
import os, sys
from pathlib import Path
assert sys.argv[1:] == ["preview", "mine", "--json"], sys.argv
if Path("refuse").exists():
    sys.exit("error: litellm.replicas: must be at least 1")
print(Path("preview.json").read_text())
"""
"""Stands for the program of a revision: what it prints is in that revision too."""


def _git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(repository), *identity, *arguments], capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def _commit(repository: Path, **files: str) -> str:
    for name, text in files.items():
        path = repository / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--message", "change")
    return _git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project in git: first one resource, tagged ``one``, then two."""
    root = tmp_path / "repository"
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch", "main")
    net, log = (
        resource(type_, name, stack="mine")
        for type_, name in (("aws:ec2/vpc:Vpc", "net"), ("aws:s3/bucket:Bucket", "log"))
    )
    _commit(
        root,
        Pulumi_dot_mine_dot_yaml=STACK_FILE,
        cli__main_dot_py=PROGRAM,
        preview_dot_json=graph(net, stack="mine", sizing={"tier": "small"}).to_json(),
    )
    _git(root, "tag", "one")
    _commit(root, preview_dot_json=graph(net, log, stack="mine", sizing={"tier": "large"}).to_json())
    return root


def test_gits_own_reason_is_told(gateway: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    refused = gateway("diff", "one:mine", "main:mine", cwd=repository)
    assert_refused(refused, "git refuses", "dubious ownership", "safe.directory")


def test_two_revisions(gateway: Run, repository: Path) -> None:
    before = _git(repository, "worktree", "list"), sorted(repository.rglob("*"))
    result = gateway("diff", "one:mine", "main:mine", cwd=repository)
    assert (result.status, result.err) == (0, "")
    assert "## `one:mine` → `main:mine`" in result.out
    assert "| `tier` | small | large |" in result.out
    assert "### Created (1)\n\n- `log` (`aws:s3/bucket:Bucket`)" in result.out
    assert (_git(repository, "worktree", "list"), sorted(repository.rglob("*"))) == before
    assert _git(repository, "status", "--porcelain") == ""


def test_the_same_revision_twice(gateway: Run, repository: Path) -> None:
    assert gateway("diff", "HEAD:mine", "main:mine", cwd=repository).out.endswith("\n\nNo changes.\n")


def test_another_stack_of_a_revision_is_previewed_under_the_first_ones_name(
    gateway: Run, repository: Path
) -> None:
    """Hashed names and other limits are the stack's that runs. The program asserts which it is asked for."""
    _commit(repository, Pulumi_dot_other_dot_yaml=STACK_FILE)
    result = gateway("diff", "one:mine", "main:other", cwd=repository)
    assert (result.status, result.err) == (0, "")
    assert "## `one:mine` → `main:other`" in result.out
    assert sorted(path.name for path in repository.glob("Pulumi.*")) == [
        "Pulumi.mine.yaml",
        "Pulumi.other.yaml",
    ]


def test_a_project_below_the_repositorys_root(gateway: Run, repository: Path) -> None:
    (repository / "platform").mkdir()
    for name in ("Pulumi.mine.yaml", "cli", "preview.json"):
        (repository / name).rename(repository / "platform" / name)
    _commit(repository)
    result = gateway("diff", "HEAD:mine", "HEAD:mine", "--project", str(repository / "platform"))
    assert (result.status, result.err) == (0, "")
    assert "No changes." in result.out


def test_what_is_not_committed_does_not_count(gateway: Run, repository: Path) -> None:
    (repository / "preview.json").write_text("{}", encoding="utf-8")
    assert gateway("diff", "HEAD:mine", "HEAD:mine", cwd=repository).status == 0


def test_unknown_revisions_and_stacks_are_refused(gateway: Run, repository: Path) -> None:
    for revision in ("two", "HEAD~9", "", "--all", "one^{tree}x"):
        result = gateway("diff", "--", f"{revision}:mine", "main:mine", cwd=repository)
        assert_refused(result, "revision", f'"{revision}:mine"', "git knows no revision", "git log")
    result = gateway("diff", "one:mime", "main:mine", cwd=repository)
    assert_refused(result, '"one:mime"', "no Pulumi.mime.yaml in that revision", "Did you mean mine?")
    assert_refused(gateway("diff", "one:../x", "main:mine", cwd=repository), "not the name of a stack")


def test_a_revision_without_the_program_is_refused(gateway: Run, repository: Path) -> None:
    shutil.rmtree(repository / "cli")
    _commit(repository)
    assert_refused(gateway("diff", "HEAD:mine", "one:mine", cwd=repository), "HEAD:mine", "no cli/main.py")


def test_what_the_revisions_program_says_is_passed_on(gateway: Run, repository: Path) -> None:
    _commit(repository, refuse="")
    result = gateway("diff", "one:mine", "HEAD:mine", cwd=repository)
    assert result.status == 2
    assert "HEAD:mine" in result.err
    assert "its own program refuses the stack: litellm.replicas: must be at least 1" in result.err
    assert "Traceback" not in result.err


def test_a_preview_of_another_form_is_refused(gateway: Run, repository: Path) -> None:
    _commit(repository, preview_dot_json='{"stack": "mine"}')
    assert_refused(gateway("diff", "HEAD:mine", "one:mine", cwd=repository), '"HEAD:mine"', "saved preview")


def test_outside_a_repository(gateway: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    assert_refused(gateway("diff", "main:mine", "mine", cwd=project), "main:mine", "not in a git repository")


def test_without_git(gateway: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert_refused(gateway("diff", "one:mine", "main:mine", cwd=repository), '"git"', "not installed")


def test_the_real_program_from_a_revision(gateway: Run, tmp_path: Path) -> None:
    """This project as a revision of its own: code and stack file come from git, figures from the change."""
    ignore = shutil.ignore_patterns("__pycache__")
    for room in ("sizing", "components", "infra", "policy", "cli"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=ignore)
    shutil.copy(ROOT / "Pulumi.small.yaml", tmp_path)
    _git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    _commit(tmp_path)
    _git(tmp_path, "tag", "base")
    replicas = "config:\n  ai-gateway:tier: small\n  ai-gateway:litellm: {replicas: 3}\n"
    _commit(tmp_path, Pulumi_dot_small_dot_yaml=replicas)
    result = gateway("diff", "base:small", "HEAD:small", cwd=tmp_path)
    assert (result.status, result.err) == (0, "")
    assert "| `litellm.replicas` | 2 | 3 |" in result.out
    assert "`litellm-litellm` (`kubernetes:helm.sh/v3:Release`)" in result.out
    assert "hpa.minReplicas`: `2` → `3`" in result.out
