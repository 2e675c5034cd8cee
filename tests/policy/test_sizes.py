"""A stack measured against the guide: more is never less, and less is."""

from __future__ import annotations

from typing import Any

import pytest

from infra.planning import plan_of
from infra.settings import load
from policy.rules.guide import guide_for
from policy.rules.sizes import smaller
from sizing.report import size_report

REGIONS = {"aws": "us-east-1", "gcp": "us-central1"}
MORE: list[tuple[str, str, dict[str, Any]]] = [
    ("gcp", "medium", {"observability": {"grafana": {"replicas": 3}}}),
    ("gcp", "medium", {"vllm": {"routerReplicas": 3}}),
    ("gcp", "small", {"nodes": {"cpu": {"machineType": "n2-standard-8"}}}),
    ("aws", "medium", {"litellm": {"memory": {"request": "4Gi", "limit": "8Gi"}}}),
    ("aws", "medium", {"nodes": {"cpu": {"machineType": "m5.4xlarge", "min": 3, "desired": 3}}}),
    *(
        (cloud, tier, more)
        for cloud, tier in (("aws", "small"), ("gcp", "large"))
        for more in (
            {"litellm": {"replicas": 6, "maxReplicas": 24}},
            {"agentGateway": {"replicas": 4}},
            {"pgbouncer": {"replicas": 4}},
            {"postgres": {"vcpu": 32}},
            {"postgres": {"storageGib": 3000, "maxStorageGib": 6000}},
            {"redis": {"replicasPerShard": 2}},
            {"redis": {"memoryGibPerNode": 32, "shards": 5}},
            {"vault": {"cpu": "4", "memory": "4Gi"}, "nodes": {"cpu": {"desired": 12}}},
            {"observability": {"thanos": True, "jaeger": "Elastic backend"}},
        )
    ),
]


def shortfalls(cloud: str, tier: str, overrides: dict[str, Any]) -> list[str]:
    """Paths where a stack with these overrides is below its tier."""
    values = {"tier": tier, "cloud": cloud, "region": REGIONS[cloud], **overrides}
    sizing = size_report(plan_of(load(values, where="test")))
    return [found[0] for found in smaller(sizing, guide_for(tier, cloud, REGIONS[cloud]))]


@pytest.mark.parametrize(("cloud", "tier", "more"), MORE, ids=str)
def test_more_than_the_guide_is_never_less(cloud: str, tier: str, more: dict[str, Any]) -> None:
    assert shortfalls(cloud, tier, more) == []
