"""Properties of the plan over random overrides: never less than asked, never silent, never a crash."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import Settings, load
from sizing.clouds.aws import machines
from sizing.clouds.aws.provider import Aws
from sizing.clouds.base import Order
from sizing.errors import SizingError
from sizing.gpu import checkpoint
from sizing.plan import Plan, resolve
from sizing.report import size_report
from sizing.require import require
from sizing.requirements import Requirements
from tests.sizing.plans import check_findings, planned
from tests.sizing.strategies import SENSIBLE, TIERS, WILD

FAST_TIERS = ("small", "small", "medium", "medium", "large", "enterprise")
"""Small plans resolve ten times as fast as the largest, and most rules do not depend on the size."""


def _needed(tier: str, config: dict[str, Any]) -> tuple[Settings, Requirements] | None:
    """Settings and requirements, or None when they are refused."""
    try:
        stack = load({"tier": tier, **config})
        return stack, require(stack.tier, stack)
    except SizingError:
        return None


def _asked(config: dict[str, Any], path: str) -> object:
    value: Any = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


HONOURED = {
    "litellm.replicas": "litellm.replicas",
    "litellm.maxReplicas": "litellm.max_replicas",
    "litellm.workers": "litellm.workers",
    "agentGateway.replicas": "agent_gateway.replicas",
    "postgres.vcpu": "postgres.vcpu",
    "postgres.memoryGib": "postgres.memory_gib",
    "postgres.storageGib": "postgres.storage_gib",
    "postgres.iops": "postgres.iops",
    "postgres.readReplicas": "postgres.read_replicas",
    "postgres.multiAz": "postgres.multi_az",
    "pgbouncer.replicas": "pgbouncer.replicas",
    "pgbouncer.reservePoolSize": "pgbouncer.reserve_pool_size",
    "redis.shards": "redis.shards",
    "redis.replicasPerShard": "redis.replicas_per_shard",
    "redis.memoryGibPerNode": "redis.memory_gib_per_node",
    "vault.replicas": "vault.replicas",
    "vault.storageGib": "vault.storage_gib",
    "vllm.routerReplicas": "vllm.router_replicas",
    "observability.prometheus.replicas": "observability.prometheus.replicas",
    "observability.prometheus.storageGib": "observability.prometheus.storage_gib",
    "observability.jaeger": "observability.jaeger.mode",
    "observability.thanos": "observability.thanos.enabled",
    "nodes.cpu.min": "cluster.cpu_nodes.min",
    "nodes.cpu.desired": "cluster.cpu_nodes.desired",
    "nodes.cpu.max": "cluster.cpu_nodes.max",
    "nodes.gpu.machineType": "cluster.gpu_nodes.machine_type",
    "nodes.gpu.max": "cluster.gpu_nodes.max",
}


@settings(max_examples=300)
@given(tier=st.sampled_from(TIERS), config=SENSIBLE)
def test_what_is_bought_is_never_less_than_asked(tier: str, config: dict[str, Any]) -> None:
    found = _needed(tier, config)
    if found is None:
        return
    stack, need = found
    try:
        order = Aws().order(need, stack, "us-east-1")
    except SizingError:
        return
    _check_database(need, order)
    _check_cache(need, order)
    for pool, asked in ((order.cpu, need.cluster.cpu_nodes), (order.gpu, need.cluster.gpu_nodes)):
        assert (pool.machine.name, pool.min, pool.desired, pool.max) == (
            asked.machine_type, asked.min, asked.desired, asked.max,
        )  # fmt: skip
        assert pool.min <= pool.desired
        assert set(order.zones) <= set(pool.machine.zones)


def _check_database(need: Requirements, order: Order) -> None:
    want, bought = need.postgres, order.postgres
    assert bought.vcpu >= want.vcpu
    assert bought.memory_gib >= want.memory_gib
    assert bought.included_iops >= want.iops
    assert max(bought.sustained_iops, bought.burst_iops) >= want.iops
    assert bought.spec.storage_gib >= want.storage_gib
    assert bought.spec.max_storage_gib >= 1.1 * bought.spec.storage_gib
    assert bought.spec.read_replicas == want.read_replicas
    assert bought.spec.multi_az is want.multi_az
    assert bought.spec.backup_retention_days >= 1


def _check_cache(need: Requirements, order: Order) -> None:
    want, bought = need.redis, order.redis
    assert bought.usable_gib >= want.memory_gib_per_node
    assert (bought.spec.shards, bought.spec.replicas_per_shard) == (want.shards, want.replicas_per_shard)
    assert bought.spec.durability is None or bought.spec.replicas_per_shard > 0
    assert bought.spec.multi_az is (bought.spec.replicas_per_shard > 0)


@settings(max_examples=80)
@given(tier=st.sampled_from(FAST_TIERS), config=SENSIBLE)
def test_a_plan_keeps_what_was_asked_and_says_what_differs(tier: str, config: dict[str, Any]) -> None:
    try:
        plan = planned(tier, **config)
    except SizingError as error:
        _check_refusal(error)
        return
    check_findings(plan)
    _check_groups(plan)
    _check_engines(plan)
    report = size_report(plan)
    for key, path in HONOURED.items():
        asked = _asked(config, key)
        if asked is not None:
            value: Any = report
            for step in path.split("."):
                value = value[step]
            assert value == asked, key


def _check_refusal(error: SizingError) -> None:
    assert error.path
    assert error.limit
    assert error.remedy.endswith((".", "?"))
    assert str(error) == f"{error.path}: {error.value!r}: {error.limit}. {error.remedy}"


def _check_groups(plan: Plan) -> None:
    for pool, order in (("cpu_nodes", plan.order.cpu), ("gpu_nodes", plan.order.gpu)):
        groups = [g for g in plan.node_groups if g.pool == pool]
        assert len({g.name for g in groups}) == len(groups)
        assert sum(g.min for g in groups) == order.min
        assert sum(g.desired for g in groups) == order.desired
        assert sum(g.max for g in groups) == (order.max or sum(g.max for g in groups))
        assert sum(g.max for g in groups) >= order.desired
        for g in groups:
            assert 0 <= g.min <= g.desired <= g.max
            assert g.max >= 1
            assert g.machine_type == order.machine.name
            assert set(g.zones) <= set(plan.order.zones)
    cpu = [g for g in plan.node_groups if g.pool == "cpu_nodes"]
    assert {zone for g in cpu for zone in g.zones} == set(plan.order.zones)
    if plan.order.cpu.max is None:
        assert sum(g.max for g in cpu) == plan.cpu_nodes_needed


def _check_engines(plan: Plan) -> None:
    machine = machines.machines()[plan.order.gpu.machine.name]
    daemons = [
        w for w in plan.workloads.items if w.kind == "DaemonSet" and w.node_group in ("all", "gpu_nodes")
    ]
    cpu_m = machine.allocatable_cpu_m - sum(w.cpu_m for w in daemons)
    memory_mib = machine.allocatable_memory_mib - sum(w.memory_mib for w in daemons)
    for engine in plan.engines:
        copies = machine.gpus // engine.gpus
        assert copies >= 1
        assert copies * engine.cpu_request_m <= cpu_m
        assert copies * engine.memory_request_mib <= memory_mib
        assert 0 < engine.cpu_request_m <= engine.cpu_limit_m
        assert 0 < engine.memory_request_mib <= engine.memory_limit_mib
        assert 1 <= engine.min_replicas <= engine.max_replicas
        assert engine.fit.needed_mib <= engine.fit.available_mib
        assert engine.fit.kv_tokens >= engine.max_model_len
        assert engine.max_model_len <= checkpoint("", engine.repository).max_position
        assert engine.fit.card.supports(engine.precision)
        pods = plan.workloads[f"vllm-{engine.slug}"]
        assert (pods.cpu_m, pods.memory_mib, pods.gpus) == (
            engine.cpu_request_m, engine.memory_request_mib, engine.gpus,
        )  # fmt: skip


@settings(max_examples=20)
@given(tier=st.sampled_from(("small", "medium")), config=SENSIBLE)
def test_the_same_configuration_gives_the_same_plan(tier: str, config: dict[str, Any]) -> None:
    def text() -> str:
        try:
            plan = planned(tier, **config)
        except SizingError as error:
            return str(error)
        return json.dumps([size_report(plan), plan.workloads.model_dump(mode="json"), str(plan.platform)])

    assert text() == text()


@settings(max_examples=300)
@given(tier=st.sampled_from(("small", "medium")), config=WILD)
def test_what_cannot_be_met_is_refused_in_one_way(tier: str, config: dict[str, Any]) -> None:
    """Any exception but SizingError fails the test."""
    try:
        planned(tier, **config)
    except SizingError as error:
        _check_refusal(error)


def test_pieces_of_the_model_can_be_used_without_a_stack_file() -> None:
    stack = load({"tier": "small"})
    need = require(stack.tier)
    assert need == require(stack.tier, stack)
    assert resolve(need, stack, Aws(), "us-east-1").order.region == "us-east-1"
