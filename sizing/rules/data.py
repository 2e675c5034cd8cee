"""Findings about PostgreSQL, Redis and Vault: D9 to D18."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.findings import Finding, Kind
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.plan import Plan
from sizing.rules.proxies import OPEN

RDS_STORAGE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"
RDS_CLASSES = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html"
CACHE_DURABILITY = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Limitations.html"
VAULT_REFERENCE = "https://developer.hashicorp.com/vault/tutorials/day-one-raft/raft-reference-architecture"
VAULT_MINIMUM_MIB = 8192
VAULT_MINIMUM_CPU_M = 2000
"""HashiCorp's smallest production server: 2 cores, 8 GB, 3,000 IOPS."""


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _storage(plan)
    yield from _iops(plan)
    yield from _memory(plan)
    yield from _limits(plan)
    yield from _availability(plan)
    yield from _redis(plan)
    yield from _vault(plan)


def _storage(plan: Plan) -> Iterator[Finding]:
    need, bought = plan.requirements.postgres, plan.order.postgres
    if bought.spec.storage_gib > need.storage_gib:
        yield Finding(
            id="D9", section="2.4", path="postgres.storage_gib", kind=Kind.CHANGED,
            guide=need.storage_gib, actual=bought.spec.storage_gib,
            reason=f"{bought.spec.storage_type} below this size does not give {need.iops} IOPS, and refuses the argument;"
            f" this is the cheapest volume that sustains them ({bought.included_iops} included)",
            source=RDS_STORAGE,
        )  # fmt: skip


def _iops(plan: Plan) -> Iterator[Finding]:
    need, bought = plan.requirements.postgres, plan.order.postgres
    guide = ch2_components.POSTGRES[plan.requirements.tier].iops
    path = "postgres.iops"
    if bought.sustained_iops < need.iops:
        yield Finding(
            id="D10", section="2.4", path=path, kind=Kind.RISK, guide=guide.value, actual=need.iops,
            reason=f"{bought.spec.instance_class} is burstable: {bought.sustained_iops} IOPS sustained,"
            f" {need.iops} for half an hour a day; postgres.instanceClass db.m6i.large sustains them",
            source=RDS_CLASSES,
        )  # fmt: skip
    elif bought.included_iops > need.iops:
        yield Finding(
            id="D9", section="2.4", path=path, kind=Kind.CHANGED, guide=guide.value, actual=bought.included_iops,
            reason=f"a {bought.spec.storage_type} volume of {bought.spec.storage_gib} GiB includes {bought.included_iops}"
            f" IOPS at no extra cost; the class sustains {bought.sustained_iops}",
            source=RDS_STORAGE,
        )  # fmt: skip
    elif guide.or_more and need.iops == guide.value:
        yield Finding(
            id="D13", section="2.4", path=path, kind=Kind.INTERPRETED, guide=str(guide), actual=need.iops,
            reason=OPEN, source="guide 2.4",
        )  # fmt: skip


def _memory(plan: Plan) -> Iterator[Finding]:
    need, bought = plan.requirements.postgres, plan.order.postgres
    for field, wanted, actual in (
        ("vcpu", need.vcpu, bought.vcpu),
        ("memory_gib", need.memory_gib, bought.memory_gib),
    ):
        if actual > wanted:
            yield Finding(
                id="D10", section="2.4", path=f"postgres.{field}", kind=Kind.CHANGED, guide=wanted, actual=actual,
                reason=f"no class has {need.vcpu} vCPU with {need.memory_gib} GiB that sustains {need.iops} IOPS; the"
                f" cheapest that does is {bought.spec.instance_class} ({bought.vcpu} vCPU, {bought.memory_gib} GiB)",
                source=RDS_CLASSES,
            )  # fmt: skip


def _limits(plan: Plan) -> Iterator[Finding]:
    spec, tier = plan.order.postgres.spec, plan.requirements.tier
    wanted = ch3_infrastructure.STORAGE[tier].postgres.gib
    if spec.max_storage_gib != wanted:
        yield Finding(
            id="D11", section="3.3", path="postgres.max_storage_gib", kind=Kind.CHANGED, guide=wanted,
            actual=spec.max_storage_gib,
            reason=f"3.3 is taken as the autoscaling limit, and AWS wants it 26% above the {spec.storage_gib} GiB allocated",
            source=RDS_STORAGE,
        )  # fmt: skip
    if spec.storage_gib != wanted:
        yield Finding(
            id="D11", section="3.3", path="storage.postgres_gib", kind=Kind.CONFLICT, guide=wanted,
            actual=spec.storage_gib,
            reason=f"2.4 says {ch2_components.POSTGRES[tier].storage}; that is allocated, 3.3 is the autoscaling limit",
            source="guide 2.4, 3.3",
        )  # fmt: skip


