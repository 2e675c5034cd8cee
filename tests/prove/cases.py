"""The four cases of a plan: which nodes stand, and which pods are asked of them.

minimum: desired nodes, replicas as they start. hpa_maximum: most nodes, every autoscaler at its maximum.
zone_lost_*: the same with most nodes and the first zone gone; engines at their minimum then (D6). The nodes
are the model's; the replicas are counted here again, and a test compares them with the model's pods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sizing.fit_cases import POOLS, Case, nodes_of
from sizing.placement import NodeShape
from sizing.plan import Plan
from sizing.specs import Workload
from tests.prove.manifests import Pods

Node = tuple[str, NodeShape]
"""Zone and shape; allocatable before DaemonSets."""


@dataclass(frozen=True)
class ClusterCase:
    """Nodes and workloads for the scheduler."""

    name: str
    nodes: tuple[Node, ...]
    pods: tuple[Pods, ...]

    @property
    def expected_pods(self) -> int:
        """Pods that the controllers will make, those of DaemonSets included."""
        return sum(self.count(p) for p in self.pods)

    def bound_to_lost_zones(self) -> Counter[str]:
        """Pods per workload whose volume is in a zone without nodes."""
        zones = {zone for zone, _ in self.nodes}
        return Counter(p.workload.name for p in self.pods for zone in p.zones if zone not in zones)

    def placed(self) -> Counter[str]:
        """Pods per workload that need a node: DaemonSets apart, without those bound to a lost zone."""
        wanted = Counter({p.workload.name: p.replicas for p in self.pods if p.workload.kind != "DaemonSet"})
        return wanted - self.bound_to_lost_zones()

    def count(self, pods: Pods) -> int:
        """Pods that a workload will have here."""
        if pods.workload.kind != "DaemonSet":
            return pods.replicas
        return sum(pods.workload.node_group in ("all", pool_of(shape)) for _, shape in self.nodes)


def pool_of(shape: NodeShape) -> str:
    """Which pool a node belongs to."""
    return "gpu_nodes" if shape.gpus else "cpu_nodes"


def cluster_case(plan: Plan, case: Case, name: str = "") -> ClusterCase:
    """One case of a plan, both pools in one cluster."""
    return ClusterCase(
        name or case.value,
        tuple(node for pool in POOLS for node in nodes_of(plan, pool, case)),
        tuple(pods_of(w, plan.order.zones, case) for w in plan.workloads.items),
    )


def pods_of(workload: Workload, zones: Sequence[str], case: Case) -> Pods:
    """A workload's replicas in a case, volumes round-robin over the zones."""
    scaled = case in (Case.HPA_MAXIMUM, Case.ZONE_LOST_HPA_MAXIMUM)
    if case.zone_lost and workload.node_group == "gpu_nodes":
        scaled = False
    return some(workload, workload.most_replicas if scaled else workload.replicas, zones)


def some(workload: Workload, count: int, zones: Sequence[str]) -> Pods:
    """``count`` replicas of a workload; those with volumes are bound to the zones in turn."""
    return Pods(
        workload, count, tuple(zones[i % len(zones)] for i in range(count)) if workload.volumes else ()
    )
