"""RDS and ElastiCache: whatever is asked, the order keeps the services' rules, or is refused with them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.clouds.aws import postgres, redis
from sizing.clouds.aws.machines import PACKAGE
from sizing.clouds.base import PostgresOrder
from sizing.errors import SizingError
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.overrides import PostgresPart, RedisPart
from sizing.require import require
from sizing.requirements import PostgresRequirements
from sizing.tables import rows
from tests import harness
from tests.sizing.plans import planned

TIERS = [tier.value for tier in Tier]
CLASSES = {c.name: c for c in postgres.classes()}
NODES = {n.name: n for n in redis.nodes()}


def _want(vcpu: int, memory: int, storage: int, iops: int, **more: Any) -> PostgresRequirements:
    base = require(Tier.MEDIUM).postgres
    return base.model_copy(
        update={
            "vcpu": vcpu,
            "memory_gib": memory,
            "storage_gib": storage,
            "iops": iops,
            "max_storage_gib": 1,
            **more,
        }
    )


WANTED = st.builds(
    _want, st.integers(1, 64), st.integers(1, 256), st.integers(20, 59_000), st.integers(1, 64_000)
)


def check_volume(order: PostgresOrder) -> None:
    """The table of CHAP_Storage, row by row."""
    spec = order.spec
    size, iops, most = spec.storage_gib, spec.iops, spec.max_storage_gib
    assert 20 <= size <= 65_536
    assert 1.1 * size <= most <= 65_536
    if spec.storage_type == "gp3" and size < 400:
        assert iops is None
        assert order.included_iops == 3000
    elif spec.storage_type == "gp3":
        assert iops is None or 12_000 < iops <= min(64_000, 500 * size)
        assert order.included_iops == (iops or 12_000)
    else:
        assert iops == order.included_iops
        assert size >= 100
        assert iops is not None
        ratio = 50 if spec.storage_type == "io1" else 1000
        assert 1000 <= iops <= min(256_000, ratio * size)
        assert iops >= 0.5 * size
        assert iops >= 0.5 * most
        assert spec.storage_type != "io1" or size >= 400 or iops <= 19_950


@settings(max_examples=300)
@given(WANTED, st.sampled_from(("gp3", "io1", "io2")), st.sampled_from(list(Tier)))
def test_the_volume_is_one_that_rds_accepts(want: PostgresRequirements, kind: Any, tier: Tier) -> None:
    try:
        order = postgres.order(want, tier, PostgresPart(storage_type=kind))
    except SizingError:
        return
    check_volume(order)
    assert order.spec.storage_gib >= want.storage_gib
    assert order.included_iops >= want.iops


@settings(max_examples=200)
@given(WANTED, st.sampled_from(list(Tier)))
def test_no_cheaper_class_would_do(want: PostgresRequirements, tier: Tier) -> None:
    try:
        chosen = postgres.choose_class(want, tier, None)
    except SizingError:
        return
    assert chosen.vcpu >= want.vcpu
    assert chosen.memory_gib >= want.memory_gib
    assert chosen.sustained_iops >= want.iops or (tier is Tier.SMALL and chosen.burst_iops >= want.iops)
    assert tier is Tier.SMALL or not chosen.burstable
    for other in postgres.classes():
        if other.usd_per_hour is None or chosen.usd_per_hour is None or other.burstable:
            continue
        enough = (other.vcpu, other.memory_gib, other.sustained_iops) >= (0, 0, 0) and (
            other.vcpu >= want.vcpu
            and other.memory_gib >= want.memory_gib
            and other.sustained_iops >= want.iops
        )
        assert not enough or other.usd_per_hour >= chosen.usd_per_hour


@pytest.mark.parametrize("tier", TIERS)
def test_what_a_tier_orders_exists_and_keeps_the_rules(tier: str) -> None:
    plan = harness.plan(tier)
    order, guide = plan.order.postgres, ch2_components.POSTGRES[Tier(tier)]
    check_volume(order)
    chosen = CLASSES[order.spec.instance_class]
    assert (order.vcpu, order.memory_gib) == (chosen.vcpu, chosen.memory_gib)
    assert order.vcpu >= guide.vcpu
    assert order.memory_gib >= guide.memory.gib
    assert order.included_iops >= guide.iops.value
    assert order.spec.storage_gib >= guide.storage.gib
    assert order.spec.max_storage_gib >= ch3_infrastructure.STORAGE[Tier(tier)].postgres.gib
    versions = [row["version"] for row in rows(PACKAGE, "versions") if row["engine"] == "postgres"]
    assert order.spec.engine_version in versions
    assert order.spec.parameter_family == f"postgres{order.spec.engine_version.split('.')[0]}"
    assert order.spec.read_replicas == guide.nodes - 1
    assert order.spec.multi_az is (tier != "small")


def test_orders_of_the_tiers_are_as_decided() -> None:
    """D9, D10, D13."""
    specs = [harness.plan(tier).order.postgres.spec for tier in TIERS]
    assert [s.instance_class for s in specs] == [
        "db.t3.medium",
        "db.m6i.xlarge",
        "db.m6i.2xlarge",
        "db.m6i.4xlarge",
    ]
    assert [(s.storage_type, s.storage_gib, s.iops) for s in specs] == [
        ("gp3", 50, None),
        ("gp3", 400, None),
        ("gp3", 500, None),
        ("gp3", 1024, 20_000),
    ]


def test_the_guides_medium_volume_is_not_one_that_can_be_ordered() -> None:
    """Negative control: gp3 of 100 GiB with 6,000 IOPS."""
    medium = harness.plan("medium").order.postgres
    impossible = medium.model_copy(
        update={
            "spec": medium.spec.model_copy(update={"storage_gib": 100, "iops": 6000}),
            "included_iops": 6000,
        }
    )
    with pytest.raises(AssertionError):
        check_volume(impossible)


@pytest.mark.parametrize(
    ("memory_gib", "least", "most"), [(4, 400, 413), (8, 810, 860), (16, 1600, 1800), (64, 5000, 5000)]
)
def test_max_connections_are_the_classes_own_default(memory_gib: int, least: int, most: int) -> None:
    """LEAST(DBInstanceClassMemory / 9531392, 5000); a class of 4 GiB was measured at 413."""
    assert least <= postgres.max_connections(memory_gib) <= most


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"instanceClass": "db.m6i.xlrge"}, "postgres.instanceClass"),
        ({"instanceClass": "db.t3.micro"}, "postgres.instanceClass"),
        ({"instanceClass": "db.t3.large", "iops": 16_000}, "postgres.instanceClass"),
        ({"storageGib": 19}, "postgres.storageGib"),
        ({"storageGib": 65_537}, "postgres.storageGib"),
        ({"storageGib": 60_000}, "postgres.storageGib"),
        ({"iops": 64_001, "instanceClass": "db.r6i.16xlarge"}, "postgres.iops"),
        ({"maxStorageGib": 54}, "postgres.maxStorageGib"),
        ({"maxStorageGib": 65_537}, "postgres.maxStorageGib"),
        ({"maxStorageGib": 7000, "storageType": "io1"}, "postgres.maxStorageGib"),
        ({"engineVersion": "17.99"}, "postgres.engineVersion"),
        ({"vcpu": 1000}, "postgres"),
    ],
)
def test_what_rds_refuses_is_refused_here(part: dict[str, Any], path: str) -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", postgres=part)
    assert refused.value.path == path
    assert refused.value.remedy


@pytest.mark.parametrize(("size", "least"), [(50, 55), (400, 440)])
def test_the_least_autoscaling_limit_is_accepted_and_one_less_is_not(size: int, least: int) -> None:
    assert (
        planned(
            "small", postgres={"storageGib": size, "maxStorageGib": least}
        ).order.postgres.spec.max_storage_gib
        == least
    )
    with pytest.raises(SizingError, match=f"at least {least}"):
        planned("small", postgres={"storageGib": size, "maxStorageGib": least - 1})


def test_a_class_in_its_remedy_is_accepted() -> None:
    with pytest.raises(SizingError) as refused:
        planned("medium", postgres={"instanceClass": "db.t3.micro"})
    better = re.search(r"db\.[\w.]+", refused.value.remedy)
    assert better is not None
    assert (
        planned("medium", postgres={"instanceClass": better[0]}).order.postgres.spec.instance_class
        == better[0]
    )


@pytest.mark.parametrize("name", CLASSES)
def test_database_classes_make_sense(name: str) -> None:
    found = CLASSES[name]
    assert found.burst_iops >= found.sustained_iops > 0
    assert found.vcpu > 0
    assert found.memory_gib > 0
    assert found.usd_per_hour is None or found.usd_per_hour > 0


# ---------------------------------------------------------------------------------------------- caches


@settings(max_examples=200)
@given(
    st.sampled_from(list(Tier)),
    st.integers(1, 60),
    st.integers(0, 5),
    st.integers(1, 400),
    st.sampled_from((None, "none", "async", "sync")),
)
def test_the_cache_is_one_that_elasticache_accepts(
    tier: Tier, shards: int, replicas: int, memory: int, durability: Any
) -> None:
    need = require(tier).redis.model_copy(
        update={"shards": shards, "replicas_per_shard": replicas, "memory_gib_per_node": memory}
    )
    try:
        order = redis.order(need, tier, RedisPart(durability=durability))
    except SizingError:
        return
    spec = order.spec
    assert order.usable_gib == NODES[spec.node_type].usable_gib >= memory
    assert spec.shards * (1 + spec.replicas_per_shard) <= 90
    assert spec.multi_az is (spec.replicas_per_shard > 0)
    if spec.durability:
        assert spec.replicas_per_shard >= 1
        assert spec.node_type.split(".")[1] in ("r6g", "r7g", "r8g", "m6g", "m7g", "m8g", "c7gn", "c8gn")
        assert float(spec.engine_version) >= 9.0
    if durability in ("async", "sync"):
        assert spec.durability == durability
    cheaper = [
        n
        for n in redis.nodes()
        if n.usable_gib >= memory and n.usd_per_hour < NODES[spec.node_type].usd_per_hour
    ]
    assert not [n for n in cheaper if n.durable or not spec.durability]


@pytest.mark.parametrize("tier", TIERS)
def test_caches_of_the_tiers_are_as_decided(tier: str) -> None:
    """D14, D15: cluster protocol from Small on; a durable log instead of AOF."""
    spec, guide = harness.plan(tier).order.redis.spec, ch2_components.REDIS[Tier(tier)]
    shapes = {
        "small": (1, 0, None),
        "medium": (1, 1, "async"),
        "large": (3, 1, "async"),
        "enterprise": (3, 1, "sync"),
    }
    assert (spec.shards, spec.replicas_per_shard, spec.durability) == shapes[tier]
    assert spec.shards * (1 + spec.replicas_per_shard) >= guide.nodes
    assert NODES[spec.node_type].usable_gib >= guide.memory_per_node.gib
    versions = [row["version"] for row in rows(PACKAGE, "versions") if row["engine"] == "valkey"]
    assert spec.engine_version in versions


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"nodeType": "cache.m6g.lrge"}, "redis.nodeType"),
        ({"nodeType": "cache.t3.micro"}, "redis.nodeType"),
        ({"nodeType": "cache.m5.large"}, "redis.nodeType"),
        ({"nodeType": "cache.m6g.large", "memoryGibPerNode": 5000}, "redis.memoryGibPerNode"),
        ({"memoryGibPerNode": 5000}, "redis.memoryGibPerNode"),
        ({"shards": 46}, "redis.shards"),
        ({"replicasPerShard": 0, "durability": "sync"}, "redis.durability"),
    ],
)
def test_what_elasticache_refuses_is_refused_here(part: dict[str, Any], path: str) -> None:
    with pytest.raises(SizingError) as refused:
        planned("medium", redis=part)
    assert refused.value.path == path
    assert refused.value.remedy


def test_a_node_type_may_be_named() -> None:
    order = planned("medium", redis={"nodeType": "cache.r7g.xlarge"}).order.redis
    assert order.spec.node_type == "cache.r7g.xlarge"
    assert order.usable_gib > 4
