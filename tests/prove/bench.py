"""The model's placement and Kubernetes' scheduler on the same work: the same nodes, pods and constraints.

    python -m tests.prove.bench 125 250 500 1000

The work is that of ``benchmarks.placement``. Nodes and pods are created while no scheduler runs; its time is
from its start until every pod is bound, or found unschedulable, start-up included (tenths of a second).
Processor time is of the scheduler alone: the API server and etcd that it writes to take theirs besides.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import placement
from sizing.placement import Placement, Pod
from tests.prove.cases import ClusterCase, Node
from tests.prove.control import ControlPlane
from tests.prove.manifests import Pods, namespaces_of, priority_classes
from tests.prove.running import count_pods, create, settle, wait_until
from tools import go_tool

PREFIX = "bench"
SIZES = (125, 250, 500, 1000)


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


def say(text: str) -> None:
    print(f"prove: {text}", flush=True)


def compare(nodes: int, program: Path) -> str:
    """A line of the table for a number of nodes."""
    made, pods = placement.work(nodes)
    begin = time.process_time()
    unplaced = sum(one.count for one in Placement(made).place_all(pods))
    took = time.process_time() - begin
    with ControlPlane(program) as control:
        for priority in priority_classes():
            control.api.create(priority)
        found = measure(control, made, pods)
    return (
        f"{nodes:>6} {len(pods):>7} {took:>9.2f} {unplaced:>8} {found.cpu_seconds:>11.1f}"
        f" {found.seconds:>8.1f} {found.unplaced:>8}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("nodes", nargs="*", type=int, default=SIZES)
    program = go_tool.build("kubernetes")
    lines = [compare(count, program) for count in parser.parse_args().nodes]
    print(f"Kubernetes {go_tool.version('kubernetes')}; seconds of processor time, and by the clock")
    print(
        f"{'nodes':>6} {'pods':>7} {'model':>9} {'unplaced':>8}"
        f" {'scheduler':>11} {'clock':>8} {'unplaced':>8}"
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
