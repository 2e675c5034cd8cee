"""Every rule of every tier and cloud in a real promtool: it parses, fires when it should, and only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from sizing.alerts.rules import alerts, rule_groups
from tests.harness import CASES, plan
from tests.real.prometheus.cases import file_for
from tests.real.prometheus.tools import promtool

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)


def _write(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool(), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def _files(folder: Path, stack: str, cloud: str, *groups: str) -> tuple[list[str], int]:
    """Rules and tests of each group, by themselves: rules of other groups would only cost time. Returns the
    names of the test files and how many tests are in them."""
    names, count = list[str](), 0
    for group in rule_groups(plan(stack, cloud)):
        if groups and group.name not in groups:
            continue
        rules, tests = f"{group.name}.rules.yml", f"{group.name}.tests.yml"
        document = file_for(plan(stack, cloud), cloud, group.name, rules)
        _write(folder / rules, {"groups": [group.manifest()]})
        _write(folder / tests, document)
        names.append(tests)
        count += len(document["tests"])
    return names, count


@EVERY_CASE
def test_rules_are_valid(tmp_path: Path, stack: str, cloud: str) -> None:
    groups = rule_groups(plan(stack, cloud))
    _write(tmp_path / "rules.yml", {"groups": [group.manifest() for group in groups]})
    done = _run("check", "rules", "rules.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(len(group.rules) for group in groups)} rules found" in done.stdout


@EVERY_CASE
def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path, stack: str, cloud: str) -> None:
    names, count = _files(tmp_path, stack, cloud)
    done = _run("test", "rules", *names, cwd=tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    found = alerts(plan(stack, cloud))
    assert count >= len(found) + sum(len(alert.levels) for alert in found)


def test_a_wrong_threshold_is_noticed(tmp_path: Path) -> None:
    """The tests themselves: with a threshold moved by 2% they fail."""
    (name,), _ = _files(tmp_path, "large", "aws", "ai-gateway.load")
    assert _run("test", "rules", name, cwd=tmp_path).returncode == 0
    rules = tmp_path / "ai-gateway.load.rules.yml"
    text = rules.read_text(encoding="utf-8")
    assert "rate5m > 400" in text
    rules.write_text(text.replace("rate5m > 400", "rate5m > 408"), encoding="utf-8")
    assert _run("test", "rules", name, cwd=tmp_path).returncode == 1
