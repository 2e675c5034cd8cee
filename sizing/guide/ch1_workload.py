"""Chapter 1, Workload Profiles: tables 1.1 and 1.2."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Band, Span, Table, Tier

MILLION = 1_000_000
BILLION = 1_000 * MILLION


@dataclass(frozen=True)
class Profile:
    """A row of table 1.1. Tokens are input and output tokens per day."""

    requests_per_second: Span
    concurrent_users: Span
    daily_tokens: Span
    use_case: str


PROFILES: Table[Profile] = Table(
    "1.1",
    "Profile Definitions",
    {
        Tier.SMALL: Profile(Span(1, 10), Span(50, 100), Span(0, 10 * MILLION), "Dev/staging, small teams"),
        Tier.MEDIUM: Profile(
            Span(10, 100), Span(100, 500), Span(10 * MILLION, 100 * MILLION), "Mid-size org, multiple teams"
        ),
        Tier.LARGE: Profile(
            Span(100, 500), Span(500, 2000), Span(100 * MILLION, BILLION), "Enterprise, high throughput"
        ),
        Tier.ENTERPRISE: Profile(
            Span(500, None), Span(2000, None), Span(BILLION, None), "Multi-region, mission-critical"
        ),
    },
)


@dataclass(frozen=True)
class RequestCharacteristics:
    """Table 1.2: the same for every tier. Ratios are fractions of one."""

    section: str
    input_tokens: Band
    output_tokens: Band
    streaming_ratio: Band
    cache_hit_ratio: Band
    peak_to_average: Band


REQUESTS = RequestCharacteristics(
    section="1.2",
    input_tokens=Band(500, 2000, use=1500),
    output_tokens=Band(200, 1000, use=500),
    streaming_ratio=Band(0.60, 0.80, use=0.70),
    cache_hit_ratio=Band(0.10, 0.30, use=0.15),
    peak_to_average=Band(2, 5, use=3),
)
