"""Does the plan fit its nodes: at the start, at every autoscaler's maximum, and with a zone lost (D2, D6).

Four cases. ``minimum``: the desired nodes with every replica that runs at the start. ``hpa_maximum``: the
groups' maximum with every autoscaler at its own. The ``zone_lost`` cases lose the nodes of the first zone
and the pods whose volumes are there. With a zone lost engines must run at their minimum: spare GPUs for their
maximum would idle all year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from sizing import capacity
from sizing.capacity import Demand
from sizing.node_groups import Share
from sizing.placement import NodeShape, Placement, Pod, Unplaced
from sizing.plan import Plan
from sizing.specs import NodeGroupSpec, Pool, Workload

POOLS: tuple[Pool, ...] = get_args(Pool)


class Case(StrEnum):
    """When the pods have to fit."""

    MINIMUM = "minimum"
    HPA_MAXIMUM = "hpa_maximum"
    ZONE_LOST_MINIMUM = "zone_lost_minimum"
    ZONE_LOST_HPA_MAXIMUM = "zone_lost_hpa_maximum"

    @property
    def zone_lost(self) -> bool:
        return self in (Case.ZONE_LOST_MINIMUM, Case.ZONE_LOST_HPA_MAXIMUM)

    @property
    def at_desired(self) -> bool:
        """Whether the groups have their desired nodes; in every other case they have grown to the maximum."""
        return self is Case.MINIMUM

    def at_maximum(self, pool: Pool) -> bool:
        """Whether the autoscalers of the pool's pods are at their maximum."""
        if self is Case.ZONE_LOST_HPA_MAXIMUM:
            return pool == "cpu_nodes"
        return self is Case.HPA_MAXIMUM


@dataclass(frozen=True)
class LostPods:
    """Pods of one workload that went with their volumes. ``needed`` of its replicas have to remain."""

    pod: str
    count: int
    remaining: int
    needed: int

    @property
    def quorum(self) -> bool:
        return self.remaining >= self.needed


@dataclass(frozen=True)
class CaseResult:
    """One case of one pool.

    ``nodes`` and ``nodes_needed`` count before a zone is lost, ``nodes_left`` after it. ``nodes_needed`` is
    None when no number of these nodes would do; where engines have nodes of their own and one has too few,
    the others keep what they have. ``by_luck``: this count holds with the volumes where they are
    in this case, and not with them elsewhere, or a larger count does not hold.
    """

    case: Case
    node_group: Pool
    nodes: int
    nodes_left: int
    nodes_needed: int | None
    cpu_percent: float | None
    memory_percent: float | None
    gpu_percent: float | None
    unplaced: tuple[Unplaced, ...]
    lost_with_zone: tuple[LostPods, ...]
    by_luck: bool

    @property
    def fits(self) -> bool:
        return not self.unplaced and not self.by_luck and all(lost.quorum for lost in self.lost_with_zone)


def node_shape(share: Share) -> NodeShape:
    """A node of the share as the scheduler sees it, before its DaemonSets."""
    machine = share.order.machine
    return NodeShape(
        machine.allocatable_cpu_m,
        machine.allocatable_memory_mib,
        machine.max_pods,
        machine.gpus,
        share.labels,
    )


def shares_of(plan: Plan, pool: Pool) -> Iterator[Share]:
    """The pool's node groups whose nodes have the same labels, taken together over the zones."""
    found: dict[tuple[tuple[str, str], ...], list[NodeGroupSpec]] = {}
    for group in plan.groups(pool):
        found.setdefault(tuple(sorted(group.labels.items())), []).append(group)
    order, start = plan.order.cpu if pool == "cpu_nodes" else plan.order.gpu, 0
    for labels, groups in found.items():
        least, desired, most = (sum(getattr(g, end) for g in groups) for end in ("min", "desired", "max"))
        first = start % len(plan.order.zones)
        yield Share(groups[0].name, pool, order, least, desired, most, dict(labels), first)
        start += most


def demands(plan: Plan, pool: Pool, case: Case) -> Iterator[tuple[Share, Demand]]:
    """What each share of the pool has to hold in the case."""
    every = plan.workloads.items
    placed, on_every_node = capacity.placed_in(every, pool), capacity.daemons(every, pool)
    for share in shares_of(plan, pool):
        shape = capacity.free_shape(node_shape(share), on_every_node)
        mine = tuple(w for w in placed if shape.carries(w.node_labels))
        yield (
            share,
            Demand(mine, shape, plan.order.zones, case.at_maximum(pool), case.zone_lost, share.start),
        )


