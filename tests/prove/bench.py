"""How long the real scheduler takes for many pods: the yardstick for the model's own placement.

    python -m tests.prove.bench --nodes 1000 --pods 10000

Nodes and pods are created while no scheduler runs; the time is from its start until every pod is bound, or
found unschedulable. Its start-up, a few tenths of a second, is inside.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sizing.placement import NodeShape, Pod
from tests import harness
from tests.prove.cases import ClusterCase, Node
from tests.prove.control import ControlPlane
from tests.prove.manifests import Pods, namespaces_of, priority_classes
from tests.prove.running import count_pods, create, settle, wait_until
from tools import go_tool

PREFIX = "bench"


@dataclass(frozen=True)
class Measured:
    """Seconds by the clock and of the scheduler's processor time, and pods that found no node."""

    seconds: float
    cpu_seconds: float
    unplaced: int


def measure(control: ControlPlane, nodes: Sequence[Node], pods: Sequence[Pod]) -> Measured:
    """How long the scheduler takes for the pods; they stay in the control plane, which is used up by it."""
    grouped: dict[str, list[Pod]] = {}
    for pod in pods:
        grouped.setdefault(pod.workload.name, []).append(pod)
    workloads = tuple(
        Pods(many[0].workload, len(many), tuple(p.zone for p in many if p.zone)) for many in grouped.values()
    )
    case = ClusterCase("benchmark", tuple(nodes), workloads)
    patience = 120 + len(pods) / 10
    namespaces = {name: f"{PREFIX}-{name}" for name in namespaces_of(case.pods)}
    control.stop_scheduler()
    create(control, case, PREFIX, namespaces)
    say(f"{len(nodes):,} nodes; the controllers make {len(pods):,} pods")
    wait_until(control, lambda: count_pods(control) == len(pods), patience)
    say("the scheduler starts")
    started = time.monotonic()
    control.start_scheduler()
    left = settle(control, len(pods), patience)
    return Measured(time.monotonic() - started, control.cpu_seconds("kube-scheduler"), len(left))


def work(nodes: int, pods: int) -> tuple[list[Node], list[Pod]]:
    """Nodes of Enterprise's CPU type, and its movable pods over and over."""
    plan = harness.plan("enterprise")
    machine = plan.order.cpu.machine
    shape = NodeShape(machine.allocatable_cpu_m, machine.allocatable_memory_mib, machine.max_pods)
    movable = [
        Pod(w)
        for w in plan.workloads.items
        if w.node_group == "cpu_nodes" and not w.volumes and w.kind == "Deployment"
        for _ in range(w.most_replicas)
    ]
    zones = itertools.cycle(plan.order.zones)
    return [(next(zones), shape) for _ in range(nodes)], list(
        itertools.islice(itertools.cycle(movable), pods)
    )


def say(text: str) -> None:
    print(f"prove: {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10_000)
    options = parser.parse_args()
    nodes, pods = work(options.nodes, options.pods)
    with ControlPlane(go_tool.build("kubernetes")) as control:
        for made in priority_classes():
            control.api.create(made)
        found = measure(control, nodes, pods)
    print(
        f"kube-scheduler {go_tool.version('kubernetes')}: {len(pods):,} pods on {len(nodes):,} nodes in"
        f" {found.seconds:.1f} s ({len(pods) / found.seconds:,.0f} pods/s), {found.cpu_seconds:.1f} s of"
        f" processor time; {found.unplaced} without a node"
    )


if __name__ == "__main__":
    main()
