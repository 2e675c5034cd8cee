"""Placing pods on nodes one by one, as Kubernetes' scheduler does: its filters, its spreading, its greed.

The scheduler takes pods in the order in which they arrive and prefers empty nodes; it never goes back.
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/

A node only ever fills up here, so for one workload a node that refuses stays out for good, and a node's
score only falls. Each workload therefore keeps a heap of nodes per zone whose stale entries are put right
when they surface: a placement looks at the best node of each zone instead of at every node.
"""

from __future__ import annotations

import copy
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sizing.specs import Workload

ANOTHER_ZONE = "its volume is in another zone"
LABELS = "node labels do not match"
SKEW = "zone spread: more than one pod ahead of the emptiest zone"


@dataclass(frozen=True)
class NodeShape:
    """What one node of a pool offers to pods, and its labels."""

    cpu_m: int
    memory_mib: int
    pods: int
    gpus: int = 0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def carries(self, wanted: Mapping[str, str]) -> bool:
        """Whether the node has every wanted label."""
        return all(self.labels.get(key) == value for key, value in wanted.items())


Nodes = Sequence[tuple[str, NodeShape]]
"""Nodes as (zone, shape)."""


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


@dataclass(frozen=True)
class Unplaced:
    """Pods of one workload that found no node."""

    pod: str
    count: int
    reason: str


@dataclass(slots=True)
class _Node:
    zone: str
    shape: NodeShape
    cpu_m: int
    memory_mib: int
    pods: int
    gpus: int
    free: float
    """Sum of the free shares of cpu and memory: what the scheduler calls least allocated."""
    running: dict[str, int]

    def refuses(self, pod: Pod) -> str | None:
        """Why the pod cannot run here, in the words a user would look for."""
        if pod.gpus > self.gpus:
            return "insufficient nvidia.com/gpu"
        if pod.cpu_m > self.cpu_m:
            return "insufficient cpu"
        if pod.memory_mib > self.memory_mib:
            return "insufficient memory"
        if self.pods < 1:
            return "too many pods"
        if pod.workload.spread_hosts == "hard" and self.running.get(pod.workload.name):
            return "anti-affinity: one per node"
        return None

    def copy(self) -> _Node:
        """The node as it is, to be filled on its own."""
        return _Node(
            self.zone,
            self.shape,
            self.cpu_m,
            self.memory_mib,
            self.pods,
            self.gpus,
            self.free,
            self.running.copy(),
        )

    def take(self, pod: Pod) -> None:
        name = pod.workload.name
        self.cpu_m -= pod.cpu_m
        self.memory_mib -= pod.memory_mib
        self.gpus -= pod.gpus
        self.pods -= 1
        self.running[name] = self.running.get(name, 0) + 1
        self.free = _free(self.shape, self.cpu_m, self.memory_mib)


def _free(shape: NodeShape, cpu_m: int, memory_mib: int) -> float:
    return (cpu_m / shape.cpu_m if shape.cpu_m else 0.0) + (
        memory_mib / shape.memory_mib if shape.memory_mib else 0.0
    )


_Key = tuple[int, float, int]
"""Pods of the workload on the node, less its free share, its index: the smallest is the best."""


@dataclass(slots=True)
class _Candidates:
    """Nodes that may still take a workload, a heap for each zone, and how many of its pods a zone has."""

    heaps: dict[str, list[_Key]]
    counts: dict[str, int]


