"""Do the pods fit the nodes? A greedy scheduler over capacities: filters as Kubernetes', spreading scores.

The real scheduler places pods one by one in arrival order and prefers empty nodes. A plan that fits for one
lucky order does not fit: every count is tried with several seeded orders, and a group's maximum is the
smallest count that holds for all of them and for every larger count tried (D2).
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sizing.specs import Pool, Workload

SEEDS = (0, 1, 2, 3, 4)
"""Arrival orders tried besides the plan's own; fixed, so that a verdict never changes from run to run."""
LARGER_COUNTS = 3
"""One round over the zones: a larger group must hold as well, whichever zone gets the next node."""
MOST_NODES = 450
"""Default quota of nodes in one EKS managed node group, the lowest of the clouds'; where the search ends."""


@dataclass(frozen=True)
class NodeShape:
    """What one node of a pool offers to pods, and its labels."""

    cpu_m: int
    memory_mib: int
    pods: int
    gpus: int = 0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Pod:
    """One pod to place. ``zone`` binds it to the zone of its volume; its requests are added up once."""

    workload: Workload
    zone: str | None = None
    cpu_m: int = field(init=False)
    memory_mib: int = field(init=False)
    gpus: int = field(init=False)

    def __post_init__(self) -> None:
        for name in ("cpu_m", "memory_mib", "gpus"):
            object.__setattr__(self, name, getattr(self.workload, name))


@dataclass
class _Node:
    name: str
    zone: str
    shape: NodeShape
    cpu_m: int
    memory_mib: int
    pods: int
    gpus: int
    running: dict[str, int] = field(default_factory=dict[str, int])

    def refuses(self, pod: Pod) -> str | None:
        """Why the pod cannot run here, in the words a user would look for."""
        if pod.cpu_m > self.cpu_m:
            return "insufficient cpu"
        if pod.memory_mib > self.memory_mib:
            return "insufficient memory"
        if pod.gpus > self.gpus:
            return "insufficient nvidia.com/gpu"
        if self.pods < 1:
            return "too many pods"
        if pod.workload.spread_hosts == "hard" and self.running.get(pod.workload.name):
            return "anti-affinity: one per node"
        return None

    def take(self, pod: Pod) -> None:
        self.cpu_m -= pod.cpu_m
        self.memory_mib -= pod.memory_mib
        self.gpus -= pod.gpus
        self.pods -= 1
        self.running[pod.workload.name] = self.running.get(pod.workload.name, 0) + 1


@dataclass(frozen=True)
class Unplaced:
    """Pods of one workload that found no node."""

    pod: str
    count: int
    reason: str


def daemons(workloads: Iterable[Workload], pool: Pool) -> list[Workload]:
    """DaemonSets that run on every node of the pool."""
    return [w for w in workloads if w.kind == "DaemonSet" and w.node_group in ("all", pool)]


def free_shape(shape: NodeShape, on_every_node: Sequence[Workload]) -> NodeShape:
    """A node's capacity after its DaemonSets."""
    return NodeShape(
        cpu_m=shape.cpu_m - sum(w.cpu_m for w in on_every_node),
        memory_mib=shape.memory_mib - sum(w.memory_mib for w in on_every_node),
        pods=shape.pods - len(on_every_node),
        gpus=shape.gpus,
        labels=shape.labels,
    )


def zone_of(index: int, zones: Sequence[str]) -> str:
    """Nodes go round-robin over the zones."""
    return zones[index % len(zones)]


def hopeless(workloads: Iterable[Workload], pool: Pool, shape: NodeShape) -> bool:
    """Whether the pods' sum at their maximum exceeds ``MOST_NODES`` nodes: known without listing the pods."""
    counted = [w for w in workloads if w.kind != "DaemonSet" and w.node_group == pool]
    return (
        sum(w.cpu_m * w.most_replicas for w in counted) > MOST_NODES * shape.cpu_m
        or sum(w.memory_mib * w.most_replicas for w in counted) > MOST_NODES * shape.memory_mib
        or sum(w.most_replicas for w in counted) > MOST_NODES * shape.pods
    )


def pods_of(
    workloads: Iterable[Workload], pool: Pool, zones: Sequence[str], *, at_maximum: bool
) -> list[Pod]:
    """Every pod of the pool; replicas with volumes are bound to zones round-robin, as spread does."""
    made: list[Pod] = []
    for workload in workloads:
        if workload.kind == "DaemonSet" or workload.node_group != pool:
            continue
        count = workload.most_replicas if at_maximum else workload.replicas
        made += [Pod(workload, zone_of(i, zones) if workload.volumes else None) for i in range(count)]
    return made


