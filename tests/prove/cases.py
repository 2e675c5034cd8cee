"""The four cases of a plan: which nodes stand, and which pods are asked of them.

minimum: desired nodes, replicas as they start. hpa_maximum: most nodes, every autoscaler at its maximum.
zone_lost_*: the same with most nodes and the first zone gone; engines at their minimum then (D6). Nodes go
round-robin over the zones, group by group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sizing.placement import NodeShape
from sizing.plan import Plan
from sizing.specs import Workload
from tests.prove.manifests import Pods

CASES = ("minimum", "hpa_maximum", "zone_lost_minimum", "zone_lost_hpa_maximum")
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
        return sum(self._count(p) for p in self.pods)

    def bound_to_lost_zones(self) -> Counter[str]:
        """Pods per workload whose volume is in a zone without nodes."""
        zones = {zone for zone, _ in self.nodes}
        return Counter(p.workload.name for p in self.pods for zone in p.zones if zone not in zones)

    def _count(self, pods: Pods) -> int:
        if pods.workload.kind != "DaemonSet":
            return pods.replicas
        return sum(runs_on(pods.workload, shape) for _, shape in self.nodes)


def runs_on(daemon: Workload, shape: NodeShape) -> bool:
    """Whether a DaemonSet has a pod on such a node."""
    return daemon.node_group in ("all", "gpu_nodes" if shape.gpus else "cpu_nodes")


def cluster_case(plan: Plan, case: str) -> ClusterCase:
    """One case of a plan."""
    lost = plan.order.zones[0] if case.startswith("zone_lost") else None
    return ClusterCase(
        case,
        tuple(node for node in nodes_of(plan, at_minimum=case == "minimum") if node[0] != lost),
        tuple(pods_in(w, plan.order.zones, case) for w in plan.workloads.items),
    )


def nodes_of(plan: Plan, *, at_minimum: bool) -> Iterable[Node]:
    """Every node of every group, over the group's zones."""
    for group in plan.node_groups:
        pool = plan.order.cpu if group.pool == "cpu_nodes" else plan.order.gpu
        machine = pool.machine
        shape = NodeShape(
            machine.allocatable_cpu_m,
            machine.allocatable_memory_mib,
            machine.max_pods,
            machine.gpus,
            dict(group.labels),
        )
        for index in range(group.desired if at_minimum else group.max):
            yield group.zones[index % len(group.zones)], shape


def pods_in(workload: Workload, zones: Sequence[str], case: str) -> Pods:
    """A workload's replicas in a case, volumes round-robin over the zones."""
    at_maximum = case.endswith("hpa_maximum") and not (
        workload.node_group == "gpu_nodes" and case.startswith("zone_lost")
    )
    count = workload.most_replicas if at_maximum else workload.replicas
    bound = tuple(zones[i % len(zones)] for i in range(count)) if workload.volumes else ()
    return Pods(workload, count, bound)
