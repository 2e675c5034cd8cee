"""RDS for PostgreSQL: class, storage type and size for the guide's row (D9 to D13).

Rules and figures: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html.
"""

from __future__ import annotations

import functools
import math

from sizing import choices
from sizing.clouds.aws.machines import PACKAGE
from sizing.clouds.base import PostgresOrder
from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import PostgresPart
from sizing.requirements import PostgresRequirements
from sizing.specs import PostgresSpec, Spec
from sizing.tables import optional_float, rows

DEFAULT_VERSION = "17.11"
"""Newest minor of a major in standard support until 2030-02-28
(https://endoflife.date/amazon-rds-postgresql)."""

GP3_STRIPE_GIB = 400
"""From here PostgreSQL storage is striped over four volumes and gp3 takes an ``iops`` argument."""
GP3_SMALL_IOPS = 3000
"""Fixed for gp3 below the stripe; ``iops`` and throughput must then be absent."""
GP3_INCLUDED_IOPS = 12000
GP3_MAX_IOPS = 64000
GP3_IOPS_PER_GIB = 500
PROVISIONED = {"io1": (100, 50.0, 256_000), "io2": (100, 1000.0, 256_000)}
"""Smallest size in GiB, most IOPS per GiB, most IOPS."""
MAX_STORAGE_GIB = 65_536
MIN_STORAGE_GIB = 20
PROVISIONED_LEAST_IOPS = 1000
PROVISIONED_LEAST_RATIO = 0.5
"""io1 and io2: IOPS per GiB, of the allocation and of the autoscaling limit."""
AUTOSCALING_LEAST_PERCENT, AUTOSCALING_ADVISED_PERCENT = 110, 126
"""The autoscaling limit must be 10% above the allocation; AWS advises 26%."""
BURSTABLE_TIERS = (Tier.SMALL,)
CONNECTION_BYTES = 9_531_392
CONNECTIONS_MAX = 5000
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
    burst = tier in BURSTABLE_TIERS
    if wanted is not None:
        named = next((c for c in classes() if c.name == wanted), None)
        if named is None:
            raise SizingError(
                "postgres.instanceClass",
                wanted,
                "not an x86_64 RDS class of the catalogue",
                suggestion(wanted, [c.name for c in classes()]),
            )
        if not _enough(named, need, burst=True):
            raise SizingError(
                "postgres.instanceClass",
                wanted,
                f"has {named.vcpu} vCPU, {named.memory_gib:g} GiB and sustains {named.sustained_iops} IOPS;"
                " needed are"
                f" {need.vcpu} vCPU, {need.memory_gib} GiB and {need.iops} IOPS",
                f"Use {choose_class(need, tier, None).name} or larger.",
            )
        return named
    found = cheapest_class(need, burst=burst)
    if found is None:
        raise SizingError(
            "postgres",
            f"{need.vcpu} vCPU, {need.memory_gib} GiB, {need.iops} IOPS",
            "no RDS class sustains this",
            "Lower postgres.vcpu, postgres.memoryGib or postgres.iops.",
        )
    return found


def _gp3(need: PostgresRequirements) -> tuple[int, int | None, int]:
    """Size, ``iops`` argument and resulting IOPS of the smallest gp3 volume that sustains the requirement."""
    if need.iops <= GP3_SMALL_IOPS and need.storage_gib < GP3_STRIPE_GIB:
        return need.storage_gib, None, GP3_SMALL_IOPS
    size = max(need.storage_gib, GP3_STRIPE_GIB, math.ceil(need.iops / GP3_IOPS_PER_GIB))
    if need.iops <= GP3_INCLUDED_IOPS:
        return size, None, GP3_INCLUDED_IOPS
    return size, need.iops, need.iops


def _provisioned(kind: str, need: PostgresRequirements) -> tuple[int, int | None, int]:
    least_gib, ratio, most = PROVISIONED[kind]
    size = max(need.storage_gib, least_gib, math.ceil(need.iops / ratio))
    iops = max(need.iops, PROVISIONED_LEAST_IOPS, math.ceil(_advised_limit(size) * PROVISIONED_LEAST_RATIO))
    _limit("postgres.iops", iops, most, f"{kind} gives at most {most} IOPS")
    return size, iops, iops


