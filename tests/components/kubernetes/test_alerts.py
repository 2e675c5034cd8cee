"""Rules, routes and the cloud's exporter as objects: right for their schemas, no secret in plain."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.alertmanager import SECRETS_DIR, routing_config
from components.kubernetes.cloud_metrics import CloudMetrics, CloudMetricsArgs
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.metrics import RELEASE, Metrics, MetricsArgs
from infra.graph import Graph
from sizing.alert_routing import TAKEN
from sizing.specs import AlertRoutingSpec, ReceiverSpec, RuleGroupSpec, RuleSpec
from tests.factories_platform import PLATFORM_WORKLOADS, STACK, bindings, observability_spec
from tests.factories_workloads import (
    Build,
    Stand,
    captured,
    check_contract,
    manifests,
    one,
    resources,
    spec,
    values,
    waits_for,
)
from tests.harness import at

JAEGER = ServiceEndpoint("jaeger", "tracing", 16686)

RULES = (
    RuleGroupSpec(
        name="ai-gateway.load",
        rules=(
            RuleSpec(record="ai_gateway:a", expr="sum(a)"),
            RuleSpec(
                alert="A", expr="a > 1", for_="5m", labels={"severity": "warning"}, annotations={"x": "y"}
            ),
        ),
    ),
    RuleGroupSpec(name="ai-gateway.empty", rules=()),
)
ROUTING = AlertRoutingSpec(
    receivers=(
        ReceiverSpec(name="oncall", type="pagerduty", secret="pager"),
        ReceiverSpec(name="chat", type="slack", secret="slack-url", channel="#ops"),
        ReceiverSpec(name="hook", type="webhook", secret="hook-url"),
        ReceiverSpec(
            name="mail",
            type="email",
            secret="smtp",
            to="a@b.c",
            sender="d@e.f",
            smarthost="mail.example.com:587",
        ),
    ),
    routes={"critical": "oncall", "warning": "chat", "info": "mail"},
)
FILE_KEYS = {
    "oncall": ("pagerduty_configs", "routing_key_file"),
    "chat": ("slack_configs", "api_url_file"),
    "hook": ("webhook_configs", "url_file"),
    "mail": ("email_configs", "auth_password_file"),
}


def metrics(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        args: dict[str, Any] = {
            "spec": observability_spec(routing=ROUTING),
            "workloads": PLATFORM_WORKLOADS,
            "bindings": bindings(),
            "query": None,
            "traces": JAEGER,
            "rules": RULES,
            "secrets": (Stand("store", opts),),
        }
        return Metrics("metrics", MetricsArgs(**{**args, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(metrics())


def test_a_group_is_an_object_after_the_operator_that_judges_it(graph: Graph) -> None:
    assert list(manifests(graph, "PrometheusRule")) == ["ai-gateway-load"]
    (group,) = spec(graph, "PrometheusRule", "ai-gateway-load")["groups"]
    assert group == {
        "name": "ai-gateway.load",
        "rules": [
            {"record": "ai_gateway:a", "expr": "sum(a)"},
            {
                "alert": "A",
                "expr": "a > 1",
                "for": "5m",
                "labels": {"severity": "warning"},
                "annotations": {"x": "y"},
            },
        ],
    }
    rule = one(graph, "PrometheusRule")
    assert waits_for(graph, rule.name, f"metrics-{STACK}")


def test_the_chart_s_rule_of_the_same_thing_is_off(graph: Graph) -> None:
    assert at(values(graph, STACK), "defaultRules.disabled") == {"KubeHpaMaxedOut": True}


def test_secrets_of_receivers_are_files_from_the_secret_store(graph: Graph) -> None:
    wanted = {f"alertmanager-{receiver.name}": receiver.secret for receiver in ROUTING.receivers}
    found = {name: manifest["spec"] for name, manifest in manifests(graph, "ExternalSecret").items()}
    for name, entry in wanted.items():
        assert found[name]["data"] == [
            {"secretKey": "value", "remoteRef": {"key": f"gw/test/{entry}", "property": "value"}}
        ]
        # one that is missing keeps Alertmanager from starting, and nothing else
        assert not waits_for(graph, f"metrics-{STACK}", f"metrics-monitoring-{name}")
    assert at(values(graph, STACK), "alertmanager.alertmanagerSpec.secrets") == list(wanted)


@pytest.mark.parametrize("name", FILE_KEYS)
def test_each_receiver_reads_its_secret_from_its_file(name: str) -> None:
    receivers: Any = routing_config(ROUTING)["receivers"]
    (receiver,) = [one for one in receivers if one["name"] == name]
    kind, key = FILE_KEYS[name]
    (told,) = receiver[kind]
    assert told[key] == f"{SECRETS_DIR}/alertmanager-{name}/value"
    assert told["send_resolved"] is True


def test_the_names_that_receivers_cannot_have_are_those_of_the_release() -> None:
    """The chart and the operator name Alertmanager's Secrets ``alertmanager-<release>-...``."""
    assert TAKEN == RELEASE


