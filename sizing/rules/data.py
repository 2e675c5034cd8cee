"""Findings about Redis and Vault: D14 to D18."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch2_components
from sizing.plan import Plan
from sizing.quantities import parse_memory

VAULT_REFERENCE = "https://developer.hashicorp.com/vault/tutorials/day-one-raft/raft-reference-architecture"
VAULT_MINIMUM_MIB = 8192
VAULT_MINIMUM_CPU_M = 2000
"""HashiCorp's smallest production server: 2 cores, 8 GB, 3,000 IOPS."""


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _redis(plan)
    yield from _shards(plan)
    yield from _vault_mode(plan)
    yield from _vault_size(plan)
    yield from _vault_volume(plan)
    yield from _vault_servers(plan)


def _redis(plan: Plan) -> Iterator[Finding]:
    bought, row = plan.order.redis, ch2_components.REDIS[plan.requirements.tier]
    if bought.persistence == row.persistence:
        return
    yield Finding(
        id="D14",
        section=ch2_components.REDIS.section,
        path="redis.persistence",
        kind=Kind.CHANGED,
        guide=row.persistence,
        actual=bought.persistence,
        reason=bought.persistence_reason,
        source=plan.order.notes.redis.persistence,
    )


def _shards(plan: Plan) -> Iterator[Finding]:
    """How the guide's nodes became shards and replicas (D15), or what the stack made of them."""
    table, spec, part = ch2_components.REDIS, plan.order.redis.spec, plan.overrides.redis
    row, tier = table[plan.requirements.tier], plan.requirements.tier
    ours = {"shards": choices.REDIS_SHARDS[tier], "replicas_per_shard": choices.REDIS_REPLICAS[tier]}
    actual = {"shards": spec.shards, "replicas_per_shard": spec.replicas_per_shard}
    for field, value in actual.items():
        if value != ours[field]:
            yield overridden(table.section, f"redis.{field}", row.topology, value)
    if part.shards is not None or part.replicas_per_shard is not None or spec.shards == 1:
        return
    nodes = spec.shards * (1 + spec.replicas_per_shard)
    grown, notes = nodes != row.nodes, plan.order.notes.redis
    yield Finding(
        id="D15",
        section=table.section,
        path="redis.replicas_per_shard" if grown else "redis.shards",
        kind=Kind.INTERPRETED,
        guide=row.topology,
        actual=spec.replicas_per_shard if grown else spec.shards,
        reason=f"{spec.shards} primaries as the guide says, each with a replica: {notes.added_replica}"
        if grown
        else f"{row.nodes} nodes are read as {spec.shards} primaries with a replica each:"
        f" {notes.counted_replica}",
        source=notes.persistence,
    )


def _vault_mode(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.vault, ch2_components.VAULT[plan.requirements.tier]
    if not row.ha:
        servers = "one server" if need.replicas == 1 else f"{need.replicas} servers"
        yield Finding(
            id="D16",
            section=ch2_components.VAULT.section,
            path="vault.topology",
            kind=Kind.CHANGED,
            guide=row.topology,
            actual=f"{servers}, raft storage, KMS auto-unseal",
            reason="dev mode keeps everything in memory and loses it on restart",
            source="https://developer.hashicorp.com/vault/docs/concepts/dev-server",
        )


def _vault_size(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.vault, ch2_components.VAULT[plan.requirements.tier]
    section = ch2_components.VAULT.section
    if row.dr:
        yield Finding(
            id="D17",
            section=section,
            path="vault.dr",
            kind=Kind.CHANGED,
            guide=True,
            actual=False,
            reason="DR replication needs a Vault Enterprise licence; the seal key is multi-region from the"
            " start"
            " and raft snapshots go to a bucket, so that another region can restore",
            source="https://developer.hashicorp.com/vault/docs/enterprise/replication",
        )
    if need.memory_mib < VAULT_MINIMUM_MIB and need.memory_mib == parse_memory(row.memory):
        short = (
            f" and {need.cpu_m}m of {VAULT_MINIMUM_CPU_M}m cpu" if need.cpu_m < VAULT_MINIMUM_CPU_M else ""
        )
        yield Finding(
            id="D18",
            section=section,
            path="vault.memory_mib",
            kind=Kind.RISK,
            guide=need.memory_mib,
            actual=need.memory_mib,
            reason=f"HashiCorp's smallest production server has {VAULT_MINIMUM_MIB} MiB and 2 cores; ordered"
            " are"
            f" {need.memory_mib} MiB{short}",
            source=VAULT_REFERENCE,
        )


def _vault_volume(plan: Plan) -> Iterator[Finding]:
    actual, notes = plan.platform.vault.storage_gib, plan.order.notes.volumes
    guide = ch2_components.VAULT[plan.requirements.tier].storage.gib
    if actual != plan.requirements.vault.storage_gib and actual != guide:
        yield Finding(
            id="D18",
            section=ch2_components.VAULT.section,
            path="vault.storage_gib",
            kind=Kind.CHANGED,
            guide=guide,
            actual=actual,
            reason=notes.reason,
            source=notes.source,
        )


def _vault_servers(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.vault, ch2_components.VAULT[plan.requirements.tier]
    if need.replicas == 1:
        yield Finding(
            id="D16",
            section=ch2_components.VAULT.section,
            path="vault.replicas",
            kind=Kind.RISK if row.nodes == 1 else Kind.CHANGED,
            guide=row.topology if row.nodes is None else row.nodes,
            actual=need.replicas,
            reason="one server on one zone's volume: Vault is away while its node or zone is",
            source="guide 2.6",
        )
    elif row.nodes is None and need.replicas != ch2_components.VAULT[choices.VAULT_SERVERS_OF].nodes:
        yield overridden(ch2_components.VAULT.section, "vault.replicas", row.topology, need.replicas)
    elif row.nodes is None:
        yield Finding(
            id="D17",
            section=ch2_components.VAULT.section,
            path="vault.replicas",
            kind=Kind.INTERPRETED,
            guide=row.topology,
            actual=need.replicas,
            reason="the guide gives no count; as many as Large, over three zones",
            source="guide 2.6",
        )
