"""Cloud SQL for PostgreSQL: tier, disk and edition for the guide's row (D9 to D13).

Rules: https://cloud.google.com/sql/docs/postgres/instance-settings and, for IOPS,
https://cloud.google.com/compute/docs/disks/performance.
"""

from __future__ import annotations

import math
import re

from sizing import choices
from sizing.clouds.base import PostgresOrder
from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import PostgresPart
from sizing.quantities import MIB_PER_GIB
from sizing.requirements import PostgresRequirements
from sizing.specs import PostgresSpec, Spec

DEFAULT_VERSION = "POSTGRES_17"
VERSIONS = ("POSTGRES_14", "POSTGRES_15", "POSTGRES_16", "POSTGRES_17", "POSTGRES_18")
"""https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/SqlDatabaseVersion"""
EDITION = "ENTERPRISE"
"""Always stated: from PostgreSQL 16 on the API assumes ENTERPRISE_PLUS, which refuses custom tiers."""
STORAGE_TYPE = "PD_SSD"
IOPS_PER_GIB = 30
STORAGE_STEP_GIB = 10
STORAGE_MIN_GIB, STORAGE_MAX_GIB = 10, 65_536
GROWTH_ADVISED = 1.26
"""The autoresize limit against the allocation, as on every cloud (D11)."""

MOST_VCPU = 96
LEAST_MEMORY_MIB, MEMORY_STEP_MIB = 3840, 256
MEMORY_PER_VCPU_GIB = (0.9, 6.5)
"""A custom tier: 1 or an even number of vCPU up to 96, memory in steps of 256 MiB within these bounds."""
TIER = re.compile(r"db-custom-(\d+)-(\d+)")

IOPS_CAPS = ((64, 100_000), (32, 60_000), (16, 25_000), (1, 15_000))
"""Most IOPS of PD-SSD by least vCPU: Compute Engine's limits for N2; Cloud SQL publishes none of its own."""
CONNECTIONS = ((120, 1000), (60, 800), (30, 600), (15, 500), (7.5, 400), (6, 200), (3.75, 100), (0, 50))
"""Default of max_connections by least memory in GiB (https://cloud.google.com/sql/docs/postgres/quotas); set
as a flag so that it is known and checked (D22)."""
MOST_REPLICAS = 10
"""Read replicas of one primary (https://cloud.google.com/sql/docs/postgres/replication)."""
DATABASE = "litellm"
PORT = 5432
INSIGHTS_RETENTION_DAYS = 7
"""Query Insights of the Enterprise edition keeps seven days."""
CLOUD_SQL = "https://cloud.google.com/sql/docs/postgres/instance-settings"


class CustomTier(Spec):
    """A custom machine tier."""

    vcpu: int
    memory_mib: int

    @property
    def name(self) -> str:
        return f"db-custom-{self.vcpu}-{self.memory_mib}"

    @property
    def most_iops(self) -> int:
        return next(most for least, most in IOPS_CAPS if self.vcpu >= least)

    @property
    def buildable(self) -> bool:
        """Whether Cloud SQL makes this shape."""
        least, most = (bound * MIB_PER_GIB * self.vcpu for bound in MEMORY_PER_VCPU_GIB)
        return (
            (self.vcpu == 1 or self.vcpu % 2 == 0)
            and self.vcpu <= MOST_VCPU
            and self.memory_mib % MEMORY_STEP_MIB == 0
            and self.memory_mib >= LEAST_MEMORY_MIB
            and least <= self.memory_mib <= most
        )


def _smallest(need: PostgresRequirements) -> CustomTier | None:
    """The custom tier with the fewest vCPU, then the least memory, that holds the row."""
    for vcpu in (n for n in (1, *range(2, MOST_VCPU + 1, 2)) if n >= need.vcpu):
        floor = max(
            need.memory_gib * MIB_PER_GIB, LEAST_MEMORY_MIB, vcpu * MEMORY_PER_VCPU_GIB[0] * MIB_PER_GIB
        )
        found = CustomTier(vcpu=vcpu, memory_mib=math.ceil(floor / MEMORY_STEP_MIB) * MEMORY_STEP_MIB)
        if found.buildable and found.most_iops >= need.iops:
            return found
    return None


def choose_tier(need: PostgresRequirements, wanted: str | None) -> CustomTier:
    """The smallest custom tier that holds the row, or the one the stack names if it does (D10).

    Raises:
        SizingError: the named tier cannot be made or is too weak, or no tier is strong enough.
    """
    best = _smallest(need)
    asked = f"{need.vcpu} vCPU, {need.memory_gib} GiB and {need.iops} IOPS"
    if best is None:
        raise SizingError(
            "postgres",
            asked,
            f"no custom tier of Cloud SQL gives this: {MOST_VCPU} vCPU, {MEMORY_PER_VCPU_GIB[1]:g} GiB per"
            f" vCPU and {IOPS_CAPS[0][1]} IOPS at most",
            "Lower postgres.vcpu, postgres.memoryGib or postgres.iops.",
        )
    if wanted is None:
        return best
    parts = TIER.fullmatch(wanted)
    named = CustomTier(vcpu=int(parts[1]), memory_mib=int(parts[2])) if parts else None
    if named is None or not named.buildable:
        raise SizingError(
            "postgres.instanceClass",
            wanted,
            f"not a custom tier of the {EDITION} edition: db-custom-<1 or an even number of vCPU>-<MiB>,"
            f" in steps of {MEMORY_STEP_MIB} MiB, {MEMORY_PER_VCPU_GIB[0]:g} to {MEMORY_PER_VCPU_GIB[1]:g}"
            f" GiB per vCPU ({CLOUD_SQL})",
            f"Use {best.name} or larger.",
        )
    if (
        named.vcpu < need.vcpu
        or named.memory_mib < need.memory_gib * MIB_PER_GIB
        or named.most_iops < need.iops
    ):
        raise SizingError(
            "postgres.instanceClass",
            wanted,
            f"has {named.vcpu} vCPU, {named.memory_mib} MiB and at most {named.most_iops} IOPS; needed are"
            f" {asked}",
            f"Use {best.name} or larger.",
        )
    return named


