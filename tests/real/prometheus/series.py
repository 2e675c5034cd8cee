"""Input series for ``promtool test rules``, and what a scenario is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sizing.plan import Plan

Series = Mapping[str, str]
Scenario = Callable[[Plan, float], Series]
STEPS = 600
STEP_S = 60
SETTLE_M = 15
"""Minutes that rates and percentiles need before they have their value."""
SETTLED_S = SETTLE_M * 60


def flat(value: float) -> str:
    """A gauge that stays."""
    return f"{value:.9f}x{STEPS}"


def growing(per_second: float) -> str:
    """A counter that grows steadily."""
    return f"0+{per_second * STEP_S:.9f}x{STEPS}"


def gauge(series: str, scale: float = 1) -> Scenario:
    """One gauge that has the value itself, or ``scale`` times it."""
    return lambda _plan, value: {series: flat(value * scale)}


def rate(series: str, window_s: float = 1) -> Scenario:
    """One counter that grows by the value in every ``window_s`` seconds."""
    return lambda _plan, value: {series: growing(value / window_s)}


def histogram(name: str, labels: str = "") -> Scenario:
    """A histogram whose 95th percentile is the value: all samples in one bucket that ends at 20/19 of it."""

    def made(_plan: Plan, value: float) -> Series:
        top, comma = value / 0.95, "," if labels else ""
        return {
            f'{name}_bucket{{{labels}{comma}le="{top:.6f}"}}': growing(1),
            f'{name}_bucket{{{labels}{comma}le="+Inf"}}': growing(1),
            f"{name}_count{{{labels}}}": growing(1),
        }

    return made


def present(*series: str) -> Scenario:
    """``value`` 1: the thing is missing; else these series are there."""
    return lambda _plan, value: {} if value == 1 else {one: flat(1) for one in series}
