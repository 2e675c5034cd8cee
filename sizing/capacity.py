"""How many nodes do the pods need? Counts that hold for many arrival orders, and so does every larger count.

The scheduler is greedy, so a plan may fit by luck: one order fits and another does not, and even one node
more can leave a pod out. A count is enough only when it holds for every order tried and every larger count
does too, up to the count from which no order could fail (``certain``). By this definition a node more never
makes a fitting plan unfit. D2.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sizing.placement import Nodes, NodeShape, Placement, Pod, Unplaced
from sizing.specs import Pool, Workload

LEAST_ORDERS, MOST_ORDERS = 7, 120
"""Shuffles tried with fixed seeds, so that a verdict never changes. An order that leaves a pod out may be one
in a hundred."""
PODS_TRIED = 6_000
"""Pods placed to try one number of nodes: small demands can afford more shuffles than large ones, whose luck
evens out."""
CROWDED, HALF_FULL = 0.6, 0.5
"""Shares of the total requested. Below the first few shuffles are tried, below the second none: with that
much room only a large pod that arrives last is at risk, and that is tried at every number of nodes."""
LATE = 6
"""Workloads that are tried as the last to arrive: those that most nodes could refuse."""
MOST_NODES = 450
"""Default quota of nodes in one EKS managed node group, the lowest of the clouds'; where the search ends."""


@dataclass(frozen=True)
class Demand:
    """Pods that share nodes of one shape: what has to be placed, before a number of nodes is known.

    ``shape`` is a node after its DaemonSets. ``at_maximum``: with every autoscaler at its maximum.
    ``zone_lost``: the nodes of the first zone are gone, and so are the pods bound to it. ``start`` is the
    zone that gets the first node.
    """

    workloads: tuple[Workload, ...]
    shape: NodeShape
    zones: tuple[str, ...]
    at_maximum: bool
    zone_lost: bool
    start: int = 0

    def __hash__(self) -> int:
        pods = tuple((w.name, w.replicas, w.max_replicas) for w in self.workloads)
        return hash((pods, self.shape.cpu_m, self.shape.memory_mib, self.at_maximum, self.zone_lost))

    def nodes(self, count: int) -> list[tuple[str, NodeShape]]:
        """``count`` nodes over the zones, without those of a lost zone."""
        every = round_robin(count, self.shape, self.zones, self.start)
        return surviving(every, self.zones[0]) if self.zone_lost else every

    def pods(self, first_zone: int = 0) -> list[Pod]:
        """The pods to place; ``first_zone`` is where the volume of each first replica is."""
        made = pods_of(self.workloads, self.zones, at_maximum=self.at_maximum, first_zone=first_zone)
        return [pod for pod in made if pod.zone != self.zones[0]] if self.zone_lost else made


def daemons(workloads: Iterable[Workload], pool: Pool) -> list[Workload]:
    """DaemonSets that run on every node of the pool."""
    return [w for w in workloads if w.kind == "DaemonSet" and w.node_group in ("all", pool)]


def placed_in(workloads: Iterable[Workload], pool: Pool) -> tuple[Workload, ...]:
    """Workloads whose pods the scheduler has to place in the pool."""
    return tuple(w for w in workloads if w.kind != "DaemonSet" and w.node_group == pool)


def free_shape(shape: NodeShape, on_every_node: Sequence[Workload]) -> NodeShape:
    """A node's capacity after its DaemonSets."""
    return NodeShape(
        cpu_m=shape.cpu_m - sum(w.cpu_m for w in on_every_node),
        memory_mib=shape.memory_mib - sum(w.memory_mib for w in on_every_node),
        pods=shape.pods - len(on_every_node),
        gpus=shape.gpus,
        labels=shape.labels,
    )


def pods_of(
    workloads: Iterable[Workload], zones: Sequence[str], *, at_maximum: bool, first_zone: int = 0
) -> list[Pod]:
    """Every pod; replicas with volumes are bound to zones round-robin from ``first_zone``, as spread does."""
    made: list[Pod] = []
    for workload in workloads:
        count = workload.most_replicas if at_maximum else workload.replicas
        made += [
            Pod(workload, zones[(i + first_zone) % len(zones)] if workload.volumes else None)
            for i in range(count)
        ]
    return made


def round_robin(
    count: int, shape: NodeShape, zones: Sequence[str], start: int = 0
) -> list[tuple[str, NodeShape]]:
    """``count`` equal nodes over the zones, the first in zone ``start``."""
    return [(zones[(i + start) % len(zones)], shape) for i in range(count)]