def _size(need: PostgresRequirements) -> int:
    """The smallest disk that sustains the IOPS at 30 per GiB, and not below the guide's (D9)."""
    if not STORAGE_MIN_GIB <= need.storage_gib <= STORAGE_MAX_GIB:
        raise SizingError(
            "postgres.storageGib",
            need.storage_gib,
            f"Cloud SQL allocates {STORAGE_MIN_GIB} to {STORAGE_MAX_GIB} GiB ({CLOUD_SQL})",
            f"Set postgres.storageGib to at least {STORAGE_MIN_GIB} and at most {STORAGE_MAX_GIB}.",
        )
    for_iops = math.ceil(need.iops / IOPS_PER_GIB / STORAGE_STEP_GIB) * STORAGE_STEP_GIB
    return max(need.storage_gib, for_iops)


def _limit(size: int, need: PostgresRequirements, wanted: int | None) -> int:
    """The autoresize limit: 3.3's figure or the stack's, above the allocation (D11)."""
    path = "postgres.maxStorageGib"
    if wanted is None:
        return min(max(need.max_storage_gib, math.ceil(GROWTH_ADVISED * size)), STORAGE_MAX_GIB)
    if not size <= wanted <= STORAGE_MAX_GIB:
        raise SizingError(
            path,
            wanted,
            f"the autoresize limit lies between the {size} GiB allocated and {STORAGE_MAX_GIB} GiB",
            f"Set {path} to at least {size} and at most {STORAGE_MAX_GIB}.",
        )
    return wanted


def _check(need: PostgresRequirements, part: PostgresPart) -> None:
    """Refuse what names another cloud's things or exceeds the service."""
    if part.storage_type is not None:
        raise SizingError(
            "postgres.storageType",
            part.storage_type,
            f"an EBS volume type; custom tiers of Cloud SQL run on {STORAGE_TYPE}",
            "Leave postgres.storageType out.",
        )
    if need.read_replicas > MOST_REPLICAS:
        raise SizingError(
            "postgres.readReplicas",
            need.read_replicas,
            f"a Cloud SQL primary takes {MOST_REPLICAS} read replicas",
            f"Set postgres.readReplicas to at most {MOST_REPLICAS}.",
        )


def _version(wanted: str | None) -> str:
    version = wanted or DEFAULT_VERSION
    if version not in VERSIONS:
        raise SizingError(
            "postgres.engineVersion",
            version,
            "not a version of Cloud SQL, which takes majors only",
            suggestion(version, VERSIONS),
        )
    return version


def order(need: PostgresRequirements, tier: Tier, part: PostgresPart) -> PostgresOrder:
    """What to buy. Raises SizingError when an override breaks a rule of Cloud SQL."""
    _check(need, part)
    chosen, size = choose_tier(need, part.instance_class), _size(need)
    memory_gib = chosen.memory_mib / MIB_PER_GIB
    included = min(size * IOPS_PER_GIB, chosen.most_iops)
    capped = f", and {chosen.vcpu} vCPU take {included}" if included < size * IOPS_PER_GIB else ""
    spec = PostgresSpec(
        engine_version=_version(part.engine_version),
        parameter_family="",
        instance_class=chosen.name,
        storage_type=STORAGE_TYPE,
        storage_gib=size,
        max_storage_gib=_limit(size, need, part.max_storage_gib),
        iops=None,
        read_replicas=need.read_replicas,
        multi_az=need.multi_az,
        max_connections=next(most for least, most in CONNECTIONS if memory_gib >= least),
        database=DATABASE,
        port=PORT,
        backup_retention_days=part.backup_retention_days or choices.BACKUP_RETENTION_DAYS[tier],
        insights_retention_days=INSIGHTS_RETENTION_DAYS,
        edition=EDITION,
    )
    return PostgresOrder(
        spec=spec,
        vcpu=chosen.vcpu,
        memory_gib=int(memory_gib),
        included_iops=included,
        sustained_iops=chosen.most_iops,
        burst_iops=chosen.most_iops,
        steady_class=chosen.name,
        storage_reason=f"{STORAGE_TYPE} gives {IOPS_PER_GIB} IOPS per GiB: {need.iops} IOPS take {size} GiB",
        iops_reason=f"{size} GiB of {STORAGE_TYPE} give {size * IOPS_PER_GIB} IOPS at {IOPS_PER_GIB} per"
        f" GiB{capped}",
    )
