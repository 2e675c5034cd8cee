"""The process as a shell sees it: version, help, completion, closed streams, defects."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import report as report_module
from cli.app import app
from cli.main import main
from tests.cli.conftest import Run
from tests.harness import ROOT, STACKS

COMMANDS = ("size", "fit", "preview", "findings", "quotas", "alerts", "diff", "upgrade")


def test_version(gateway: Run) -> None:
    result = gateway("--version")
    assert result.status == 0
    name, _, number = result.out.strip().partition(" ")
    assert name == "gateway"
    assert f'\nversion = "{number}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_help_teaches(gateway: Run) -> None:
    result = gateway("--help")
    assert result.status == 0
    steps = result.out.partition("First steps")[2].partition("Exit status")[0]
    for command in COMMANDS:
        assert f"gateway {command} small" in steps
    for text in (*COMMANDS, "Exit status", "2  wrong usage or configuration"):
        assert text in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples(gateway: Run, command: str) -> None:
    result = gateway(command, "--help")
    assert result.status == 0
    assert "Examples:" in result.out
    assert f"gateway {command} " in result.out.split("Examples:")[1]
    assert "--json" in result.out


def test_the_documented_commands_are_all_there_are() -> None:
    assert {command.name for command in app.registered_commands} == set(COMMANDS)


COMPLETIONS = {
    "gateway ": COMMANDS,
    "gateway size ": STACKS,
    "gateway size l": ("large",),
    "gateway size large --cloud ": ("aws",),
    "gateway findings large --kind r": ("risk",),
    "gateway diff main:sm": ("main:small",),
    "gateway diff small ent": ("enterprise",),
}


@pytest.mark.parametrize(("typed", "offered"), COMPLETIONS.items())
def test_completion_in_bash(shell: Run, typed: str, offered: tuple[str, ...]) -> None:
    words = typed.split(" ")
    result = shell(_GATEWAY_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1))
    assert result.status == 0
    assert set(offered) <= set(result.out.split())
    if typed[-1] != " ":
        assert set(result.out.split()) == set(offered)


@pytest.mark.parametrize("of", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_for(shell: Run, of: str) -> None:
    result = shell("--show-completion", of, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert result.status == 0
    assert "_GATEWAY_COMPLETE" in result.out
    assert "gateway" in result.out


def test_completion_knows_the_project(shell: Run, project: Path) -> None:
    typed = f"gateway size --project {project} m"
    result = shell(_GATEWAY_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD="4")
    assert result.out.split() == ["mine"]


def test_a_reader_who_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "cli.main", "size", "small", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_help_whose_reader_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "cli.main", "size", "--help"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("arguments", [("size", "small"), ("--help",)])
def test_a_full_disk_is_reported(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"error: output: cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("closed", "arguments", "status"), [(1, "size small", 0), (2, "size nothing", 2)])
def test_closed_streams_are_no_defect(closed: int, arguments: str, status: int) -> None:
    line = f"{sys.executable} -m cli.main {arguments} {closed}>&-"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr


def test_a_defect_is_one_line_and_a_status_of_its_own(
    gateway: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_plan: object) -> None:
        raise KeyError("gpu")

    monkeypatch.setattr(report_module, "size_report", broken)
    result = gateway("size", "small")
    assert (result.status, result.out) == (70, "")
    assert result.err.startswith("internal error: KeyError: 'gpu'\n")
    assert "gateway --debug" in result.err
    assert "Traceback" not in result.err
    assert main(["--debug", "size", "small"]) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_control_c_ends_quietly(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_plan: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(report_module, "size_report", interrupted)
    result = gateway("size", "small")
    assert (result.status, result.out, result.err) == (130, "", "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_program_loads_ends_quietly(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """A library that is still being loaded when the signal comes: it sends the signal itself."""
    (tmp_path / "typer.py").write_text(
        f"import os, time\nos.kill(os.getpid(), {int(number)})\ntime.sleep(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")