def test_who_is_told_is_told_the_runbook_too() -> None:
    receivers: Any = routing_config(ROUTING)["receivers"]
    told = {one["name"]: one for one in receivers}
    assert "{{ .Annotations.runbook_url }}" in told["chat"]["slack_configs"][0]["text"]
    details = told["oncall"]["pagerduty_configs"][0]["details"]
    assert details == {"runbook": "{{ .CommonAnnotations.runbook_url }}"}


def test_severities_go_to_their_receivers_and_the_rest_to_nobody() -> None:
    route: Any = routing_config(ROUTING)["route"]
    assert route["receiver"] == "null"
    quiet, *routes = route["routes"]
    assert quiet["receiver"] == "null"
    assert "Watchdog" in quiet["matchers"][0]
    assert {(r["matchers"][0], r["receiver"]) for r in routes} == {
        ('severity = "critical"', "oncall"),
        ('severity = "warning"', "chat"),
        ('severity = "info"', "mail"),
    }
    empty: Any = routing_config(AlertRoutingSpec())
    assert empty["receivers"] == [{"name": "null"}]
    assert len(empty["route"]["routes"]) == 1


def test_without_receivers_no_secret_is_mounted() -> None:
    plain = captured(metrics(spec=observability_spec()))
    assert "secrets" not in at(values(plain, STACK), "alertmanager.alertmanagerSpec")  # type: ignore[operator]
    assert list(manifests(plain, "ExternalSecret")) == ["grafana-admin"]


def test_contract() -> None:
    check_contract(metrics())
    check_contract(cloud_metrics())


def cloud_metrics() -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        args = CloudMetricsArgs(
            PLATFORM_WORKLOADS["cloud-metrics"],
            bindings(),
            ready=(Stand("platform", opts),),
            identities=(Stand("identity", opts),),
        )
        return CloudMetrics("cloud", args, opts)

    return make


def test_the_cloud_s_exporter_runs_as_the_bindings_say() -> None:
    graph = captured(cloud_metrics())
    deployment = one(graph, "Deployment")
    pod = at(deployment.inputs, "spec.template.spec")
    assert isinstance(pod, dict)
    assert at(deployment.inputs, "spec.replicas") == PLATFORM_WORKLOADS["cloud-metrics"].replicas
    (container,) = pod["containers"]
    assert container["image"] == "exporter:v1"
    assert container["args"] == ["-config.file=/etc/cloud-metrics/a"]
    assert (
        container["resources"] == PLATFORM_WORKLOADS["cloud-metrics"].container("cloud-metrics").resources()
    )
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["serviceAccountName"] == "cloud-metrics"
    account = one(graph, "ServiceAccount")
    assert at(account.inputs, "metadata.annotations") == {"test/role": "cloud-metrics"}
    assert waits_for(graph, deployment.name, "identity-map")


def test_the_cloud_s_exporter_is_scraped_by_its_own_labels() -> None:
    graph = captured(cloud_metrics())
    monitor = spec(graph, "PodMonitor", "cloud-metrics")
    labels = at(one(graph, "Deployment").inputs, "spec.template.metadata.labels")
    assert isinstance(labels, dict)
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert [endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]] == ["metrics"]
    (config,) = resources(graph, "ConfigMap").keys() - {"platform-map", "identity-map"}
    assert config == "cloud-config"
