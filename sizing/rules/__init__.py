"""Findings: every difference between the guide and the plan, computed from the plan's data.

Each rule looks at numbers, never at a tier's name alone: an override that removes the cause removes the
finding. What the stack itself overrides is reported as ``override``, so that no cell ever differs in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sizing.cells import Cell, guide_cells
from sizing.findings import Finding, Scalar, overridden, sort_key
from sizing.plan import Plan
from sizing.report import size_report
from sizing.rules import capacity, data, inference, infrastructure, observability, postgres, proxies

RULES = (
    proxies.rules,
    inference.rules,
    postgres.rules,
    data.rules,
    infrastructure.rules,
    observability.rules,
    capacity.rules,
)


def findings(plan: Plan) -> tuple[Finding, ...]:
    """All findings of the plan, sorted; one per path.

    Raises:
        ValueError: two rules claim one path (a defect of the rules).
    """
    found = [finding for rules in RULES for finding in rules(plan)]
    claimed = [f.path for f in found if f.path is not None]
    twice = {path for path in claimed if claimed.count(path) > 1}
    if twice:
        raise ValueError(f"more than one finding for {', '.join(sorted(twice))}")
    return tuple(sorted([*found, *_overridden(plan, set(claimed))], key=sort_key))


def value_at(report: Mapping[str, Any], path: str) -> Any:
    """The value of a ``gateway size`` report at a dotted path such as ``vllm.engines[0].gpus``."""
    value: Any = report
    for part in path.replace("]", "").replace("[", ".").split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def differing_cells(plan: Plan) -> dict[str, tuple[str, Cell, Cell]]:
    """Path -> (section, guide, actual) of every cell of the guide whose value in the report differs."""
    report = size_report(plan)
    made: dict[str, tuple[str, Cell, Cell]] = {}
    for path, (section, guide) in guide_cells(plan.requirements.tier).items():
        actual: Cell = value_at(report, path)
        if actual != guide:
            made[path] = (section, guide, actual)
    return made


def _scalar(cell: Cell) -> Scalar:
    return "-".join(str(v) for v in cell) if isinstance(cell, list) else cell


def _overridden(plan: Plan, claimed: set[str]) -> Iterable[Finding]:
    for path, (section, guide, actual) in differing_cells(plan).items():
        if path not in claimed:
            yield overridden(section, path, _scalar(guide), _scalar(actual))