def nodes_of(plan: Plan, pool: Pool, case: Case) -> list[tuple[str, NodeShape]]:
    """The nodes there are in the case as (zone, shape before DaemonSets), without those of a lost zone."""
    made: list[tuple[str, NodeShape]] = []
    for share in shares_of(plan, pool):
        count = share.desired if case.at_desired else share.max
        made += capacity.round_robin(count, node_shape(share), plan.order.zones, share.start)
    return capacity.surviving(made, plan.order.zones[0]) if case.zone_lost else made


def pods_in(plan: Plan, pool: Pool, case: Case) -> list[Pod]:
    """Every pod the scheduler has to place in the case: DaemonSets apart, without those lost with a zone."""
    return [pod for _, demand in demands(plan, pool, case) for pod in demand.pods()]


def judge(plan: Plan) -> tuple[CaseResult, ...]:
    """Every case of both pools."""
    return tuple(_case(plan, pool, case) for case in Case for pool in POOLS)


def _case(plan: Plan, pool: Pool, case: Case) -> CaseResult:
    lucky, unplaced = False, list[Unplaced]()
    counts: list[tuple[int, int | None]] = []
    for share, demand in demands(plan, pool, case):
        count = share.desired if case.at_desired else share.max
        missing = capacity.failure(demand, count)
        fewest = capacity.needed(demand)
        pending = _pending(demand, count) if missing else ()
        unplaced += pending
        lucky = lucky or (not pending and (bool(missing) or fewest is None or count < fewest))
        counts.append((count, fewest))
    left = nodes_of(plan, pool, case)
    usage = _usage(plan, pool, left, pods_in(plan, pool, case))
    return CaseResult(
        case=case,
        node_group=pool,
        nodes=sum(count for count, _ in counts),
        nodes_left=len(left),
        nodes_needed=_needed(counts),
        cpu_percent=usage[0],
        memory_percent=usage[1],
        gpu_percent=usage[2],
        unplaced=tuple(unplaced),
        lost_with_zone=tuple(_lost(plan, pool, case)),
        by_luck=lucky,
    )


def _needed(counts: list[tuple[int, int | None]]) -> int | None:
    """Nodes the pool needs, from (nodes, need) of each share; while one is short, the others keep theirs."""
    known = [(count, fewest) for count, fewest in counts if fewest is not None]
    if len(known) < len(counts):
        return None
    short = any(count < fewest for count, fewest in known)
    return sum(max(count, fewest) if short else fewest for count, fewest in known)


def _pending(demand: Demand, count: int) -> tuple[Unplaced, ...]:
    """What stays pending with the volumes as the case has them, so that no pod is both lost and pending.

    Pods of higher priority come first, as they push others out in a cluster. Empty when only volumes in
    other zones leave a pod out: that is luck.
    """
    ranked = sorted(capacity.canonical(demand.pods()), key=lambda pod: -pod.workload.priority)
    left_out = Placement(demand.nodes(count)).place_all(ranked)
    return left_out or capacity.failure(demand, count, first_start=True)


def _usage(
    plan: Plan, pool: Pool, left: list[tuple[str, NodeShape]], pods: list[Pod]
) -> tuple[float | None, float | None, float | None]:
    """Percent of the nodes' allocatable cpu, memory and GPUs that is requested, DaemonSets included."""
    daemons = capacity.daemons(plan.workloads.items, pool)
    asked = (
        sum(p.cpu_m for p in pods) + len(left) * sum(d.cpu_m for d in daemons),
        sum(p.memory_mib for p in pods) + len(left) * sum(d.memory_mib for d in daemons),
        sum(p.gpus for p in pods),
    )
    given = (
        sum(s.cpu_m for _, s in left),
        sum(s.memory_mib for _, s in left),
        sum(s.gpus for _, s in left),
    )
    cpu, memory, gpus = (round(100 * a / g, 1) if g else None for a, g in zip(asked, given, strict=True))
    return cpu, memory, gpus


def _lost(plan: Plan, pool: Pool, case: Case) -> Iterator[LostPods]:
    if not case.zone_lost:
        return
    at_maximum = case.at_maximum(pool)
    for workload in capacity.placed_in(plan.workloads.items, pool):
        pods = capacity.pods_of([workload], plan.order.zones, at_maximum=at_maximum)
        gone = sum(pod.zone == plan.order.zones[0] for pod in pods)
        if gone:
            yield LostPods(workload.name, gone, len(pods) - gone, _quorum(workload))


def _quorum(workload: Workload) -> int:
    """Replicas that have to survive; none of a workload that never had a second one (D16)."""
    return workload.quorum or 0