def _limit(path: str, value: int, most: int, rule: str) -> None:
    if value > most:
        raise SizingError(path, value, f"{rule} (CHAP_Storage)", f"Set {path} to at most {most}.")


def _storage(need: PostgresRequirements, kind: str) -> tuple[int, int | None, int]:
    if need.storage_gib < MIN_STORAGE_GIB:
        raise SizingError(
            "postgres.storageGib",
            need.storage_gib,
            f"RDS allocates at least {MIN_STORAGE_GIB} GiB",
            f"Set postgres.storageGib to at least {MIN_STORAGE_GIB}.",
        )
    _limit(
        "postgres.storageGib",
        need.storage_gib,
        MAX_STORAGE_GIB,
        f"RDS allocates at most {MAX_STORAGE_GIB} GiB",
    )
    if kind == "gp3":
        _limit("postgres.iops", need.iops, GP3_MAX_IOPS, f"gp3 gives at most {GP3_MAX_IOPS} IOPS")
        return _gp3(need)
    return _provisioned(kind, need)


def max_connections(memory_gib: float) -> int:
    """The class' own default of max_connections, set explicitly so that it is known and checked (D22)."""
    return min(int(memory_gib * 2**30 * CLASS_MEMORY_SHARE / CONNECTION_BYTES), CONNECTIONS_MAX)


def _version(wanted: str | None) -> str:
    known = [row["version"] for row in rows(PACKAGE, "versions") if row["engine"] == "postgres"]
    version = wanted or DEFAULT_VERSION
    if version not in known:
        raise SizingError(
            "postgres.engineVersion",
            version,
            "not a version a new RDS instance accepts",
            suggestion(version, known),
        )
    return version


def _advised_limit(size: int) -> int:
    return min(-(-size * AUTOSCALING_ADVISED_PERCENT // 100), MAX_STORAGE_GIB)


def _max_storage(size: int, iops: int | None, need: PostgresRequirements, wanted: int | None) -> int:
    """The autoscaling limit: 3.3's figure or the stack's, inside what RDS takes for the volume (D11)."""
    path, least = "postgres.maxStorageGib", -(-size * AUTOSCALING_LEAST_PERCENT // 100)
    most = MAX_STORAGE_GIB if iops is None else min(MAX_STORAGE_GIB, int(iops / PROVISIONED_LEAST_RATIO))
    if least > most:
        raise SizingError(
            "postgres.storageGib",
            size,
            f"the autoscaling limit must be 10% above it, and RDS takes at most {most} GiB there",
            f"Set postgres.storageGib to at most {most * 100 // AUTOSCALING_LEAST_PERCENT}.",
        )
    if wanted is None:
        return min(max(need.max_storage_gib, _advised_limit(size)), most)
    if wanted < least:
        raise SizingError(
            path,
            wanted,
            f"the autoscaling limit must be 10% above the allocation of {size} GiB, so at least {least}",
            f"Set {path} to at least {least}; AWS advises {_advised_limit(size)}.",
        )
    _limit(path, wanted, most, f"RDS takes at most {most} GiB for this volume")
    return wanted


def order(need: PostgresRequirements, tier: Tier, part: PostgresPart) -> PostgresOrder:
    """What to buy. Raises SizingError when an override breaks a rule of RDS."""
    kind = part.storage_type or "gp3"
    chosen = choose_class(need, tier, part.instance_class)
    size, iops, included = _storage(need, kind)
    version, steady = _version(part.engine_version), cheapest_class(need, burst=False)
    spec = PostgresSpec(
        engine_version=version,
        parameter_family=f"postgres{version.split('.')[0]}",
        instance_class=chosen.name,
        storage_type=kind,
        storage_gib=size,
        max_storage_gib=_max_storage(size, iops if kind in PROVISIONED else None, need, part.max_storage_gib),
        iops=iops,
        read_replicas=need.read_replicas,
        multi_az=need.multi_az,
        max_connections=max_connections(chosen.memory_gib),
        database=DATABASE,
        port=PORT,
        backup_retention_days=part.backup_retention_days or choices.BACKUP_RETENTION_DAYS[tier],
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
