"""RDS for PostgreSQL: the primary, its read replicas, and what surrounds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text, document
from components.aws.nodes import ROLE_NAME_LIMIT
from components.base import Component, merge_tags, safe_name
from sizing.specs import PostgresSpec

IDENTIFIER_LIMIT = 63
"""RDS allows 63 characters in an instance identifier."""

REPLICA_SUFFIX_LENGTH = len("-replica-10")

CA_CERTIFICATE = "rds-ca-rsa2048-g1"
"""The authority of the server certificate, valid until 2061; RDS renews the server's without a restart."""

LOG_EXPORTS = ("postgresql", "upgrade")

SLOW_STATEMENT_MS = 1000
"""A statement that takes this long is written to the log. It shows bound values too: LiteLLM's database holds
key hashes and, only when prompt storage is switched on, prompts; the log group is encrypted."""

IDLE_IN_TRANSACTION_MS = 300_000
"""A forgotten transaction keeps a pooled server connection and its locks; RDS would wait a day."""

MONITORING_INTERVAL_S = 60
"""Enhanced monitoring of the operating system, at the resolution that CloudWatch Logs bills least for."""

BACKUP_WINDOW = "03:00-04:00"
PRIMARY_MAINTENANCE_WINDOW = "sun:04:30-sun:05:30"
REPLICA_MAINTENANCE_WINDOW = "sat:04:30-sat:05:30"
"""UTC, outside the backup window. Replicas are maintained a day before the primary, so that a new version
runs on a copy first."""


@dataclass(frozen=True)
class PostgresArgs:
    """What the database is made of and who reaches it.

    ``name`` is the stem of the instances' identifiers. ``subnet_ids`` are in at least two zones; ``zones``
    are their zones' names, over which replicas are spread (empty: RDS chooses). ``client_security_group_id``
    is the only one let in. ``admin_password`` is written once and again when ``password_version`` rises; it
    is in no state. ``key_arn`` encrypts storage, snapshots and performance data, ``log_key_arn`` the exported
    logs. ``before`` is what must exist first, such as the service-linked role of RDS: an option of the
    component itself would not reach its children.
    """

    spec: PostgresSpec
    name: str
    vpc_id: Text
    subnet_ids: Sequence[Text]
    client_security_group_id: Text
    key_arn: Text
    log_key_arn: Text
    log_retention_days: int
    partition: Text
    admin_user: str
    admin_password: pulumi.Output[str]
    password_version: int
    zones: Sequence[Text] = ()
    before: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class _Shared(TypedDict):
    """Arguments of every instance."""

    identifier: str
    engine_version: str
    auto_minor_version_upgrade: bool
    instance_class: str
    storage_type: str
    max_allocated_storage: int
    iops: int | None
    storage_encrypted: bool
    port: int
    vpc_security_group_ids: list[Text]
    publicly_accessible: bool
    parameter_group_name: Text
    ca_cert_identifier: str
    copy_tags_to_snapshot: bool
    deletion_protection: bool
    apply_immediately: bool
    performance_insights_enabled: bool
    performance_insights_kms_key_id: Text
    performance_insights_retention_period: int
    monitoring_interval: int
    monitoring_role_arn: Text
    enabled_cloudwatch_logs_exports: list[Text]
    tags: dict[str, str]
    opts: pulumi.ResourceOptions


