"""The model, computed once in a worker for the same settings: a stack's life runs one program ten times.

Its answer depends on the settings alone (tests/sizing); here it is about what the engine makes of that.
"""

from __future__ import annotations

from typing import Final

from infra import planning, program
from infra.settings import Settings
from sizing import fit
from sizing.fit_cases import CaseResult
from sizing.plan import Plan

_compute = planning.plan_of
_judge = fit.judge
_plans: Final[dict[str, Plan]] = {}
_verdicts: Final[dict[int, tuple[Plan, tuple[CaseResult, ...]]]] = {}
"""By the identity of a plan, which stays its own as long as the plan is kept here."""


def plan_of(settings: Settings) -> Plan:
    """As ``infra.planning.plan_of``."""
    key = repr(settings)
    if key not in _plans:
        _plans[key] = _compute(settings)
    return _plans[key]


def judged(plan: Plan) -> tuple[CaseResult, ...]:
    """As ``sizing.fit_cases.judge``."""
    if id(plan) not in _verdicts:
        _verdicts[id(plan)] = plan, _judge(plan)
    return _verdicts[id(plan)][1]


def install() -> None:
    """Have the program, and the offline preview, of this process use these."""
    planning.plan_of = program.plan_of = plan_of
    fit.judge = judged
