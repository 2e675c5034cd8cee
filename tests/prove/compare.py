"""Where the model's answer differs from the scheduler's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sizing import capacity
from sizing.fit import fit
from sizing.fit_cases import POOLS, Case
from sizing.placement import Pod
from sizing.plan import Plan
from tests.prove.cases import ClusterCase, pool_of
from tests.prove.manifests import Pods
from tests.prove.running import Outcome


@dataclass(frozen=True)
class Answer:
    """What the model says of a case, in the scheduler's terms."""

    fits: bool
    unplaced: Mapping[str, int]
    lost_with_zone: Mapping[str, int] = field(default_factory=dict[str, int])


def answer_of(plan: Plan, case: Case) -> Answer:
    """The answer of ``gateway fit``, both pools together."""
    results = [result for result in fit(plan).cases if result.case is case]
    unplaced, lost = Counter[str](), Counter[str]()
    for result in results:
        unplaced.update({u.pod: u.count for u in result.unplaced})
        lost.update({pods.pod: pods.count for pods in result.lost_with_zone})
    return Answer(all(result.fits for result in results), unplaced, lost)


def answer_for(case: ClusterCase) -> Answer:
    """The placement's answer for nodes and pods that no plan has."""
    unplaced = Counter[str]()
    for pool in POOLS:
        daemons = capacity.daemons([p.workload for p in case.pods], pool)
        nodes = [(z, capacity.free_shape(s, daemons)) for z, s in case.nodes if pool_of(s) == pool]
        pods = [pod for p in case.pods if p.workload.node_group == pool for pod in _each(p)]
        unplaced.update({u.pod: u.count for u in capacity.place_all(nodes, pods)} if pods else {})
    return Answer(not unplaced, unplaced)


def _each(pods: Pods) -> list[Pod]:
    if pods.workload.kind == "DaemonSet":
        return []
    return [Pod(pods.workload, pods.zones[i] if pods.zones else None) for i in range(pods.replicas)]


def differences(case: ClusterCase, outcome: Outcome, answer: Answer) -> list[str]:
    """One line for each thing the model says otherwise than the scheduler; empty when they agree."""
    lines: list[str] = []
    fitting = not outcome.unplaced and _quorate(case, outcome)
    if answer.fits != fitting:
        lines.append(f"verdict: model {_verdict(answer.fits)}, scheduler {_verdict(fitting)}")
    for what, model, real in (
        ("unplaced", answer.unplaced, outcome.unplaced),
        ("lost with its zone", answer.lost_with_zone, outcome.lost_with_zone),
    ):
        for name in sorted({*model, *real}):
            if model.get(name, 0) != real.get(name, 0):
                why = f" ({outcome.reasons[name]})" if name in outcome.reasons else ""
                lines.append(
                    f"{what}: {name}: model {model.get(name, 0)}, scheduler {real.get(name, 0)}{why}"
                )
    return lines


def _quorate(case: ClusterCase, outcome: Outcome) -> bool:
    """Whether enough replicas remain of every workload that lost some with a zone."""
    lost = outcome.lost_with_zone
    return all(p.replicas - lost.get(p.workload.name, 0) >= (p.workload.quorum or 0) for p in case.pods)


def _verdict(fits: bool) -> str:
    return "fits" if fits else "does not fit"
