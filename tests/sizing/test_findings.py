"""Findings come from data: an override that removes the cause removes the finding, another makes one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sizing.clouds.aws.authority import authority
from sizing.findings import Finding, Kind, sort_key
from sizing.guide.cells import Tier
from sizing.report import size_report
from sizing.rules import value_at
from tests import harness
from tests.sizing.plans import check_findings, finding, planned

TIERS = [tier.value for tier in Tier]
ENGINE = "vllm.engines[0]"

REMOVED: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("large", "D1", "agent_gateway.max_replicas", {"agentGateway": {"maxReplicas": 9}}),
    ("small", "D1", "litellm.max_replicas", {"litellm": {"maxReplicas": 20}}),
    ("enterprise", "D1", "litellm.replicas", {"litellm": {"replicas": 11}}),
    ("small", "D3", f"{ENGINE}.gpu_model", {"nodes": {"gpu": {"machineType": "g5.4xlarge"}}}),
    ("small", "D3", f"{ENGINE}.cpu_request_m", {"nodes": {"gpu": {"machineType": "g5.4xlarge"}}}),
    ("large", "D3", f"{ENGINE}.cpu_limit_m", {"nodes": {"gpu": {"machineType": "g5.8xlarge"}}}),
    ("large", "D4", f"{ENGINE}.precision", {"nodes": {"gpu": {"machineType": "p4d.24xlarge"}}}),
    ("large", "D4", f"{ENGINE}.repository", {"vllm": {"engines": [{"maxModelLen": 8192}]}}),
    ("enterprise", "D5", "vllm.engines[1].gpus", {"vllm": {"engines": [{}, {"precision": "int4"}]}}),
    ("enterprise", "D6", f"{ENGINE}.max_replicas", {"vllm": {"engines": [{"maxReplicas": 4}, {}]}}),
    ("enterprise", "D6", "vllm.engines[1].name", {"vllm": {"engines": [{}, {}]}}),
    ("small", "D6", "cluster.gpu_nodes.max", {"nodes": {"gpu": {"desired": 4}}}),
    ("medium", "D9", "postgres.storage_gib", {"postgres": {"storageGib": 400}}),
    ("medium", "D9", "postgres.storage_gib", {"postgres": {"iops": 3000}}),
    ("medium", "D9", "postgres.iops", {"postgres": {"iops": 12000}}),
    ("medium", "D10", "postgres.memory_gib", {"postgres": {"memoryGib": 16}}),
    ("small", "D10", "postgres.iops", {"postgres": {"instanceClass": "db.m6i.large"}}),
    ("large", "D11", "storage.postgres_gib", {"postgres": {"storageGib": 1024}}),
    ("small", "D11", "postgres.max_storage_gib", {"postgres": {"storageGib": 39}}),
    ("medium", "D12", "postgres.multi_az", {"postgres": {"multiAz": False}}),
    ("enterprise", "D13", "postgres.iops", {"postgres": {"iops": 24000}}),
    ("large", "D15", "redis.replicas_per_shard", {"redis": {"replicasPerShard": 2}}),
    ("small", "D16", "vault.replicas", {"vault": {"replicas": 3}}),
    ("enterprise", "D17", "vault.replicas", {"vault": {"replicas": 7}}),
    ("medium", "D18", "vault.memory_mib", {"vault": {"memory": "8Gi"}}),
    (
        "enterprise",
        "D20",
        "observability.prometheus.replicas",
        {"observability": {"prometheus": {"replicas": 3}}},
    ),
    ("small", "D20", "observability.jaeger.mode", {"observability": {"jaeger": "All-in-one"}}),
    (
        "small",
        "D21",
        "litellm.memory_request_mib",
        {"litellm": {"memory": {"request": "4Gi", "limit": "8Gi"}}},
    ),
    ("enterprise", "D22", "pgbouncer.default_pool_size", {"pgbouncer": {"defaultPoolSize": 50}}),
    ("medium", "D24", "network.internal_gbps", {"nodes": {"cpu": {"machineType": "m5.16xlarge"}}}),
    ("medium", "D32", None, {"network": {"apiAllowedCidrs": ["203.0.113.0/24"]}}),
    ("small", "D37", "workload.streaming_ratio", {"litellm": {"replicas": 6, "cpu": {"request": "1"}}}),
]
APPEARS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("small", "D2", "cluster.cpu_nodes.max", {"nodes": {"cpu": {"max": 3}}}),
    ("small", "D10", "postgres.vcpu", {"postgres": {"memoryGib": 40}}),
    ("large", "D16", "vault.replicas", {"vault": {"replicas": 1}}),
    ("small", "D31", None, {"litellm": {"spendLogRetentionDays": 400}}),
    ("small", "D34", "region", {"region": "eu-west-1"}),
    ("small", "D34", None, {"region": "ca-west-1"}),
    ("large", "override", "redis.shards", {"redis": {"shards": 1}}),
    ("large", "override", "redis.replicas_per_shard", {"redis": {"replicasPerShard": 0}}),
    ("large", "override", "cluster.cpu_nodes.max", {"nodes": {"cpu": {"max": 40}}}),
    ("large", "override", "cluster.gpu_nodes.max", {"nodes": {"gpu": {"max": 6}}}),
    ("small", "override", "postgres.max_storage_gib", {"postgres": {"maxStorageGib": 500}}),
    ("small", "override", "postgres.memory_gib", {"postgres": {"instanceClass": "db.r6i.large"}}),
    ("enterprise", "override", "observability.thanos.enabled", {"observability": {"thanos": False}}),
    ("enterprise", "override", "vault.replicas", {"vault": {"replicas": 3}}),
    ("small", "override", "vault.ha", {"vault": {"replicas": 3}}),
    ("medium", "override", "pgbouncer.default_pool_size", {"pgbouncer": {"defaultPoolSize": 20}}),
]


def _name(case: tuple[str, str, str | None, dict[str, Any]]) -> str:
    return f"{case[0]}-{case[1]}-{case[2]}"


@pytest.mark.parametrize("tier", TIERS)
def test_findings_of_a_tier_keep_the_contract(tier: str) -> None:
    check_findings(harness.plan(tier))


@pytest.mark.parametrize("case", REMOVED, ids=_name)
def test_an_override_that_removes_the_cause_removes_the_finding(
    case: tuple[str, str, str | None, dict[str, Any]],
) -> None:
    tier, id_, path, overrides = case
    assert finding(harness.plan(tier), id_, path) is not None
    plan = planned(tier, **overrides)
    assert finding(plan, id_, path) is None
    check_findings(plan)


@pytest.mark.parametrize("case", APPEARS, ids=_name)
def test_an_override_that_makes_a_cause_makes_the_finding(
    case: tuple[str, str, str | None, dict[str, Any]],
) -> None:
    tier, id_, path, overrides = case
    default = finding(harness.plan(tier), id_, path)
    plan = planned(tier, **overrides)
    made = finding(plan, id_, path)
    assert made is not None
    assert made != default
    check_findings(plan)


COINCIDENCES: list[tuple[str, str, dict[str, Any]]] = [
    ("medium", "postgres.storage_gib", {"postgres": {"storageType": "io1", "iops": 3000}}),
    ("large", "postgres.iops", {"postgres": {"iops": 5000}}),
    ("large", "postgres.vcpu", {"postgres": {"vcpu": 5}}),
    ("medium", "network.internal_gbps", {"nodes": {"cpu": {"min": 4, "desired": 4}}}),
]


@pytest.mark.parametrize(("tier", "path", "overrides"), COINCIDENCES, ids=lambda case: str(case))
def test_what_is_bought_may_equal_the_guide_by_chance(
    tier: str, path: str, overrides: dict[str, Any]
) -> None:
    """Less was asked and the guide's figure is bought: the stack's word differs, the order does not."""
    plan = planned(tier, **overrides)
    check_findings(plan)
    made = [f for f in plan.findings if f.path == path]
    assert [f.id for f in made] in ([], ["override"])


def test_a_held_maximum_is_a_risk_that_names_what_is_needed() -> None:
    plan = planned("small", nodes={"cpu": {"max": 3}})
    held = finding(plan, "D2", "cluster.cpu_nodes.max")
    assert held is not None
    assert held.kind is Kind.RISK
    assert held.actual == 3
    assert str(plan.cpu_nodes_needed) in held.reason
    assert plan.cpu_nodes_needed > 3


def test_the_burst_finding_names_a_class_that_really_sustains_the_iops() -> None:
    burst = finding(harness.plan("small"), "D10", "postgres.iops")
    steady = harness.plan("small").order.postgres.steady_class
    assert burst is not None
    assert steady is not None
    assert steady in burst.reason
    plan = planned("small", postgres={"instanceClass": steady})
    assert plan.order.postgres.sustained_iops >= plan.requirements.postgres.iops


def test_regions_of_the_catalogue_are_not_a_risk_and_others_are() -> None:
    assert finding(planned("medium", region="us-east-1"), "D34", "region") is None
    elsewhere = planned("medium", region="ap-northeast-1")
    risk = finding(elsewhere, "D34", "region")
    assert risk is not None
    assert (risk.guide, risk.actual) == ("us-east-1", "ap-northeast-1")


def test_multi_region_is_said_where_the_guide_says_it() -> None:
    said = {tier: finding(harness.plan(tier), "D29", "workload.use_case") is not None for tier in TIERS}
    assert said == {"small": False, "medium": False, "large": False, "enterprise": True}


@pytest.mark.parametrize("tier", TIERS)
def test_findings_are_sorted_by_decision_then_path(tier: str) -> None:
    findings = harness.plan(tier).findings
    assert list(findings) == sorted(findings, key=sort_key)
    numbers = [int(f.id[1:]) for f in findings]
    assert numbers == sorted(numbers)


def test_a_change_that_changes_nothing_cannot_be_stated() -> None:
    with pytest.raises(ValidationError, match="both values are 5"):
        Finding(
            id="D9", section="2.4", path="a", kind=Kind.CHANGED, guide=5, actual=5, reason="r", source="s"
        )


def test_value_at_follows_keys_and_indices() -> None:
    report = size_report(harness.plan("enterprise"))
    assert value_at(report, "vllm.engines[1].name") == report["vllm"]["engines"][1]["name"]
    assert value_at(report, "region") == "us-east-1"
    with pytest.raises(KeyError):
        value_at(report, "postgres.storage")


def test_a_region_without_a_known_authority_says_that_the_database_is_not_verified() -> None:
    pem = authority("us-east-1")
    assert pem
    risk = finding(planned("small", region="ca-west-1"), "D34", None)
    assert risk is not None
    assert risk.kind is Kind.RISK
    assert "postgres.caBundle" in risk.reason
    assert finding(planned("small", region="ca-west-1", postgres={"caBundle": pem}), "D34", None) is None
    assert finding(planned("small", region="eu-west-1"), "D34", None) is None
    assert finding(harness.plan("small", "gcp"), "D34", None) is None
