"""Dashboards: complete, the same bytes each time, with the plan's limits as lines, found by Grafana."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from components.kubernetes.dashboards import LARGEST, UNITS, dashboard_json
from components.kubernetes.grafana import FOLDER_ANNOTATION
from sizing.alerts.boards import dashboards
from sizing.alerts.rules import alerts
from tests.harness import CASES, ROOT, at, captured, of_type, plan, releases

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
PARTS = ("capacity", "gateway", "tokens", "inference", "database", "cache", "vault")


def boards(stack: str, cloud: str) -> dict[str, dict[str, Any]]:
    """The dashboards of a preview, by uid."""
    found: dict[str, dict[str, Any]] = {}
    for resource in of_type(captured(stack, cloud), "kubernetes:core/v1:ConfigMap"):
        metadata = resource.inputs["metadata"]
        if isinstance(metadata, dict) and metadata["labels"].get("grafana_dashboard") == "1":
            assert metadata["namespace"] == "monitoring"
            assert metadata["annotations"] == {FOLDER_ANNOTATION: "ai-gateway"}
            data = resource.inputs["data"]
            assert isinstance(data, dict)
            ((name, text),) = data.items()
            assert len(text.encode()) < LARGEST / 10
            found[name.removesuffix(".json")] = json.loads(text)
    return found


def graphs(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


@EVERY_CASE
def test_every_part_has_its_dashboard(stack: str, cloud: str) -> None:
    found = boards(stack, cloud)
    assert set(found) == {f"ai-gateway-{part}" for part in PARTS}
    for uid, board in found.items():
        assert (board["uid"], board["editable"]) == (uid, False)
        assert board["title"]
        assert [v["type"] for v in board["templating"]["list"]] == ["datasource"]
        assert board["templating"]["list"][0]["query"] == "prometheus"


@EVERY_CASE
def test_every_panel_is_complete_and_in_its_place(stack: str, cloud: str) -> None:
    for board in boards(stack, cloud).values():
        taken: set[tuple[int, int]] = set()
        titles = [panel["title"] for panel in graphs(board)]
        assert len(set(titles)) == len(titles)
        for panel in graphs(board):
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS.values()
            assert [target["refId"] for target in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])
            assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])
            position = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(position["x"], position["x"] + position["w"])
                for y in range(position["y"], position["y"] + position["h"])
            }
            assert position["x"] + position["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells


@EVERY_CASE
def test_lines_are_where_alerts_fire(stack: str, cloud: str) -> None:
    found, seen = boards(stack, cloud), 0
    wanted = {alert.expr: alert for alert in alerts(plan(stack, cloud)) if alert.op == ">"}
    for board in found.values():
        for panel in graphs(board):
            alert = wanted.get(panel["targets"][0]["expr"])
            if alert is None:
                continue
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert [step["value"] for step in steps[1:]] == [level.value for level in alert.levels], panel[
                "title"
            ]
            assert steps[0]["color"] == "green"
            assert steps[-1]["color"] == "red"
            seen += 1
    assert seen > 15


def test_too_few_servers_are_red_and_all_of_them_green() -> None:
    (panel,) = [p for p in graphs(boards("large", "aws")["ai-gateway-vault"]) if p["title"] == "Unsealed"]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    servers = plan("large").platform.vault.replicas
    assert [(step["value"], step["color"]) for step in steps] == [
        (None, "red"),
        (servers // 2 + 1, "orange"),
        (servers, "green"),
    ]


def test_the_same_plan_gives_the_same_bytes() -> None:
    for spec in dashboards(plan("large")):
        assert dashboard_json(spec) == dashboard_json(spec.model_copy(deep=True))


def test_grafana_looks_for_them() -> None:
    values = releases(captured("large"))["kube-prometheus-stack"]["values"]
    assert at(values, "grafana.sidecar.dashboards.enabled") is True
    assert at(values, "grafana.sidecar.dashboards.searchNamespace") == "monitoring"


def test_sizing_does_not_load_the_sdk() -> None:
    program = (
        "import sys; from cli.main import main; main(['size', 'small', '--json']);"
        " main(['alerts', 'small', '--json']);"
        " sys.exit(any(name.startswith('grafana_foundation_sdk') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
