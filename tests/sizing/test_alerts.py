"""Alerts say what the guide says, at figures that follow from the plan, and lead to a page that exists."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sizing import choices
from sizing.alerts.data import STORAGE
from sizing.alerts.model import RUNBOOK, Alert, Level
from sizing.alerts.resources import OBJECTS, object_name, watched
from sizing.alerts.rules import alerts, records, rule_groups
from sizing.errors import SizingError
from sizing.guide.ch5_capacity import TRIGGERS
from sizing.network_edges import RECEIVERS
from sizing.overrides import Overrides
from sizing.plan import Plan
from sizing.specs import PostgresSpec
from tests.harness import CASES, ROOT, at, captured, of_type, plan
from tests.promql import selectors
from tests.sizing.plans import planned

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
BY_TRIGGER = {
    "CPU utilization": {"WorkloadCpuHigh", "DatabaseCpuHigh", "CacheCpuHigh"},
    "Memory utilization": {"WorkloadMemoryHigh", "CacheMemoryHigh"},
    "Request latency (P95)": {"FirstTokenSlow", "GatewayOverheadSlow", "EngineFirstTokenSlow"},
    "Error rate": {"GatewayErrors", "LitellmErrors"},
    "Queue depth": {"RequestQueueDeep"},
    "GPU utilization": {"GpuBusy"},
}


def named(found: Plan, name: str) -> Alert:
    return next(alert for alert in alerts(found) if alert.name == name)


def values(alert: Alert) -> list[float | None]:
    return [level.value for level in alert.levels]


@EVERY_CASE
@pytest.mark.parametrize("row", TRIGGERS, ids=lambda row: row.metric)
def test_every_row_of_the_guide_has_its_alerts(stack: str, cloud: str, row: object) -> None:
    trigger = next(t for t in TRIGGERS if t == row)
    for name in BY_TRIGGER[trigger.metric]:
        alert = named(plan(stack, cloud), name)
        scale = 100 if alert.unit == "ratio" else 1
        assert [level.value * scale for level in alert.levels if level.value is not None] == [
            trigger.warning,
            trigger.critical,
        ]
        assert alert.op == ">"
        assert trigger.action in alert.action
        assert trigger.metric in alert.source


@EVERY_CASE
def test_levels_page_as_the_guide_says_but_for_the_gpu(stack: str, cloud: str) -> None:
    for names in BY_TRIGGER.values():
        for name in names:
            levels = [(level.severity, level.mark) for level in named(plan(stack, cloud), name).levels]
            if name == "GpuBusy":  # D36: for information, the guide's word kept beside it
                assert levels == [("info", "warning"), ("info", "critical")]
            else:
                assert levels == [("warning", ""), ("critical", "")]


@EVERY_CASE
def test_figures_follow_from_the_plan(stack: str, cloud: str) -> None:
    found = plan(stack, cloud)
    need, postgres = found.requirements, found.order.postgres
    assert values(named(found, "RequestRateHigh"))[-1] == need.litellm.max_rps
    for name, limit in (
        ("PoolNearLimit", need.pgbouncer.default_pool_size),
        ("PoolClientsNearLimit", need.pgbouncer.max_client_conn),
        ("DatabaseConnectionsHigh", postgres.spec.max_connections),
    ):
        warning, critical = values(named(found, name))
        assert warning is not None
        assert critical is not None
        assert 0 < warning < critical < limit
    critical = values(named(found, "DatabaseIopsHigh"))[-1]
    assert critical is not None
    assert critical < min(postgres.spec.iops or postgres.included_iops, postgres.sustained_iops)
    quorum = found.platform.vault.replicas // 2 + 1
    assert values(named(found, "VaultQuorumLost")) == [quorum]
    assert values(named(found, "VaultSealed"))[-1] == quorum
    share = postgres.spec.storage_gib * 2**30 * choices.SPEND_LOG_DISK_SHARE
    assert values(named(found, "SpendLogOutgrowsDisk"))[0] == share


@EVERY_CASE
def test_a_pool_that_can_grow_is_watched_and_no_other(stack: str, cloud: str) -> None:
    found = plan(stack, cloud)
    names = {alert.name: alert for alert in alerts(found)}
    for pool, name in (("cpu_nodes", "CpuNodesAtMaximum"), ("gpu_nodes", "GpuNodesAtMaximum")):
        groups = [group for group in found.node_groups if group.pool == pool]
        most, least = sum(g.max for g in groups), sum(g.min for g in groups)
        assert (name in names) == (most > least)
        if name in names:
            assert values(names[name]) == [most]


@EVERY_CASE
def test_an_outage_of_the_way_in_pages_without_any_traffic(stack: str, cloud: str) -> None:
    for name, workload in (
        ("GatewayDown", "agentgateway"),
        ("LitellmDown", "litellm"),
        ("PoolDown", "pgbouncer"),
    ):
        alert, found = named(plan(stack, cloud), name), plan(stack, cloud).workloads[workload]
        assert [level.severity for level in alert.levels] == ["critical"]
        assert (
            f'namespace="{found.namespace}", deployment="{object_name(plan(stack, cloud), found)}"'
            in alert.expr
        )


@EVERY_CASE
def test_each_source_of_metrics_is_asked_for_by_itself(stack: str, cloud: str) -> None:
    found = plan(stack, cloud)
    asked = {a.labels["source"] for a in alerts(found) if a.name in ("MetricsMissing", "CloudMetricsMissing")}
    pods = {"agentgateway", "litellm", "pgbouncer", "vault", "vllm-router"}
    engines = {f"vllm-{engine.slug}" for engine in found.engines}
    assert asked == pods | engines | {"kube-state-metrics", "kubelet", "GPUs", "database", "cache"}


def test_a_disk_of_google_is_measured_against_its_limit() -> None:
    """Cloud SQL grows a disk of 1 TB at 97.6%: a share of today's size would page before each growth."""
    found = plan("enterprise", "gcp")
    storage = next(record for record in records(found) if record.name == STORAGE)
    assert str(found.order.postgres.spec.max_storage_gib * 2**30) in storage.expr
    assert values(named(found, "DatabaseStorageNotGrowing")) == [0.9, 0.5]


