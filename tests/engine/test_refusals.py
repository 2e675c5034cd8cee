"""What the engine refuses before it does anything: one message, which a runbook explains; nothing changes.

The messages are those of docs/runbooks/interrupted.md, read from there; ``gateway`` has its own
(tests/cli/test_refusals.py).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.conftest import Life
from tests.engine.stack import ROOT, TIMEOUT_S, EngineStack, Run, stack_config

RUNBOOK: Final = (ROOT / "docs" / "runbooks" / "interrupted.md").read_text(encoding="utf-8")
ROWS: Final = re.findall(r"^\| `([^`]+)` \|[^|]+\|[^|]+\|$", RUNBOOK, re.MULTILINE)
"""Every message that the runbook explains; N stands for a number, NAME for a name."""
UP: Final = ("up", "--yes", "--skip-preview")


def locked(stack: EngineStack) -> Run:
    """A lock whose engine is gone."""
    directory = stack.directory / "backend" / ".pulumi" / "locks" / "organization" / "ai-gateway" / stack.name
    directory.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "root", "hostname": "gone", "timestamp": "2026-01-01T00:00:00Z"}
    (directory / "3b241101.json").write_text(json.dumps(lock), encoding="utf-8")
    refused = stack.run(*UP)
    assert "created by root@gone (pid 1) at 2026-01-01T00:00:00Z" in refused.text
    assert "`pulumi cancel`" in refused.text
    return refused


def cut_short(stack: EngineStack) -> Run:
    stack.state_file.write_bytes(stack.state_file.read_bytes()[:1000])
    return stack.run("preview")


def wrong_passphrase(stack: EngineStack) -> Run:
    return stack.run(*UP, PULUMI_CONFIG_PASSPHRASE="another one")


def no_passphrase(stack: EngineStack) -> Run:
    del stack.environment["PULUMI_CONFIG_PASSPHRASE"]
    return stack.run(*UP)


def no_stack(stack: EngineStack) -> Run:
    return stack.run(*UP, "--stack", "nobodys", PULUMI_STACK="nobodys")


def no_backend(stack: EngineStack) -> Run:
    return stack.run(*UP, PULUMI_BACKEND_URL=f"file://{stack.directory / 'nowhere'}")


def no_stack_file(stack: EngineStack) -> Run:
    (stack.project / f"Pulumi.{stack.name}.yaml").unlink()
    return stack.run(*UP)


REFUSED: Final[Mapping[str, Callable[[EngineStack], Run]]] = {
    "the stack is currently locked by N lock(s)": locked,
    "failed to load checkpoint": cut_short,
    "incorrect passphrase": wrong_passphrase,
    "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE": no_passphrase,
    "no stack named 'NAME' found": no_stack,
    "unable to open state directory": no_backend,
    "Stack 'NAME' is missing configuration value 'ai-gateway:tier'": no_stack_file,
}
WARNED: Final = "Attempting to deploy or update resources with N pending operations"
"""Of ``up`` only; test_recovery.py kills an engine and sees it."""


def pattern(message: str) -> str:
    return re.escape(message).replace("NAME", r"[\w-]+").replace(r"\ N\ ", r" \d+ ")


def test_the_runbook_explains_every_message_and_no_other() -> None:
    assert set(ROWS) == {*REFUSED, WARNED}


@pytest.mark.parametrize("message", REFUSED, ids=[cause.__name__ for cause in REFUSED.values()])
def test_it_is_one_message_and_nothing_is_touched(small_deployed: EngineStack, message: str) -> None:
    state, before = small_deployed.state_file, small_deployed.state_file.read_bytes()
    refused = REFUSED[message](small_deployed)
    assert refused.code != 0
    assert len(re.findall("^ *error: ", refused.text, re.MULTILINE)) == 1, refused.text
    assert re.search(f"error: .*{pattern(message)}", refused.text), refused.text
    assert "Traceback" not in refused.text
    after = state.read_bytes()
    assert after == (before[:1000] if message == "failed to load checkpoint" else before)
    assert small_deployed.cloud.log == []


def test_without_the_engine_the_tests_end_with_one_line(tmp_path: Path) -> None:
    """With workers too, of which each would be said to have crashed."""
    command = [sys.executable, "-m", "pytest", "tests/engine/test_lifecycle.py", "-n", "1", "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AI_GATEWAY_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 2
    assert (
        "pulumi is not built: run `python -m tools.go_tool pulumi` (needs Go); `make engine`" in done.stdout
    )
    assert "crashed" not in done.stdout


BAD: Final[list[tuple[dict[str, Any], str]]] = [
    ({"tier": "huge"}, "tier: 'huge': not one of the allowed values. Use one of: enterprise, large, medium"),
    ({"postgres": {"storageGib": -1}}, "postgres.storageGib: -1: must be at least 1. Use at least 1."),
    ({"nodes": {"cpu": {"max": 3}}}, "nodes.cpu.max: "),
]
"""Settings and the message: path, value, limit, remedy."""


@pytest.mark.parametrize(("settings", "message"), BAD, ids=[next(iter(settings)) for settings, _ in BAD])
def test_settings_that_cannot_be_are_one_message(
    small: Life, small_deployed: EngineStack, settings: dict[str, Any], message: str
) -> None:
    """Before the program has registered anything: a running stack would lose what is not registered."""
    before = set(small_deployed.resources())
    small_deployed.configure({**stack_config(small.stack.name, small.cloud), **settings})
    refused = small_deployed.run(*UP)
    assert refused.code != 0
    told = re.findall("^    error: (.*)$", refused.text, re.MULTILINE)
    assert len(told) == 1, refused.text
    assert told[0].startswith(message)
    assert "Traceback" not in refused.text
    assert set(small_deployed.resources()) == before
    assert small_deployed.cloud.log == []
