"""Plans of overridden stacks for tests, and what must hold of every plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.planning import plan_of
from infra.settings import load
from sizing.cells import guide_cells
from sizing.findings import Finding, Kind
from sizing.plan import Plan
from sizing.report import size_report
from sizing.rules import value_at

DECISION = re.compile(r"D([1-9]|[12]\d|3[0-8])|override")
SECTION = re.compile(r"\d\.\d|App\. A")


def planned(tier: str, **overrides: Any) -> Plan:
    """The plan of a stack with the configuration's own keys."""
    return plan_of(load({"tier": tier, **overrides}))


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Nested configuration objects as one."""
    made: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            old = made.get(key)
            made[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return made


def finding(plan: Plan, id_: str, path: str | None) -> Finding | None:
    """The finding of a decision for a path, None when there is none."""
    return next((f for f in plan.findings if (f.id, f.path) == (id_, path)), None)


def check_findings(plan: Plan) -> None:
    """The contract of findings: identified, sourced, one per path, and saying something true."""
    report = size_report(plan)
    paths = [f.path for f in plan.findings if f.path is not None]
    assert len(paths) == len(set(paths)), "more than one finding for a path"
    for f in plan.findings:
        assert DECISION.fullmatch(f.id), f
        assert SECTION.fullmatch(f.section), f
        assert f.reason.strip(), f
        assert f.source.strip(), f
        if f.path is not None:
            value = value_at(report, f.path)
            if f.kind is Kind.RISK:
                assert f.actual == value, f
        if f.kind is not Kind.RISK:
            assert f.guide != f.actual, f
    cells = guide_cells(plan.requirements.tier)
    silent = [p for p, (_, cell) in cells.items() if value_at(report, p) != cell and p not in paths]
    assert silent == [], "differs from the guide without a finding"