def _availability(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.postgres, ch2_components.POSTGRES[plan.requirements.tier]
    if need.multi_az and plan.overrides.postgres.multi_az is None:
        yield Finding(
            id="D12", section="2.4", path="postgres.multi_az", kind=Kind.INTERPRETED, guide=row.topology, actual=True,
            reason="a read replica is no failover target: the primary has a standby in a second zone, and the guide's"
            f" {need.read_replicas} replicas come on top",
            source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html",
        )  # fmt: skip
    if "Cluster" in row.topology:
        yield Finding(
            id="D13", section="2.4", path="postgres.topology", kind=Kind.CHANGED, guide=row.topology,
            actual=f"Multi-AZ primary + {need.read_replicas} replicas",
            reason="a Multi-AZ DB cluster has no storage autoscaling and no cross-region backups, and would replace"
            " the instance of the tier below; a Multi-AZ instance is reached in place",
            source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.Limitations.html",
        )  # fmt: skip
    if row.medium != "SSD":
        yield Finding(
            id="D13", section="2.4", path="postgres.storage_medium", kind=Kind.CHANGED, guide=row.medium,
            actual=plan.order.postgres.spec.storage_type,
            reason="data of a managed database lives on network volumes, never on the host's NVMe", source=RDS_STORAGE,
        )  # fmt: skip


def _redis(plan: Plan) -> Iterator[Finding]:
    need, spec = plan.requirements.redis, plan.order.redis.spec
    row = ch2_components.REDIS[plan.requirements.tier]
    kept = f"daily snapshots, {spec.snapshot_retention_days} days"
    yield Finding(
        id="D14", section="2.5", path="redis.persistence", kind=Kind.CHANGED, guide=row.persistence,
        actual=f"durability {spec.durability}; {kept}" if spec.durability else kept,
        reason="ElastiCache takes no AOF and snapshots once a day at most; Valkey's durable log is its equivalent of"
        " AOF" + ("" if spec.durability else ", and needs a replica per shard"),
        source=CACHE_DURABILITY,
    )  # fmt: skip
    nodes = spec.shards * (1 + spec.replicas_per_shard)
    part = plan.overrides.redis
    if nodes != row.nodes and part.shards is None and part.replicas_per_shard is None:
        yield Finding(
            id="D15", section="2.5", path="redis.replicas_per_shard", kind=Kind.INTERPRETED, guide=row.topology,
            actual=spec.replicas_per_shard,
            reason=f"{spec.shards} primaries as the guide says, each with a replica: durability and failover need one",
            source=CACHE_DURABILITY,
        )  # fmt: skip
    elif nodes == row.nodes and spec.shards > 1:
        yield Finding(
            id="D15", section="2.5", path="redis.shards", kind=Kind.INTERPRETED, guide=row.topology, actual=spec.shards,
            reason=f"{row.nodes} nodes are read as {spec.shards} primaries with a replica each: the durable log needs one",
            source=CACHE_DURABILITY,
        )  # fmt: skip


def _vault(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.vault, ch2_components.VAULT[plan.requirements.tier]
    if not row.ha:
        yield Finding(
            id="D16", section="2.6", path="vault.topology", kind=Kind.CHANGED, guide=row.topology,
            actual="one server, raft storage, KMS auto-unseal",
            reason="dev mode keeps everything in memory and loses it on restart",
            source="https://developer.hashicorp.com/vault/docs/concepts/dev-server",
        )  # fmt: skip
    if need.replicas == 1:
        yield Finding(
            id="D16", section="2.6", path="vault.replicas", kind=Kind.RISK, guide=row.nodes, actual=need.replicas,
            reason="one server on one zone's volume: Vault is away while its node or zone is",
            source="guide 2.6",
        )  # fmt: skip
    if row.nodes is None and plan.overrides.vault.replicas is None:
        yield Finding(
            id="D17", section="2.6", path="vault.replicas", kind=Kind.INTERPRETED, guide=row.topology,
            actual=need.replicas, reason="the guide gives no count; as many as Large, over three zones", source="guide 2.6",
        )  # fmt: skip
    if row.dr:
        yield Finding(
            id="D17", section="2.6", path="vault.dr", kind=Kind.CHANGED, guide=True, actual=False,
            reason="DR replication needs a Vault Enterprise licence; the seal key is multi-region from the start and"
            " raft snapshots go to a bucket, so that another region can restore",
            source="https://developer.hashicorp.com/vault/docs/enterprise/replication",
        )  # fmt: skip
    if need.memory_mib < VAULT_MINIMUM_MIB and plan.overrides.vault.memory is None:
        short = f" and {need.cpu_m}m of {VAULT_MINIMUM_CPU_M}m cpu" if need.cpu_m < VAULT_MINIMUM_CPU_M else ""
        yield Finding(
            id="D18", section="2.6", path="vault.memory_mib", kind=Kind.RISK, guide=need.memory_mib,
            actual=need.memory_mib,
            reason=f"HashiCorp's smallest production server has {VAULT_MINIMUM_MIB} MiB and 2 cores; ordered are"
            f" {need.memory_mib} MiB{short}",
            source=VAULT_REFERENCE,
        )  # fmt: skip


