"""Metrics and traces wired to each other, and what the rest of the platform is told about them."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.observability import Observability, ObservabilityArgs
from infra.graph.model import Graph
from sizing.specs import Workloads
from tests.factories_platform import (
    PLATFORM_WORKLOADS,
    STACK,
    bindings,
    changed,
    observability_spec,
    release_names,
)
from tests.factories_workloads import (
    Build,
    Stand,
    captured,
    check_contract,
    one,
    resources,
    values,
    waits_for,
)
from tests.harness import at

SMALLEST: Workloads = changed("jaeger", PLATFORM_WORKLOADS, replicas=1, max_unavailable=None)


def build(made: list[Observability] | None = None, **changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": observability_spec(),
            "workloads": PLATFORM_WORKLOADS,
            "bindings": bindings(),
            "ready": (Stand("platform", opts),),
            "secrets": (Stand("store", opts),),
            "identities": (Stand("identities", opts),),
        }
        found = Observability("observability", ObservabilityArgs(**{**fields, **changes}), opts)
        if made is not None:
            made.append(found)
        return found

    return make


def smallest(made: list[Observability] | None = None) -> Build:
    spec = observability_spec(thanos=False, jaeger_backend="memory")
    return build(made, spec=spec, workloads=SMALLEST, bindings=bindings(thanos_objstore=None))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def test_contract() -> None:
    check_contract(build())
    check_contract(smallest())


def test_parts_follow_the_specification(graph: Graph) -> None:
    always = {STACK, "otel-collector", "jaeger"}
    assert release_names(captured(smallest())) == always
    assert release_names(graph) == always | {
        "thanos", "eck-operator-crds", "eck-operator", "elasticsearch",
    }  # fmt: skip


def test_every_part_is_below_the_one_component(graph: Graph) -> None:
    by_urn = graph.by_urn()
    parts = {r.name: r for r in graph.resources if r.type.startswith("ai-gateway:kubernetes:")}
    assert set(parts) == {
        "observability", "observability-metrics", "observability-thanos", "observability-traces",
            "observability-cloud-metrics",
        "observability-traces-elasticsearch",
    }  # fmt: skip
    for name, part in parts.items():
        parent = by_urn[str(part.parent)].name
        assert name == "observability" or name.startswith(f"{parent}-")


def test_what_others_are_told() -> None:
    made: list[Observability] = []
    captured(build(made))
    captured(smallest(made))
    full, small = made
    assert full.prometheus_url == "http://kube-prometheus-stack-prometheus.monitoring.svc:9090"
    assert full.query_url == "http://thanos-query.monitoring.svc:9090"
    assert small.query_url == small.prometheus_url
    assert full.otlp_endpoint == "otel-collector.monitoring.svc:4317"
    assert full.jaeger_url == "http://jaeger.tracing.svc:16686"
    assert small.thanos is None


def test_addresses_agree_with_what_the_charts_create(graph: Graph) -> None:
    """Names follow from release names and overrides; a changed one must not leave a dead address behind."""
    assert at(values(graph, "otel-collector"), "fullnameOverride") == "otel-collector"
    exporter = at(values(graph, "otel-collector"), "alternateConfig.exporters")
    assert at(exporter, "otlp_http/prometheus.endpoint") == (
        f"http://{STACK}-prometheus.monitoring.svc:9090/api/v1/otlp"
    )
    assert (
        at(values(graph, STACK), "grafana.sidecar.datasources.url")
        == "http://thanos-query.monitoring.svc:9090"
    )


def test_object_storage_is_one_secret_for_both_users(graph: Graph) -> None:
    secret = one(graph, "Secret")
    name = at(secret.inputs, "metadata.name")
    assert secret.inputs["stringData"] == "[secret]"
    assert (
        at(values(graph, STACK), "prometheus.prometheusSpec.thanos.objectStorageConfig.existingSecret.name")
        == name
    )
    assert at(values(graph, "thanos"), "global.objstore.secretName") == name
    for release in (f"observability-metrics-{STACK}", "observability-thanos-thanos"):
        assert waits_for(graph, release, "observability-objstore")
    assert not resources(captured(smallest()), "Secret")


def test_thanos_without_object_storage_is_refused() -> None:
    with pytest.raises(ValueError, match="object storage"):
        captured(build(bindings=bindings(thanos_objstore=None)))


def test_thanos_waits_for_the_webhook_and_traces_for_nothing_of_it(graph: Graph) -> None:
    assert waits_for(graph, "observability-thanos-thanos", f"observability-metrics-{STACK}")
    for name in ("observability-traces-jaeger", "observability-traces-otel-collector"):
        assert not waits_for(graph, name, f"observability-metrics-{STACK}")
        assert not waits_for(graph, name, "store-map")
        assert waits_for(graph, name, "platform-map")


def test_no_credential_in_plain_sight(graph: Graph) -> None:
    text = graph.to_json()
    assert "adminPassword" not in text
    assert "secretAccessKey" not in text
