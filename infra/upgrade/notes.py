"""What a change of each kind does while it happens: a table with the page that says so.

A change without a row is one that nobody notices (a tag, a retention, a policy), unless the rules of the
comparison know that it restarts something: then what that costs at most is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from infra.graph import ResourceChange
from infra.graph.paths import matches
from infra.upgrade.model import Downtime, Note

_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_CACHE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"
_EKS = "https://docs.aws.amazon.com/eks/latest/userguide/"
_SQL = "https://cloud.google.com/sql/docs/postgres/"
_GKE = "https://cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies"
_MEMORYSTORE = "https://cloud.google.com/memorystore/docs/cluster/"

Inputs = Mapping[str, JsonValue]

REPLICA_KEYS: Final = ("replicateSourceDb", "masterInstanceName")
"""Inputs that make a database instance a read replica of another."""

_REPLICA = "this read replica answers nothing while it changes; the primary is not concerned"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        action: what happens to the resource.
        path: the property that changes, or "" for the resource as a whole.
        when: holds for the inputs before and after; None always.
    """

    type: str
    action: str
    path: str
    note: Note
    when: Callable[[Inputs, Inputs], bool] | None = None


def _standby(before: Inputs, _after: Inputs) -> bool:
    return before.get("multiAz") is True


def _copy(before: Inputs, _after: Inputs) -> bool:
    return any(before.get(key) is not None for key in REPLICA_KEYS)


def _alone(before: Inputs, after: Inputs) -> bool:
    return not _standby(before, after) and not _copy(before, after)


def _primary(before: Inputs, after: Inputs) -> bool:
    return not _copy(before, after)


def _no_surge(before: Inputs, _after: Inputs) -> bool:
    settings = before.get("upgradeSettings")
    return isinstance(settings, dict) and settings.get("maxSurge") == 0


def _surges(before: Inputs, after: Inputs) -> bool:
    return not _no_surge(before, after)


def _gains(key: str) -> Callable[[Inputs, Inputs], bool]:
    """The number or switch goes up: a standby, replicas."""
    return lambda before, after: _count(after.get(key)) > _count(before.get(key))


def _drops(key: str) -> Callable[[Inputs, Inputs], bool]:
    return lambda before, after: _count(after.get(key)) < _count(before.get(key))


def _count(value: JsonValue) -> float:
    return value if isinstance(value, int | float) else 0


_RDS_TYPE = "aws:rds/instance:Instance"
_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
_SQL_TYPE = "gcp:sql/databaseInstance:DatabaseInstance"
_REDIS = "gcp:redis/cluster:Cluster"
_ROUTE = "aws:ec2/route:Route"
_NODES = "eks:index:ManagedNodeGroup"
_POOL = "gcp:container/nodePool:NodePool"
_RELEASE = "kubernetes:helm.sh/v3:Release"

