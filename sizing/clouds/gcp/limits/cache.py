"""Memorystore for Redis Cluster: shapes and persistence, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_REDIS = "https://cloud.google.com/memorystore/docs/cluster"

MAX_UNITS = 250
"""Shards x (1 + replicas) of one cluster."""
MAX_REPLICAS = 2
BACKUP_DAYS = (1, 365)
ID_LIMIT = 63

UNITS = Rule(
    id="memorystore-units",
    service="Memorystore",
    limit=f"a cluster has at most {MAX_UNITS} nodes, replicas included",
    source=f"{_REDIS}/quotas",
    overrides=("redis.shards",),
)
REPLICAS = Rule(
    id="memorystore-replicas",
    service="Memorystore",
    limit=f"a shard has at most {MAX_REPLICAS} replicas",
    source=f"{_REDIS}/ha-and-replicas",
    overrides=("redis.replicasPerShard",),
)
NODE_TYPE = Rule(
    id="memorystore-node-type",
    service="Memorystore",
    limit="a node leaves 80% of its memory for keys, and is of one of the service's types",
    source=f"{_REDIS}/cluster-node-specification",
    model="the smallest type that leaves enough, none with shared cores",
    overrides=("redis.nodeType", "redis.memoryGibPerNode"),
)
PERSISTENCE = Rule(
    id="memorystore-persistence",
    service="Memorystore",
    limit="an append-only file or RDB snapshots, never both; snapshots every hour at most",
    source=f"{_REDIS}/about-persistence",
    model="one of them",
    components="one of the two configurations is written",
)
BACKUPS = Rule(
    id="memorystore-backups",
    service="Memorystore",
    limit=f"automated backups are kept {BACKUP_DAYS[0]} to {BACKUP_DAYS[1]} days",
    source=f"{_REDIS}/about-cluster-backups",
    model="days of the size",
    overrides=("redis.snapshotRetentionDays",),
)
ENDPOINT = Rule(
    id="memorystore-endpoint",
    service="Memorystore",
    limit="a cluster needs a service connection policy of its network first, and takes one endpoint",
    source=f"{_REDIS}/networking",
    components="the policy is made before the cluster",
)
NAMES = Rule(
    id="memorystore-id",
    service="Memorystore",
    limit=f"a cluster's id has at most {ID_LIMIT} characters",
    source=f"{_REDIS}/create-instances",
    components="longer names are shortened with a hash",
)

RULES: tuple[Rule, ...] = (UNITS, REPLICAS, NODE_TYPE, PERSISTENCE, BACKUPS, ENDPOINT, NAMES)
