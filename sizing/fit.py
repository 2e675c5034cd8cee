"""``fit()``: the verdict on a plan and what would make it fit; ``check_fit()`` refuses one that does not."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.errors import SizingError
from sizing.fit_cases import CaseResult, judge
from sizing.plan import Plan
from sizing.remedies import Remedy, remedies


@dataclass(frozen=True)
class Fit:
    """The answer, with every case behind it and what would make failing ones fit."""

    cases: tuple[CaseResult, ...]
    remedies: tuple[Remedy, ...]

    @property
    def fits(self) -> bool:
        return all(case.fits for case in self.cases)

    @property
    def verdict(self) -> str:
        return "fits" if self.fits else "does not fit"


def fit(plan: Plan) -> Fit:
    """The verdict on a plan: every case of both pools."""
    cases = judge(plan)
    return Fit(cases, remedies(plan, cases))


def check_fit(plan: Plan) -> None:
    """Refuse a plan whose pods would stay pending.

    Raises:
        SizingError: with everything that has to change, before anything is registered.
    """
    found = fit(plan)
    if found.fits:
        return
    failing = next(case for case in found.cases if not case.fits)
    first = found.remedies[0]
    said = " ".join(remedy.text for remedy in found.remedies)
    raise SizingError(first.path, first.now, f"does not fit: {why(failing)}", said)


def why(failing: CaseResult) -> str:
    """One line on a case that does not fit."""
    where = f"{failing.case.value} on {failing.nodes_left} {failing.node_group}"
    broken = [lost for lost in failing.lost_with_zone if not lost.quorum]
    if failing.unplaced:
        one = failing.unplaced[0]
        more = sum(u.count for u in failing.unplaced) - one.count
        return f"{where}: {one.count} x {one.pod} {one.reason}" + (f", and {more} more pods" if more else "")
    if broken:
        return f"{where}: {broken[0].remaining} of {broken[0].pod} remain, {broken[0].needed} are needed"
    return f"{where}: holds by luck only; volumes in other zones or one node more leave pods out"