TABLE: Final[tuple[Row, ...]] = (
    Row(_RDS_TYPE, "update", "instanceClass", Note(
        "failover", "the standby changes first and takes over: 60 to 120 seconds without the database",
        f"{_RDS}Concepts.MultiAZ.Failover.html"), _standby),
    Row(_RDS_TYPE, "update", "instanceClass", Note(
        "outage", "no standby: the instance is away for minutes while it moves to its new class",
        f"{_RDS}USER_ModifyInstance.Settings.html"), _alone),
    Row(_RDS_TYPE, "update", "instanceClass", Note(
        "degraded", _REPLICA, f"{_RDS}USER_ModifyInstance.Settings.html"), _copy),
    Row(_RDS_TYPE, "update", "multiAz", Note(
        "degraded", "the standby is made from a snapshot while the database serves; writes are slower until"
        " it has caught up", f"{_RDS}Concepts.MultiAZ.Migrating.html"), _gains("multiAz")),
    Row(_RDS_TYPE, "update", "multiAz", Note(
        "none", "the standby goes while the database serves; a lost instance or zone is an outage then",
        f"{_RDS}Concepts.MultiAZ.html"), _drops("multiAz")),
    Row(_RDS_TYPE, "update", "engineVersion", Note(
        "outage", "the engine is upgraded on instance and standby at once: minutes without the database, more"
        " for a major version", f"{_RDS}USER_UpgradeDBInstance.PostgreSQL.html"), _primary),
    Row(_RDS_TYPE, "update", "engineVersion", Note(
        "degraded", _REPLICA, f"{_RDS}USER_UpgradeDBInstance.PostgreSQL.html"), _copy),
    Row(_RDS_TYPE, "update", "storageType", Note(
        "degraded", "online between types of SSD; storage is optimised for hours",
        f"{_RDS}USER_PIOPS.ModifyingExisting.html")),
    Row(_RDS_TYPE, "update", "caCertIdentifier", Note(
        "none", "PostgreSQL takes a new certificate without a restart",
        f"{_RDS}UsingWithRDS.SSL-certificate-rotation.html")),
    Row(_RDS_TYPE, "update", "parameterGroupName", Note(
        "none", "static parameters of the new group count after the next restart",
        f"{_RDS}USER_WorkingWithParamGroups.html")),
    Row(_RDS_TYPE, "update", "allocatedStorage", Note(
        "degraded", "grows online; storage is optimised for hours, and no further change of it is possible"
        " for six hours", f"{_RDS}USER_PIOPS.ModifyingExisting.html")),
    Row(_RDS_TYPE, "update", "iops", Note(
        "degraded", "online; storage is optimised for hours", f"{_RDS}USER_PIOPS.ModifyingExisting.html")),
    Row(_ROUTE, "update", "natGatewayId", Note(
        "failover", "calls from this zone to the outside break once, and come from another address from then"
        " on: whoever lists addresses has to know it before",
        "https://aws.amazon.com/premiumsupport/knowledge-center/migrate-nat-instance-gateway/")),
    Row(_RDS_TYPE, "create", "replicateSourceDb", Note(
        "degraded", "a replica starts from a snapshot of the primary, of its standby where there is one, and"
        " catches up", f"{_RDS}USER_ReadRepl.Create.html")),
    Row("aws:rds/parameterGroup:ParameterGroup", "update", "parameters", Note(
        "none", "a static parameter such as max_connections counts after the next restart, which a change of"
        " class brings", f"{_RDS}USER_WorkingWithParamGroups.html")),
    Row(_GROUP, "update", "nodeType", Note(
        "failover", "scales online; connections break for seconds when the new nodes take over",
        f"{_CACHE}redis-cluster-vertical-scaling.html")),
    Row(_GROUP, "update", "numNodeGroups", Note(
        "degraded", "keys move between shards online, with less throughput",
        f"{_CACHE}scaling-redis-cluster-mode-enabled.html")),
    Row(_GROUP, "update", "engineVersion", Note(
        "failover", "connections break for seconds when the upgraded nodes take over",
        f"{_CACHE}VersionManagement.html")),
    Row(_GROUP, "update", "parameterGroupName", Note(
        "none", "some parameters of the new group count after the nodes' next restart",
        f"{_CACHE}ParameterGroups.html")),
    Row(_GROUP, "update", "replicasPerNodeGroup", Note(
        "none", "replicas are added while the shard serves", f"{_CACHE}increase-replica-count.html"),
        _gains("replicasPerNodeGroup")),
    Row(_GROUP, "update", "replicasPerNodeGroup", Note(
        "none", "replicas go while the shard serves; without any, a lost node loses its shard's keys",
        f"{_CACHE}decrease-replica-count.html"), _drops("replicasPerNodeGroup")),
    Row(_NODES, "create", "", Note(
        "none", "new nodes join before the old ones go", f"{_EKS}create-managed-node-group.html")),
    Row(_NODES, "delete", "", Note(
        "rolling", "nodes are drained one after the other within the pods' disruption budgets; a pod that"
        " cannot go within minutes is ended", f"{_EKS}delete-managed-node-group.html")),
    Row("aws:ec2/launchTemplate:LaunchTemplate", "update", "", Note(
        "rolling", "a new version rolls the group's nodes, within the pods' disruption budgets",
        f"{_EKS}managed-node-update-behavior.html")),
    Row("eks:index:Cluster", "update", "", Note(
        "none", "the control plane serves through a change of its tier", f"{_EKS}clusters.html")),
    Row(_POOL, "update", "nodeConfig", Note(
        "rolling", "every node is made anew, within the pods' disruption budgets for an hour", _GKE),
        _surges),
    Row(_POOL, "update", "nodeConfig", Note(
        "degraded", "every node is made anew, and without a spare one: the old node goes before the new one"
        " comes, and what ran on it waits", _GKE), _no_surge),
    Row(_POOL, "replace", "", Note(
        "rolling", "the new pool is there before the old one is drained and deleted, within the pods'"
        " disruption budgets for an hour", _GKE)),
    Row(_POOL, "delete", "", Note(
        "rolling", "nodes are drained within the pods' disruption budgets for an hour", _GKE)),
    Row(_SQL_TYPE, "update", "settings.tier", Note(
        "outage", "the instance restarts: up to some minutes without the database", f"{_SQL}edit-instance"),
        _primary),
    Row(_SQL_TYPE, "update", "settings.tier", Note("degraded", _REPLICA, f"{_SQL}edit-instance"), _copy),
    Row(_SQL_TYPE, "update", "settings.availabilityType", Note(
        "outage", "the instance restarts once when its standby comes or goes", f"{_SQL}configure-ha"),
        _primary),
    Row(_SQL_TYPE, "update", "settings.databaseFlags", Note(
        "outage", "max_connections restarts the instance", f"{_SQL}flags"), _primary),
    Row(_SQL_TYPE, "update", "settings.databaseFlags", Note("degraded", _REPLICA, f"{_SQL}flags"), _copy),
    Row(_SQL_TYPE, "update", "databaseVersion", Note(
        "outage", "the major version is upgraded in place: minutes without the database, and no way back",
        f"{_SQL}upgrade-major-db-version-inplace"), _primary),
    Row(_SQL_TYPE, "update", "databaseVersion", Note(
        "degraded", _REPLICA, f"{_SQL}upgrade-major-db-version-inplace"), _copy),
    Row(_SQL_TYPE, "update", "settings.diskSize", Note(
        "none", "grows online, and never shrinks", f"{_SQL}instance-settings")),
    Row(_SQL_TYPE, "create", "masterInstanceName", Note(
        "none", "a replica starts from a backup of the primary and catches up",
        f"{_SQL}replication/create-replica")),
    Row(_REDIS, "update", "nodeType", Note(
        "degraded", "keys move to new nodes online; clients follow redirections",
        f"{_MEMORYSTORE}cluster-node-specification")),
    Row(_REDIS, "update", "shardCount", Note(
        "degraded", "keys move between shards online; clients follow redirections",
        f"{_MEMORYSTORE}memorystore-for-redis-cluster-overview")),
    Row(_REDIS, "update", "replicaCount", Note(
        "none", "replicas are added while the shard serves",
        f"{_MEMORYSTORE}memorystore-for-redis-cluster-overview"), _gains("replicaCount")),
    Row(_REDIS, "update", "replicaCount", Note(
        "none", "replicas go while the shard serves; without any, a lost node loses its shard's keys",
        f"{_MEMORYSTORE}ha-and-replicas"), _drops("replicaCount")),
    Row(_REDIS, "update", "persistenceConfig", Note(
        "degraded", "every write waits for the disk from then on when it becomes ALWAYS",
        f"{_MEMORYSTORE}memorystore-for-redis-cluster-overview")),
    Row(_RELEASE, "update", "values", Note(
        "rolling", "pods are replaced one after the other, where there are several",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment")),
)  # fmt: skip


RESTARTS: Final[Mapping[str, tuple[Downtime, str]]] = {
    _RDS_TYPE: ("outage", f"{_RDS}Overview.DBInstance.Modifying.html"),
    _GROUP: ("failover", f"{_CACHE}Clusters.Modify.html"),
    _NODES: ("rolling", f"{_EKS}managed-node-update-behavior.html"),
    _SQL_TYPE: ("outage", f"{_SQL}edit-instance"),
    _REDIS: ("failover", f"{_MEMORYSTORE}memorystore-for-redis-cluster-overview"),
    _POOL: ("rolling", _GKE),
}
"""What a restart costs that no row of the table knows better, by type."""


def notes_of(change: ResourceChange, before: Inputs, after: Inputs) -> Iterator[Note]:
    """The notes on one change; ``before`` and ``after`` are the resource's inputs, empty where it is not."""
    rows = [row for row in TABLE if row.type == change.type and row.action == change.action]
    for row in rows:
        touched = (
            not row.path
            or (change.action == "create" and after.get(row.path) is not None)
            or any(matches(row.path, path.path) for path in change.paths)
        )
        if touched and (row.when is None or row.when(before, after)):
            yield row.note
    downtime, source = RESTARTS.get(change.type, ("outage", ""))
    for path in change.paths if change.action == "update" else ():
        if path.effect == "restart" and not any(matches(row.path, path.path) for row in rows):
            yield Note(downtime, f"{path.path}: {path.note or 'restarts'}", source)
