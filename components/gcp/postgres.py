"""Cloud SQL for PostgreSQL: the primary, its read replicas, database and administrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.base import Component, safe_name
from components.gcp.labels import Text, labels
from sizing.specs import PostgresSpec

NAME_LIMIT = 98
"""Characters of "<project>:<instance>" (https://cloud.google.com/sql/docs/postgres/instance-settings)."""

REPLICA_SUFFIX_LENGTH = len("-replica-10")
SUFFIX_BYTES = 3
SUFFIX_LENGTH = 2 * SUFFIX_BYTES + 1
"""Random characters and their hyphen."""

HYPERDISK = "HYPERDISK_BALANCED"
"""The only type whose IOPS are ordered; those of persistent disks follow from the size."""

LONGEST_LOG_RETENTION_DAYS = 7
"""Days of transaction logs, for recovery to a point in time, outside the Enterprise Plus edition
(https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr)."""

FINAL_BACKUP_DAYS = 30

SLOW_STATEMENT_MS = 1000
IDLE_IN_TRANSACTION_MS = 300_000
"""A forgotten transaction keeps a pooled server connection and its locks."""

BACKUP_START = "03:00"
MAINTENANCE_DAY, MAINTENANCE_HOUR = 7, 5
"""Sundays at 05:00 UTC, after the backup. Google updates replicas before their primary."""


@dataclass(frozen=True)
class PostgresArgs:
    """What the database is made of and who reaches it.

    ``name`` is the stem of the instances' names. ``network_id`` is the network whose machines reach it, over
    its private services, which ``before`` must hold together with the API and the key's grant.
    ``admin_password`` is written once and again when ``password_version`` rises; it is in no state.
    ``key_id`` encrypts storage and backups.
    """

    spec: PostgresSpec
    name: str
    project: str
    region: str
    network_id: Text
    key_id: Text
    admin_user: str
    admin_password: pulumi.Output[str]
    password_version: int
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Postgres(Component):
    """A PostgreSQL instance without a public address, encrypted, TLS only, with read replicas.

    - The edition is always said: unset, Google takes the dearest and refuses custom machines.
    - The disk grows by itself up to the specification's limit. It never shrinks: while it may grow, the
      provider passes over a smaller size, and a larger one is applied in place.
    - ``multi_az`` is a standby in another zone, which is what fails over; replicas serve reads. All need
      backups and recovery to a point in time, which are therefore always on.
    - Names end in random characters, since a deleted instance's name stays taken for a week.
    - Replicas have no maintenance window: Cloud SQL refuses one there and updates them before the primary.
    - Statements are logged when slow, never by kind: the log would show the passwords of ``CREATE ROLE``.
      Query insights keep their seven days.

    Protected three times: by Pulumi, by the provider, and by Cloud SQL itself; a last backup is taken when
    all are off, and automatic ones stay. The administrator is left behind when the stack goes: PostgreSQL
    deletes no role that owns something. Creates no roles of applications.

    Attributes:
        primary, replicas: the instances.
        writer_host, reader_hosts: addresses that clients connect to.
        port, database, admin_user: plain values.
    """

    TYPE = "ai-gateway:gcp:Postgres"

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.port = args.spec.port
        self.database = args.spec.database
        self.admin_user = args.admin_user
        self._suffix = random.RandomId(f"{self.prefix}-suffix", byte_length=SUFFIX_BYTES, opts=self.child())
        self.primary = self._primary()
        self.replicas = [self._replica(number) for number in range(1, args.spec.read_replicas + 1)]
        self.writer_host: pulumi.Output[str] = self.primary.private_ip_address
        self.reader_hosts: tuple[pulumi.Output[str], ...] = tuple(
            replica.private_ip_address for replica in self.replicas
        )
        # the provider calls it a secret; a certificate is public, and so is the file that clients verify with
        authority = pulumi.Output.unsecret(self.primary.server_ca_certs)
        self.authority: pulumi.Output[str] = authority.apply(_bundle)
        self._contents()
        self.register_outputs({"writer_host": self.writer_host, "reader_hosts": list(self.reader_hosts)})

    def _named(self, part: str = "") -> pulumi.Output[str]:
        room = NAME_LIMIT - len(f"{self._args.project}:") - REPLICA_SUFFIX_LENGTH - SUFFIX_LENGTH
        stem = safe_name(f"{self._args.name}-postgres", room)
        return pulumi.Output.concat(f"{stem}{part}-", self._suffix.hex)

    def _primary(self) -> gcp.sql.DatabaseInstance:
        args = self._args
        return gcp.sql.DatabaseInstance(
            self.prefix,
            name=self._named(),
            project=args.project,
            region=args.region,
            database_version=args.spec.engine_version,
            encryption_key_name=args.key_id,
            deletion_protection=True,
            settings=self._settings(
                "REGIONAL" if args.spec.multi_az else "ZONAL",
                self._backups(),
                gcp.sql.DatabaseInstanceSettingsFinalBackupConfigArgs(
                    enabled=True, retention_days=FINAL_BACKUP_DAYS
                ),
            ),
            opts=self.child(protect=True, depends_on=[*args.before]),
        )

    def _replica(self, number: int) -> gcp.sql.DatabaseInstance:
        """A read replica. It takes the key of its source, and keeps no backups."""
        args = self._args
        return gcp.sql.DatabaseInstance(
            f"{self.prefix}-replica-{number}",
            name=self._named(f"-replica-{number}"),
            project=args.project,
            region=args.region,
            master_instance_name=self.primary.name,
            database_version=args.spec.engine_version,
            deletion_protection=True,
            settings=self._settings("ZONAL"),
            opts=self.child(protect=True, depends_on=[*args.before]),
        )

    def _settings(
        self,
        availability: str,
        backups: gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs | None = None,
        final_backup: gcp.sql.DatabaseInstanceSettingsFinalBackupConfigArgs | None = None,
    ) -> gcp.sql.DatabaseInstanceSettingsArgs:
        """Size class, network, safety and observation; backups and maintenance are the primary's."""
        spec, module = self._args.spec, gcp.sql
        return module.DatabaseInstanceSettingsArgs(
            edition=spec.edition,
            tier=spec.instance_class,
            availability_type=availability,
            disk_type=spec.storage_type,
            disk_size=spec.storage_gib,
            disk_autoresize=True,
            disk_autoresize_limit=spec.max_storage_gib,
            data_disk_provisioned_iops=spec.iops if spec.storage_type == HYPERDISK else None,
            deletion_protection_enabled=True,
            retain_backups_on_delete=None if backups is None else True,
            backup_configuration=backups,
            final_backup_config=final_backup,
            ip_configuration=module.DatabaseInstanceSettingsIpConfigurationArgs(
                ipv4_enabled=False, private_network=self._args.network_id, ssl_mode="ENCRYPTED_ONLY"
            ),
            database_flags=self._flags(),
            insights_config=module.DatabaseInstanceSettingsInsightsConfigArgs(
                query_insights_enabled=True, record_application_tags=True, record_client_address=False
            ),
            maintenance_window=None if backups is None else _maintenance(),
            user_labels=labels(self._args.tags),
        )

    def _backups(self) -> gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs:
        days, module = self._args.spec.backup_retention_days, gcp.sql
        return module.DatabaseInstanceSettingsBackupConfigurationArgs(
            enabled=True,
            point_in_time_recovery_enabled=True,
            start_time=BACKUP_START,
            location=self._args.region,
            transaction_log_retention_days=min(days, LONGEST_LOG_RETENTION_DAYS),
            backup_retention_settings=module.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                retained_backups=days, retention_unit="COUNT"
            ),
        )

    def _flags(self) -> list[gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs]:
        """A replica refuses fewer connections than its primary allows."""
        flags = {
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "log_lock_waits": "on",
            "log_min_duration_statement": str(SLOW_STATEMENT_MS),
            "max_connections": str(self._args.spec.max_connections),
        }
        return [
            gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value)
            for name, value in flags.items()
        ]

    def _contents(self) -> None:
        args = self._args
        gcp.sql.Database(
            f"{self.prefix}-{args.spec.database}",
            name=args.spec.database,
            project=args.project,
            instance=self.primary.name,
            opts=self.child(protect=True),
        )
        gcp.sql.User(
            f"{self.prefix}-admin",
            name=args.admin_user,
            project=args.project,
            instance=self.primary.name,
            password_wo=args.admin_password,
            password_wo_version=args.password_version,
            deletion_policy="ABANDON",
            opts=self.child(),
        )


def _maintenance() -> gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs:
    return gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
        day=MAINTENANCE_DAY, hour=MAINTENANCE_HOUR, update_track="stable"
    )


def _bundle(found: Sequence[gcp.sql.outputs.DatabaseInstanceServerCaCert]) -> str:
    """All certificates, so that clients go on trusting the server while its authority is renewed."""
    return "\n".join((entry.cert or "").strip() for entry in found) + "\n"
