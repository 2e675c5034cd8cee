"""What makes a plan fit that does not: a change of the stack file that has been planned before it is said.

What a failing case needs is only where the search begins: with another number other things change too, such
as how a pool's nodes are shared out, or what the address plan has room for. So every change is planned and
judged again, raised while it does not do, and never said when it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sizing.clouds.base import Machine, PoolOrder
from sizing.errors import SizingError
from sizing.fit_cases import CaseResult, judge
from sizing.plan import Plan, replanned
from sizing.specs import Pool

TRIES = 6
"""Numbers tried before a larger machine is, and machines of each pool before nothing is."""
MOST_NAMED = 3
"""Pods named in a remedy; the cases list them all."""
PARTS: Mapping[Pool, str] = {"cpu_nodes": "cpu", "gpu_nodes": "gpu"}
"""The pools' names in a stack file, below ``nodes``."""

Changes = dict[str, int | str | None]
"""Path in the stack file -> what to write; None leaves it out."""


@dataclass(frozen=True)
class Remedy:
    """A change of the stack file; all remedies of a plan together make it fit.

    ``value`` is what to write, ``at_least`` the same where it is a number of nodes. Both are None when no
    number of nodes and no machine type helps, and the text says so.
    """

    path: str
    now: int | str
    at_least: int | None
    value: int | str | None
    text: str


def remedies(plan: Plan, cases: Sequence[CaseResult]) -> tuple[Remedy, ...]:
    """The smallest change found that makes the plan fit; empty when it does."""
    failing = [case for case in cases if not case.fits]
    if not failing:
        return ()
    changes = _more_nodes(plan, {}) or _larger_machine(plan, failing)
    if changes is None:
        return (_nothing(plan, failing),)
    return tuple(_remedy(plan, path, changes) for path in changes)


def _more_nodes(plan: Plan, given: Changes) -> Changes | None:
    """``given`` with the numbers of nodes that make the plan fit, None when there are none."""
    changes = dict(given)
    for _ in range(1 + TRIES):
        tried = _planned(plan, changes)
        failing = [case for case in judge(tried) if not case.fits] if tried else []
        if tried is None or any(map(_beyond_numbers, failing)):
            return None
        if not failing:
            return changes
        for path, count in _raised(tried, failing).items():
            before = changes.get(path)
            changes[path] = max(count, before + 1) if isinstance(before, int) else count
    return None


def _beyond_numbers(case: CaseResult) -> bool:
    return case.nodes_needed is None or not all(lost.quorum for lost in case.lost_with_zone)


def _raised(plan: Plan, failing: Sequence[CaseResult]) -> dict[str, int]:
    """The numbers that failing cases ask for; a stated maximum follows the desired number."""
    raised: dict[str, int] = {}
    for pool, part in PARTS.items():
        asked = {"desired": 0, "max": 0}
        for case in (case for case in failing if case.node_group == pool):
            field = "desired" if case.case.at_desired else "max"
            asked[field] = max(asked[field], case.nodes + 1, case.nodes_needed or 0)
        stated = _order(plan, pool).max
        if stated is not None and stated < asked["desired"]:
            asked["max"] = max(asked.values())
        raised |= {f"nodes.{part}.{field}": count for field, count in asked.items() if count}
    return raised


def _larger_machine(plan: Plan, failing: Sequence[CaseResult]) -> Changes | None:
    """The smallest larger machine type that does, of one pool, with other numbers of nodes if need be."""
    for pool, part in PARTS.items():
        order = _order(plan, pool)
        if all(case.node_group != pool for case in failing):
            continue
        for machine in _larger(plan, order.machine):
            larger: Changes = {f"nodes.{part}.machineType": machine}
            # So many of the larger machines may be refused, where fewer of them do.
            free: list[Changes] = [] if order.max is None else [{f"nodes.{part}.max": None}]
            for given in (larger, *(larger | without for without in free)):
                changes = _in_numbers(plan, _more_nodes(plan, given))
                if changes is not None:
                    return changes
    return None


