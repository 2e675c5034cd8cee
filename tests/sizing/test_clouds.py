"""What holds on every cloud: the guide's cells, the findings, and what may change when a tier grows."""

from __future__ import annotations

import inspect
import ipaddress
from collections.abc import Callable, Mapping
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.clouds.base import Cloud
from sizing.errors import SizingError
from sizing.findings import Kind
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.plan import Plan
from sizing.report import size_report
from sizing.rules import differing_cells, value_at
from tests.sizing.cloud_plans import CLOUDS, TIERS, plan_on, plan_with

every_cloud = pytest.mark.parametrize("cloud", CLOUDS)
every_tier = pytest.mark.parametrize("tier", TIERS)


@every_cloud
def test_a_cloud_has_every_member_of_the_interface(cloud: str) -> None:
    wanted = [name for name, _ in inspect.getmembers(Cloud, inspect.isfunction) if not name.startswith("_")]
    for name in wanted:
        theirs = inspect.signature(getattr(type(CLOUDS[cloud]), name))
        assert list(theirs.parameters) == list(inspect.signature(getattr(Cloud, name)).parameters), name
    for name in set(Cloud.__annotations__):
        assert isinstance(getattr(CLOUDS[cloud], name), str | bool | tuple)
    assert CLOUDS[cloud].name == cloud
    assert {"machines", "postgres", "redis", "quotas"} & set(wanted), "the interface was read"


@every_cloud
@every_tier
def test_every_cell_of_the_guide_is_met_or_explained(cloud: str, tier: Tier) -> None:
    plan = plan_on(cloud, tier)
    explained = {finding.path: finding for finding in plan.findings}
    for path, (section, guide, _) in differing_cells(plan).items():
        assert path in explained, f"{path} differs from {guide} of {section} in silence"
        assert explained[path].reason
        assert explained[path].source


@every_cloud
@every_tier
def test_findings_are_true(cloud: str, tier: Tier) -> None:
    plan = plan_on(cloud, tier)
    paths = [f.path for f in plan.findings if f.path is not None]
    assert len(paths) == len(set(paths))
    report = size_report(plan)
    for finding in plan.findings:
        assert finding.reason
        assert finding.source
        if finding.kind is Kind.CHANGED:
            assert finding.guide != finding.actual
        if finding.path is not None and finding.path != "region":
            value_at(report, finding.path)


WORDS_OF = {
    "aws": ("GKE", "Cloud SQL", "Memorystore", "cloud.google.com", "Persistent Disk", "us-central1"),
    "gcp": ("EKS", "RDS", "ElastiCache", "amazon.com", "EBS", "us-east-1", "gp3", "Valkey"),
}
"""Words of the other cloud, which no finding may use."""


@every_cloud
@every_tier
def test_findings_do_not_speak_of_another_cloud(cloud: str, tier: Tier) -> None:
    plan = plan_with(cloud, tier, {}, next(iter({"aws": "eu-west-1", "gcp": "europe-west4"}[cloud].split())))
    for finding in plan.findings:
        text = f"{finding.actual} {finding.reason} {finding.source}"
        assert [word for word in WORDS_OF[cloud] if word in text] == [], finding.id


@every_cloud
@every_tier
def test_no_less_than_the_guide_is_bought(cloud: str, tier: Tier) -> None:
    _assert_no_less(plan_on(cloud, tier))


def _assert_no_less(plan: Plan) -> None:
    need, order = plan.requirements, plan.order
    assert order.postgres.vcpu >= need.postgres.vcpu
    assert order.postgres.memory_gib >= need.postgres.memory_gib
    assert order.postgres.spec.storage_gib >= need.postgres.storage_gib
    assert order.postgres.included_iops >= need.postgres.iops
    assert order.postgres.burst_iops >= need.postgres.iops
    assert order.postgres.spec.max_storage_gib >= order.postgres.spec.storage_gib
    assert order.postgres.spec.read_replicas == need.postgres.read_replicas
    assert order.redis.usable_gib >= need.redis.memory_gib_per_node
    nodes = order.redis.spec.shards * (1 + order.redis.spec.replicas_per_shard)
    assert nodes >= ch2_components.REDIS[need.tier].nodes
    assert plan.platform.vault.storage_gib >= need.vault.storage_gib
    for pool in ("cpu_nodes", "gpu_nodes"):
        groups = plan.groups(pool)
        wanted = need.cluster.cpu_nodes if pool == "cpu_nodes" else need.cluster.gpu_nodes
        assert sum(group.desired for group in groups) == wanted.desired
        assert sum(group.min for group in groups) == wanted.min
        assert all(group.min <= group.desired <= group.max for group in groups)


_OVERRIDES: dict[str, st.SearchStrategy[object]] = {
    "postgres": st.fixed_dictionaries(
        {},
        optional={
            "vcpu": st.integers(1, 24),
            "memoryGib": st.integers(1, 96),
            "storageGib": st.integers(1, 3000),
            "iops": st.integers(1, 30_000),
            "readReplicas": st.integers(0, 12),
        },
    ),
    "redis": st.fixed_dictionaries(
        {},
        optional={
            "shards": st.integers(1, 20),
            "replicasPerShard": st.integers(0, 4),
            "memoryGibPerNode": st.integers(1, 120),
            "durability": st.sampled_from(["none", "async", "sync"]),
        },
    ),
    "vault": st.fixed_dictionaries({}, optional={"storageGib": st.integers(1, 100)}),
    "network": st.fixed_dictionaries(
        {},
        optional={"cidr": st.sampled_from(["10.0.0.0/16", "10.128.0.0/17", "192.168.0.0/19", "10.0.0.0/22"])},
    ),
}


