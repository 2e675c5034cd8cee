"""No alert and no dashboard asks for what nobody serves, and every workload is scraped or says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlparse

import pytest

from components.aws.cloud_metrics import ASKED as CLOUDWATCH
from components.gcp.cloud_metrics import ASKED as CLOUD_MONITORING
from infra.graph import Graph
from sizing.alerts.boards import dashboards
from sizing.alerts.catalogue import Monitor, metric_of, metrics, monitors, monitors_of
from sizing.alerts.rules import records, rule_groups
from tests.contracts.checker import chart_contract
from tests.harness import CASES, at, captured, plan, releases
from tests.promql import selectors
from tools import docs_monitoring

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
MONITOR_KINDS = ("ServiceMonitor", "PodMonitor")


def expressions(stack: str, cloud: str) -> dict[str, str]:
    """Every expression of a stack's rules and dashboards, by where it stands."""
    rules = {
        " ".join((rule.alert or rule.record, *rule.labels.values())): rule.expr
        for group in rule_groups(plan(stack, cloud))
        for rule in group.rules
    }
    shown = {
        f"{board.uid}: {panel.title}, {query.legend}": query.expr.replace("$__rate_interval", "5m")
        for board in dashboards(plan(stack, cloud))
        for row in board.rows
        for panel in row.panels
        for query in panel.queries
    }
    return {**rules, **shown}


@EVERY_CASE
def test_every_metric_is_known_with_the_labels_it_is_picked_by(stack: str, cloud: str) -> None:
    own = {record.name for record in records(plan(stack, cloud))}
    problems: list[str] = []
    for where, expr in expressions(stack, cloud).items():
        for selector in selectors(expr):
            if selector.name in own:
                continue
            metric = metric_of(selector.name)
            if metric is None:
                problems.append(f"{where}: {selector.name} is not in the catalogue")
                continue
            problems += [
                f"{where}: {metric.name} has no label {label}"
                for label in selector.labels
                if not metric.has_label(label)
            ]
    assert problems == []


@EVERY_CASE
def test_every_metric_s_exporter_is_scraped_in_the_preview(stack: str, cloud: str) -> None:
    own = {record.name for record in records(plan(stack, cloud))}
    used = {s.name for expr in expressions(stack, cloud).values() for s in selectors(expr)} - own
    exporters = {metric.exporter for name in used if (metric := metric_of(name)) is not None}
    assert len(exporters) > 8
    graph = captured(stack, cloud)
    for exporter in sorted(exporters):
        rows = [row for row in monitors() if row.exporter == exporter]
        assert rows, f"{exporter} is in no row of monitors.csv"
        assert all(is_on(row, graph) for row in rows), f"{exporter}: nothing scrapes it"


def is_on(row: Monitor, graph: Graph) -> bool:
    """Whether every switch of the row is on in the preview."""
    return bool(row.switch) and all(_switched(word, graph) for word in row.switch.split())


def _switched(word: str, graph: Graph) -> bool:
    if "/" in word:
        kind, name = word.split("/")
        assert kind in MONITOR_KINDS
        return any(
            r.type.endswith(f":{kind}") and at(r.inputs, "metadata.name") == name for r in graph.resources
        )
    release, given, path = re.split(r"([=~])", word, maxsplit=1)
    found = releases(graph).get(release)
    if found is None:
        return False
    values = found["values"]
    assert isinstance(values, Mapping)
    value = _value(values, path)
    return value is True or (given == "~" and value is None)


def _value(values: Mapping[str, object], path: str) -> object:
    """The value at a path, None when it is not set."""
    found: object = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


@EVERY_CASE
def test_every_workload_is_scraped_or_says_why_not(stack: str, cloud: str) -> None:
    graph, thanos = captured(stack, cloud), plan(stack, cloud).platform.observability.thanos
    for workload in plan(stack, cloud).workloads.items:
        if workload.kind in ("Job", "CronJob"):
            continue  # gone before it could be scraped; kube-state-metrics tells how it ended
        rows = monitors_of(workload.name)
        assert rows, f"{workload.name} is in no row of monitors.csv"
        for row in rows:
            if row.exporter == "thanos-sidecar":
                assert is_on(row, graph) == thanos
            elif row.switch:
                assert is_on(row, graph), f"{workload.name}: {row.switch} is off"
            else:
                assert row.note, f"{workload.name} has neither a switch nor a reason"


def test_no_row_is_about_nothing() -> None:
    names = {workload.name for case in CASES for workload in plan(*case).workloads.items}
    used = {row.workload for name in names for row in monitors_of(name)}
    left = {row.workload for row in monitors()} - used
    assert left == {"(kubelet)", "(rules)"}


def test_no_metric_is_listed_that_nothing_uses() -> None:
    used: set[str] = set()
    for case in CASES:
        for expr in expressions(*case).values():
            used |= {m.name for s in selectors(expr) if (m := metric_of(s.name)) is not None}
    assert sorted(set(metrics()) - used) == []
    assert list(metrics()) == sorted(metrics())


def test_every_metric_says_where_it_is_documented() -> None:
    for metric in metrics().values():
        assert urlparse(metric.source).scheme == "https", metric.name
        assert metric.type in ("gauge", "counter", "histogram", "summary", "recorded"), metric.name
        assert metric.unit, metric.name


def test_switches_exist_in_their_charts() -> None:
    collector = "opentelemetry-collector"
    charts = {"vllm": "vllm-stack", "otel-collector": collector, "otel-logs": collector}
    for row in monitors():
        for word in row.switch.split():
            if "/" in word:
                continue
            release, path = re.split(r"[=~]", word, maxsplit=1)
            contract = chart_contract(charts.get(release, release))
            assert path in contract.types, f"{release} has no {path}"


def test_the_cloud_s_exporter_is_asked_for_what_is_used_and_nothing_else() -> None:
    asked = {
        f"aws_{namespace.removeprefix('AWS/').lower()}_{_snake(name)}_{statistic.lower()}"
        for namespace, found in CLOUDWATCH.items()
        for name, statistic in found.items()
    }
    asked |= {_stackdriver(metric) for metric in CLOUD_MONITORING}
    assert asked == {metric.name for metric in metrics().values() if metric.exporter == "cloud-metrics"}


def _snake(name: str) -> str:
    """CloudWatch's name as YACE writes it: a step from lower to upper case is a word's end."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).replace("%", "_percent").lower()


RESOURCES = {
    "cloudsql.googleapis.com": "cloudsql_database",
    "redis.googleapis.com": "redis_googleapis_com_cluster",
    "kubernetes.io": "k_8_s_container",
}


def _stackdriver(metric: str) -> str:
    resource = RESOURCES[metric.partition("/")[0]]
    return f"stackdriver_{resource}_{re.sub(r'[./]', '_', metric)}"


@EVERY_CASE
def test_dashboards_read_recordings_that_the_plan_makes(stack: str, cloud: str) -> None:
    own = {record.name for record in records(plan(stack, cloud))}
    read = {s.name for expr in expressions(stack, cloud).values() for s in selectors(expr)}
    assert {name for name in read if name.startswith("ai_gateway:")} <= own


def test_the_page_is_what_the_tables_say() -> None:
    written = docs_monitoring.PAGE.read_text(encoding="utf-8")
    assert written == docs_monitoring.page(), "run `python -m tools.docs_monitoring`"
