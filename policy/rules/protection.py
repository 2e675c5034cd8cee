"""What holds data cannot be deleted by a slip, and comes back when it was lost all the same."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from infra.graph import UNKNOWN, holds_data
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import (
    Demand,
    absent,
    at,
    at_least,
    failing,
    figure,
    is_,
    not_true,
    number,
    present,
    true,
)  # fmt: skip

SHORTEST_RECOVERY_DAYS: Final = 7
"""The least that KMS and Secrets Manager offer, apart from none
(https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html)."""
DAY_S: Final = 86_400
_ON = "Switch it on; docs/runbooks says how to take a stack down on purpose."


def _on(type_: str, path: str) -> Demand:
    return Demand(type_, path, true, "the service would delete it on request", _ON)


DELETION: Final = (
    _on("aws:eks/cluster:Cluster", "deletionProtection"),
    _on("eks:index:Cluster", "deletionProtection"),
    _on("aws:rds/instance:Instance", "deletionProtection"),
    Demand(
        "aws:kms/key:Key", "deletionWindowInDays", at_least(SHORTEST_RECOVERY_DAYS), "cannot be called back",
        f"Set at least {SHORTEST_RECOVERY_DAYS} days.",
    ),
    Demand(
        "aws:secretsmanager/secret:Secret", "recoveryWindowInDays", at_least(SHORTEST_RECOVERY_DAYS),
        "cannot be called back", f"Set at least {SHORTEST_RECOVERY_DAYS} days.",
    ),
    *(
        Demand(type_, "forceDestroy", not_true, "would be emptied and deleted", "Leave forceDestroy out.")
        for type_ in ("aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket")
    ),
    _on("gcp:container/cluster:Cluster", "deletionProtection"),
    Demand(
        "gcp:kms/cryptoKey:CryptoKey", "deletionPolicy", is_("PREVENT"), "its versions would be destroyed",
        "Set deletionPolicy to PREVENT.",
    ),
    _on("gcp:redis/cluster:Cluster", "deletionProtectionEnabled"),
    _on("gcp:secretmanager/secret:Secret", "deletionProtection"),
    _on("gcp:sql/databaseInstance:DatabaseInstance", "deletionProtection"),
    _on("gcp:sql/databaseInstance:DatabaseInstance", "settings.deletionProtectionEnabled"),
)  # fmt: skip


def _protected(scope: Scope) -> Iterator[Violation]:
    """Volumes of Kubernetes are kept by their storage class instead: Pulumi does not know most of them."""
    for resource in scope.subjects():
        cloud = resource.type.startswith(("aws:", "eks:", "gcp:"))
        if cloud and holds_data(resource) and not resource.protect and not resource.retain_on_delete:
            yield Violation(
                resource.urn, f"{resource.name}: Pulumi would delete it", "Set protect in its options."
            )
    for resource in scope.subjects("kubernetes:storage.k8s.io/v1:StorageClass"):
        if resource.inputs.get("reclaimPolicy") != "Retain":
            yield Violation(
                resource.urn, f"{resource.name}: volumes go with their claims", "Set reclaimPolicy to Retain."
            )


_PRIMARY = ("replicateSourceDb", absent)
_SOURCE = ("masterInstanceName", absent)
_RDS = "aws:rds/instance:Instance"
_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
BACKUPS: Final = (
    Demand(_RDS, "skipFinalSnapshot", not_true, "no last snapshot", "Leave skipFinalSnapshot out.", _PRIMARY),
    Demand(_RDS, "finalSnapshotIdentifier", present, "no last snapshot", "Name the last snapshot.", _PRIMARY),
    Demand(
        _RDS, "deleteAutomatedBackups", is_(False), "backups go with the instance",
        "Set deleteAutomatedBackups to false.", _PRIMARY,
    ),
    Demand(_REDIS, "finalSnapshotIdentifier", present, "no last snapshot", "Name the last snapshot."),
    Demand(
        _SQL, "settings.backupConfiguration.enabled", true, "no backups", "Switch the backups on.", _SOURCE
    ),
    Demand(
        _SQL, "settings.backupConfiguration.pointInTimeRecoveryEnabled", true, "no way back to a moment",
        "Switch point-in-time recovery on.", _SOURCE,
    ),
    Demand(
        _SQL, "settings.retainBackupsOnDelete", true, "backups go with the instance",
        "Set retainBackupsOnDelete.", _SOURCE,
    ),
    Demand(
        _SQL, "settings.finalBackupConfig.enabled", true, "no last backup", "Enable finalBackupConfig.",
        _SOURCE,
    ),
    Demand(
        "gcp:gkebackup/backupPlan:BackupPlan", "backupConfig.includeVolumeData", true,
        "volumes are left out", "Set includeVolumeData.",
    ),
    Demand(
        "aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", is_("Enabled"),
        "overwritten objects are lost", "Set the status to Enabled.",
    ),
)  # fmt: skip


def _retention(scope: Scope) -> tuple[Demand, ...]:
    """Days of backups: what the guide's tier keeps, never less than one."""
    postgres = max(1, figure(scope.guide, "order.postgres.backup_retention_days") or 0)
    redis = figure(scope.guide, "order.redis.snapshot_retention_days") or 0
    kept, remedy = "keeps backups for fewer days than its tier", "Raise postgres.backupRetentionDays."
    snapshots = "Raise redis.snapshotRetentionDays."
    demands = (
        Demand(_RDS, "backupRetentionPeriod", at_least(postgres), kept, remedy, _PRIMARY),
        Demand(
            _SQL, "settings.backupConfiguration.backupRetentionSettings.retainedBackups", at_least(postgres),
            kept, remedy, _SOURCE,
        ),
    )  # fmt: skip
    if not redis:
        return demands
    return (
        *demands,
        Demand(_REDIS, "snapshotRetentionLimit", at_least(redis), kept, snapshots),
        Demand(
            "gcp:redis/cluster:Cluster", "automatedBackupConfig.retention",
            lambda value: (number(str(value).removesuffix("s")) or 0) >= redis * DAY_S, kept, snapshots,
        ),
    )  # fmt: skip


