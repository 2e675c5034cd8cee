"""The providers' rules: every one is kept by somebody, and whatever order comes out satisfies all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.plan import Plan
from sizing.specs import DnsSpec
from tests.harness import CASES, plan
from tests.sizing.cloud_checker import CHECKS, problems
from tests.sizing.cloud_plans import CLOUDS, plan_on, plan_with
from tests.sizing.strategies import SENSIBLE, part

RULES = {(cloud, rule.id): rule for cloud, found in CLOUDS.items() for rule in found.rules}
KEPT_BY_COMPONENTS_ALONE = {key for key, rule in RULES.items() if not rule.model and not rule.overrides}
KEPT_BY_NAMES = {("aws", "eks-names"), ("gcp", "cloudsql-name")}
"""Names are no part of a plan: tests of refusals and components have them."""


def test_every_rule_is_told_apart_kept_and_sourced() -> None:
    assert len(RULES) == sum(len(cloud.rules) for cloud in CLOUDS.values())
    for rule in RULES.values():
        assert rule.source.startswith("https://"), rule.id
        assert rule.limit, rule.id
        assert rule.model or rule.overrides or rule.components, rule.id


def test_every_rule_of_a_plan_has_an_independent_check() -> None:
    checked = {(cloud, id_) for cloud, checks in CHECKS.items() for id_ in checks}
    assert checked == set(RULES) - KEPT_BY_COMPONENTS_ALONE - KEPT_BY_NAMES - {("aws", "elasticache-no-aof")}


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_shipped_stacks_keep_every_rule(stack: str, cloud: str) -> None:
    assert problems(plan(stack, cloud)) == []


POSTGRES: dict[str, st.SearchStrategy[Any]] = {
    "vcpu": st.integers(1, 40),
    "memoryGib": st.integers(1, 160),
    "storageGib": st.one_of(st.integers(5, 1200), st.sampled_from([65_536, 65_537, 60_000])),
    "maxStorageGib": st.one_of(st.integers(5, 3000), st.sampled_from([65_536, 70_000])),
    "iops": st.one_of(st.integers(1, 26_000), st.sampled_from([64_000, 64_001, 256_001])),
    "readReplicas": st.integers(0, 17),
    "backupRetentionDays": st.integers(0, 40),
}
REDIS = part(
    shards=st.integers(1, 50),
    replicasPerShard=st.integers(0, 6),
    memoryGibPerNode=st.integers(1, 90),
    durability=st.sampled_from(["none", "async", "sync"]),
    snapshotRetentionDays=st.integers(0, 40),
)
OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "redis": REDIS,
    "vault": part(storageGib=st.sampled_from([1, 9, 10, 100, 16_384, 16_385, 65_537])),
    "pgbouncer": part(defaultPoolSize=st.integers(1, 700), replicas=st.integers(1, 5)),
    "network": part(cidr=st.sampled_from(["10.0.0.0/16", "10.128.0.0/17", "192.168.0.0/19", "10.0.0.0/22"])),
}
RANDOM: Mapping[str, st.SearchStrategy[Any]] = {
    "aws": part(postgres=part(**POSTGRES, storageType=st.sampled_from(["gp3", "io1", "io2"])), **OTHERS),
    "gcp": part(postgres=part(**POSTGRES), **OTHERS),
}


def _problems(cloud: str, tier: Tier, overrides: dict[str, Any]) -> list[str]:
    try:
        return problems(plan_with(cloud, tier, overrides))
    except SizingError:
        return []


@pytest.mark.parametrize("cloud", CLOUDS)
@settings(max_examples=120)
@given(data=st.data())
def test_whatever_is_ordered_keeps_every_rule(cloud: str, data: st.DataObject) -> None:
    tier = data.draw(st.sampled_from((Tier.SMALL, Tier.SMALL, Tier.MEDIUM, Tier.LARGE)))
    assert _problems(cloud, tier, data.draw(RANDOM[cloud])) == []


@settings(max_examples=60)
@given(tier=st.sampled_from((Tier.SMALL, Tier.MEDIUM)), overrides=SENSIBLE)
def test_sensible_stacks_keep_every_rule(tier: Tier, overrides: dict[str, Any]) -> None:
    assert _problems("aws", tier, overrides) == []


# ------------------------------------------------------------------- every check fails when it should


def _spec(part_: str, **change: Any) -> Callable[[Plan], Plan]:
    """The plan with another specification of the database or the cache."""

    def broken(good: Plan) -> Plan:
        ordered = getattr(good.order, part_)
        wrong = ordered.model_copy(update={"spec": ordered.spec.model_copy(update=change)})
        return _replaced(good, order=good.order.model_copy(update={part_: wrong}))

    return broken


def _replaced(good: Plan, **change: Any) -> Plan:
    from dataclasses import replace

    return replace(good, **change)


def _group(**change: Any) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(
        p, node_groups=(p.node_groups[0].model_copy(update=change), *p.node_groups[1:])
    )


def _cluster(**change: Any) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(p, cluster=p.cluster.model_copy(update=change))


def _network(**change: Any) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(p, network=p.network.model_copy(update=change))


def _order(part_: str, **change: Any) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(
        p,
        order=p.order.model_copy(update={part_: getattr(p.order, part_).model_copy(update=change)}),
    )


def _need(part_: str, **change: Any) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(
        p,
        requirements=p.requirements.model_copy(
            update={part_: getattr(p.requirements, part_).model_copy(update=change)}
        ),
    )


def _gateway(**change: Any) -> Callable[[Plan], Plan]:
    def broken(good: Plan) -> Plan:
        gateway = good.platform.agent_gateway.model_copy(update=change)
        return _replaced(good, platform=good.platform.model_copy(update={"agent_gateway": gateway}))

    return broken


def _zones(*zones: str) -> Callable[[Plan], Plan]:
    return lambda p: _replaced(p, order=p.order.model_copy(update={"zones": zones}))


def _volume(size: int) -> Callable[[Plan], Plan]:
    def broken(good: Plan) -> Plan:
        items = tuple(
            w.model_copy(
                update={"volumes": tuple(v.model_copy(update={"size_gib": size}) for v in w.volumes)}
            )
            for w in good.workloads.items
        )
        return _replaced(good, workloads=good.workloads.model_copy(update={"items": items}))

    return broken


def _auth(good: Plan) -> Plan:
    short = tuple(s.model_copy(update={"length": 8}) for s in good.platform.secrets)
    return _replaced(good, platform=good.platform.model_copy(update={"secrets": short}))


SABOTAGE: Mapping[tuple[str, str], Callable[[Plan], Plan]] = {
    ("aws", "rds-storage-size"): _spec("postgres", storage_gib=19),
    ("aws", "rds-gp3-small"): _spec("postgres", storage_gib=100, iops=6000),
    ("aws", "rds-gp3-iops"): _spec("postgres", storage_gib=400, iops=64_001),
    ("aws", "rds-io1"): _spec("postgres", storage_type="io1", storage_gib=100, iops=5001),
    ("aws", "rds-io2"): _spec("postgres", storage_type="io2", storage_gib=99, iops=6000),
    ("aws", "rds-autoscaling-limit"): _spec("postgres", max_storage_gib=439, storage_gib=400),
    ("aws", "rds-class"): _spec("postgres", instance_class="db.c6gd.xlarge"),
    ("aws", "rds-class-iops"): _need("postgres", iops=500_000),
    ("aws", "rds-version"): _spec("postgres", parameter_family="postgres16"),
    ("aws", "rds-backups"): _spec("postgres", backup_retention_days=0),
    ("aws", "rds-read-replicas"): _spec("postgres", read_replicas=16),
    ("aws", "rds-max-connections"): _spec("postgres", max_connections=100),
    ("aws", "elasticache-nodes"): _spec("redis", shards=46),
    ("aws", "elasticache-replicas"): _spec("redis", replicas_per_shard=6),
    ("aws", "elasticache-node-type"): _need("redis", memory_gib_per_node=5000),
    ("aws", "elasticache-durability"): _spec("redis", node_type="cache.m5.large"),
    ("aws", "elasticache-failover"): _spec("redis", multi_az=False),
    ("aws", "elasticache-version"): _spec("redis", parameter_family="valkey8"),
    ("aws", "elasticache-snapshots"): _spec("redis", snapshot_retention_days=36),
    ("aws", "elasticache-auth-token"): _auth,
    ("aws", "eks-group-nodes"): _group(max=451),
    ("aws", "eks-groups"): lambda p: _replaced(p, node_groups=p.node_groups * 6),
    ("aws", "eks-version"): _cluster(kubernetes_version="1.33"),
    ("aws", "eks-control-plane-tier"): _cluster(control_plane_tier="dedicated"),
    ("aws", "eks-zones"): _zones("use1-az1", "use1-az2", "use1-az3"),
    ("aws", "ec2-offerings"): _zones("use1-az1", "use1-az2", "use1-az3"),
    ("aws", "eks-api-cidrs"): _cluster(api_allowed_cidrs=("203.0.113.7/32",) * 41),
    ("aws", "ebs-gp3-size"): _volume(16_385),
    ("aws", "vpc-size"): _network(cidr="10.0.0.0/15"),
    ("aws", "eks-service-range"): _network(service_cidr="10.0.0.0/20"),
    ("aws", "vpc-addresses"): _group(max=400),
    ("aws", "acm-region"): _gateway(certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/a"),
    ("aws", "acm-domain-length"): _gateway(dns=DnsSpec(domain="a" * 65, zone="Z1", certificate=True)),
    ("aws", "eks-access-partition"): _cluster(
        admin_role_arns=("arn:aws-us-gov:iam::123456789012:role/admin",)
    ),
    ("gcp", "cloudsql-tier"): _spec("postgres", instance_class="db-custom-3-8192"),
    ("gcp", "cloudsql-edition"): _spec("postgres", edition=""),
    ("gcp", "cloudsql-version"): _spec("postgres", engine_version="POSTGRES_13"),
    ("gcp", "cloudsql-storage-size"): _spec("postgres", storage_gib=9),
    ("gcp", "cloudsql-storage-iops"): _spec("postgres", storage_gib=100),
    ("gcp", "cloudsql-storage-type"): _spec("postgres", storage_type="gp3"),
    ("gcp", "cloudsql-tier-iops"): _need("postgres", iops=15_001),
    ("gcp", "cloudsql-autoresize-limit"): _spec("postgres", max_storage_gib=1),
    ("gcp", "cloudsql-read-replicas"): _spec("postgres", read_replicas=11),
    ("gcp", "cloudsql-backups"): _spec("postgres", backup_retention_days=366),
    ("gcp", "cloudsql-max-connections"): _spec("postgres", max_connections=60),
    ("gcp", "memorystore-units"): _spec("redis", shards=126),
    ("gcp", "memorystore-replicas"): _spec("redis", replicas_per_shard=3),
    ("gcp", "memorystore-node-type"): _need("redis", memory_gib_per_node=89),
    ("gcp", "memorystore-persistence"): _spec("redis", durability="both"),
    ("gcp", "memorystore-backups"): _spec("redis", snapshot_retention_days=0),
    ("gcp", "gke-pool-nodes"): _group(max=3001),
    ("gcp", "gke-release-channel"): _cluster(release_channel=""),
    ("gcp", "gke-gpu-zones"): _zones("us-central1-a", "us-central1-b", "us-central1-d"),
    ("gcp", "gce-machine-types"): _group(machine_type="a3-highgpu-1g"),
    ("gcp", "gke-gpu-count"): _group(machine_type="a2-highgpu-8g", gpus_per_node=4),
    ("gcp", "pd-size"): _volume(9),
    ("gcp", "gke-authorized-networks"): _cluster(api_allowed_cidrs=("8.8.8.0/24",) * 51),
    ("gcp", "vpc-ranges"): _network(control_plane_cidr="10.0.0.0/24"),
    ("gcp", "gke-pod-range"): _network(pod_cidr="10.0.128.0/24"),
    ("gcp", "cloudsql-own-range"): _network(cidr="172.17.0.0/16"),
}


@pytest.mark.parametrize("key", SABOTAGE, ids=lambda key: key[1])
def test_an_order_that_breaks_a_rule_is_caught_by_its_check(key: tuple[str, str]) -> None:
    cloud, id_ = key
    good = plan_on(cloud, Tier.MEDIUM)
    assert list(CHECKS[cloud][id_](good)) == []
    assert list(CHECKS[cloud][id_](SABOTAGE[key](good)))


def test_every_check_is_seen_to_fail() -> None:
    assert set(SABOTAGE) == {(cloud, id_) for cloud, checks in CHECKS.items() for id_ in checks}
