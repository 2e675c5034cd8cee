"""Spend logs: one row a request fills the database disk; how many days of them fit (D31)."""

from __future__ import annotations

from sizing import choices
from sizing.guide.cells import Tier
from sizing.guide.ch1_workload import PROFILES

SECONDS_PER_DAY = 86_400


def bytes_per_day(tier: Tier, peak_to_average: float) -> float:
    """Bytes spend logs grow by in a day at the tier's average load: top of its RPS range / peak factor."""
    return (
        PROFILES[tier].requests_per_second.top
        / peak_to_average
        * SECONDS_PER_DAY
        * choices.SPEND_LOG_ROW_BYTES
    )


def days_that_fit(tier: Tier, peak_to_average: float, storage_gib: int) -> int:
    """Whole days of spend logs that fill their share of a disk of ``storage_gib``; at least one."""
    share = storage_gib * 2**30 * choices.SPEND_LOG_DISK_SHARE
    return max(1, int(share / bytes_per_day(tier, peak_to_average)))


def default_retention_days(tier: Tier, peak_to_average: float, storage_gib: int) -> int:
    """Retention that fits the disk, at most a month."""
    return min(choices.SPEND_LOG_MAX_DAYS, days_that_fit(tier, peak_to_average, storage_gib))
