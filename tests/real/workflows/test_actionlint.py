"""Every workflow passes actionlint: syntax, expressions, inputs of actions, and shellcheck on each script."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harness import ROOT
from tests.real import programs
from tools import go_tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


PINNED = re.compile(r"@[0-9a-f]{40} # (v\d+)\S*")
"""An action by its commit: actionlint knows the inputs of widely used ones by their major versions only."""


def _lint(text: str, directory: Path) -> list[dict[str, Any]]:
    """What actionlint finds in a workflow."""
    path = directory / "workflow.yml"
    path.write_text(PINNED.sub(r"@\1", text), encoding="utf-8")
    try:
        actionlint = go_tool.built("actionlint")
    except go_tool.ToolError:
        raise programs.missing("actionlint", "workflows") from None
    shellcheck = programs.command("shellcheck", "workflows")
    command = [str(actionlint), "-format", "{{json .}}", "-shellcheck", shellcheck, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_found(path: Path, tmp_path: Path) -> None:
    found = _lint(path.read_text(encoding="utf-8"), tmp_path)
    assert [f"{one['line']}: {one['message']}" for one in found] == []


@pytest.mark.parametrize(
    ("good", "bad", "kind"),
    [
        ("fetch-depth: 0", "fetch-dept: 0", "action"),
        ("github.event.pull_request.number", "github.event_nam", "expression"),
        ("needs: compare", "needs: comparison", "job-needs"),
        ("contents: read", "contents: reed", "permissions"),
        ('>> "$GITHUB_STEP_SUMMARY"', ">> $GITHUB_STEP_SUMMARY", "shellcheck"),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, good: str, bad: str, kind: str) -> None:
    text = (ROOT / ".github" / "workflows" / "preview.yml").read_text(encoding="utf-8")
    assert good in text
    assert kind in {one["kind"] for one in _lint(text.replace(good, bad, 1), tmp_path)}