class Postgres(Component):
    """A PostgreSQL instance, encrypted, reachable over TLS from one security group, with read replicas.

    - ``iops`` is passed only when the specification has it: storage that includes its IOPS refuses the
      argument.
    - Storage grows by itself up to the specification's limit; the provider then ignores the difference.
    - Replicas are in different zones, so that a lost zone takes one of them at most. The primary's zone is
      RDS's choice and changes at every failover, so none can promise to be elsewhere. They repeat
      ``storage_encrypted`` without a key: the provider plans a replacement otherwise, and in one region RDS
      takes the source's key. They follow the primary and are no failover targets: ``multi_az`` is. They keep
      no backups of their own.
    - Changes wait for the maintenance window (``apply_immediately`` off). Minor versions are pinned; a major
      one needs ``allow_major_version_upgrade``, which is deliberately not set here: it is a planned
      operation.
    - Statements are logged when slow, never by kind: the log would show the passwords of ``CREATE ROLE``.
    - Performance data stays in the Standard mode of Database Insights.

    Protected, and with RDS's deletion protection. The final snapshot has a fixed name: a second instance of
    this name cannot be deleted before the first one's snapshot is. Creates no roles or databases inside
    PostgreSQL.

    Attributes:
        primary, replicas: the instances.
        writer_host, reader_hosts: host names that clients connect to.
        port, database, admin_user: plain values.
        security_group_id: the instances' security group.
    """

    TYPE = "ai-gateway:aws:Postgres"

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._identifier = safe_name(f"{args.name}-postgres", IDENTIFIER_LIMIT - REPLICA_SUFFIX_LENGTH)
        self.port = args.spec.port
        self.database = args.spec.database
        self.admin_user = args.admin_user
        self._subnet_group = aws.rds.SubnetGroup(
            self.prefix,
            description=f"{args.name}: database",
            subnet_ids=list(args.subnet_ids),
            tags=merge_tags(args.tags),
            opts=self.child(),
        )
        self.security_group_id: pulumi.Output[str] = self._security_group().id
        self._parameters = self._parameter_group()
        self._monitoring_role, self._monitoring_policy = self._monitoring()
        self.primary = self._primary()
        self.replicas = [self._replica(number) for number in range(1, args.spec.read_replicas + 1)]
        self.writer_host: pulumi.Output[str] = self.primary.address
        self.reader_hosts: tuple[pulumi.Output[str], ...] = tuple(r.address for r in self.replicas)
        self.register_outputs({"writer_host": self.writer_host, "reader_hosts": list(self.reader_hosts)})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """Lets clients in on the database's port, and nothing out: a database opens no connections."""
        group = aws.ec2.SecurityGroup(
            self.prefix,
            description="PostgreSQL",
            vpc_id=self._args.vpc_id,
            tags=merge_tags(self._args.tags, Name=self._identifier),
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.prefix}-clients",
            security_group_id=group.id,
            referenced_security_group_id=self._args.client_security_group_id,
            ip_protocol="tcp",
            from_port=self._args.spec.port,
            to_port=self._args.spec.port,
            description="PostgreSQL from the cluster",
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )
        return group

    def _parameter_group(self) -> aws.rds.ParameterGroup:
        """Static parameters wait for a reboot; RDS refuses to apply them at once."""
        static = {
            "max_connections": self._args.spec.max_connections,
            "rds.force_ssl": 1,
            "shared_preload_libraries": "pg_stat_statements",
        }
        dynamic = {
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
            "log_lock_waits": 1,
            "log_min_duration_statement": SLOW_STATEMENT_MS,
        }
        return aws.rds.ParameterGroup(
            self.prefix,
            description=f"{self._args.name}: {self._args.spec.parameter_family}",
            family=self._args.spec.parameter_family,
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=name, value=str(value), apply_method=method)
                for method, parameters in (("pending-reboot", static), ("immediate", dynamic))
                for name, value in parameters.items()
            ],
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )

    def _monitoring(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        name = safe_name(f"{self.prefix}-monitoring", ROLE_NAME_LIMIT)
        role = aws.iam.Role(
            name,
            description=f"{self._args.name}: enhanced monitoring of the database",
            assume_role_policy=document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "monitoring.rds.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )
        policy = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=pulumi.Output.concat(
                "arn:", self._args.partition, ":iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
            ),
            opts=self.child(),
        )
        return role, policy

    def _log_groups(self, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        """Where RDS exports logs to; it would make groups itself, neither encrypted nor ever emptied."""
        return [
            aws.cloudwatch.LogGroup(
                f"{self.prefix}-{identifier}-{export}",
                name=f"/aws/rds/instance/{identifier}/{export}",
                retention_in_days=self._args.log_retention_days,
                kms_key_id=self._args.log_key_arn,
                tags=merge_tags(self._args.tags),
                opts=self.child(),
            )
            for export in LOG_EXPORTS
        ]

    def _shared(self, identifier: str) -> _Shared:
        """What the primary and its replicas have in common: size class, network, safety, observation."""
        args, spec = self._args, self._args.spec
        return _Shared(
            identifier=identifier,
            engine_version=spec.engine_version,
            auto_minor_version_upgrade=False,
            instance_class=spec.instance_class,
            storage_type=spec.storage_type,
            max_allocated_storage=spec.max_storage_gib,
            iops=spec.iops,
            storage_encrypted=True,
            port=spec.port,
            vpc_security_group_ids=[self.security_group_id],
            publicly_accessible=False,
            parameter_group_name=self._parameters.name,
            ca_cert_identifier=CA_CERTIFICATE,
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            apply_immediately=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=spec.insights_retention_days,
            monitoring_interval=MONITORING_INTERVAL_S,
            monitoring_role_arn=self._monitoring_role.arn,
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            tags=merge_tags(args.tags, Name=identifier),
            opts=self.child(
                protect=True,
                depends_on=[*args.before, self._monitoring_policy, *self._log_groups(identifier)],
            ),
        )

    def _primary(self) -> aws.rds.Instance:
        args, spec = self._args, self._args.spec
        return aws.rds.Instance(
            self.prefix,
            engine="postgres",
            allocated_storage=spec.storage_gib,
            kms_key_id=args.key_arn,
            multi_az=spec.multi_az,
            db_name=spec.database,
            username=args.admin_user,
            password_wo=args.admin_password,
            password_wo_version=args.password_version,
            db_subnet_group_name=self._subnet_group.name,
            backup_retention_period=spec.backup_retention_days,
            backup_window=BACKUP_WINDOW,
            maintenance_window=PRIMARY_MAINTENANCE_WINDOW,
            delete_automated_backups=False,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{self._identifier}-final",
            **self._shared(self._identifier),
        )

    def _replica(self, number: int) -> aws.rds.Instance:
        """A read replica. Engine, credentials, database, size, key and subnets are the source's: the API
        refuses them here. Its version is no argument of creation either, but upgrades it later."""
        return aws.rds.Instance(
            f"{self.prefix}-replica-{number}",
            replicate_source_db=self.primary.identifier,
            availability_zone=self._replica_zone(number),
            multi_az=False,
            backup_retention_period=0,
            maintenance_window=REPLICA_MAINTENANCE_WINDOW,
            skip_final_snapshot=True,
            **self._shared(f"{self._identifier}-replica-{number}"),
        )

    def _replica_zone(self, number: int) -> Text | None:
        """Zones in turn, the second one first: an instance without standby is most often made in the
        first."""
        zones = self._args.zones
        return zones[number % len(zones)] if zones else None