def _in_numbers(plan: Plan, changes: Changes | None) -> Changes | None:
    """The changes with the model's own maximum in place of one left out, None when that does not do."""
    tried = _planned(plan, changes) if changes else None
    if tried is None or changes is None or None not in changes.values():
        return changes
    stated: Changes = {path: _now(tried, path) if value is None else value for path, value in changes.items()}
    return stated if _does(plan, stated) else None


def _larger(plan: Plan, now: Machine) -> Iterator[str]:
    """Machine types with more of what counts, the cpus or the cards, and nothing less; the smallest of each
    size."""
    sizes: dict[int, str] = {}
    for one in sorted(plan.cloud.machines().values(), key=lambda m: (m.vcpu, m.memory_mib, m.name)):
        size, own = (one.gpus, now.gpus) if now.gpus else (one.vcpu, now.vcpu)
        roomy = one.vcpu >= now.vcpu and one.memory_mib >= now.memory_mib
        if size > own and roomy and one.gpu_model == now.gpu_model:
            sizes.setdefault(size, one.name)
    yield from [sizes[size] for size in sorted(sizes)][:TRIES]


def _planned(plan: Plan, changes: Changes) -> Plan | None:
    """The plan of the stack with the changes, None when it would be refused."""
    try:
        return replanned(plan, changes)
    except SizingError:
        return None


def _does(plan: Plan, changes: Changes) -> bool:
    """Whether the stack fits with the changes."""
    tried = _planned(plan, changes)
    return tried is not None and all(case.fits for case in judge(tried))


def _remedy(plan: Plan, path: str, changes: Changes) -> Remedy:
    """One of the changes in words. A maximum may be left out when the model's own does."""
    value, now = changes[path], _now(plan, path)
    if not isinstance(value, int):
        text = f"No number of {now} that can be ordered would do: set {path} to {value}."
        return Remedy(path, now, None, value, text)
    free = path.endswith(".max") and _does(plan, changes | {path: None})
    least = "at least " if isinstance(now, int) and value > now else ""
    text = f"Set {path} to {least}{value}{', or leave it out' if free else ''}."
    return Remedy(path, now, value, value, text)


def _nothing(plan: Plan, failing: Sequence[CaseResult]) -> Remedy:
    """No change of the nodes helps: what stays pending has to ask for less, or a rule stands in the way."""
    case = failing[0]
    path = f"nodes.{PARTS[case.node_group]}.{'desired' if case.case.at_desired else 'max'}"
    pods = sorted({one.pod for one in case.unplaced})
    named = ", ".join(pods[:MOST_NAMED]) + (
        f" and {rest} more" if (rest := len(pods) - MOST_NAMED) > 0 else ""
    )
    machine = _order(plan, case.node_group).machine.name
    text = (
        f"No number of {machine} and no larger machine type that can be ordered would do."
        f" Lower the replicas or the requests of {named or 'the pods'}."
    )
    return Remedy(path, case.nodes, None, None, text + _hindrance(plan, failing))


def _hindrance(plan: Plan, failing: Sequence[CaseResult]) -> str:
    """The rule that refuses the numbers of nodes which the cases ask for, if one does."""
    if any(map(_beyond_numbers, failing)):
        return ""
    asked = _raised(plan, failing)
    try:
        replanned(plan, asked)
    except SizingError as refused:
        numbers = ", ".join(f"{path} {count}" for path, count in asked.items())
        return f" With {numbers}: {refused.path}: {refused.limit}. {refused.remedy}"
    return ""


def _now(plan: Plan, path: str) -> int | str:
    """What the plan has at a path below ``nodes``."""
    _, part, field = path.split(".")
    pool: Pool = "cpu_nodes" if part == PARTS["cpu_nodes"] else "gpu_nodes"
    order = _order(plan, pool)
    if field == "machineType":
        return order.machine.name
    return order.desired if field == "desired" else plan.pool_max(pool)


def _order(plan: Plan, pool: Pool) -> PoolOrder:
    return plan.order.cpu if pool == "cpu_nodes" else plan.order.gpu