def _plan_or_refusal(cloud: str, tier: Tier, overrides: Mapping[str, object]) -> Plan | SizingError:
    try:
        return plan_with(cloud, tier, overrides)
    except SizingError as error:
        return error


@every_cloud
@settings(max_examples=20)
@given(tier=st.sampled_from(TIERS), overrides=st.fixed_dictionaries({}, optional=_OVERRIDES))
def test_any_valid_override_is_met_or_refused_with_a_remedy(
    cloud: str, tier: Tier, overrides: dict[str, object]
) -> None:
    plan = _plan_or_refusal(cloud, tier, overrides)
    if isinstance(plan, SizingError):
        assert plan.path
        assert plan.limit
        assert plan.remedy
        return
    need, order = plan.requirements, plan.order
    assert order.postgres.vcpu >= need.postgres.vcpu
    assert order.postgres.memory_gib >= need.postgres.memory_gib
    assert order.postgres.spec.storage_gib >= need.postgres.storage_gib
    assert order.postgres.included_iops >= need.postgres.iops
    assert order.redis.usable_gib >= need.redis.memory_gib_per_node
    explained = {finding.path for finding in plan.findings}
    assert set(differing_cells(plan)) <= explained


@every_cloud
@every_tier
def test_ranges_lie_apart_and_inside_the_network(cloud: str, tier: Tier) -> None:
    network = plan_on(cloud, tier).network
    inside = (*network.private_cidrs, *network.public_cidrs, *network.data_cidrs, network.pod_cidr)
    ranges = [ipaddress.ip_network(cidr) for cidr in inside if cidr]
    whole = ipaddress.ip_network(network.cidr)
    assert all(part.subnet_of(whole) for part in ranges)  # pyright: ignore[reportArgumentType]
    outside = [
        ipaddress.ip_network(cidr) for cidr in (network.service_cidr, network.control_plane_cidr) if cidr
    ]
    for one, other in combinations([*ranges, *outside], 2):
        assert not one.overlaps(other)
    assert not any(part.overlaps(whole) for part in outside)


IMMUTABLE: dict[str, Callable[[Plan], object]] = {
    "network": lambda plan: plan.network.model_dump(
        include={
            "cidr",
            "service_cidr",
            "zones",
            "private_cidrs",
            "pod_cidr",
            "control_plane_cidr",
            "data_cidrs",
        }
    ),
    "database engine": lambda plan: plan.order.postgres.spec.engine_version,
    "cache engine": lambda plan: (plan.order.redis.spec.engine, plan.order.redis.spec.port),
    "keys": lambda plan: plan.order.keys,
    "zones": lambda plan: plan.order.zones,
    "auth": lambda plan: plan.order.redis.auth,
}
"""What a running cluster, database or cache cannot change without being replaced."""


@every_cloud
@pytest.mark.parametrize("what", IMMUTABLE)
def test_a_growing_tier_replaces_nothing_that_holds_data(cloud: str, what: str) -> None:
    for smaller, larger in pairwise(TIERS):
        assert IMMUTABLE[what](plan_on(cloud, smaller)) == IMMUTABLE[what](plan_on(cloud, larger))


@every_cloud
def test_disks_only_grow_with_the_tier(cloud: str) -> None:
    for smaller, larger in pairwise(TIERS):
        less, more = plan_on(cloud, smaller), plan_on(cloud, larger)
        assert less.order.postgres.spec.storage_gib <= more.order.postgres.spec.storage_gib
        assert less.platform.vault.storage_gib <= more.platform.vault.storage_gib
        later = {(w.name, v.name): v.size_gib for w in more.workloads.items for v in w.volumes}
        for workload in less.workloads.items:
            for volume in workload.volumes:
                size = later.get((workload.name, volume.name), volume.size_gib)
                assert size >= volume.size_gib, f"{workload.name} {volume.name}"


@every_cloud
@every_tier
def test_machines_hold_what_the_guides_hold(cloud: str, tier: Tier) -> None:
    row, order = ch3_infrastructure.CLUSTER[tier], plan_on(cloud, tier).order
    for guide, pool in ((row.cpu_nodes, order.cpu), (row.gpu_nodes, order.gpu)):
        theirs = plan_on("aws", tier).order
        same = theirs.cpu.machine if pool is order.cpu else theirs.gpu.machine
        assert pool.machine.name == CLOUDS[cloud].machine_for(guide.machine_type)
        assert pool.machine.vcpu == same.vcpu
        assert pool.machine.gpus == same.gpus
        assert set(order.zones) <= set(pool.machine.zones)


@every_cloud
def test_a_machine_of_another_cloud_is_refused_with_its_equivalent(cloud: str) -> None:
    foreign = {"aws": "n2-standard-8", "gcp": "m5.2xlarge"}[cloud]
    with pytest.raises(SizingError) as caught:
        plan_with(cloud, Tier.MEDIUM, {"nodes": {"cpu": {"machineType": foreign}}})
    assert caught.value.path == "nodes.cpu.machineType"
    assert caught.value.value == foreign
