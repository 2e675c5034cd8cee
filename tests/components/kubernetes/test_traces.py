"""The path of traces: what stands there in which order, and the collector in front."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import pytest

from components.kubernetes.traces import query_endpoint
from infra.graph.model import Graph
from tests.factories_platform import PLATFORM_WORKLOADS, release, release_names, traces
from tests.factories_workloads import (
    captured,
    check_contract,
    manifests,
    one,
    values,
    waits_for,
)
from tests.harness import at


@pytest.fixture(scope="module")
def elastic() -> Graph:
    return captured(traces())


@pytest.fixture(scope="module")
def badger() -> Graph:
    return captured(traces("badger"))


@pytest.fixture(scope="module")
def memory() -> Graph:
    return captured(traces("memory"))


@pytest.mark.parametrize("backend", ["memory", "badger", "elasticsearch"])
def test_contract(backend: str) -> None:
    check_contract(traces(backend))


def test_collector_has_the_workloads_figures(elastic: Graph) -> None:
    found = values(elastic, "otel-collector")
    workload = PLATFORM_WORKLOADS["otel-collector"]
    assert found["replicaCount"] == workload.replicas
    assert found["resources"] == workload.container("otel-collector").resources()
    assert found["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert found["priorityClassName"] == "gateway-platform"
    selector = {
        "app.kubernetes.io/name": "opentelemetry-collector",
        "app.kubernetes.io/instance": "otel-collector",
    }
    for constraint in found["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == selector


def test_collector_is_named_and_pinned(elastic: Graph) -> None:
    found = values(elastic, "otel-collector")
    assert found["fullnameOverride"] == "otel-collector"
    assert found["mode"] == "deployment"
    assert found["image"]["repository"].endswith("opentelemetry-collector-contrib")
    assert found["image"]["tag"].count(".") == 2


def test_collector_refuses_data_before_it_dies_of_it(elastic: Graph) -> None:
    config = values(elastic, "otel-collector")["alternateConfig"]
    pipelines = config["service"]["pipelines"]
    assert set(pipelines) == {"traces", "metrics"}
    for pipeline in pipelines.values():
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-1] == "batch"
        assert set(pipeline["processors"]) <= set(config["processors"])
        assert set(pipeline["exporters"]) <= set(config["exporters"])
    limiter = config["processors"]["memory_limiter"]
    assert limiter["spike_limit_percentage"] < limiter["limit_percentage"] < 100


def test_collectors_defaults_are_replaced_not_merged(elastic: Graph) -> None:
    """The chart's own configuration listens for Jaeger and Zipkin too, and writes to its log."""
    found = values(elastic, "otel-collector")
    assert "config" not in found
    assert set(found["alternateConfig"]["receivers"]) == {"otlp"}
    for port in ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin"):
        assert found["ports"][port] == {"enabled": False}


def test_collector_has_no_key_it_would_refuse_to_start_with(elastic: Graph) -> None:
    """It exits on an unknown key; these are the ones of its own documentation for 0.159."""
    config = values(elastic, "otel-collector")["alternateConfig"]
    assert config["receivers"] == {
        "otlp": {
            "protocols": {
                "grpc": {"endpoint": "0.0.0.0:4317", "max_recv_msg_size_mib": 16},
                "http": {"endpoint": "0.0.0.0:4318"},
            }
        }
    }
    assert set(config["processors"]["memory_limiter"]) == {
        "check_interval",
        "limit_percentage",
        "spike_limit_percentage",
    }
    assert set(config["processors"]["batch"]) == {"send_batch_size", "send_batch_max_size", "timeout"}
    attributes = config["processors"]["k8s_attributes"]
    assert set(attributes) == {"extract", "pod_association"}
    assert attributes["pod_association"] == [
        {"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]},
        {"sources": [{"from": "connection"}]},
    ]
    assert config["extensions"] == {"health_check": {"endpoint": "0.0.0.0:13133"}}
    assert config["service"]["extensions"] == ["health_check"]
    assert config["exporters"]["otlp_grpc/jaeger"]["tls"] == {"insecure": True}


def test_batches_fit_into_a_message_jaeger_takes(elastic: Graph) -> None:
    config = values(elastic, "otel-collector")["alternateConfig"]
    batch = config["processors"]["batch"]
    assert batch["send_batch_max_size"] == batch["send_batch_size"]
    receiver = at(values(elastic, "jaeger"), "userconfig.receivers.otlp.protocols.grpc")
    assert isinstance(receiver, dict)
    # 16 KiB a span: a call with a page of prompt
    assert batch["send_batch_max_size"] * 16 <= receiver["max_recv_msg_size_mib"] * 1024


def test_traces_go_to_every_jaeger_and_metrics_to_prometheus(elastic: Graph) -> None:
    exporters = values(elastic, "otel-collector")["alternateConfig"]["exporters"]
    assert exporters["otlp_grpc/jaeger"]["endpoint"] == "dns:///jaeger-otlp.tracing.svc:4317"
    assert (
        exporters["otlp_http/prometheus"]["endpoint"] == "http://prometheus.monitoring.svc:9090/api/v1/otlp"
    )
    service = one(elastic, "Service").inputs
    assert at(service, "metadata.name") == "jaeger-otlp"
    assert at(service, "spec.clusterIP") == "None"
    labels = at(service, "spec.selector")
    assert labels == at(manifests(elastic, "ServiceMonitor")["jaeger"], "spec.selector.matchLabels")


def test_collector_may_read_what_it_adds_to_spans(elastic: Graph) -> None:
    rules = at(values(elastic, "otel-collector"), "clusterRole.rules")
    assert isinstance(rules, list)
    assert {resource for rule in rules for resource in rule["resources"]} == {
        "pods",
        "namespaces",
        "replicasets",
        "endpointslices",
    }
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_collector_is_scraped(elastic: Graph) -> None:
    found = values(elastic, "otel-collector")
    assert found["serviceMonitor"] == {"enabled": True}
    assert found["ports"]["metrics"] == {"enabled": True}
    host = at(found, "alternateConfig.service.telemetry.metrics.readers[0].pull.exporter.prometheus.host")
    assert host == "0.0.0.0"  # noqa: S104


def test_elasticsearch_only_when_jaeger_needs_it(memory: Graph, badger: Graph, elastic: Graph) -> None:
    always = {"otel-collector", "jaeger"}
    assert release_names(memory) == release_names(badger) == always
    assert release_names(elastic) == always | {"eck-operator-crds", "eck-operator", "elasticsearch"}


def test_order_is_crds_operator_cluster_jaeger(elastic: Graph) -> None:
    prefix = "traces-elasticsearch"
    order = [
        f"{prefix}-eck-operator-crds",
        f"{prefix}-eck-operator",
        f"{prefix}-elasticsearch",
        "traces-jaeger",
    ]
    for earlier, later in pairwise(order):
        assert waits_for(elastic, later, earlier)
    assert waits_for(elastic, order[0], "platform-map")
    assert not waits_for(elastic, "traces-otel-collector", "traces-jaeger")
    assert cast(int, release(elastic, "jaeger").inputs["timeout"]) > cast(
        int, release(elastic, "otel-collector").inputs["timeout"]
    )


def test_endpoint_is_known_before_the_release() -> None:
    assert query_endpoint(PLATFORM_WORKLOADS).url() == "http://jaeger.tracing.svc:16686"
