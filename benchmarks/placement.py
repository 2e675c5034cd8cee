"""How long placing takes as the cluster grows: nodes, pods, seconds of processor time, microseconds a pod.

python -m benchmarks.placement

The mix is fixed: 25 workloads of five sizes of cpu and four of memory, ten pods a node, m5.4xlarge nodes,
arriving in a seeded order. docs/fit.md has the curve; ``python -m tests.prove.bench`` gives the same work to
Kubernetes' own scheduler.
"""

from __future__ import annotations

import argparse
import itertools
import time

from sizing import capacity
from sizing.clouds.aws.machines import machines
from sizing.engines import POOL_LABEL
from sizing.placement import Nodes, NodeShape, Placement, Pod
from sizing.specs import Container, Workload

ZONES = ("a", "b", "c")
CPU_M, MEMORY_MIB = (100, 250, 500, 1000, 2000), (256, 1024, 2048, 4096)
WORKLOADS, PODS_A_NODE = 25, 10
SIZES = (125, 250, 500, 1000, 2000, 4000)


def work(nodes: int) -> tuple[Nodes, list[Pod]]:
    """So many nodes and the pods to place on them, in their order of arrival."""
    machine = machines()["m5.4xlarge"]
    shape = NodeShape(
        machine.allocatable_cpu_m, machine.allocatable_memory_mib, machine.max_pods, 0, {POOL_LABEL: "cpu"}
    )
    sizes = itertools.cycle(itertools.product(CPU_M, MEMORY_MIB))
    workloads = [
        Workload(
            name=f"w{i}", release="benchmark", namespace="benchmark", kind="Deployment",
            node_group="cpu_nodes", replicas=nodes * PODS_A_NODE // WORKLOADS,
            containers=(Container(name="main", cpu_request_m=cpu_m, memory_request_mib=memory_mib),),
            spread_zones="soft", spread_hosts="soft", source="benchmark",
        )
        for i, (cpu_m, memory_mib) in zip(range(WORKLOADS), sizes, strict=False)
    ]  # fmt: skip
    pods = capacity.pods_of(workloads, ZONES, at_maximum=False)
    return capacity.round_robin(nodes, shape, ZONES), capacity.shuffled(capacity.canonical(pods), 0)


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("nodes", nargs="*", type=int, default=SIZES)
    print(f"{'nodes':>6} {'pods':>7} {'unplaced':>9} {'seconds':>8} {'us a pod':>9}")
    for count in parser.parse_args().nodes:
        nodes, pods = work(count)
        begin = time.process_time()
        unplaced = sum(u.count for u in Placement(nodes).place_all(pods))
        took = time.process_time() - begin
        print(f"{count:>6} {len(pods):>7} {unplaced:>9} {took:>8.2f} {took / len(pods) * 1e6:>9.0f}")


if __name__ == "__main__":
    main()
