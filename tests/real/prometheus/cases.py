"""Generated tests for ``promtool test rules``: every alert of a plan, every level, both sides of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sizing.alerts.model import Alert, Level
from sizing.alerts.rules import alerts
from sizing.plan import Plan
from tests.real.prometheus.corners import MORE, QUIET
from tests.real.prometheus.scenarios import scenario
from tests.real.prometheus.series import SETTLE_M, STEP_S, Scenario, Series

LONG_WINDOWS_M = {"SpendLogOutgrowsDisk": 6 * 60, "LongTermMetricsNotUploaded": 30}
"""Windows longer than that, by alert."""
SMALL = 0.01
"""How far beyond or before a threshold a test looks, as a share of it; counts move by a whole step."""
STEPWISE = {
    "AutoscalerBlind", "CpuNodesAtMaximum", "GpuNodesAtMaximum", "VaultSealed",
    "VaultQuorumLost", "VaultWithoutLeader", "SecretNotSynced", "LongTermMetricsHalted",
}  # fmt: skip
"""Alerts about counts and states: their figures are whole numbers."""
LONGEST_CHECKED_FOR_M = 2
"""Alerts that wait less than this are not looked at while they wait."""


def minutes(duration: str) -> int:
    """A Prometheus duration in minutes."""
    number, unit = int(duration[:-1]), duration[-1]
    return number * {"m": 1, "h": 60}[unit]


def sides(alert: Alert, level: Level) -> tuple[float, float]:
    """(good, bad): values just before and just beyond a level."""
    if level.value is None:
        return 0, 1
    value, step = level.value, 1.0 if alert.name in STEPWISE else abs(level.value) * SMALL or 0.5
    match alert.op:
        case ">":
            return (value if step == 0.5 else value - step), value + step
        case ">=":
            return value - step, value
        case "<":
            return (value if alert.name in STEPWISE else value + step), value - step
        case "==":
            return value - step, value
        case _:
            return value, value + step


def file_for(plan: Plan, cloud: str, group: str, rules: str) -> dict[str, Any]:
    """A test file for the alerts of one group, whose rules are in the file ``rules``."""
    found = [alert for alert in alerts(plan) if alert.group == group]
    tests = [test for alert in found for test in _tests(plan, cloud, alert)]
    return {"rule_files": [rules], "evaluation_interval": f"{STEP_S}s", "tests": tests}


def _tests(plan: Plan, cloud: str, alert: Alert) -> Iterator[dict[str, Any]]:
    for number, one in enumerate((scenario(alert, cloud), *MORE.get(alert.name, ()))):
        yield from _both_sides(plan, alert, one, f" ({number})" if number else "")
    for reason, quiet in QUIET.get(alert.name, {}).items():
        yield _test(alert, quiet, [], reason)


def _both_sides(plan: Plan, alert: Alert, made: Scenario, mark: str) -> Iterator[dict[str, Any]]:
    worst = sides(alert, alert.levels[0])[0]
    yield _test(alert, made(plan, worst), [], f"just below every level{mark}")
    for index, level in enumerate(alert.levels):
        fired = [level] if alert.op == "!=" else list(alert.levels[: index + 1])
        bad = sides(alert, level)[1]
        yield _test(alert, made(plan, bad), fired, f"just beyond {level.severity}{mark}")
        if index + 1 < len(alert.levels):
            after = alert.levels[index + 1]
            yield _test(
                alert, made(plan, sides(alert, after)[0]), fired, f"just below {after.severity}{mark}"
            )


def _test(alert: Alert, series: Series, fired: list[Level], name: str) -> dict[str, Any]:
    end = minutes(alert.for_) + LONG_WINDOWS_M.get(alert.name, 0) + SETTLE_M
    checks = [_expect(alert, level, end, firing=level in fired) for level in alert.levels]
    if fired and minutes(alert.for_) > LONGEST_CHECKED_FOR_M:
        checks.append(_expect(alert, fired[0], minutes(alert.for_) - 1, firing=False))
    return {
        "name": f"{alert.name}: {name}",
        "interval": f"{STEP_S}s",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": checks,
    }


def _expect(alert: Alert, level: Level, minute: int, *, firing: bool) -> dict[str, Any]:
    """Whether an alert fires at a level, once, with every label that its summary names."""
    wanted = {"alertname": alert.name, "severity": level.severity, "alertstate": "firing", **alert.labels}
    if level.mark:
        wanted["guide_level"] = level.mark
    matchers = [f'{key}="{value}"' for key, value in wanted.items()]
    if firing:
        matchers += [f'{label}!=""' for label in re.findall(r"\$labels\.(\w+)", alert.summary)]
    return {
        "expr": f"count(ALERTS{{{','.join(matchers)}}})",
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": "{}", "value": 1}] if firing else [],
    }
