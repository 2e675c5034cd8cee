"""ElastiCache for Valkey: shapes, durability, snapshots, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_CACHE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg"
_CACHE_API = "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference"

MAX_CACHE_NODES = 90
"""Nodes of one cluster before a quota increase; shards x (1 + replicas)."""
MAX_CACHE_REPLICAS = 5
SNAPSHOT_DAYS = (1, 35)
DURABLE_FAMILIES = ("r6g", "r7g", "r8g", "m6g", "m7g", "m8g", "c7gn", "c8gn")
"""Node families that keep a durable log; others refuse ``durability``."""
DURABLE_VERSION = 9
AUTH_LENGTH = (16, 128)
GROUP_ID_LIMIT = 40

CACHE_NODES = Rule(
    id="elasticache-nodes",
    service="ElastiCache",
    limit=f"a cluster has at most {MAX_CACHE_NODES} nodes, replicas included",
    source=f"{_CACHE}/quota-limits.html",
    overrides=("redis.shards",),
)
CACHE_REPLICAS = Rule(
    id="elasticache-replicas",
    service="ElastiCache",
    limit=f"a shard has at most {MAX_CACHE_REPLICAS} replicas",
    source=f"{_CACHE_API}/API_CreateReplicationGroup.html",
    overrides=("redis.replicasPerShard",),
)
CACHE_NODE = Rule(
    id="elasticache-node-type",
    service="ElastiCache",
    limit="a node leaves 75% of its memory for data, and is of a type that ElastiCache offers",
    source=f"{_CACHE}/CacheNodes.SupportedTypes.html",
    model="the cheapest type that leaves enough",
    overrides=("redis.nodeType", "redis.memoryGibPerNode"),
)
DURABILITY = Rule(
    id="elasticache-durability",
    service="ElastiCache",
    limit=f"durability needs Valkey {DURABLE_VERSION}, cluster mode, Multi-AZ with a replica per shard,"
    f" encryption, and nodes of {', '.join(DURABLE_FAMILIES)}",
    source=f"{_CACHE}/Durability.Limitations.html",
    model="a durable family where a replica is ordered; none without a replica",
    overrides=("redis.durability", "redis.nodeType"),
)
CACHE_FAILOVER = Rule(
    id="elasticache-failover",
    service="ElastiCache",
    limit="cluster mode demands automatic failover; Multi-AZ demands a replica",
    source=f"{_CACHE_API}/API_CreateReplicationGroup.html",
    model="Multi-AZ exactly where there are replicas",
    components="automatic failover is always on",
)
CACHE_VERSION = Rule(
    id="elasticache-version",
    service="ElastiCache",
    limit="engine and version are ones that a new cluster takes; the parameter group is of their family",
    source=f"{_CACHE}/supported-engine-versions.html",
    model="a version of the catalogue, and its family",
)
CACHE_AOF = Rule(
    id="elasticache-no-aof",
    service="ElastiCache",
    limit="appendonly and appendfsync are refused, and snapshots are daily at most",
    source=f"{_CACHE}/ParameterGroups.Engine.html",
    components="the parameter group has neither",
)
SNAPSHOTS = Rule(
    id="elasticache-snapshots",
    service="ElastiCache",
    limit=f"snapshots are kept {SNAPSHOT_DAYS[0]} to {SNAPSHOT_DAYS[1]} days",
    source=f"{_CACHE_API}/API_CreateReplicationGroup.html",
    model="days of the size",
    overrides=("redis.snapshotRetentionDays",),
)
CACHE_AUTH = Rule(
    id="elasticache-auth-token",
    service="ElastiCache",
    limit=f"a password has {AUTH_LENGTH[0]} to {AUTH_LENGTH[1]} characters and needs TLS",
    source=f"{_CACHE}/auth.html",
    model="64 letters and digits",
    components="TLS is required",
)
CACHE_ID = Rule(
    id="elasticache-id",
    service="ElastiCache",
    limit=f"the id of a replication group has at most {GROUP_ID_LIMIT} characters",
    source=f"{_CACHE_API}/API_CreateReplicationGroup.html",
    components="longer names are shortened with a hash",
)

RULES: tuple[Rule, ...] = (
    CACHE_NODES,
    CACHE_REPLICAS,
    CACHE_NODE,
    DURABILITY,
    CACHE_FAILOVER,
    CACHE_VERSION,
    CACHE_AOF,
    SNAPSHOTS,
    CACHE_AUTH,
    CACHE_ID,
)