def test_an_override_moves_the_threshold() -> None:
    changed = planned("large", pgbouncer={"defaultPoolSize": 40})
    assert values(named(changed, "PoolNearLimit"))[0] == pytest.approx(
        40 * 0.8
    )  # four fifths, as for every limit
    small = planned("large", litellm={"spendLogRetentionDays": 2})
    assert "2 days" in named(small, "SpendLogOutgrowsDisk").source


@EVERY_CASE
def test_what_an_alert_is_about_exists_only_then(stack: str, cloud: str) -> None:
    found = plan(stack, cloud)
    names = {alert.name for alert in alerts(found)}
    spec: PostgresSpec = found.order.postgres.spec
    assert ("DatabaseReplicaBehind" in names) == (spec.read_replicas > 0)
    assert ("LongTermMetricsHalted" in names) == found.platform.observability.thanos
    assert ("GpuFault" in names) == found.order.addons.dcgm_exporter
    assert ("DatabaseBurstCreditsLow" in names) == spec.instance_class.startswith("db.t")


@EVERY_CASE
def test_every_alert_is_complete_and_told_apart(stack: str, cloud: str) -> None:
    found = alerts(plan(stack, cloud))
    for group in rule_groups(plan(stack, cloud)):
        assert group.rules
        for rule in group.rules:
            if not rule.alert:
                assert rule.record.startswith("ai_gateway:")
                continue
            assert re.fullmatch(r"[A-Z][A-Za-z]+", rule.alert)
            assert re.fullmatch(r"\d+[mh]", rule.for_)
            assert rule.annotations["runbook_url"] == f"{RUNBOOK}#{rule.alert.lower()}"
            assert all(rule.annotations[key] for key in ("summary", "description", "action"))
            assert rule.labels["severity"] in ("info", "warning", "critical")
    told_apart = Counter((a.name, tuple(sorted(a.labels.items()))) for a in found)
    assert [name for name, count in told_apart.items() if count > 1] == []


@EVERY_CASE
def test_a_worse_level_is_a_worse_value(stack: str, cloud: str) -> None:
    for alert in alerts(plan(stack, cloud)):
        found = [value for value in values(alert) if value is not None]
        assert found == sorted(found, reverse=alert.op == "<")
        assert len(set(found)) == len(found)
        assert all(isinstance(level, Level) for level in alert.levels)


