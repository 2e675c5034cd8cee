"""``gateway alerts``: readable, complete as JSON, and as a rule file the very rules that are deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sizing.alerts.rules import alerts, rule_groups
from tests.cli.conftest import Run, assert_refused
from tests.harness import CASES, at, captured, of_type, plan


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_the_rule_file_is_what_is_deployed(gateway: Run, stack: str, cloud: str) -> None:
    result = gateway("alerts", stack, "--cloud", cloud, "--rules")
    assert (result.status, result.err) == (0, "")
    printed = yaml.safe_load(result.out)["groups"]
    assert printed == [group.manifest() for group in rule_groups(plan(stack, cloud))]
    rules = of_type(captured(stack, cloud), "kubernetes:monitoring.coreos.com/v1:PrometheusRule")
    deployed = {group["name"]: group for rule in rules for group in at(rule.inputs, "spec.groups")}  # type: ignore[attr-defined]
    assert deployed == {group["name"]: group for group in printed}


def test_json_has_every_alert_with_its_levels(gateway: Run) -> None:
    report = json.loads(gateway("alerts", "large", "--json").out)
    assert (report["stack"], report["tier"], report["cloud"]) == ("large", "large", "aws")
    assert [alert["name"] for alert in report["alerts"]] == [alert.name for alert in alerts(plan("large"))]
    (rate,) = [alert for alert in report["alerts"] if alert["name"] == "RequestRateHigh"]
    assert [(level["severity"], level["value"]) for level in rate["levels"]] == [
        ("warning", 400),
        ("critical", 500),
    ]
    assert rate["runbook"].endswith("#requestratehigh")
    assert report["routes"] == {}


def test_a_person_reads_level_figure_action_and_origin(gateway: Run) -> None:
    text = gateway("alerts", "large").out
    assert text.startswith("large  tier large on aws, us-east-1\n")
    line = next(line for line in text.splitlines() if line.strip().startswith("RequestRateHigh"))
    assert "warning > 400 requests/s, critical > 500 requests/s for 5m" in line
    assert "Raise litellm.maxReplicas" in text
    assert "guide 2.1, Max RPS" in text
    assert "{{" not in text
    assert "Nobody is told" in text


def test_receivers_are_shown_by_severity(gateway: Run, project: Path) -> None:
    routes = (
        "config:\n  ai-gateway:tier: small\n  ai-gateway:observability:\n    alerts:\n      receivers:\n"
        "        - {name: oncall, type: pagerduty, secret: pager}\n      critical: oncall\n"
    )
    (project / "Pulumi.mine.yaml").write_text(routes, encoding="utf-8")
    text = gateway("alerts", "mine", cwd=project).out
    assert "critical oncall (pagerduty)" in text
    assert "warning  shown, not sent" in text
    assert "Nobody is told" not in text


def test_two_forms_at_once_are_refused(gateway: Run) -> None:
    assert_refused(gateway("alerts", "small", "--rules", "--json"), "--rules", "Choose one")


def test_an_unknown_receiver_is_one_clear_error(gateway: Run, project: Path) -> None:
    (project / "Pulumi.mine.yaml").write_text(
        "config:\n  ai-gateway:tier: small\n  ai-gateway:observability: {alerts: {critical: oncall}}\n",
        encoding="utf-8",
    )
    for command in ("alerts", "size", "preview"):
        result = gateway(command, "mine", cwd=project)
        assert_refused(result, "observability.alerts.critical", '"oncall"', "no receiver has this name")
