"""Cloud SQL for PostgreSQL: tiers, disks, IOPS and names, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_SQL = "https://cloud.google.com/sql/docs/postgres"
_SETTINGS = f"{_SQL}/instance-settings"

EDITION = "ENTERPRISE"
"""Always stated: from PostgreSQL 16 on the API assumes ENTERPRISE_PLUS, which refuses custom tiers."""
VERSIONS = ("POSTGRES_14", "POSTGRES_15", "POSTGRES_16", "POSTGRES_17", "POSTGRES_18")
MOST_VCPU = 96
LEAST_MEMORY_MIB, MEMORY_STEP_MIB = 3840, 256
MEMORY_PER_VCPU_GIB = (0.9, 6.5)
STORAGE_TYPE = "PD_SSD"
IOPS_PER_GIB = 30
STORAGE_STEP_GIB = 10
STORAGE_MIN_GIB, STORAGE_MAX_GIB = 10, 65_536
IOPS_CAPS = ((64, 100_000), (32, 60_000), (16, 25_000), (1, 15_000))
"""Most IOPS of PD-SSD by least vCPU: Compute Engine's limits for N2; Cloud SQL publishes none of its own."""
CONNECTION_STEPS = (
    (120, 1000),
    (60, 800),
    (30, 600),
    (15, 500),
    (7.5, 400),
    (6, 200),
    (3.75, 100),
    (0, 50),
)
"""Default of max_connections by least memory in GiB; set as a flag so that it is known and checked (D22)."""
MOST_REPLICAS = 10
BACKUPS_KEPT = (1, 365)
LOG_DAYS = (1, 7)
"""Transaction logs of the Enterprise edition."""
NAME_LIMIT = 98

TIER = Rule(
    id="cloudsql-tier",
    service="Cloud SQL",
    limit=f"a custom tier has 1 or an even number of vCPU up to {MOST_VCPU} and {MEMORY_PER_VCPU_GIB[0]:g} to"
    f" {MEMORY_PER_VCPU_GIB[1]:g} GiB for each, in steps of {MEMORY_STEP_MIB} MiB from {LEAST_MEMORY_MIB}",
    source=_SETTINGS,
    model="the smallest shape that holds vCPU, memory and IOPS",
    overrides=("postgres.instanceClass", "postgres"),
)
EDITION_RULE = Rule(
    id="cloudsql-edition",
    service="Cloud SQL",
    limit=f"custom tiers belong to the {EDITION} edition, which has to be stated from PostgreSQL 16 on",
    source=f"{_SQL}/editions-intro",
    model="always stated",
)
VERSION = Rule(
    id="cloudsql-version",
    service="Cloud SQL",
    limit=f"the version is a major: {', '.join(VERSIONS)}",
    source=f"{_SQL}/admin-api/rest/v1beta4/SqlDatabaseVersion",
    model="a pinned major",
    overrides=("postgres.engineVersion",),
)
STORAGE_SIZE = Rule(
    id="cloudsql-storage-size",
    service="Cloud SQL",
    limit=f"a disk has {STORAGE_MIN_GIB} to {STORAGE_MAX_GIB} GiB",
    source=_SETTINGS,
    overrides=("postgres.storageGib",),
)
STORAGE_IOPS = Rule(
    id="cloudsql-storage-iops",
    service="Cloud SQL",
    limit=f"{STORAGE_TYPE} gives {IOPS_PER_GIB} IOPS per GiB and takes no IOPS of its own",
    source="https://cloud.google.com/compute/docs/disks/performance",
    model="a disk large enough for the IOPS",
    overrides=("postgres.storageGib",),
)
STORAGE_KIND = Rule(
    id="cloudsql-storage-type",
    service="Cloud SQL",
    limit=f"custom tiers run on {STORAGE_TYPE}",
    source=f"{_SQL}/machine-series-overview",
    model=STORAGE_TYPE,
    overrides=("postgres.storageType",),
)
TIER_IOPS = Rule(
    id="cloudsql-tier-iops",
    service="Cloud SQL",
    limit="a tier has at most "
    + ", ".join(f"{most} IOPS from {least} vCPU" for least, most in reversed(IOPS_CAPS)),
    source="https://cloud.google.com/compute/docs/disks/performance#n2_vms",
    model="a tier with enough vCPU",
    overrides=("postgres.instanceClass", "postgres"),
)
AUTORESIZE = Rule(
    id="cloudsql-autoresize-limit",
    service="Cloud SQL",
    limit=f"the autoresize limit is at least the allocation and at most {STORAGE_MAX_GIB} GiB",
    source=_SETTINGS,
    model="26% above the allocation, or the guide's figure",
    overrides=("postgres.maxStorageGib",),
)
REPLICAS = Rule(
    id="cloudsql-read-replicas",
    service="Cloud SQL",
    limit=f"a primary has at most {MOST_REPLICAS} read replicas",
    source=f"{_SQL}/replication",
    overrides=("postgres.readReplicas",),
)
BACKUPS = Rule(
    id="cloudsql-backups",
    service="Cloud SQL",
    limit=f"{BACKUPS_KEPT[0]} to {BACKUPS_KEPT[1]} backups are kept; transaction logs of {EDITION}"
    f" {LOG_DAYS[0]} to {LOG_DAYS[1]} days",
    source=f"{_SQL}/backup-recovery/backups",
    model="days of the size",
    overrides=("postgres.backupRetentionDays",),
    components="logs are cut off at the longest time",
)
HIGH_AVAILABILITY = Rule(
    id="cloudsql-regional",
    service="Cloud SQL",
    limit="REGIONAL, and a primary with replicas, need backups and point-in-time recovery",
    source=f"{_SQL}/high-availability",
    components="both are always on",
)
CONNECTIONS = Rule(
    id="cloudsql-max-connections",
    service="Cloud SQL",
    limit="max_connections follows the memory: "
    + ", ".join(f"{most} from {least:g} GiB" for least, most in reversed(CONNECTION_STEPS)),
    source=f"{_SQL}/quotas",
    model="stated as a flag; the pool stays below it",
    overrides=("pgbouncer.defaultPoolSize", "pgbouncer.replicas"),
)
NAMES = Rule(
    id="cloudsql-name",
    service="Cloud SQL",
    limit=f"project and instance have at most {NAME_LIMIT} characters together",
    source=_SETTINGS,
    overrides=("stack",),
)

RULES: tuple[Rule, ...] = (
    TIER,
    EDITION_RULE,
    VERSION,
    STORAGE_SIZE,
    STORAGE_IOPS,
    STORAGE_KIND,
    TIER_IOPS,
    AUTORESIZE,
    REPLICAS,
    BACKUPS,
    HIGH_AVAILABILITY,
    CONNECTIONS,
    NAMES,
)
