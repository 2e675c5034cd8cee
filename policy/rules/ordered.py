"""Resources against what was ordered for the stack: as large, as durable, in as many zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from infra.graph import UNKNOWN, Resource
from policy.rules.model import Scope, Violation
from policy.rules.values import (
    Demand,
    Test,
    absent,
    at,
    at_least,
    entries,
    failing,
    figure,
    is_,
    number,
    table_at,
    text_at,
    true,
)  # fmt: skip

_RDS: Final = "aws:rds/instance:Instance"
_SQL: Final = "gcp:sql/databaseInstance:DatabaseInstance"
_VALKEY: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
_REDIS: Final = "gcp:redis/cluster:Cluster"
_GKE: Final = "gcp:container/cluster:Cluster"
_GKE_POOL: Final = "gcp:container/nodePool:NodePool"
_PRIMARY = ("replicateSourceDb", absent)
_REMEDY: Final = "Take the figure from the plan's order, not from elsewhere."
_LESS, _OTHER = "smaller than what was ordered", "not what was ordered"

AMOUNTS: Final = (
    (_RDS, "allocatedStorage", "order.postgres.storage_gib", _PRIMARY),
    (_RDS, "maxAllocatedStorage", "order.postgres.max_storage_gib", _PRIMARY),
    (_RDS, "iops", "order.postgres.iops_argument", _PRIMARY),
    (_SQL, "settings.diskSize", "order.postgres.storage_gib", None),
    (_VALKEY, "numNodeGroups", "order.redis.shards", None),
    (_VALKEY, "replicasPerNodeGroup", "order.redis.replicas_per_shard", None),
    (_REDIS, "shardCount", "order.redis.shards", None),
    (_REDIS, "replicaCount", "order.redis.replicas_per_shard", None),
)
"""Type, property, the order's figure, and which resources of the type."""
NAMES: Final = (
    (_RDS, "instanceClass", "order.postgres.instance_class"),
    (_RDS, "storageType", "order.postgres.storage_type"),
    (_SQL, "settings.tier", "order.postgres.instance_class"),
    (_SQL, "settings.diskType", "order.postgres.storage_type"),
    (_VALKEY, "nodeType", "order.redis.node_type"),
    (_VALKEY, "durability", "order.redis.durability"),
    (_REDIS, "nodeType", "order.redis.node_type"),
)
FSYNC: Final = {"async": ("EVERYSEC", "ALWAYS"), "sync": ("ALWAYS",)}
"""Durability that was ordered to how often Memorystore may write its append-only file to disk."""
GROUPS: Final = {
    "eks:index:ManagedNodeGroup": ("instanceTypes[]", "scalingConfig.maxSize", "scalingConfig.minSize"),
    "aws:eks/nodeGroup:NodeGroup": ("instanceTypes[]", "scalingConfig.maxSize", "scalingConfig.minSize"),
    _GKE_POOL: ("nodeConfig.machineType", "autoscaling.totalMaxNodeCount", "autoscaling.totalMinNodeCount"),
}
"""Where a group of nodes says its machine type, and how many of them there may be."""


def undersized(scope: Scope, sizing: Mapping[str, JsonValue]) -> Iterator[Violation]:
    """Databases, caches and groups of nodes that are not what the stack's order says."""
    yield from failing(scope, _bought(sizing))
    for resource in scope.subjects(*GROUPS):
        for group in _ordered(resource, sizing):
            yield from _group(resource, group)


def _bought(sizing: Mapping[str, object]) -> Iterator[Demand]:
    for type_, path, source, when in AMOUNTS:
        least = figure(sizing, source)
        if least:
            yield Demand(type_, path, at_least(least), _LESS, _REMEDY, when)
    for type_, path, source in NAMES:
        name = text_at(sizing, source)
        if name:
            yield Demand(type_, path, is_(name), _OTHER, _REMEDY)
    limit = figure(sizing, "order.postgres.max_storage_gib")
    if limit:
        says = "would fill its disk"
        yield Demand(_SQL, "settings.diskAutoresize", true, says, _REMEDY)
        yield Demand(_SQL, "settings.diskAutoresizeLimit", _limit(limit), says, _REMEDY)
    written = FSYNC.get(text_at(sizing, "order.redis.durability"))
    if written:
        says = "loses more with a node than was ordered"
        yield Demand(_REDIS, "persistenceConfig.mode", is_("AOF"), says, _REMEDY)
        yield Demand(_REDIS, "persistenceConfig.aofConfig.appendFsync", is_(*written), says, _REMEDY)


def _limit(least: float) -> Test:
    """0, and none at all, are no limit."""
    enough = at_least(least)
    return lambda value: absent(value) or number(value) == 0 or enough(value)


def _ordered(resource: Resource, sizing: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """What was ordered for a group of nodes, by the group's name."""
    for group in table_at(sizing, "order.nodes"):
        if f"-{text_at(group, 'name')}-" in f"{resource.name}-":
            yield group


def _group(resource: Resource, group: Mapping[str, object]) -> Iterator[Violation]:
    machines, most, least = (at(resource.inputs, path) for path in GROUPS[resource.type])
    machine = text_at(group, "machine_type")
    if UNKNOWN not in machines and machine not in machines:
        yield Violation(resource.urn, f"{resource.name}: not the {machine} that were ordered", _REMEDY)
    for word, (limit,) in (("max", most), ("min", least)):
        ordered = figure(group, word) or 0
        if limit != UNKNOWN and (number(limit) or 0) < ordered:
            yield Violation(
                resource.urn,
                f"{resource.name}: smaller than the {ordered:g} x {machine} that were ordered ({word})",
                _REMEDY,
            )


def spread(scope: Scope) -> Iterator[Violation]:
    """GKE says in which zones its nodes are; of EKS only the deployment knows the subnets."""
    sizing = scope.graph.sizing
    if not isinstance(sizing, dict):
        return
    region = text_at(sizing, "region")
    if region:
        says, remedy = "one zone only", "Name the region: its control plane is in all its zones."
        yield from failing(scope, [Demand(_GKE, "location", is_(region), says, remedy)])
    for cluster in scope.subjects(_GKE):
        yield from _elsewhere(cluster, entries(sizing, "order.zones"))
    for pool in scope.subjects(_GKE_POOL):
        for group in _ordered(pool, sizing):
            yield from _elsewhere(pool, entries(group, "zones"))


def _elsewhere(resource: Resource, ordered: list[object]) -> Iterator[Violation]:
    (found,) = at(resource.inputs, "nodeLocations")
    zones = found if isinstance(found, list) else []
    if found != UNKNOWN and UNKNOWN not in zones and not set(ordered) <= set(map(str, zones)):
        yield Violation(
            resource.urn,
            f"{resource.name}: not in all of {', '.join(map(str, ordered))}, which were ordered",
            "Take nodeLocations from the plan's order.",
        )