def surviving(nodes: Nodes, lost: str) -> list[tuple[str, NodeShape]]:
    """The nodes outside the lost zone."""
    return [(zone, shape) for zone, shape in nodes if zone != lost]


def shuffles(pods: Sequence[Pod], full: float) -> int:
    """How many shuffles are tried on nodes that are ``full`` to this share."""
    if full < HALF_FULL:
        return 0
    return min(
        max(PODS_TRIED // (len(pods) or 1), LEAST_ORDERS), MOST_ORDERS if full >= CROWDED else LEAST_ORDERS
    )


def canonical(pods: Sequence[Pod]) -> list[Pod]:
    """The pods largest first, whatever the input's order."""
    return sorted(pods, key=lambda p: (-p.cpu_m, -p.memory_mib, p.workload.name, p.zone or ""))


def shuffled(pods: Sequence[Pod], seed: int) -> list[Pod]:
    """The pods in one of their arrival orders."""
    arrived = list(pods)
    random.Random(seed).shuffle(arrived)
    return arrived


def place_all(nodes: Nodes, pods: Sequence[Pod]) -> tuple[Unplaced, ...]:
    """Place every pod under several arrival orders; the first order that leaves a pod out decides."""
    largest_first = canonical(pods)
    tried = (shuffled(largest_first, seed) for seed in range(shuffles(pods, fullness(nodes, pods))))
    for order in (largest_first, largest_first[::-1], *tried):
        unplaced = Placement(nodes).place_all(order)
        if unplaced or short(nodes, pods):
            return unplaced
    return ()


def short(nodes: Nodes, pods: Sequence[Pod]) -> bool:
    """Whether the nodes' sum is too small for the pods' sum: no order can help."""
    return fullness(nodes, pods) > 1


def fullness(nodes: Nodes, pods: Sequence[Pod]) -> float:
    """The largest share of the nodes' sum that the pods ask for, over cpu, memory, GPUs and pods."""
    asked = (
        sum(p.cpu_m for p in pods),
        sum(p.memory_mib for p in pods),
        sum(p.gpus for p in pods),
        len(pods),
    )
    given = (
        sum(s.cpu_m for _, s in nodes),
        sum(s.memory_mib for _, s in nodes),
        sum(s.gpus for _, s in nodes),
        sum(s.pods for _, s in nodes),
    )
    return max((a / g if g > 0 else float("inf") for a, g in zip(asked, given, strict=True) if a), default=0)


@functools.lru_cache(maxsize=4096)
def failure(demand: Demand, count: int, *, first_start: bool = False) -> tuple[Unplaced, ...]:
    """What ``count`` nodes leave out under the first arrival order that fails; empty when all succeed.

    Each order also begins the volumes in another zone, since nobody chooses where a volume is made;
    ``first_start``: in the first zone only.
    """
    zones = tuple(zone for zone, _ in demand.nodes(count))
    return _failure(demand, zones, 1 if first_start else len(demand.zones))


@functools.lru_cache(maxsize=4096)
def _failure(demand: Demand, zones: tuple[str, ...], starts: int) -> tuple[Unplaced, ...]:
    """The same for a node in each of ``zones``: counts that differ in the lost zone alone leave the same."""
    nodes = [(zone, demand.shape) for zone in zones]
    by_start = [_largest_first(demand, start) for start in range(starts)]
    if unplaced := Placement(nodes).place_all(by_start[0]):
        return unplaced
    if len(demand.workloads) == 1 and not demand.workloads[0].volumes:
        return ()  # pods that are all alike arrive in one order only
    full = fullness(nodes, by_start[0])
    for start, pods in enumerate(by_start[: 1 if full < HALF_FULL else None]):
        if unplaced := _late(demand, nodes, pods, start):
            return unplaced
    for seed in range(shuffles(by_start[0], full)):
        if unplaced := Placement(nodes).place_all(shuffled(by_start[seed % starts], seed)):
            return unplaced
    return ()


@functools.lru_cache(maxsize=1024)
def _largest_first(demand: Demand, start: int) -> list[Pod]:
    return canonical(demand.pods(start))


def _late(
    demand: Demand, nodes: list[tuple[str, NodeShape]], pods: Sequence[Pod], seed: int
) -> tuple[Unplaced, ...]:
    """What stays out when the workloads at risk arrive after all others, each of them as the last once.

    A pod that comes late, as after a restart, finds the others spread over every node.
    """
    late = [name for name, enough in _enough(demand) or () if len(nodes) < enough][:LATE]
    if not late:
        return ()
    early = Placement(nodes)
    if unplaced := early.place_all(shuffled([p for p in pods if p.workload.name not in late], seed)):
        return unplaced
    own = {name: [pod for pod in pods if pod.workload.name == name] for name in late}
    for last in late:
        tail = [pod for name in late if name != last for pod in own[name]] + own[last]
        if unplaced := early.copy().place_all(tail):
            return unplaced
    return ()


def certain(demand: Demand) -> int | None:
    """The number of nodes from which no arrival order can leave a pod out; None when a pod is too large."""
    enough = _enough(demand)
    if enough is None:
        return None
    left = max((nodes for _, nodes in enough), default=0)
    zones, lost = len(demand.zones), 1 if demand.zone_lost else 0
    return -(-left * zones // (zones - lost)) + (lost if left else 0)


@functools.lru_cache(maxsize=1024)
def _enough(demand: Demand) -> tuple[tuple[str, int], ...] | None:
    """Each workload with the nodes left from which none of its pods can be refused, the most first.

    A node refuses a pod only when others have taken so much of one resource that the pod's own request is
    not left. The sum of all pods makes so many nodes refuse at most; one node more always takes it. Pods
    bound to a zone, or held back by hard zone spread, need that many nodes in each zone. None when a pod is
    too large for an empty node.
    """
    found: dict[str, int] = {}
    left = len(demand.zones) - (1 if demand.zone_lost else 0)
    for pods in (demand.pods(start) for start in range(len(demand.zones))):
        for pod in {p.workload.name: p for p in pods}.values():
            room = _refusing(pod, pods, demand.shape)
            if room is None:
                return None
            hard = pod.workload.spread_hosts == "hard"
            need = room + 1 + (demand_of(pod.workload, demand) - 1 if hard else 0)
            one_zone = pod.zone is not None or pod.workload.spread_zones == "hard"
            name = pod.workload.name
            found[name] = max(found.get(name, 0), need * left if one_zone else need)
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def demand_of(workload: Workload, demand: Demand) -> int:
    """Pods of a workload at the demand's time."""
    return workload.most_replicas if demand.at_maximum else workload.replicas


def _refusing(pod: Pod, pods: Sequence[Pod], shape: NodeShape) -> int | None:
    """The most nodes that the other pods can make refuse ``pod``; None when an empty node does."""
    total = 0.0
    others = [p for p in pods if p.zone is None or pod.zone is None or p.zone == pod.zone]
    for asked, own, capacity in (
        (sum(p.cpu_m for p in others), pod.cpu_m, shape.cpu_m),
        (sum(p.memory_mib for p in others), pod.memory_mib, shape.memory_mib),
        (sum(p.gpus for p in others), pod.gpus, shape.gpus),
        (len(others), 1, shape.pods),
    ):
        if own > capacity:
            return None
        total += (asked - own) / (capacity - own + 1)
    return min(int(total), len(others) - 1)  # an empty node refuses nobody


EVERY_COUNT_TO = 64
"""Up to here every larger count is tried; beyond, one in each sixteenth: a large group differs less."""


def larger_counts(least: int, most: int) -> list[int]:
    """Counts from ``least`` to ``most`` to try, the same ones whatever ``least`` is but for itself."""
    found: list[int] = []
    count = 1
    while count <= most:
        if count >= least:
            found.append(count)
        count += max(1, count // 16) if count >= EVERY_COUNT_TO else 1
    return found if least in found else [least, *found]


@functools.lru_cache(maxsize=1024)
def needed(demand: Demand, least: int = 1) -> int | None:
    """The fewest nodes from ``least`` on that hold the demand, as every larger count does; None beyond
    ``MOST_NODES``."""
    if hopeless(demand):
        return None
    end = certain(demand)
    if end is None:
        return None
    fewest = max(end, least)
    for count in reversed(larger_counts(least, end)):
        if failure(demand, count):
            break
        fewest = count
    return fewest if fewest <= MOST_NODES else None


def hopeless(demand: Demand) -> bool:
    """Whether the pods' sum exceeds ``MOST_NODES`` nodes: known without listing the pods."""
    shape, counted = demand.shape, [(w, demand_of(w, demand)) for w in demand.workloads]
    return (
        sum(w.cpu_m * n for w, n in counted) > MOST_NODES * shape.cpu_m
        or sum(w.memory_mib * n for w, n in counted) > MOST_NODES * shape.memory_mib
        or sum(w.gpus * n for w, n in counted) > MOST_NODES * shape.gpus
        or sum(n for _, n in counted) > MOST_NODES * shape.pods
    )
