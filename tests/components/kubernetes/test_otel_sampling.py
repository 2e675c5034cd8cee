"""Tail sampling: one decision per trace, made where all its spans are."""

from __future__ import annotations

from typing import Any

from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.otel import OTLP_GRPC_PORT, collector_config

PROMETHEUS = ServiceEndpoint("prometheus", "monitoring", 9090)


def config(kept_percent: int | None = 25) -> Any:
    return collector_config("dns:///jaeger:4317", PROMETHEUS, kept_percent, "monitoring")


def test_without_a_share_all_traces_are_stored() -> None:
    found = config(None)
    assert "tail_sampling" not in found["processors"]
    assert found["service"]["pipelines"]["traces"]["exporters"] == ["otlp_grpc/jaeger"]


def test_spans_go_to_the_replica_of_their_trace() -> None:
    found = config()
    handed = found["exporters"]["load_balancing"]
    assert handed["routing_key"] == "traceID"
    assert handed["resolver"]["k8s"]["service"] == "otel-collector.monitoring"
    (port,) = handed["resolver"]["k8s"]["ports"]
    assert port != OTLP_GRPC_PORT
    assert found["receivers"]["otlp/sampled"]["protocols"]["grpc"]["endpoint"].endswith(f":{port}")


def test_what_is_handed_on_is_never_handed_on_again() -> None:
    pipelines = config()["service"]["pipelines"]
    assert pipelines["traces"]["exporters"] == ["load_balancing"]
    assert pipelines["traces/sampled"]["receivers"] == ["otlp/sampled"]
    assert pipelines["traces/sampled"]["exporters"] == ["otlp_grpc/jaeger"]
    assert set(pipelines) == {"traces", "traces/sampled", "metrics"}


def test_the_sender_is_known_before_the_connection_ends() -> None:
    pipelines = config()["service"]["pipelines"]
    assert "k8s_attributes" in pipelines["traces"]["processors"]
    assert pipelines["traces/sampled"]["processors"] == ["memory_limiter", "tail_sampling", "batch"]
    assert all(path["processors"][0] == "memory_limiter" for path in pipelines.values())


def test_failed_and_slow_traces_are_always_kept() -> None:
    policies = {policy["type"]: policy for policy in config(7)["processors"]["tail_sampling"]["policies"]}
    assert policies["status_code"]["status_code"] == {"status_codes": ["ERROR"]}
    assert policies["latency"]["latency"]["threshold_ms"] > 0
    assert policies["probabilistic"]["probabilistic"] == {"sampling_percentage": 7}
