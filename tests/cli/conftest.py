"""The command in this process (quick, for what it prints) and in one of its own (for what a shell sees)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from tests.harness import ROOT

STACK_FILE = "config:\n  ai-gateway:tier: small\n"


@dataclass(frozen=True)
class Result:
    """What a run of the command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def gateway(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, from the project's root or another directory."""

    def run(*arguments: str, cwd: Path = ROOT) -> Result:
        monkeypatch.chdir(cwd)
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return Result(status, out, err)

    return run


@pytest.fixture
def shell() -> Run:
    """Run the command as a process of its own."""

    def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one's own with the stack ``mine``."""
    (tmp_path / "Pulumi.mine.yaml").write_text(STACK_FILE, encoding="utf-8")
    return tmp_path


def assert_refused(result: Result, *fragments: str) -> None:
    """Exit 2, one message on stderr with all fragments, nothing on stdout, no traceback."""
    assert result.status == 2, result
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("error: ") == 1
    assert "Traceback" not in result.err
    assert "  remedy  " in result.err
    for fragment in fragments:
        assert fragment in result.err
