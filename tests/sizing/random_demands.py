"""Demands drawn at random, the same ones for a seed."""

from __future__ import annotations

import random

from sizing.capacity import Demand
from sizing.placement import NodeShape
from sizing.specs import Container, Volume, Workload

ZONES = ("a", "b", "c")


def a_pod(
    name: str,
    cpu_m: int,
    memory_mib: int,
    replicas: int,
    *,
    gpus: int = 0,
    hard: bool = False,
    volume: bool = False,
) -> Workload:
    """A workload of one container a pod."""
    return Workload(
        name=name, release=name, namespace="test", kind="StatefulSet" if volume else "Deployment",
        node_group="cpu_nodes", replicas=replicas,
        containers=(Container(name="main", cpu_request_m=cpu_m, memory_request_mib=memory_mib, gpus=gpus),),
        volumes=(Volume(name="data", size_gib=1),) if volume else (),
        spread_hosts="hard" if hard else "none", source="test",
    )  # fmt: skip


def random_demand(seed: int) -> tuple[Demand, int]:
    """A few workloads on nodes of one shape, and a number of nodes to try."""
    draw = random.Random(seed)
    pods = tuple(
        a_pod(
            f"w{i}", draw.choice((100, 500, 1000, 2500)), draw.choice((128, 1024, 6000)), draw.randint(1, 6),
            hard=draw.random() < 0.2, volume=draw.random() < 0.2,
        )
        for i in range(draw.randint(1, 5))
    )  # fmt: skip
    shape = NodeShape(draw.choice((3900, 7900)), draw.choice((14_000, 29_000)), draw.choice((10, 58)))
    return Demand(pods, shape, ZONES, at_maximum=True, zone_lost=draw.random() < 0.5), draw.randint(1, 8)
