"""Figures as people write them, and the pods that are read back from a chart's values."""

from __future__ import annotations

from typing import Any

import pytest

from cli.figures import ABSENT, figure, lookup
from cli.pods import Pod, pods

FIGURES: list[tuple[str | None, object, str]] = [
    ("litellm.cpu_request_m", 2000, "2000m"),
    ("litellm.memory_limit_mib", 512, "512Mi"),
    ("litellm.memory_limit_mib", 8192, "8Gi"),
    ("postgres.storage_gib", 500, "500 GiB"),
    ("postgres.storage_gib", 1024, "1 TiB"),
    ("storage.redis_gib", 0, "0 GiB"),
    ("redis.memory_gib_per_node", 16, "16 GiB"),
    ("order.redis.usable_gib_per_node", 1.03, "1.03 GiB"),
    ("network.ingress_mbps", 500, "500 Mbps"),
    ("network.ingress_mbps", 10000, "10 Gbps"),
    ("network.internal_gbps", 50.0, "50 Gbps"),
    ("workload.streaming_ratio", 0.7, "70%"),
    ("litellm.hpa.cpu_percent", 70, "70%"),
    ("litellm.hpa.scale_down.period_s", 60, "60 s"),
    ("vllm.engines[0].output_tokens_per_s", 250, "250/s"),
    ("vllm.throughput[0].tokens_per_s", [2000, 3000], "2000-3000/s"),
    ("order.cluster.log_retention_days", 90, "90 days"),
    ("workload.daily_tokens", [0, 10_000_000], "< 10M"),
    ("workload.daily_tokens", [100_000_000, 1_000_000_000], "100M-1B"),
    ("workload.requests_per_second", [500], "500+"),
    ("order.zones", ["a", "b"], "a, b"),
    ("order.cluster.api_allowed_cidrs", [], "none"),
    ("postgres.iops", 12000, "12,000"),
    ("postgres.multi_az", True, "yes"),
    ("vault.dr", False, "no"),
    ("postgres.topology", "Single", "Single"),
    ("storage.model_cache_gib", None, "none"),
    (None, 28_800_000_000, "28,800,000,000"),
]


@pytest.mark.parametrize(("path", "value", "text"), FIGURES)
def test_figure(path: str | None, value: object, text: str) -> None:
    assert figure(path, value) == text


def test_lookup() -> None:
    report = {"a": {"b": [{"c": None}], "d": "text"}}
    assert lookup(report, "a.b[0].c") is None
    assert [lookup(report, path) for path in ("a.b[1].c", "a.x", "a.d[0]", "a.b.c", "x")] == [ABSENT] * 5


def _block(cpu: str, memory: str, /, **limits: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": limits}


VALUES: dict[str, tuple[dict[str, Any], list[Pod]]] = {
    "at the top": (
        {"replicaCount": 2, "resources": _block("100m", "256Mi", memory="256Mi")},
        [Pod("app", "2", "100m", "256Mi", "", "")],
    ),
    "an autoscaler and a second container": (
        {
            "proxy": {
                "replicas": 1,
                "hpa": {"enabled": True, "minReplicas": 5, "maxReplicas": 20},
                "resources": _block("2", "2Gi", cpu="4", memory="4Gi"),
                "exporter": {"resources": _block("50m", "64Mi")},
            }
        },
        [Pod("proxy", "5 to 20", "2 / 4", "2Gi / 4Gi", "", ""), Pod("+ exporter", "", "50m", "64Mi", "", "")],
    ),
    "an autoscaler that is off": (
        {
            "autoscaling": {"enabled": False, "minReplicas": 5, "maxReplicas": 20},
            "replicas": 3,
            "resources": _block("1", "1Gi"),
        },
        [Pod("app", "3", "1", "1Gi", "", "")],
    ),
    "disks and high availability": (
        {
            "server": {
                "resources": _block("1", "1Gi"),
                "ha": {"enabled": True, "replicas": 3},
                "dataStorage": {"enabled": True, "size": "10Gi"},
                "auditStorage": {"enabled": False, "size": "5Gi"},
            }
        },
        [Pod("server", "3", "1", "1Gi", "", "10Gi")],
    ),
    "claims of a list entry": (
        {
            "nodeSets": [
                {
                    "name": "default",
                    "count": 3,
                    "podTemplate": {
                        "spec": {"containers": [{"name": "search", "resources": _block("2", "8Gi")}]}
                    },
                    "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "250Gi"}}}}],
                }
            ]
        },
        [Pod("search", "3", "2", "8Gi", "", "250Gi")],
    ),
    "blocks by name": (
        {
            "resources": {"operator": _block("100m", "100Mi"), "metricServer": _block("50m", "90Mi")},
            "operator": {"replicaCount": 2},
            "metricsServer": {"replicaCount": 1},
        },
        [Pod("operator", "2", "100m", "100Mi", "", ""), Pod("metricServer", "1", "50m", "90Mi", "", "")],
    ),
    "graphics cards": (
        {
            "modelSpec": [
                {
                    "name": "llama",
                    "replicaCount": 1,
                    "resources": {"limits": {"cpu": "8", "nvidia.com/gpu": "2"}},
                }
            ]
        },
        [Pod("llama", "1", "8", "", "2", "")],
    ),
    "a DaemonSet and nothing known": (
        {"resources": _block("20m", "64Mi")},
        [Pod("app", "", "20m", "64Mi", "", "")],
    ),
    "rules of a role are no containers": ({"clusterRole": {"rules": [{"resources": ["pods"]}]}}, []),
    "a limit that is taken away": (
        {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": None}}},
        [Pod("app", "", "1", "", "", "")],
    ),
}


@pytest.mark.parametrize(("values", "found"), VALUES.values(), ids=VALUES.keys())
def test_pods(values: dict[str, Any], found: list[Pod]) -> None:
    assert pods(values, "app") == found
