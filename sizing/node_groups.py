"""From pools to node groups: what shares a pool's nodes, and how a share is laid over the zones.

A cloud whose autoscaler treats a multi-zone group as one random node gets a group per zone (``zonal``); one
whose pools spread by themselves gets a pool with total counts (``regional``). D2, D6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sizing import choices
from sizing.clouds.base import Order, PoolOrder
from sizing.engines import ENGINE_LABEL, POOL_LABEL, Engine
from sizing.errors import SizingError
from sizing.specs import NodeGroupSpec, Pool


@dataclass(frozen=True)
class Share:
    """Nodes of one pool that belong together: totals over all zones.

    ``start`` is the zone that gets the first node, so that several small shares do not pile up in one zone.
    """

    name: str
    pool: Pool
    order: PoolOrder
    min: int
    desired: int
    max: int
    labels: Mapping[str, str]
    start: int = 0


def shares(order: Order, cpu_nodes_needed: int, engines: tuple[Engine, ...]) -> tuple[Share, ...]:
    """The shares of both pools. Raises SizingError when a maximum is too small to be shared out."""
    return (_cpu_share(order, cpu_nodes_needed), *_gpu_shares(order.gpu, engines, len(order.zones)))


def _cpu_share(order: Order, needed: int) -> Share:
    pool = order.cpu
    most = needed if pool.max is None else pool.max
    if most < len(order.zones):
        raise SizingError(
            "nodes.cpu.max",
            most,
            f"there are nodes in each of {len(order.zones)} zones, and each may need one",
            f"Set nodes.cpu.max to at least {len(order.zones)}.",
        )
    return Share("cpu", "cpu_nodes", pool, pool.min, pool.desired, most, {POOL_LABEL: "cpu"})


def _gpu_shares(pool: PoolOrder, engines: tuple[Engine, ...], zones: int) -> Iterable[Share]:
    """One share; beside an engine that fills a node, each engine has its own, or nodes would fragment."""
    if pool.disk_gib < choices.GPU_NODE_DISK_MIN_GIB:
        raise SizingError(
            "nodes.gpu.diskGib",
            pool.disk_gib,
            "the engines' image unpacks to about 29 GB, and an update keeps the old one for a while",
            f"Set nodes.gpu.diskGib to at least {choices.GPU_NODE_DISK_MIN_GIB}.",
        )
    dedicated = any(ENGINE_LABEL in e.node_labels for e in engines)
    parts = [(f"gpu-{e.slug}", [e]) for e in engines] if dedicated else [("gpu", list(engines))]
    if pool.max is not None and pool.max < len(parts):
        raise SizingError(
            "nodes.gpu.max",
            pool.max,
            f"{len(parts)} engines have nodes of their own, since one of them fills a {pool.machine.name}",
            f"Set nodes.gpu.max to at least {len(parts)}.",
        )
    needs = [_nodes_for(members, pool, zones) for _, members in parts]
    least, desired = (shared_out(total, needs) for total in (pool.min, pool.desired))
    stated = None if pool.max is None else shared_out(pool.max, needs)
    start = 0
    for i, (name, members) in enumerate(parts):
        most = max(needs[i][1], desired[i]) if stated is None else stated[i]
        yield Share(name, "gpu_nodes", pool, least[i], desired[i], most, dict(members[0].node_labels), start)
        start += most


def zonal(order: Order, parts: Iterable[Share]) -> tuple[NodeGroupSpec, ...]:
    """A group per share and zone; counts go round-robin, and a zone without nodes has no group."""
    zones = order.zones
    return tuple(
        _group(part, f"{part.name}-{'abc'[i]}", (zone,), counts)
        for part in parts
        for i, (zone, *counts) in enumerate(
            zip(
                zones,
                *(_split(n, zones, part.start) for n in (part.min, part.desired, part.max)),
                strict=True,
            )
        )
        if counts[2]
    )


def regional(order: Order, parts: Iterable[Share]) -> tuple[NodeGroupSpec, ...]:
    """A group per share over all zones, with the share's totals."""
    return tuple(_group(part, part.name, order.zones, [part.min, part.desired, part.max]) for part in parts)


def _group(part: Share, name: str, zones: tuple[str, ...], counts: list[int]) -> NodeGroupSpec:
    least, desired, most = counts
    return NodeGroupSpec(
        name=name,
        pool=part.pool,
        zones=zones,
        machine_type=part.order.machine.name,
        min=least,
        desired=desired,
        max=most,
        disk_gib=part.order.disk_gib,
        gpus_per_node=part.order.machine.gpus,
        labels=part.labels,
        tainted=part.pool == "gpu_nodes",
    )


def _split(total: int, zones: tuple[str, ...], start: int) -> list[int]:
    """A total over the zones, round-robin from ``start``."""
    whole, rest = divmod(total, len(zones))
    return [whole + ((i - start) % len(zones) < rest) for i in range(len(zones))]


def _nodes_for(engines: Sequence[Engine], pool: PoolOrder, zones: int) -> tuple[int, int]:
    """Nodes for engines at their minimum; and at their maximum, or at their minimum with a zone lost."""
    start = _filled(((e, e.min_replicas) for e in engines), pool)
    grown = _filled(((e, e.max_replicas) for e in engines), pool)
    return start, max(grown, -(-start * zones // (zones - 1)))


def _filled(replicas: Iterable[tuple[Engine, int]], pool: PoolOrder) -> int:
    """Nodes that so many replicas of each engine fill: both take 1, 2, 4 or 8 GPUs, so none is left over."""
    return -(-sum(engine.gpus * count for engine, count in replicas) // pool.machine.gpus)


def shared_out(total: int, needs: Sequence[tuple[int, int]]) -> list[int]:
    """A total of nodes over shares with their needs at the start and at the most.

    A node each first, then what each needs at the start, then at the most; where the total falls short, the
    next node goes to the share that lacks most. What nobody needs is spread evenly. More nodes in total never
    take one from a share, so ``min <= desired <= max`` holds for each when it does for the totals.
    """
    counts = [0] * len(needs)
    for wanted in ([1] * len(needs), [start for start, _ in needs], [most for _, most in needs]):
        for _ in range(min(total, sum(map(max, counts, wanted))) - sum(counts)):
            lacking = [want - count for want, count in zip(wanted, counts, strict=True)]
            counts[lacking.index(max(lacking))] += 1
    left = total - sum(counts)
    return [count + left // len(needs) + (i < left % len(needs)) for i, count in enumerate(counts)]