VERSIONED: Final = ("*vault-snapshots*",)
"""Buckets whose objects cannot be made again; an overwritten one must stay readable."""


def _backups(scope: Scope) -> Iterator[Violation]:
    yield from failing(scope, (*BACKUPS, *_retention(scope)))
    patterns = scope.options["versioned"]
    for bucket in scope.subjects("aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket"):
        if not any(fnmatchcase(bucket.name, pattern) for pattern in patterns):
            continue
        kept = scope.companions(bucket, "aws:s3/bucketVersioning:BucketVersioning") or all(
            value in (True, UNKNOWN) for value in at(bucket.inputs, "versioning.enabled")
        )
        if not kept:
            yield Violation(bucket.urn, f"{bucket.name}: overwritten objects are lost", "Keep versions.")
    yield from _cluster_backup(scope)


def _cluster_backup(scope: Scope) -> Iterator[Violation]:
    """A plan does nothing without its agent in the cluster."""
    plans = list(scope.subjects("gcp:gkebackup/backupPlan:BackupPlan"))
    if plans:
        agent = "addonsConfig.gkeBackupAgentConfig.enabled"
        says, remedy = "a backup plan without an agent", "Enable gkeBackupAgentConfig."
        yield from failing(scope, [Demand("gcp:container/cluster:Cluster", agent, true, says, remedy)])
    if figure(scope.guide, "order.cluster.backup") and not plans:
        for resource in scope.subjects("gcp:container/cluster:Cluster"):
            yield Violation(resource.urn, f"{resource.name}: no backup plan", "Give it a BackupPlan.")


RULES: Final = (
    Rule(
        "deletion-protection",
        "The services themselves refuse to delete what holds data.",
        "high",
        lambda scope: failing(scope, DELETION),
    ),
    Rule(
        "pulumi-protect",
        "Pulumi refuses to delete what holds data; a storage class keeps its volumes.",
        "high",
        _protected,
        options={"exempt": ("*-model-cache",)},
    ),
    Rule(
        "backups",
        "Databases, caches and snapshots are backed up for as long as the tier keeps them.",
        "high",
        _backups,
        options={"versioned": VERSIONED},
    ),
)
