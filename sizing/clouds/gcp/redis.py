"""Memorystore for Redis Cluster: node type, shards and persistence for the guide's row (D14, D15).

Rules: https://cloud.google.com/memorystore/docs/cluster/cluster-node-specification and
https://cloud.google.com/memorystore/docs/cluster/about-persistence.
"""

from __future__ import annotations

import functools
from typing import Literal

from sizing import choices
from sizing.clouds.base import RedisOrder
from sizing.clouds.gcp.limits import cache as limits
from sizing.clouds.gcp.machines import PACKAGE
from sizing.given import given
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import RedisPart
from sizing.requirements import RedisRequirements
from sizing.specs import RedisSpec, Spec
from sizing.tables import optional_float, rows

ENGINE = "redis"
ENGINE_VERSION = "7.2"
"""What the service runs; it is not a choice (https://cloud.google.com/memorystore/docs/cluster/overview)."""
PORT = 6379

Durability = Literal["async", "sync"]
PERSISTENCE: dict[Durability | None, str] = {
    "async": "AOF every second",
    "sync": "AOF always",
    None: "RDB every hour",
}


class CacheNode(Spec):
    """A node type; ``usable_gib`` is what the default 80% of its memory leaves for keys."""

    name: str
    usable_gib: float
    shared_core: bool
    usd_per_hour: float | None


@functools.cache
def nodes() -> tuple[CacheNode, ...]:
    """Every node type of the catalogue."""
    return tuple(
        CacheNode(
            name=row["node_type"],
            usable_gib=float(row["usable_gib"]),
            shared_core=row["shared_core"] == "yes",
            usd_per_hour=optional_float(row["usd_per_hour"]),
        )
        for row in rows(PACKAGE, "caches")
    )


def _rank(node: CacheNode) -> tuple[float, bool, float, str]:
    """Smallest first, then known prices: several prices are not published where they could be checked."""
    return (node.usable_gib, node.usd_per_hour is None, node.usd_per_hour or 0.0, node.name)


def choose_node(memory_gib: int, wanted: str | None) -> CacheNode:
    """The smallest node that leaves ``memory_gib`` for keys, or the one the stack names if it does.

    A shared-core node has no service level agreement and is taken only when it is named.

    Raises:
        SizingError: the named type is unknown or too small, or nothing is large enough.
    """
    fitting = [n for n in nodes() if n.usable_gib >= memory_gib]
    if wanted is None:
        if not fitting:
            raise limits.NODE_TYPE.refusal(
                "redis.memoryGibPerNode",
                memory_gib,
                f"the largest node leaves {max(n.usable_gib for n in nodes()):g} GiB",
                "Use more shards with less memory each.",
            )
        return min((n for n in fitting if not n.shared_core), key=_rank)
    named = next((n for n in nodes() if n.name == wanted), None)
    if named is None:
        raise limits.NODE_TYPE.refusal(
            "redis.nodeType",
            wanted,
            "not a Memorystore for Redis Cluster node type of the catalogue",
            suggestion(wanted, [n.name for n in nodes()]),
        )
    if named not in fitting:
        raise limits.NODE_TYPE.refusal(
            "redis.nodeType",
            wanted,
            f"leaves {named.usable_gib:g} GiB, {memory_gib} are needed",
            f"Use {choose_node(memory_gib, None).name} or larger.",
        )
    return named


def _durability(tier: Tier, part: RedisPart) -> Durability | None:
    """AOF from the smallest size on: it needs no replica here, and no snapshot comes every five minutes."""
    if part.durability is not None:
        return None if part.durability == "none" else part.durability
    return "sync" if choices.REDIS_DURABILITY[tier] == "sync" else "async"


def _check(need: RedisRequirements) -> None:
    limits.REPLICAS.most(
        "redis.replicasPerShard",
        need.replicas_per_shard,
        limits.MAX_REPLICAS,
        f"Memorystore for Redis Cluster takes {limits.MAX_REPLICAS}",
    )
    total = need.shards * (1 + need.replicas_per_shard)
    if total > limits.MAX_UNITS:
        raise limits.UNITS.refusal(
            "redis.shards",
            need.shards,
            f"makes {total} nodes with the replicas; a cluster holds {limits.MAX_UNITS}",
            "Use fewer shards of a larger node type.",
        )


def _snapshot_days(tier: Tier, wanted: int | None) -> int:
    path, days = "redis.snapshotRetentionDays", given(wanted, choices.SNAPSHOT_RETENTION_DAYS[tier])
    limits.BACKUPS.least(path, days, limits.BACKUP_DAYS[0])
    limits.BACKUPS.most(path, days, limits.BACKUP_DAYS[1])
    return days


def order(need: RedisRequirements, tier: Tier, part: RedisPart) -> RedisOrder:
    """What to buy. Raises SizingError when an override breaks a rule of Memorystore."""
    _check(need)
    node, durability = choose_node(need.memory_gib_per_node, part.node_type), _durability(tier, part)
    days = _snapshot_days(tier, part.snapshot_retention_days)
    kept = PERSISTENCE[durability]
    return RedisOrder(
        spec=RedisSpec(
            engine=ENGINE,
            engine_version=ENGINE_VERSION,
            parameter_family="",
            node_type=node.name,
            shards=need.shards,
            replicas_per_shard=need.replicas_per_shard,
            multi_az=need.replicas_per_shard > 0,
            durability=durability,
            port=PORT,
            snapshot_retention_days=days,
        ),
        usable_gib=node.usable_gib,
        persistence=kept if durability == "sync" else f"{kept}; daily backups, {days} days",
        persistence_reason="Memorystore keeps an append-only file or RDB snapshots, never both, and snapshots"
        " every hour at most; "
        + ("backups are the snapshots" if durability else "chosen by the stack instead of the file"),
        auth="identity",
    )
