"""Chapter 4, Cost Estimation (AWS, us-east-1): tables 4.1 and 4.2, US dollars a month."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Table, Tier
from sizing.guide.ch1_workload import BILLION, MILLION


@dataclass(frozen=True)
class MonthlyCost:
    """A column of table 4.1, USD a month. ``total`` is the guide's rounded sum."""

    eks_control_plane: int
    ec2_workers_cpu: int
    ec2_workers_gpu: int
    rds_postgresql: int
    elasticache_redis: int
    ebs_storage: int
    data_transfer: int
    total: int

    @property
    def sum_of_rows(self) -> int:
        """What the rows add up to; the guide's total is rounded (D27)."""
        return (
            self.eks_control_plane
            + self.ec2_workers_cpu
            + self.ec2_workers_gpu
            + self.rds_postgresql
            + self.elasticache_redis
            + self.ebs_storage
            + self.data_transfer
        )


MONTHLY_COST: Table[MonthlyCost] = Table(
    "4.1",
    "Monthly Infrastructure Cost",
    {
        Tier.SMALL: MonthlyCost(73, 300, 380, 50, 50, 50, 50, 950),
        Tier.MEDIUM: MonthlyCost(73, 800, 1_520, 200, 200, 200, 200, 3_200),
        Tier.LARGE: MonthlyCost(146, 3_200, 6_000, 800, 600, 800, 1_000, 12_500),
        Tier.ENTERPRISE: MonthlyCost(146, 12_800, 48_000, 3_200, 2_400, 4_000, 5_000, 75_000),
    },
)

EXTERNAL_SHARE = 0.30
"""Share of tokens answered by external providers (heading of 4.2)."""


@dataclass(frozen=True)
class ApiCost:
    """A row of table 4.2: tokens a day, the external part of them, and USD a month."""

    daily_tokens: int
    external_tokens: int
    monthly_usd: int


API_COST: Table[ApiCost] = Table(
    "4.2",
    "LLM API Cost",
    {
        Tier.SMALL: ApiCost(10 * MILLION, 3 * MILLION, 150),
        Tier.MEDIUM: ApiCost(100 * MILLION, 30 * MILLION, 1_500),
        Tier.LARGE: ApiCost(BILLION, 300 * MILLION, 15_000),
        Tier.ENTERPRISE: ApiCost(10 * BILLION, 3 * BILLION, 150_000),
    },
)
