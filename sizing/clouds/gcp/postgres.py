"""Cloud SQL for PostgreSQL: tier, disk and edition for the guide's row (D9 to D13).

Rules: https://cloud.google.com/sql/docs/postgres/instance-settings and, for IOPS,
https://cloud.google.com/compute/docs/disks/performance.
"""

from __future__ import annotations

import math
import re

from sizing import choices
from sizing.clouds.base import PostgresOrder
from sizing.clouds.gcp.limits import database as limits
from sizing.given import given
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import PostgresPart
from sizing.quantities import MIB_PER_GIB
from sizing.requirements import PostgresRequirements
from sizing.specs import PostgresSpec, Spec

DEFAULT_VERSION = "POSTGRES_17"
GROWTH_ADVISED = 1.26
"""The autoresize limit against the allocation, as on every cloud (D11)."""

TIER = re.compile(r"db-custom-(\d+)-(\d+)")

DATABASE = "litellm"
PORT = 5432
INSIGHTS_RETENTION_DAYS = 7
"""Query Insights of the Enterprise edition keeps seven days."""


class CustomTier(Spec):
    """A custom machine tier."""

    vcpu: int
    memory_mib: int

    @property
    def name(self) -> str:
        return f"db-custom-{self.vcpu}-{self.memory_mib}"

    @property
    def most_iops(self) -> int:
        return next(most for least, most in limits.IOPS_CAPS if self.vcpu >= least)

    @property
    def buildable(self) -> bool:
        """Whether Cloud SQL makes this shape."""
        least, most = (bound * MIB_PER_GIB * self.vcpu for bound in limits.MEMORY_PER_VCPU_GIB)
        return (
            (self.vcpu == 1 or self.vcpu % 2 == 0)
            and self.vcpu <= limits.MOST_VCPU
            and self.memory_mib % limits.MEMORY_STEP_MIB == 0
            and self.memory_mib >= limits.LEAST_MEMORY_MIB
            and least <= self.memory_mib <= most
        )


def _smallest(need: PostgresRequirements) -> CustomTier | None:
    """The custom tier with the fewest vCPU, then the least memory, that holds the row."""
    step = limits.MEMORY_STEP_MIB
    for vcpu in (n for n in (1, *range(2, limits.MOST_VCPU + 1, 2)) if n >= need.vcpu):
        by_vcpu = vcpu * limits.MEMORY_PER_VCPU_GIB[0] * MIB_PER_GIB
        floor = max(need.memory_gib * MIB_PER_GIB, limits.LEAST_MEMORY_MIB, by_vcpu)
        found = CustomTier(vcpu=vcpu, memory_mib=math.ceil(floor / step) * step)
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
        rule = limits.TIER_IOPS if need.iops > limits.IOPS_CAPS[0][1] else limits.TIER
        raise rule.refusal(
            "postgres",
            asked,
            f"no custom tier of Cloud SQL gives this: {limits.MOST_VCPU} vCPU,"
            f" {limits.MEMORY_PER_VCPU_GIB[1]:g} GiB per vCPU and {limits.IOPS_CAPS[0][1]} IOPS at most",
            "Lower postgres.vcpu, postgres.memoryGib or postgres.iops.",
        )
    return best if wanted is None else _named(need, wanted, best, asked)


def _named(need: PostgresRequirements, wanted: str, best: CustomTier, asked: str) -> CustomTier:
    parts = TIER.fullmatch(wanted)
    named = CustomTier(vcpu=int(parts[1]), memory_mib=int(parts[2])) if parts else None
    path, remedy = "postgres.instanceClass", f"Use {best.name} or larger."
    if named is None or not named.buildable:
        raise limits.TIER.refusal(
            path,
            wanted,
            f"not a custom tier of the {limits.EDITION} edition, db-custom-<vCPU>-<MiB>: {limits.TIER.limit}",
            remedy,
        )
    small = named.vcpu < need.vcpu or named.memory_mib < need.memory_gib * MIB_PER_GIB
    if small or named.most_iops < need.iops:
        raise (limits.TIER if small else limits.TIER_IOPS).refusal(
            path,
            wanted,
            f"has {named.vcpu} vCPU, {named.memory_mib} MiB and at most {named.most_iops} IOPS; needed are"
            f" {asked}",
            remedy,
        )
    return named


