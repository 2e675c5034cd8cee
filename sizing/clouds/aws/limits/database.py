"""RDS for PostgreSQL: volumes and instances, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
_STORAGE = f"{_RDS}/CHAP_Storage.html"

MIN_STORAGE_GIB, MAX_STORAGE_GIB = 20, 65_536
GP3_STRIPE_GIB = 400
"""From here PostgreSQL storage is striped over four volumes and gp3 takes an ``iops`` argument."""
GP3_SMALL_IOPS = 3000
"""Fixed for gp3 below the stripe; ``iops`` and throughput must then be absent."""
GP3_INCLUDED_IOPS, GP3_MAX_IOPS = 12_000, 64_000
GP3_IOPS_PER_GIB = 500
PROVISIONED_LEAST_GIB = 100
PROVISIONED_IOPS_PER_GIB = {"io1": 50, "io2": 1000}
"""Most IOPS per GiB. io2's is that of classes on the Nitro system, which every class of the catalogue is."""
PROVISIONED_LEAST_IOPS, PROVISIONED_MAX_IOPS = 1000, 256_000
PROVISIONED_LEAST_RATIO = 0.5
"""io1 and io2: least IOPS per GiB, of the allocation and of the autoscaling limit."""
AUTOSCALING_LEAST_PERCENT, AUTOSCALING_ADVISED_PERCENT = 110, 126

STORAGE_SIZE = Rule(
    id="rds-storage-size",
    service="RDS",
    limit=f"PostgreSQL storage is {MIN_STORAGE_GIB} to {MAX_STORAGE_GIB} GiB",
    source=_STORAGE,
    overrides=("postgres.storageGib",),
)
GP3_SMALL = Rule(
    id="rds-gp3-small",
    service="RDS",
    limit=f"gp3 below {GP3_STRIPE_GIB} GiB has {GP3_SMALL_IOPS} IOPS, fixed: the iops argument is refused",
    source=_STORAGE,
    model=f"orders {GP3_STRIPE_GIB} GiB where more IOPS are needed",
    overrides=("postgres.storageGib",),
)
GP3_IOPS = Rule(
    id="rds-gp3-iops",
    service="RDS",
    limit=f"gp3 from {GP3_STRIPE_GIB} GiB has {GP3_INCLUDED_IOPS} to {GP3_MAX_IOPS} IOPS, at most"
    f" {GP3_IOPS_PER_GIB} per GiB",
    source=_STORAGE,
    model=f"states iops above {GP3_INCLUDED_IOPS} only",
    overrides=("postgres.iops",),
)
PROVISIONED = {
    kind: Rule(
        id=f"rds-{kind}",
        service="RDS",
        limit=f"{kind} is {PROVISIONED_LEAST_GIB} GiB or more with {PROVISIONED_LEAST_IOPS} to"
        f" {PROVISIONED_MAX_IOPS} IOPS, {PROVISIONED_LEAST_RATIO:g} to {ratio} per GiB",
        source=_STORAGE,
        model="grows size or IOPS into the bounds",
        overrides=("postgres.storageGib", "postgres.iops"),
    )
    for kind, ratio in PROVISIONED_IOPS_PER_GIB.items()
}
AUTOSCALING = Rule(
    id="rds-autoscaling-limit",
    service="RDS",
    limit=f"the autoscaling limit is at least {AUTOSCALING_LEAST_PERCENT}% of the allocation and at most"
    f" {MAX_STORAGE_GIB} GiB; io1 and io2 need {PROVISIONED_LEAST_RATIO:g} IOPS per GiB of it",
    source=f"{_RDS}/USER_PIOPS.Autoscaling.html",
    model=f"at least {AUTOSCALING_ADVISED_PERCENT}% of the allocation, as AWS advises",
    overrides=("postgres.maxStorageGib", "postgres.storageGib"),
)

