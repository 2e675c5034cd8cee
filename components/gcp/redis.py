"""Memorystore for Redis Cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component, safe_name
from components.gcp.labels import Text, labels
from sizing.specs import RedisSpec

MAXMEMORY_POLICY = "volatile-lru"
"""A full cache gives up keys that expire anyway, least recently used first. LiteLLM keeps queues of spend
that is not yet in the database in keys without expiry: "allkeys-lru" would drop money."""

FSYNC: Mapping[str, str] = {"async": "EVERYSEC", "sync": "ALWAYS"}
"""Durability -> how often the append-only file is written to disk."""

SNAPSHOT_PERIOD = "ONE_HOUR"
"""Without durability: the shortest period of snapshots that the service has."""

NAME_LIMIT = 63
"""Characters of a cluster's name."""

BACKUP_HOUR = 2
MAINTENANCE_DAY, MAINTENANCE_HOUR = "SUNDAY", 6
"""UTC, apart from each other and from the database's."""

DAY_S = 86_400


@dataclass(frozen=True)
class RedisArgs:
    """What the cache is made of.

    ``name`` is the stem of its name. ``network_id`` is the network whose machines reach it. ``before``: the
    connection policy of that network, without which Memorystore refuses, the API, and the grant of
    ``key_id``.
    """

    spec: RedisSpec
    name: str
    project: str
    region: str
    network_id: Text
    key_id: Text
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Redis(Component):
    """A cache that speaks the cluster protocol over TLS to identities, whatever its size, so that it grows in
    place.

    - There is no password: clients authenticate with a token of an IAM identity that may connect.
    - Memorystore writes an append-only file or snapshots, never both; daily backups come on top (D14).
    - Nodes are spread over the zones whatever the specification says: that cannot be changed later.
    - Version and protocol are the service's choice.

    Protected, and with Memorystore's deletion protection.

    Attributes:
        cluster: the cluster.
        host, port: the discovery endpoint, from which cluster clients learn all nodes.
        ca_pem: the authority of this cluster's certificates, and of no other's.
    """

    TYPE = "ai-gateway:gcp:Redis"

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.port = args.spec.port
        self.cluster = self._cluster()
        self.host: pulumi.Output[str] = self.cluster.discovery_endpoints[0].address
        self.ca_pem: pulumi.Output[str] = self.cluster.managed_server_cas.apply(_authorities)
        self.register_outputs({"host": self.host, "port": self.port})

    def _cluster(self) -> gcp.redis.Cluster:
        args, spec, module = self._args, self._args.spec, gcp.redis
        return module.Cluster(
            self.prefix,
            name=safe_name(f"{args.name}-redis", NAME_LIMIT),
            project=args.project,
            region=args.region,
            node_type=spec.node_type,
            shard_count=spec.shards,
            replica_count=spec.replicas_per_shard,
            psc_configs=[module.ClusterPscConfigArgs(network=args.network_id)],
            authorization_mode="AUTH_MODE_IAM_AUTH",
            transit_encryption_mode="TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION",
            kms_key=args.key_id,
            redis_configs={"maxmemory-policy": MAXMEMORY_POLICY},
            persistence_config=self._persistence(),
            automated_backup_config=self._backups(),
            maintenance_policy=_maintenance(),
            deletion_protection_enabled=True,
            labels=labels(args.tags),
            opts=self.child(protect=True, depends_on=[*args.before]),
        )

    def _persistence(self) -> gcp.redis.ClusterPersistenceConfigArgs:
        durability, module = self._args.spec.durability, gcp.redis
        if durability is None:
            snapshots = module.ClusterPersistenceConfigRdbConfigArgs(rdb_snapshot_period=SNAPSHOT_PERIOD)
            return module.ClusterPersistenceConfigArgs(mode="RDB", rdb_config=snapshots)
        return module.ClusterPersistenceConfigArgs(
            mode="AOF",
            aof_config=module.ClusterPersistenceConfigAofConfigArgs(append_fsync=FSYNC[durability]),
        )

    def _backups(self) -> gcp.redis.ClusterAutomatedBackupConfigArgs | None:
        days, module = self._args.spec.snapshot_retention_days, gcp.redis
        if not days:
            return None
        start = module.ClusterAutomatedBackupConfigFixedFrequencyScheduleStartTimeArgs(hours=BACKUP_HOUR)
        return module.ClusterAutomatedBackupConfigArgs(
            retention=f"{days * DAY_S}s",
            fixed_frequency_schedule=module.ClusterAutomatedBackupConfigFixedFrequencyScheduleArgs(
                start_time=start
            ),
        )


def _maintenance() -> gcp.redis.ClusterMaintenancePolicyArgs:
    module = gcp.redis
    start = module.ClusterMaintenancePolicyWeeklyMaintenanceWindowStartTimeArgs(hours=MAINTENANCE_HOUR)
    window = module.ClusterMaintenancePolicyWeeklyMaintenanceWindowArgs(day=MAINTENANCE_DAY, start_time=start)
    return module.ClusterMaintenancePolicyArgs(weekly_maintenance_windows=[window])


def _authorities(found: Sequence[gcp.redis.outputs.ClusterManagedServerCa]) -> str:
    """All certificates, so that clients go on trusting the cluster while Google changes its authority."""
    chains = [ca.certificates or [] for group in found for ca in group.ca_certs or []]
    return "\n".join(certificate.strip() for chain in chains for certificate in chain) + "\n"