class Placement:
    """Nodes that fill up as pods are placed on them one by one."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = [
            _Node(zone, s, s.cpu_m, s.memory_mib, s.pods, s.gpus, _free(s, s.cpu_m, s.memory_mib), {})
            for zone, s in nodes
        ]
        self._zones = sorted({zone for zone, _ in nodes})
        self._members = {
            zone: [(i, n) for i, n in enumerate(self._nodes) if n.zone == zone] for zone in self._zones
        }
        self._candidates: dict[str, _Candidates] = {}

    def copy(self) -> Placement:
        """The same nodes with the same pods, to go on from in another way."""
        other = copy.copy(self)
        other._nodes = [node.copy() for node in self._nodes]
        other._members = {
            zone: [(i, other._nodes[i]) for i, _ in members] for zone, members in self._members.items()
        }
        other._candidates = {}  # made again from what runs on the nodes
        return other

    def place(self, pod: Pod) -> str | None:
        """Put the pod on the best node; the commonest reason when no node takes it, else None."""
        return None if self._put(pod) else self._reason(pod)

    def _put(self, pod: Pod) -> bool:
        """Put the pod on the best node, if any takes it.

        Spreading weighs more than free room, as the default plugins add up: 200 for a pod of the same
        workload on the node, up to 200 for those in its zone, up to 100 for what is free.
        """
        found = self._candidates_of(pod.workload)
        counts = found.counts
        most = max(counts.values(), default=0) or 1
        best, best_score = None, 0.0
        hard = pod.workload.spread_zones == "hard"
        fewest = min(counts.values(), default=0) if hard else 0
        for zone in self._zones if pod.zone is None else (pod.zone,):
            if hard and self._skewed(pod, found, zone, fewest):
                continue
            heap = found.heaps.get(zone)
            top = self._best(pod, heap) if heap else None
            if top is None:
                continue
            score = -200.0 * counts[zone] / most - 200.0 * top[0] - 50.0 * top[1]
            if best is None or (score, -top[2]) > (best_score, -best):
                best, best_score = top[2], score
        if best is None:
            return False
        node = self._nodes[best]
        node.take(pod)
        counts[node.zone] += 1
        return True

    def place_all(self, pods: Sequence[Pod]) -> tuple[Unplaced, ...]:
        """Place the pods in their order, and those left over again while that helps: retries."""
        pending = list(pods)
        while refused := [pod for pod in pending if not self._put(pod)]:
            if len(refused) == len(pending):
                break
            pending = refused
        same = Counter((pod.workload.name, pod.zone) for pod in refused)
        first = {(pod.workload.name, pod.zone): pod for pod in reversed(refused)}
        reasons = Counter[tuple[str, str]]()
        for key, count in same.items():
            reasons[key[0], self._reason(first[key])] += count
        return tuple(Unplaced(name, count, why) for (name, why), count in sorted(reasons.items()))

    def _candidates_of(self, workload: Workload) -> _Candidates:
        found = self._candidates.get(workload.name)
        if found is None:
            found = self._candidates[workload.name] = self._nodes_for(workload)
        return found

    def _nodes_for(self, workload: Workload) -> _Candidates:
        wanted, name = workload.node_labels, workload.name
        made = _Candidates({}, {})
        for zone, members in self._members.items():
            heap: list[_Key] = []
            there = 0
            for i, node in members:
                if not wanted or node.shape.carries(wanted):
                    own = node.running.get(name, 0)
                    there += own
                    heap.append((own, -node.free, i))
            heapq.heapify(heap)
            made.heaps[zone], made.counts[zone] = heap, there
        return made

    def _best(self, pod: Pod, heap: list[_Key]) -> _Key | None:
        """The best node of a zone that takes the pod; drops those that never will again."""
        name, nodes = pod.workload.name, self._nodes
        while heap:
            key = heap[0]
            node = nodes[key[2]]
            own, used = node.running.get(name, 0), -node.free
            if own != key[0] or used != key[1]:  # it has taken a pod since
                heapq.heapreplace(heap, (own, used, key[2]))
            elif node.refuses(pod):
                heapq.heappop(heap)
            else:
                return key
        return None

    @staticmethod
    def _skewed(pod: Pod, found: _Candidates, zone: str, fewest: int) -> bool:
        return pod.workload.spread_zones == "hard" and found.counts.get(zone, 0) + 1 - fewest > 1

    def _reason(self, pod: Pod) -> str:
        """What most nodes say that the pod could run on; of a bound one, those in its zone."""
        found = self._candidates_of(pod.workload)
        fewest = min(found.counts.values(), default=0)
        reasons: dict[str, int] = {}
        for node in self._nodes:
            if pod.zone is not None and pod.zone != node.zone and pod.zone in self._zones:
                continue
            if pod.zone is not None and pod.zone != node.zone:
                reason: str | None = ANOTHER_ZONE
            elif not node.shape.carries(pod.workload.node_labels):
                reason = LABELS
            elif self._skewed(pod, found, node.zone, fewest):
                reason = SKEW
            else:
                reason = node.refuses(pod)
            if reason is not None:
                reasons[reason] = reasons.get(reason, 0) + 1
        return max(sorted(reasons), key=lambda r: reasons[r], default="no node")
