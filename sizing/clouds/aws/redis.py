"""ElastiCache for Valkey: node type, shards and durability for the guide's row (D14, D15).

Rules: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Limitations.html.
"""

from __future__ import annotations

import functools

from sizing import choices
from sizing.clouds.aws.limits import cache as limits
from sizing.clouds.aws.machines import PACKAGE
from sizing.clouds.base import RedisOrder
from sizing.given import given
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import RedisPart
from sizing.requirements import RedisRequirements
from sizing.specs import RedisSpec, Spec
from sizing.tables import rows

ENGINE = "valkey"
ENGINE_VERSION = "9.1"
PARAMETER_FAMILY = "valkey9"
PORT = 6379


class CacheNode(Spec):
    """A node type; ``usable_gib`` is what the default 25% reserve leaves for data."""

    name: str
    usable_gib: float
    usd_per_hour: float

    @property
    def durable(self) -> bool:
        return self.name.split(".")[1] in limits.DURABLE_FAMILIES


@functools.cache
def nodes() -> tuple[CacheNode, ...]:
    """Every node type of the catalogue."""
    return tuple(
        CacheNode(
            name=r["node_type"], usable_gib=float(r["usable_gib"]), usd_per_hour=float(r["usd_per_hour"])
        )
        for r in rows(PACKAGE, "caches")
    )


def choose_node(memory_gib: int, *, durable: bool, wanted: str | None) -> CacheNode:
    """The cheapest node that leaves ``memory_gib`` for data, or the one the stack names if it does.

    Raises:
        SizingError: the named type is unknown, too small, or cannot be durable; or nothing is large enough.
    """
    fitting = [n for n in nodes() if n.usable_gib >= memory_gib and (n.durable or not durable)]
    if wanted is None:
        if not fitting:
            raise limits.CACHE_NODE.refusal(
                "redis.memoryGibPerNode",
                memory_gib,
                f"the largest node leaves {max(n.usable_gib for n in nodes())} GiB",
                "Use more shards with less memory each.",
            )
        return min(fitting, key=lambda n: (n.usd_per_hour, n.name))
    named = next((n for n in nodes() if n.name == wanted), None)
    if named is None:
        raise limits.CACHE_NODE.refusal(
            "redis.nodeType",
            wanted,
            "not a Valkey node type of the catalogue",
            suggestion(wanted, [n.name for n in nodes()]),
        )
    if named not in fitting:
        best = choose_node(memory_gib, durable=durable, wanted=None)
        rule, why = limits.CACHE_NODE, f"leaves {named.usable_gib:g} GiB, {memory_gib} are needed"
        if durable and not named.durable:
            rule = limits.DURABILITY
            why = f"cannot be durable; only {', '.join(limits.DURABLE_FAMILIES)} can"
        raise rule.refusal("redis.nodeType", wanted, why, f"Use {best.name} or larger.")
    return named


def _durability(tier: Tier, part: RedisPart, need: RedisRequirements) -> str | None:
    if part.durability is None:
        return choices.REDIS_DURABILITY[tier] if need.replicas_per_shard else None
    durability = None if part.durability == "none" else part.durability
    if durability and need.replicas_per_shard == 0:
        raise limits.DURABILITY.refusal(
            "redis.durability",
            durability,
            "needs at least one replica per shard",
            "Set redis.replicasPerShard to 1 or more, or redis.durability to none.",
        )
    return durability


def _check(need: RedisRequirements) -> None:
    """Refuse more replicas or nodes than a cluster has. Raises SizingError."""
    limits.CACHE_REPLICAS.most("redis.replicasPerShard", need.replicas_per_shard, limits.MAX_CACHE_REPLICAS)
    total = need.shards * (1 + need.replicas_per_shard)
    if total > limits.MAX_CACHE_NODES:
        raise limits.CACHE_NODES.refusal(
            "redis.shards",
            need.shards,
            f"makes {total} nodes with the replicas; a cluster holds {limits.MAX_CACHE_NODES}",
            "Use fewer shards of a larger node type.",
        )


def _snapshot_days(tier: Tier, wanted: int | None) -> int:
    path, days = "redis.snapshotRetentionDays", given(wanted, choices.SNAPSHOT_RETENTION_DAYS[tier])
    limits.SNAPSHOTS.least(path, days, limits.SNAPSHOT_DAYS[0])
    limits.SNAPSHOTS.most(path, days, limits.SNAPSHOT_DAYS[1])
    return days


def order(need: RedisRequirements, tier: Tier, part: RedisPart) -> RedisOrder:
    """What to buy. Raises SizingError when an override breaks a rule of ElastiCache."""
    _check(need)
    durability = _durability(tier, part, need)
    node = choose_node(need.memory_gib_per_node, durable=durability is not None, wanted=part.node_type)
    spec = RedisSpec.model_validate(
        {
            "engine": ENGINE,
            "engine_version": ENGINE_VERSION,
            "parameter_family": PARAMETER_FAMILY,
            "node_type": node.name,
            "shards": need.shards,
            "replicas_per_shard": need.replicas_per_shard,
            "multi_az": need.replicas_per_shard > 0,
            "durability": durability,
            "port": PORT,
            "snapshot_retention_days": _snapshot_days(tier, part.snapshot_retention_days),
        }
    )
    kept = f"daily snapshots, {spec.snapshot_retention_days} days"
    return RedisOrder(
        spec=spec,
        usable_gib=node.usable_gib,
        persistence=f"durability {durability}; {kept}" if durability else kept,
        persistence_reason="ElastiCache takes no AOF and snapshots once a day at most; Valkey's durable log"
        " is its equivalent of AOF" + ("" if durability else ", and needs a replica per shard"),
        auth="password",
    )
