"""RDS for PostgreSQL: class, storage type and size for the guide's row (D9 to D13).

Rules and figures: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html.
"""

from __future__ import annotations

import functools
import math

from sizing import choices
from sizing.clouds.aws.limits import database as limits
from sizing.clouds.aws.machines import PACKAGE
from sizing.clouds.base import PostgresOrder
from sizing.given import given
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import PostgresPart
from sizing.requirements import PostgresRequirements
from sizing.specs import PostgresSpec, Spec
from sizing.tables import optional_float, rows

DEFAULT_VERSION = "17.11"
"""Newest minor of a major in standard support until 2030-02-28
(https://endoflife.date/amazon-rds-postgresql)."""

BURSTABLE_TIERS = (Tier.SMALL,)
CONNECTION_BYTES = 9_531_392
"""Default of max_connections: LEAST(DBInstanceClassMemory / 9531392, 5000)."""
CLASS_MEMORY_SHARE = 0.91
"""DBInstanceClassMemory against the nominal memory: a 4 GiB class measured 413 connections."""
DATABASE = "litellm"
PORT = 5432
INSIGHTS_RETENTION_DAYS = 7
"""Performance Insights: 7 days are free."""


class DatabaseClass(Spec):
    """A DB instance class. IOPS are its EBS connection's: sustained, and burst for 30 minutes a day."""

    name: str
    vcpu: int
    memory_gib: float
    sustained_iops: int
    burst_iops: int
    usd_per_hour: float | None

    @property
    def family(self) -> str:
        return self.name.split(".")[1]

    @property
    def burstable(self) -> bool:
        return self.family.startswith("t")

    @property
    def generation(self) -> int:
        return int("".join(c for c in self.family if c.isdigit()))


@functools.cache
def classes() -> tuple[DatabaseClass, ...]:
    """Every class of the catalogue."""
    return tuple(
        DatabaseClass(
            name=row["instance_class"],
            vcpu=int(row["vcpu"]),
            memory_gib=float(row["memory_gib"]),
            sustained_iops=int(row["iops_baseline"]),
            burst_iops=int(row["iops_max"]),
            usd_per_hour=optional_float(row["usd_per_hour"]),
        )
        for row in rows(PACKAGE, "databases")
    )


def _estimated_price(candidate: DatabaseClass) -> float:
    """USD an hour for ranking only: a class without a known price costs its family's price per vCPU."""
    if candidate.usd_per_hour is not None:
        return candidate.usd_per_hour
    known = [c for c in classes() if c.family == candidate.family and c.usd_per_hour is not None]
    return max((c.usd_per_hour or 0.0) / c.vcpu for c in known) * candidate.vcpu


def _enough(candidate: DatabaseClass, need: PostgresRequirements, *, burst: bool) -> bool:
    iops = candidate.burst_iops if burst and candidate.burstable else candidate.sustained_iops
    return candidate.vcpu >= need.vcpu and candidate.memory_gib >= need.memory_gib and iops >= need.iops


def cheapest_class(need: PostgresRequirements, *, burst: bool) -> DatabaseClass | None:
    """The cheapest class for the row, the newest of equals, or None; ``burst`` lets bursts count."""
    fitting = [c for c in classes() if _enough(c, need, burst=burst) and (burst or not c.burstable)]
    return min(fitting, key=lambda c: (_estimated_price(c), -c.generation, c.name), default=None)