class Placement:
    """Nodes that fill up as pods are placed on them one by one."""

    def __init__(self, nodes: Sequence[tuple[str, NodeShape]]) -> None:
        self._nodes = [
            _Node(f"{zone}-{i}", zone, shape, shape.cpu_m, shape.memory_mib, shape.pods, shape.gpus)
            for i, (zone, shape) in enumerate(nodes)
        ]
        self._zones = sorted({zone for zone, _ in nodes})
        self._per_zone: dict[str, dict[str, int]] = {}

    def place(self, pod: Pod) -> str | None:
        """Put the pod on the best node; the commonest reason when no node takes it, else None."""
        workload, best, best_score, reasons = pod.workload, None, 0.0, dict[str, int]()
        counts = self._per_zone.setdefault(workload.name, dict.fromkeys(self._zones, 0))
        fewest, most = min(counts.values(), default=0), max(counts.values(), default=0) or 1
        for node in self._nodes:
            reason = self._refusal(node, pod, counts, fewest)
            if reason:
                reasons[reason] = reasons.get(reason, 0) + 1
                continue
            score = self._score(node, workload.name, counts[node.zone] / most)
            if best is None or score > best_score:
                best, best_score = node, score
        if best is None:
            return max(sorted(reasons), key=lambda r: reasons[r], default="no node")
        best.take(pod)
        counts[best.zone] += 1
        return None

    def place_all(self, pods: Sequence[Pod]) -> tuple[Unplaced, ...]:
        """Place the pods in their order, and those left over again while that helps: retries."""
        pending, reasons = list(pods), dict[tuple[str, str], int]()
        while pending:
            refused = [(pod, why) for pod in pending if (why := self.place(pod)) is not None]
            if len(refused) == len(pending):
                for pod, why in refused:
                    reasons[pod.workload.name, why] = reasons.get((pod.workload.name, why), 0) + 1
                break
            pending = [pod for pod, _ in refused]
        return tuple(Unplaced(name, count, why) for (name, why), count in sorted(reasons.items()))

    @staticmethod
    def _refusal(node: _Node, pod: Pod, counts: Mapping[str, int], fewest: int) -> str | None:
        if pod.zone is not None and pod.zone != node.zone:
            return "its volume is in another zone"
        wanted = pod.workload.node_labels
        if wanted and any(node.shape.labels.get(k) != v for k, v in wanted.items()):
            return "node labels do not match"
        if pod.workload.spread_zones == "hard" and counts[node.zone] + 1 - fewest > 1:
            return "zone spread: more than one pod ahead of the emptiest zone"
        return node.refuses(pod)

    @staticmethod
    def _score(node: _Node, name: str, zone_share: float) -> float:
        """Least allocated, then spreading: what Kubernetes' default plugins add up to.

        ``zone_share``: pods of the workload in the node's zone, of those in the fullest zone.
        """
        shape = node.shape
        free = (node.cpu_m / shape.cpu_m if shape.cpu_m else 0.0) + (
            node.memory_mib / shape.memory_mib if shape.memory_mib else 0.0
        )
        spread = -2.0 * zone_share - 2.0 * node.running.get(name, 0)
        return 50 * free + 100 * spread


def orders(pods: Sequence[Pod]) -> Iterable[list[Pod]]:
    """Arrival orders to try, whatever the input's: largest first, smallest first, seeded shuffles."""
    canonical = sorted(pods, key=lambda p: (-p.cpu_m, -p.memory_mib, p.workload.name, p.zone or ""))
    yield canonical
    yield canonical[::-1]
    for seed in SEEDS:
        shuffled = list(canonical)
        random.Random(seed).shuffle(shuffled)
        yield shuffled


def place_all(nodes: Sequence[tuple[str, NodeShape]], pods: Sequence[Pod]) -> tuple[Unplaced, ...]:
    """Place every pod under every arrival order; the first order that leaves a pod out decides."""
    tries = orders(pods)
    if _short(nodes, pods):
        return Placement(nodes).place_all(next(iter(tries)))
    for order in tries:
        unplaced = Placement(nodes).place_all(order)
        if unplaced:
            return unplaced
    return ()


def _short(nodes: Sequence[tuple[str, NodeShape]], pods: Sequence[Pod]) -> bool:
    """Whether the nodes' sum is too small for the pods' sum: no order can help."""
    shapes = [shape for _, shape in nodes]
    return (
        sum(p.cpu_m for p in pods) > sum(s.cpu_m for s in shapes)
        or sum(p.memory_mib for p in pods) > sum(s.memory_mib for s in shapes)
        or sum(p.gpus for p in pods) > sum(s.gpus for s in shapes)
        or len(pods) > sum(s.pods for s in shapes)
    )


def surviving(nodes: Sequence[tuple[str, NodeShape]], lost: str) -> list[tuple[str, NodeShape]]:
    """The nodes outside the lost zone."""
    return [(zone, shape) for zone, shape in nodes if zone != lost]


def round_robin(count: int, shape: NodeShape, zones: Sequence[str]) -> list[tuple[str, NodeShape]]:
    """``count`` equal nodes over the zones."""
    return [(zone_of(i, zones), shape) for i in range(count)]


def fits_with_zone_lost(count: int, shape: NodeShape, pods: Sequence[Pod], zones: Sequence[str]) -> bool:
    """Whether ``count`` nodes hold the pods, all of them and again without the first zone's nodes."""
    nodes, lost = round_robin(count, shape, zones), zones[0]
    left, survivors = [pod for pod in pods if pod.zone != lost], surviving(nodes, lost)
    if _short(survivors, left):
        return False
    return not place_all(survivors, left) and not place_all(nodes, pods)


def smallest_maximum(least: int, shape: NodeShape, pods: Sequence[Pod], zones: Sequence[str]) -> int | None:
    """The smallest count from ``least`` that holds the pods with a zone lost, as every larger one does."""
    count, held = least, 0
    while count <= MOST_NODES:
        if fits_with_zone_lost(count, shape, pods, zones):
            held += 1
            if held > LARGER_COUNTS:
                return count - LARGER_COUNTS
        else:
            held = 0
        count += 1
    return None