@EVERY_CASE
def test_recordings_are_made_once_before_they_are_read(stack: str, cloud: str) -> None:
    made = [record.name for record in records(plan(stack, cloud))]
    assert len(set(made)) == len(made)
    known: set[str] = set()
    for group in rule_groups(plan(stack, cloud)):
        for rule in group.rules:
            read = {s.name for s in selectors(rule.expr) if s.name.startswith("ai_gateway:")}
            assert read <= known, rule
            if rule.record:
                known.add(rule.record)


def test_every_alert_has_a_section_in_the_runbook_and_none_is_left_over() -> None:
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    sections = re.findall(r"^### (\w+)$", text, re.MULTILINE)
    wanted = {alert.name for case in CASES for alert in alerts(plan(*case))}
    assert sorted(sections) == sorted(wanted)
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        for heading in ("**Means:**", "**Look:**", "**Do:**"):
            assert heading in part, part.splitlines()[0]


@EVERY_CASE
def test_names_of_objects_are_those_of_the_preview(stack: str, cloud: str) -> None:
    """Objects that we name or patch ourselves; the charts' own names are in the table."""
    found, graph = plan(stack, cloud), captured(stack, cloud)
    patched = {
        str(at(r.inputs, "metadata.name")) for r in of_type(graph, "kubernetes:apps/v1:DeploymentPatch")
    }
    names = {object_name(found, workload) for workload in watched(found)}
    assert patched <= names
    gateways = of_type(graph, "kubernetes:gateway.networking.k8s.io/v1:Gateway")
    assert [at(gateway.inputs, "metadata.name") for gateway in gateways] == [OBJECTS["agentgateway"]]


def test_what_the_guide_sizes_is_watched() -> None:
    names = {workload.name for workload in watched(plan("enterprise"))}
    assert {"litellm", "agentgateway", "vault", "prometheus", "otel-collector", "pgbouncer"} <= names
    assert {name for name in names if name.startswith("vllm-")} == {
        "vllm-router",
        "vllm-llama-3-1-8b",
        "vllm-llama-3-1-70b",
    }
    assert "cert-manager" not in names


ONCALL = {"name": "oncall", "type": "pagerduty", "secret": "pager"}
CHAT = {"name": "chat", "type": "slack", "secret": "slack-url", "channel": "#ops"}
MAIL = {
    "name": "mail",
    "type": "email",
    "secret": "smtp-password",
    "to": "ops@example.com, Ann.B+x@example.org",
    "sender": "gateway@example.com",
    "smarthost": "smtp.example.com:465",
}


def test_routes_are_the_stack_s() -> None:
    found = planned(
        "small",
        observability={"alerts": {"receivers": [ONCALL, CHAT], "critical": "oncall", "warning": "chat"}},
    )
    routing = found.platform.observability.routing
    assert routing.routes == {"critical": "oncall", "warning": "chat"}
    assert [receiver.secret for receiver in routing.receivers] == ["pager", "slack-url"]
    assert [finding for finding in found.findings if finding.id == "D38"] == []


def test_without_receivers_a_finding_says_that_nobody_is_told() -> None:
    (finding,) = [finding for finding in plan("large").findings if finding.id == "D38"]
    assert "critical and warning" in finding.reason
    assert finding.actual == "nobody"
    half = planned("small", observability={"alerts": {"receivers": [ONCALL], "critical": "oncall"}})
    (finding,) = [finding for finding in half.findings if finding.id == "D38"]
    assert "critical and" not in finding.reason