def choose_class(need: PostgresRequirements, tier: Tier, wanted: str | None) -> DatabaseClass:
    """The cheapest class that holds the row, or the one the stack names if it does (D10).

    Raises:
        SizingError: the named class is unknown or too weak, or no class is strong enough.
    """
    path = "postgres.instanceClass"
    if wanted is not None:
        named = next((c for c in classes() if c.name == wanted), None)
        if named is None:
            raise limits.CLASS.refusal(
                path,
                wanted,
                "not an x86_64 RDS class of the catalogue",
                suggestion(wanted, [c.name for c in classes()]),
            )
        if not _enough(named, need, burst=True):
            raise limits.CLASS_IOPS.refusal(
                path,
                wanted,
                f"has {named.vcpu} vCPU, {named.memory_gib:g} GiB and sustains {named.sustained_iops} IOPS;"
                f" needed are {need.vcpu} vCPU, {need.memory_gib} GiB and {need.iops} IOPS",
                f"Use {choose_class(need, tier, None).name} or larger.",
            )
        return named
    found = cheapest_class(need, burst=tier in BURSTABLE_TIERS)
    if found is None:
        raise limits.CLASS_IOPS.refusal(
            "postgres",
            f"{need.vcpu} vCPU, {need.memory_gib} GiB, {need.iops} IOPS",
            "no RDS class sustains this",
            "Lower postgres.vcpu, postgres.memoryGib or postgres.iops.",
        )
    return found


def _gp3(need: PostgresRequirements) -> tuple[int, int | None, int]:
    """Size, ``iops`` argument and resulting IOPS of the smallest gp3 volume that sustains the requirement."""
    if need.iops <= limits.GP3_SMALL_IOPS and need.storage_gib < limits.GP3_STRIPE_GIB:
        return need.storage_gib, None, limits.GP3_SMALL_IOPS
    size = max(need.storage_gib, limits.GP3_STRIPE_GIB, math.ceil(need.iops / limits.GP3_IOPS_PER_GIB))
    if need.iops <= limits.GP3_INCLUDED_IOPS:
        return size, None, limits.GP3_INCLUDED_IOPS
    return size, need.iops, need.iops


def _provisioned(kind: str, need: PostgresRequirements) -> tuple[int, int | None, int]:
    ratio = limits.PROVISIONED_IOPS_PER_GIB[kind]
    size = max(need.storage_gib, limits.PROVISIONED_LEAST_GIB, math.ceil(need.iops / ratio))
    for_limit = math.ceil(_advised_limit(size) * limits.PROVISIONED_LEAST_RATIO)
    iops = max(need.iops, limits.PROVISIONED_LEAST_IOPS, for_limit)
    return size, iops, iops


def _storage(need: PostgresRequirements, kind: str, wanted: int | None) -> tuple[int, int | None, int]:
    """Size, ``iops`` argument and resulting IOPS; a size of the stack's own is taken as it is, or refused.

    Raises:
        SizingError: a bound of the volume's type, or ``wanted`` GiB cannot have the IOPS (D9).
    """
    path = "postgres.storageGib"
    limits.STORAGE_SIZE.least(path, need.storage_gib, limits.MIN_STORAGE_GIB)
    limits.STORAGE_SIZE.most(path, need.storage_gib, limits.MAX_STORAGE_GIB)
    if kind == "gp3":
        limits.GP3_IOPS.most("postgres.iops", need.iops, limits.GP3_MAX_IOPS)
        rule, made = limits.GP3_SMALL, _gp3(need)
        fixed = f", or postgres.iops to at most {limits.GP3_SMALL_IOPS}"
    else:
        rule, fixed = limits.PROVISIONED[kind], ", or lower postgres.iops"
        rule.most("postgres.iops", need.iops, limits.PROVISIONED_MAX_IOPS)
        made = _provisioned(kind, need)
    if wanted is not None and made[0] > wanted:
        raise rule.refusal(
            path,
            wanted,
            f"{kind} of {wanted} GiB cannot have {need.iops} IOPS: {rule.limit}",
            f"Set {path} to at least {made[0]}{fixed}.",
        )
    return made


def max_connections(memory_gib: float) -> int:
    """The class' own default of max_connections, set explicitly so that it is known and checked (D22)."""
    return min(int(memory_gib * 2**30 * CLASS_MEMORY_SHARE / CONNECTION_BYTES), limits.MAX_CONNECTIONS)


def _version(wanted: str | None) -> str:
    known = [row["version"] for row in rows(PACKAGE, "versions") if row["engine"] == "postgres"]
    version = wanted or DEFAULT_VERSION
    if version not in known:
        raise limits.VERSION.refusal(
            "postgres.engineVersion",
            version,
            "not a version a new RDS instance accepts",
            suggestion(version, known),
        )
    return version


