"""Scaling LiteLLM by requests and tokens: one autoscaler, the guide's bounds and triggers kept."""

from __future__ import annotations

from typing import Any

from components.kubernetes.litellm_scaling import autoscaling
from tests.contracts import checker
from tests.factories_workloads import hpa, litellm_spec

URL = "http://prometheus.test:9090"


def scaled(**changes: object) -> dict[str, Any]:
    return dict(autoscaling(litellm_spec(**changes), URL))


def test_the_guides_autoscaler_by_default() -> None:
    found = scaled()
    assert found["hpa"]["enabled"] is True
    assert found["keda"] == {"enabled": False}


def test_never_two_autoscalers() -> None:
    for wanted in (
        {"requests_per_second_per_pod": 40},
        {"tokens_per_second_per_pod": 9000},
        {"requests_per_second_per_pod": 40, "tokens_per_second_per_pod": 9000},
    ):
        found = scaled(**wanted)
        assert (found["hpa"], found["keda"]["enabled"]) == ({"enabled": False}, True)


def test_the_guides_bounds_triggers_and_behaviour_stay() -> None:
    given = hpa()
    found = scaled(requests_per_second_per_pod=40)["keda"]
    assert (found["minReplicaCount"], found["maxReplicaCount"]) == (given.min_replicas, given.max_replicas)
    assert found["advanced"] == {"horizontalPodAutoscalerConfig": {"behavior": given.behavior()}}
    resources = {
        t["type"]: t["metadata"]["value"] for t in found["triggers"] if t["metricType"] == "Utilization"
    }
    assert resources == {"cpu": str(given.cpu_percent), "memory": str(given.memory_percent)}


def test_a_trigger_per_wanted_figure() -> None:
    found = scaled(requests_per_second_per_pod=40, tokens_per_second_per_pod=9000)["keda"]["triggers"]
    asked = {t["metadata"]["query"]: t["metadata"] for t in found if t["type"] == "prometheus"}
    assert {query.split("(")[2].split("[")[0]: data["threshold"] for query, data in asked.items()} == {
        "litellm_proxy_total_requests_metric_total": "40",
        "litellm_total_tokens_metric_total": "9000",
    }
    assert {data["serverAddress"] for data in asked.values()} == {URL}
    assert {data["ignoreNullValues"] for data in asked.values()} == {"false"}
    only = scaled(tokens_per_second_per_pod=9000)["keda"]["triggers"]
    assert [t["metadata"]["threshold"] for t in only if t["type"] == "prometheus"] == ["9000"]


def test_a_memory_trigger_that_was_dropped_stays_dropped() -> None:
    found = scaled(hpa=hpa(memory_percent=None), requests_per_second_per_pod=40)["keda"]["triggers"]
    assert [t["type"] for t in found] == ["cpu", "prometheus"]


def test_contract() -> None:
    values = {"gateway": scaled(requests_per_second_per_pod=40)}
    assert checker.chart_problems("litellm", values) == []