def _size(need: PostgresRequirements, wanted: int | None) -> int:
    """The smallest disk that sustains the IOPS at 30 per GiB, and not below the guide's (D9).

    Raises:
        SizingError: a bound of the disk, or ``wanted`` GiB do not give the IOPS.
    """
    path, step, rate = "postgres.storageGib", limits.STORAGE_STEP_GIB, limits.IOPS_PER_GIB
    limits.STORAGE_SIZE.least(path, need.storage_gib, limits.STORAGE_MIN_GIB)
    limits.STORAGE_SIZE.most(path, need.storage_gib, limits.STORAGE_MAX_GIB)
    size = max(need.storage_gib, math.ceil(need.iops / rate / step) * step)
    if wanted is not None and wanted * rate < need.iops:
        raise limits.STORAGE_IOPS.refusal(
            path,
            wanted,
            f"{wanted} GiB of {limits.STORAGE_TYPE} give {wanted * rate} IOPS at {rate} per GiB, and"
            f" {need.iops} are needed",
            f"Set {path} to at least {size}, or postgres.iops to at most {wanted * rate}.",
        )
    return need.storage_gib if wanted is not None else size


def _limit(size: int, need: PostgresRequirements, wanted: int | None) -> int:
    """The autoresize limit: 3.3's figure or the stack's, above the allocation (D11)."""
    path, most = "postgres.maxStorageGib", limits.STORAGE_MAX_GIB
    if wanted is None:
        return min(max(need.max_storage_gib, math.ceil(GROWTH_ADVISED * size)), most)
    if not size <= wanted <= most:
        raise limits.AUTORESIZE.refusal(
            path,
            wanted,
            f"the autoresize limit lies between the {size} GiB allocated and {most} GiB",
            f"Set {path} to at least {size} and at most {most}.",
        )
    return wanted


def _check(need: PostgresRequirements, part: PostgresPart) -> None:
    """Refuse what names another cloud's things or exceeds the service."""
    if part.storage_type is not None:
        raise limits.STORAGE_KIND.refusal(
            "postgres.storageType",
            part.storage_type,
            f"an EBS volume type; custom tiers of Cloud SQL run on {limits.STORAGE_TYPE}",
            "Leave postgres.storageType out.",
        )
    limits.REPLICAS.most("postgres.readReplicas", need.read_replicas, limits.MOST_REPLICAS)


def _version(wanted: str | None) -> str:
    version = wanted or DEFAULT_VERSION
    if version not in limits.VERSIONS:
        raise limits.VERSION.refusal(
            "postgres.engineVersion",
            version,
            "not a version of Cloud SQL, which takes majors only",
            suggestion(version, limits.VERSIONS),
        )
    return version


def _backups(tier: Tier, wanted: int | None) -> int:
    path, days = "postgres.backupRetentionDays", given(wanted, choices.BACKUP_RETENTION_DAYS[tier])
    limits.BACKUPS.least(path, days, limits.BACKUPS_KEPT[0])
    limits.BACKUPS.most(path, days, limits.BACKUPS_KEPT[1])
    return days


def order(need: PostgresRequirements, tier: Tier, part: PostgresPart) -> PostgresOrder:
    """What to buy. Raises SizingError when an override breaks a rule of Cloud SQL."""
    _check(need, part)
    chosen, size = choose_tier(need, part.instance_class), _size(need, part.storage_gib)
    kind, rate = limits.STORAGE_TYPE, limits.IOPS_PER_GIB
    memory_gib = chosen.memory_mib / MIB_PER_GIB
    included = min(size * rate, chosen.most_iops)
    capped = f", and {chosen.vcpu} vCPU take {included}" if included < size * rate else ""
    spec = PostgresSpec(
        engine_version=_version(part.engine_version),
        parameter_family="",
        instance_class=chosen.name,
        storage_type=kind,
        storage_gib=size,
        max_storage_gib=_limit(size, need, part.max_storage_gib),
        iops=None,
        read_replicas=need.read_replicas,
        multi_az=need.multi_az,
        max_connections=next(most for least, most in limits.CONNECTION_STEPS if memory_gib >= least),
        database=DATABASE,
        port=PORT,
        backup_retention_days=_backups(tier, part.backup_retention_days),
        insights_retention_days=INSIGHTS_RETENTION_DAYS,
        edition=limits.EDITION,
    )
    return PostgresOrder(
        spec=spec,
        vcpu=chosen.vcpu,
        memory_gib=int(memory_gib),
        included_iops=included,
        sustained_iops=chosen.most_iops,
        burst_iops=chosen.most_iops,
        steady_class=chosen.name,
        storage_reason=f"{kind} gives {rate} IOPS per GiB: {need.iops} IOPS take {size} GiB",
        iops_reason=f"{size} GiB of {kind} give {size * rate} IOPS at {rate} per GiB{capped}",
    )