def _advised_limit(size: int) -> int:
    return min(-(-size * limits.AUTOSCALING_ADVISED_PERCENT // 100), limits.MAX_STORAGE_GIB)


def _max_storage(size: int, iops: int | None, need: PostgresRequirements, wanted: int | None) -> int:
    """The autoscaling limit: 3.3's figure or the stack's, inside what RDS takes for the volume (D11)."""
    path, rule = "postgres.maxStorageGib", limits.AUTOSCALING
    least = -(-size * limits.AUTOSCALING_LEAST_PERCENT // 100)
    most = limits.MAX_STORAGE_GIB
    if iops is not None:
        most = min(most, int(iops / limits.PROVISIONED_LEAST_RATIO))
    if least > most:
        raise rule.refusal(
            "postgres.storageGib",
            size,
            f"the autoscaling limit must be 10% above it, and RDS takes at most {most} GiB there",
            f"Set postgres.storageGib to at most {most * 100 // limits.AUTOSCALING_LEAST_PERCENT}.",
        )
    if wanted is None:
        return min(max(need.max_storage_gib, _advised_limit(size)), most)
    if wanted < least:
        raise rule.refusal(
            path,
            wanted,
            f"the autoscaling limit must be 10% above the allocation of {size} GiB, so at least {least}",
            f"Set {path} to at least {least}; AWS advises {_advised_limit(size)}.",
        )
    rule.most(path, wanted, most, f"RDS takes at most {most} GiB for this volume")
    return wanted


def _backup_days(tier: Tier, wanted: int | None) -> int:
    path, days = "postgres.backupRetentionDays", given(wanted, choices.BACKUP_RETENTION_DAYS[tier])
    limits.BACKUPS.least(path, days, limits.BACKUP_DAYS[0])
    limits.BACKUPS.most(path, days, limits.BACKUP_DAYS[1])
    return days


def order(need: PostgresRequirements, tier: Tier, part: PostgresPart) -> PostgresOrder:
    """What to buy. Raises SizingError when an override breaks a rule of RDS."""
    kind = part.storage_type or "gp3"
    limits.REPLICAS.most("postgres.readReplicas", need.read_replicas, limits.MAX_READ_REPLICAS)
    size, iops, included = _storage(need, kind, part.storage_gib)
    chosen = choose_class(need, tier, part.instance_class)
    version, steady = _version(part.engine_version), cheapest_class(need, burst=False)
    spec = PostgresSpec(
        engine_version=version,
        parameter_family=f"postgres{version.split('.')[0]}",
        instance_class=chosen.name,
        storage_type=kind,
        storage_gib=size,
        max_storage_gib=_max_storage(size, None if kind == "gp3" else iops, need, part.max_storage_gib),
        iops=iops,
        read_replicas=need.read_replicas,
        multi_az=need.multi_az,
        max_connections=max_connections(chosen.memory_gib),
        database=DATABASE,
        port=PORT,
        backup_retention_days=_backup_days(tier, part.backup_retention_days),
        insights_retention_days=INSIGHTS_RETENTION_DAYS,
    )
    return PostgresOrder(
        spec=spec,
        vcpu=chosen.vcpu,
        memory_gib=int(chosen.memory_gib),
        included_iops=included,
        sustained_iops=chosen.sustained_iops,
        burst_iops=chosen.burst_iops,
        steady_class=None if steady is None else steady.name,
        storage_reason=_storage_reason(kind, need, included),
        iops_reason=f"a {kind} volume of {size} GiB {'includes' if kind == 'gp3' else 'takes no less than'}"
        f" {included} IOPS; the class sustains {chosen.sustained_iops}",
    )


def _storage_reason(kind: str, need: PostgresRequirements, included: int) -> str:
    if kind != "gp3":
        return f"the smallest {kind} volume that gives {need.iops} IOPS"
    return (
        f"gp3 below this size does not give {need.iops} IOPS, and refuses the argument; this is the cheapest"
        f" volume that sustains them ({included} included)"
    )
