"""Chapter 5, Capacity Planning: growth model 5.1, triggers 5.2, checklist 5.3."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GrowthModel:
    """5.1: Required_Capacity = Current_Load x Growth_Factor x Peak_Factor x Safety_Margin.

    Growth_Factor = (1 + monthly_growth_rate) ^ months_ahead.
    """

    section: str
    peak_factor: tuple[float, float]
    safety_margin: tuple[float, float]


GROWTH = GrowthModel(section="5.1", peak_factor=(2.0, 3.0), safety_margin=(1.2, 1.5))


@dataclass(frozen=True)
class Trigger:
    """A row of table 5.2. ``unit`` is percent, seconds or count; both thresholds are "greater than"."""

    metric: str
    warning: float
    critical: float
    unit: str
    action: str


TRIGGERS_SECTION = "5.2"
TRIGGERS: tuple[Trigger, ...] = (
    Trigger("CPU utilization", 70, 85, "percent", "Scale horizontally"),
    Trigger("Memory utilization", 75, 90, "percent", "Scale vertically first"),
    Trigger("Request latency (P95)", 2, 5, "seconds", "Investigate bottleneck"),
    Trigger("Error rate", 1, 5, "percent", "Incident response"),
    Trigger("Queue depth", 100, 500, "count", "Add capacity"),
    Trigger("GPU utilization", 80, 95, "percent", "Add GPU nodes"),
)

CHECKLIST_SECTION = "5.3"
CHECKLIST: tuple[str, ...] = (
    "Review actual vs projected usage",
    "Analyze cost per request trends",
    "Evaluate cache effectiveness",
    "Check for hotspots/bottlenecks",
    "Update capacity projections",
    "Plan infrastructure changes",
)