@pytest.mark.parametrize(
    ("given", "path", "fragment"),
    [
        ({"critical": "oncall"}, "critical", "no receiver has this name"),
        ({"receivers": [ONCALL], "critical": "oncal"}, "critical", "no receiver has this name"),
        (
            {"receivers": [{**ONCALL, "secret": None}], "critical": "oncall"},
            "receivers[0].secret",
            "reference",
        ),
        (
            {"receivers": [{**ONCALL, "secret": "vault-recovery-keys"}], "critical": "oncall"},
            "receivers[0].secret",
            "a generated secret",
        ),
        (
            {"receivers": [{**ONCALL, "secret": "https://hooks.example.com/T0"}], "critical": "oncall"},
            "receivers[0].secret",
            "not a name",
        ),
        ({"receivers": [ONCALL, ONCALL], "critical": "oncall"}, "receivers[1].name", "another receiver"),
        ({"receivers": [ONCALL, CHAT], "critical": "oncall"}, "receivers[1].name", "no severity"),
        (
            {"receivers": [{**CHAT, "channel": None}], "warning": "chat"},
            "receivers[0].channel",
            "type slack needs it",
        ),
        (
            {"receivers": [{**ONCALL, "to": "a@b.c"}], "critical": "oncall"},
            "receivers[0].to",
            "no such field",
        ),
        ({"receivers": [{**ONCALL, "name": "On Call"}], "critical": "On Call"}, "receivers[0].name", "lower"),
    ],
)
def test_bad_routes_get_one_clear_error(given: dict[str, object], path: str, fragment: str) -> None:
    with pytest.raises(SizingError) as caught:
        planned("small", observability={"alerts": given})
    assert caught.value.path == f"observability.alerts.{path}"
    assert fragment in caught.value.limit


@pytest.mark.parametrize(
    ("receiver", "changes", "field", "remedy"),
    [
        (ONCALL, {"name": "null"}, "name", "oncall"),
        (ONCALL, {"name": "kube-prometheus-stack-alertmanager"}, "name", "oncall"),
        (ONCALL, {"secret": "Pager"}, "secret", "pagerduty-key"),
        (CHAT, {"secret": "litellm-db"}, "secret", "slack-url"),
        (CHAT, {"channel": "ops room"}, "channel", "#ai-gateway"),
        (CHAT, {"channel": "{{ x"}, "channel", "#ai-gateway"),
        *(
            (MAIL, {"to": to}, "to", "oncall@example.com")
            for to in (
                "nobody",
                "{{ x",
                "a@b.c,",
                "a b@example.com",
                "@example.com",
                "a@localhost",
                "a@{{x}}.com",
            )
        ),
        (MAIL, {"sender": "not an address"}, "sender", "alerts@example.com"),
        (MAIL, {"sender": "a@example.com, b@example.com"}, "sender", "alerts@example.com"),
        (MAIL, {"sender": "Alerts <a@example.com>"}, "sender", "alerts@example.com"),
        *(
            (MAIL, {"smarthost": host}, "smarthost", "587")
            for host in (
                "smtp.example.com",
                "smtp.example.com:",
                ":587",
                "localhost:587",
                "10.0.0.1:587",
                "smtp.example.com:smtp",
                "smtp.example.com:25",
                "smtp.example.com:2525",
                "smtp.example.com:99999",
                "smtp.example.com:0587",
            )
        ),
    ],
)
def test_a_receiver_that_alertmanager_cannot_use_is_refused(
    receiver: dict[str, str], changes: dict[str, str], field: str, remedy: str
) -> None:
    given = {**receiver, **changes}
    with pytest.raises(SizingError) as caught:
        planned("small", observability={"alerts": {"receivers": [given], "critical": given["name"]}})
    assert caught.value.path == f"observability.alerts.receivers[0].{field}"
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("receiver", "changes"),
    [
        (MAIL, {}),
        *((MAIL, {"smarthost": f"Smtp.example.com:{port}"}) for port in RECEIVERS),
        (CHAT, {"channel": "@ann"}),
        (CHAT, {"channel": "C0123ABC"}),
    ],
)
def test_what_receivers_may_be_is_kept(receiver: dict[str, str], changes: dict[str, str]) -> None:
    given = {**receiver, **changes}
    found = planned("small", observability={"alerts": {"receivers": [given], "critical": given["name"]}})
    (kept,) = found.platform.observability.routing.receivers
    assert {field: getattr(kept, field) for field in given} == given


def test_the_runbook_may_stand_elsewhere() -> None:
    page = "https://wiki.example.com/alerts"
    found = planned("small", observability={"alerts": {"runbookUrl": page}})
    links = {r.annotations["runbook_url"] for g in rule_groups(found) for r in g.rules if r.alert}
    assert all(link.startswith(f"{page}#") for link in links)
    with pytest.raises(ValueError, match="not an address"):
        Overrides.model_validate({"observability": {"alerts": {"runbookUrl": "wiki"}}})
