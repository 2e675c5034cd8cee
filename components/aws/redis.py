"""ElastiCache for Valkey: one replication group in cluster mode, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.base import Component, merge_tags, safe_name
from sizing.specs import RedisSpec

REPLICATION_GROUP_LIMIT = 40
"""ElastiCache allows 40 characters in the id of a replication group."""

MAXMEMORY_POLICY = "volatile-lru"
"""A full cache gives up keys that expire anyway, least recently used first. LiteLLM keeps queues of spend
that is not yet in the database in keys without expiry: "allkeys-lru" would drop money. Cached answers
therefore need a TTL."""

SNAPSHOT_WINDOW = "02:00-03:00"
MAINTENANCE_WINDOW = "sun:05:30-sun:06:30"
"""UTC, apart from each other and from the database's."""

BESIDE_THE_OLD_ONE = "ROTATE"

LOG_TYPES = ("engine-log", "slow-log")

LOG_GROUP_PREFIX = "/aws/vendedlogs/elasticache"
"""CloudWatch keeps one resource policy for all groups under /aws/vendedlogs/; elsewhere each adds to a policy
of limited size
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html)."""


@dataclass(frozen=True)
class RedisArgs:
    """What the cache is made of and who reaches it.

    ``name`` is the stem of its id. ``auth_token`` has 16 to 128 characters, of the special ones only
    ``!&#$^<>-``; it is written once and again when ``auth_token_version`` rises, and is in no state.
    ``key_arn`` encrypts data and snapshots, ``log_key_arn`` the logs. ``before`` is what must exist first,
    such as the service-linked role of ElastiCache.
    """

    spec: RedisSpec
    name: str
    vpc_id: Text
    subnet_ids: Sequence[Text]
    client_security_group_id: Text
    key_arn: Text
    log_key_arn: Text
    log_retention_days: int
    auth_token: pulumi.Output[str]
    auth_token_version: int
    before: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Redis(Component):
    """A cache that speaks the cluster protocol over TLS with a token, whatever its size, so that it grows in
    place.

    - Cluster mode demands automatic failover even of a single node, where there is nothing to fail over to.
    - ``durability`` is set at creation and ignored afterwards: ElastiCache changes it on a running cluster
      since October 2026, but the provider may plan a replacement, which would lose the data. To change it,
      change the specification and call ``aws elasticache modify-replication-group --replication-group-id ID
      --durability async`` as a change of its own
      (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.ChangingDurability.html).
    - A new token is added beside the old one (ROTATE): clients that still use the old one keep working until
      they restart. The old one ends with ``--auth-token-update-strategy SET``.
    - Changes wait for the maintenance window, except shards, replicas and token, which the API applies at
      once.

    Protected; ElastiCache has no deletion protection of its own, so a final snapshot is taken instead. Its
    name is fixed: a second group of this name cannot be deleted before the first one's snapshot is.

    Attributes:
        replication_group: the group.
        host, port: the configuration endpoint, from which cluster clients learn all nodes.
        security_group_id: the nodes' security group.
    """

    TYPE = "ai-gateway:aws:Redis"

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._id = safe_name(f"{args.name}-redis", REPLICATION_GROUP_LIMIT).lower()
        self.port = args.spec.port
        self._subnet_group = aws.elasticache.SubnetGroup(
            self.prefix,
            description=f"{args.name}: cache",
            subnet_ids=list(args.subnet_ids),
            tags=merge_tags(args.tags),
            opts=self.child(),
        )
        self.security_group_id: pulumi.Output[str] = self._security_group().id
        self._parameters = self._parameter_group()
        self.replication_group = self._replication_group()
        self.host: pulumi.Output[str] = self.replication_group.configuration_endpoint_address
        self.register_outputs({"host": self.host, "port": self.port})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """Lets clients in on the cache's port, and nothing out. Nodes talk to each other outside of it."""
        group = aws.ec2.SecurityGroup(
            self.prefix,
            description="Redis protocol",
            vpc_id=self._args.vpc_id,
            tags=merge_tags(self._args.tags, Name=self._id),
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.prefix}-clients",
            security_group_id=group.id,
            referenced_security_group_id=self._args.client_security_group_id,
            ip_protocol="tcp",
            from_port=self._args.spec.port,
            to_port=self._args.spec.port,
            description="Redis protocol from the cluster",
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )
        return group

    def _parameter_group(self) -> aws.elasticache.ParameterGroup:
        parameters = {"cluster-enabled": "yes", "maxmemory-policy": MAXMEMORY_POLICY}
        return aws.elasticache.ParameterGroup(
            self.prefix,
            description=f"{self._args.name}: {self._args.spec.parameter_family}",
            family=self._args.spec.parameter_family,
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name=name, value=value)
                for name, value in parameters.items()
            ],
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )

    def _logs(self) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
        return [
            aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                destination=self._log_group(log_type).name,
                destination_type="cloudwatch-logs",
                log_format="json",
                log_type=log_type,
            )
            for log_type in LOG_TYPES
        ]

    def _log_group(self, log_type: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self.prefix}-{log_type}",
            name=f"{LOG_GROUP_PREFIX}/{self._id}/{log_type}",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.log_key_arn,
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )

    def _replication_group(self) -> aws.elasticache.ReplicationGroup:
        args, spec = self._args, self._args.spec
        return aws.elasticache.ReplicationGroup(
            self.prefix,
            replication_group_id=self._id,
            description=f"{args.name}: cache",
            engine=spec.engine,
            engine_version=spec.engine_version,
            auto_minor_version_upgrade=False,
            node_type=spec.node_type,
            cluster_mode="enabled",
            num_node_groups=spec.shards,
            replicas_per_node_group=spec.replicas_per_shard,
            automatic_failover_enabled=True,
            multi_az_enabled=spec.multi_az,
            durability=spec.durability,
            port=spec.port,
            parameter_group_name=self._parameters.name,
            subnet_group_name=self._subnet_group.name,
            security_group_ids=[self.security_group_id],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            auth_token_wo=args.auth_token,
            auth_token_wo_version=args.auth_token_version,
            auth_token_update_strategy=BESIDE_THE_OLD_ONE,
            snapshot_retention_limit=spec.snapshot_retention_days,
            snapshot_window=SNAPSHOT_WINDOW,
            final_snapshot_identifier=f"{self._id}-final",
            maintenance_window=MAINTENANCE_WINDOW,
            log_delivery_configurations=self._logs(),
            apply_immediately=False,
            tags=merge_tags(args.tags, Name=self._id),
            opts=self.child(protect=True, depends_on=list(args.before), ignore_changes=["durability"]),
        )