MAX_CONNECTIONS = 5000
MAX_READ_REPLICAS = 15
BACKUP_DAYS = (1, 35)
"""0 would switch backups off, and with them read replicas and point-in-time recovery."""
IDENTIFIER_LIMIT = 63

CLASS = Rule(
    id="rds-class",
    service="RDS",
    limit="a DB instance is of a class that RDS offers for PostgreSQL (here the x86_64 ones)",
    source=f"{_RDS}/Concepts.DBInstanceClass.html",
    model="the cheapest class that holds vCPU, memory and IOPS",
    overrides=("postgres.instanceClass",),
)
CLASS_IOPS = Rule(
    id="rds-class-iops",
    service="RDS",
    limit="an instance gets no more IOPS than its class's EBS connection, whatever its volume has",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-optimized.html",
    model="a class that sustains the IOPS; a burst counts for the smallest size only",
    overrides=("postgres.instanceClass", "postgres"),
)
VERSION = Rule(
    id="rds-version",
    service="RDS",
    limit="a new instance takes versions that are not withdrawn; its parameter group is of the same major",
    source=f"{_RDS}/PostgreSQL.Concepts.General.DBVersions.html",
    model="a version of the catalogue, and the family of its major",
    overrides=("postgres.engineVersion",),
)
BACKUPS = Rule(
    id="rds-backups",
    service="RDS",
    limit=f"backups are kept {BACKUP_DAYS[0]} to {BACKUP_DAYS[1]} days; without them there are no replicas",
    source=f"{_RDS}/USER_WorkingWithAutomatedBackups.BackupRetention.html",
    model="days of the size",
    overrides=("postgres.backupRetentionDays",),
)
REPLICAS = Rule(
    id="rds-read-replicas",
    service="RDS",
    limit=f"an instance has at most {MAX_READ_REPLICAS} read replicas",
    source=f"{_RDS}/USER_ReadRepl.html",
    overrides=("postgres.readReplicas",),
)
CONNECTIONS = Rule(
    id="rds-max-connections",
    service="RDS",
    limit=f"max_connections is LEAST(DBInstanceClassMemory / 9531392, {MAX_CONNECTIONS}) by default",
    source=f"{_RDS}/CHAP_Limits.html",
    model="states the class's own default and holds the pool below it",
    overrides=("pgbouncer.defaultPoolSize", "pgbouncer.replicas"),
)
MANAGED_PASSWORD = Rule(
    id="rds-managed-password",
    service="RDS",
    limit="RDS manages no master password of an instance with read replicas",
    source=f"{_RDS}/rds-secrets-manager.html",
    components="the password is generated and written once, never managed by RDS",
)
REPLICA_ARGUMENTS = Rule(
    id="rds-replica-arguments",
    service="RDS",
    limit="a replica takes no engine, user, database, storage size or final snapshot of its own",
    source=f"{_RDS}/USER_ReadRepl.Create.html",
    components="left out of replicas",
)
MULTI_AZ_ZONE = Rule(
    id="rds-multi-az-zone",
    service="RDS",
    limit="a Multi-AZ instance takes no zone",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
    components="left out where a standby is ordered",
)
IDENTIFIER = Rule(
    id="rds-identifier",
    service="RDS",
    limit=f"an identifier has at most {IDENTIFIER_LIMIT} letters, digits and hyphens",
    source=f"{_RDS}/CHAP_Limits.html",
    components="longer names are shortened with a hash",
)

RULES: tuple[Rule, ...] = (
    STORAGE_SIZE,
    GP3_SMALL,
    GP3_IOPS,
    *PROVISIONED.values(),
    AUTOSCALING,
    CLASS,
    CLASS_IOPS,
    VERSION,
    BACKUPS,
    REPLICAS,
    CONNECTIONS,
    MANAGED_PASSWORD,
    REPLICA_ARGUMENTS,
    MULTI_AZ_ZONE,
    IDENTIFIER,
)
