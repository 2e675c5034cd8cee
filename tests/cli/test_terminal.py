"""What a person at a terminal sees: colours, the terminal's width, wrapped messages."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.harness import ROOT


def _at_a_terminal(*arguments: str, columns: int, **environment: str) -> str:
    """Everything the command writes to a terminal of that width, line ends made plain."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={**inherited, "TERM": "xterm-256color", "COLUMNS": str(columns), **environment},
        stdout=end,
        stderr=end,
    )
    os.close(end)
    seen = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux reports that the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    process.wait()
    os.close(terminal)
    return seen.decode().replace("\r\n", "\n")


def test_colours_unless_they_are_not_wanted() -> None:
    assert "\x1b[1m" in _at_a_terminal("size", "small", columns=100)
    assert "\x1b[31m" in _at_a_terminal("findings", "small", "--kind", "risk", columns=100)
    plain = _at_a_terminal("findings", "small", "--kind", "risk", columns=100, NO_COLOR="1")
    assert "\x1b[31m" not in plain
    assert "risk (" in plain


def test_tables_fit_a_common_terminal() -> None:
    text = _at_a_terminal("size", "enterprise", columns=80, TERM="dumb")
    assert max(map(len, text.splitlines())) <= 80
    assert any(line.rstrip().endswith(" D2") for line in text.splitlines())
    assert "D2 interpreted" not in text
    assert "D2 interpreted" in _at_a_terminal("size", "enterprise", columns=100, TERM="dumb")


def test_nothing_is_cut_off_in_a_common_terminal() -> None:
    quotas = _at_a_terminal("quotas", "small", columns=80, TERM="dumb")
    assert "L-1216C47A" in quotas
    assert "Running On-Demand Standard" in quotas.partition("Ask for")[0]
    lines = _at_a_terminal("findings", "small", columns=80, TERM="dumb").splitlines()
    at = next(number for number, line in enumerate(lines) if "10,000,000 → 576,000,000" in line)
    assert "D8" in lines[at - 1]
    cases = _at_a_terminal("fit", "small", columns=60, TERM="dumb").partition("Case")[2].partition("How")[0]
    assert all(line[:2] == "  " for line in cases.splitlines()[1:] if line.strip())
    pods = _at_a_terminal("fit", "small", "--pods", columns=80, TERM="dumb").partition("Pods\n")[2]
    assert "aws-load-balancer-controller" in pods
    assert max(map(len, pods.splitlines())) <= 80
    assert all(line.startswith("  ") for line in pods.splitlines())


def test_commands_are_whole_lines_at_any_width() -> None:
    for columns in (80, 100):
        text = _at_a_terminal("quotas", "small", columns=columns, TERM="dumb")
        command = next(line for line in text.splitlines() if line.startswith("    aws service-quotas "))
        assert "--desired-value " in command


def test_messages_are_wrapped_below_their_label() -> None:
    text = _at_a_terminal("size", "no/such/stack/anywhere", columns=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "\n  remedy  Name a stack, not a file: large stands for\n          Pulumi.large.yaml.\n" in text
