"""``resolve()``: requirements and an order become the plan of what runs, with its findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sizing import engines as engine_model
from sizing import placement
from sizing.clouds.base import Cloud, Order, PoolOrder
from sizing.connections import check_connections
from sizing.engines import ENGINE_LABEL, POOL_LABEL, Engine
from sizing.errors import SizingError
from sizing.findings import Finding
from sizing.overrides import Overrides
from sizing.platform_specs import PlatformSpecs, platform_specs
from sizing.requirements import Requirements
from sizing.specs import ClusterSpec, NetworkSpec, NodeGroupSpec, Pool, Workload, Workloads
from sizing.workloads import gateway, inference, observability, platform


@dataclass(frozen=True)
class Plan:
    """Everything that runs, resolved to numbers. Components see its specs, users its report."""

    requirements: Requirements
    overrides: Overrides
    order: Order
    engines: tuple[Engine, ...]
    workloads: Workloads
    cpu_nodes_needed: int
    node_groups: tuple[NodeGroupSpec, ...]
    network: NetworkSpec
    cluster: ClusterSpec
    platform: PlatformSpecs
    findings: tuple[Finding, ...] = ()

    def groups(self, pool: Pool) -> tuple[NodeGroupSpec, ...]:
        """The node groups of one pool, in zone order."""
        return tuple(g for g in self.node_groups if g.pool == pool)

    def pool_max(self, pool: Pool) -> int:
        """Most nodes of a pool over all zones."""
        return sum(g.max for g in self.groups(pool))


def resolve(requirements: Requirements, overrides: Overrides, cloud: Cloud, region: str) -> Plan:
    """The plan for a stack.

    Raises:
        SizingError: an override cannot be bought, does not fit, or breaks a check; before anything is built.
    """
    from sizing.rules import findings

    order = cloud.order(requirements, overrides, region)
    system = cloud.system_workloads(requirements.tier, order)
    everywhere = (*system, *observability.workloads(requirements), *inference.gpu_daemons(order.addons))
    engines = engine_model.engines(requirements, order.gpu, everywhere)
    workloads = (
        *gateway.workloads(requirements),
        *inference.workloads(requirements, engines, order.addons),
        *platform.workloads(requirements),
        *observability.workloads(requirements),
        *system,
    )
    _check_vault(requirements, order)
    check_connections(requirements, order)
    needed = cpu_maximum(order, workloads)
    groups = (*_cpu_groups(order.cpu, order.zones, needed), *_gpu_groups(order, engines))
    plan = Plan(
        requirements=requirements,
        overrides=overrides,
        order=order,
        engines=engines,
        workloads=Workloads(items=workloads),
        cpu_nodes_needed=needed,
        node_groups=groups,
        network=cloud.network(order, groups, requirements, overrides),
        cluster=cloud.cluster(order, groups, requirements, overrides),
        platform=platform_specs(requirements, overrides, order, engines),
    )
    return replace(plan, findings=findings(plan))


def _check_vault(need: Requirements, order: Order) -> None:
    if need.vault.replicas > order.cpu.desired:
        raise SizingError(
            "nodes.cpu.desired",
            order.cpu.desired,
            f"vault.replicas is {need.vault.replicas} and Vault runs one server per node",
            f"Set nodes.cpu.desired to at least {need.vault.replicas}, or lower vault.replicas.",
        )


def _shape(pool: PoolOrder, labels: dict[str, str]) -> placement.NodeShape:
    machine = pool.machine
    return placement.NodeShape(
        machine.allocatable_cpu_m, machine.allocatable_memory_mib, machine.max_pods, machine.gpus, labels
    )


def _split(total: int, zones: tuple[str, ...], start: int = 0) -> list[int]:
    """A total over the zones, round-robin from ``start``."""
    whole, rest = divmod(total, len(zones))
    return [whole + ((i - start) % len(zones) < rest) for i in range(len(zones))]


def cpu_maximum(order: Order, workloads: tuple[Workload, ...]) -> int:
    """Most CPU nodes: the smallest count from the desired one that holds the HPA maximum, a zone lost."""
    shape = placement.free_shape(
        _shape(order.cpu, {POOL_LABEL: "cpu"}), placement.daemons(workloads, "cpu_nodes")
    )
    for workload in workloads:
        if workload.node_group == "cpu_nodes" and (
            workload.cpu_m > shape.cpu_m or workload.memory_mib > shape.memory_mib
        ):
            raise SizingError(
                "nodes.cpu.machineType",
                order.cpu.machine.name,
                f"leaves {shape.cpu_m}m cpu and {shape.memory_mib}Mi memory for pods, and one pod of"
                f" {workload.name} requests {workload.cpu_m}m and {workload.memory_mib}Mi",
                "Choose a larger machine type or lower that pod's requests.",
            )
    found = None
    if not placement.hopeless(workloads, "cpu_nodes", shape):
        pods = placement.pods_of(workloads, "cpu_nodes", order.zones, at_maximum=True)
        least = max(order.cpu.desired, len(order.zones))
        found = placement.smallest_maximum(least, shape, pods, order.zones)
    if found is None:
        raise SizingError(
            "nodes.cpu.machineType",
            order.cpu.machine.name,
            f"more than {placement.MOST_NODES} nodes of it would be needed for every pod at its maximum",
            "Choose a larger machine type or lower the replicas.",
        )
    return found


def _cpu_groups(pool: PoolOrder, zones: tuple[str, ...], needed: int) -> tuple[NodeGroupSpec, ...]:
    most = needed if pool.max is None else pool.max
    if most < len(zones):
        raise SizingError(
            "nodes.cpu.max",
            most,
            f"there is a node group in each of {len(zones)} zones, and each may need a node",
            f"Set nodes.cpu.max to at least {len(zones)}.",
        )
    shares = zip(
        zones, _split(pool.min, zones), _split(pool.desired, zones), _split(most, zones), strict=True
    )
    return tuple(
        NodeGroupSpec(
            name=f"cpu-{'abc'[i]}",
            pool="cpu_nodes",
            zone=zone,
            machine_type=pool.machine.name,
            min=least,
            desired=desired,
            max=most_here,
            disk_gib=pool.disk_gib,
            labels={POOL_LABEL: "cpu"},
        )
        for i, (zone, least, desired, most_here) in enumerate(shares)
    )


def _nodes_for(engine: Engine, pool: PoolOrder) -> int:
    per_node = pool.machine.gpus // engine.gpus
    return -(-engine.max_replicas // per_node)


def _gpu_groups(order: Order, engines: tuple[Engine, ...]) -> tuple[NodeGroupSpec, ...]:
    """One group per zone; beside an engine that fills a node, each has its own, or nodes would fragment."""
    pool = order.gpu
    dedicated = any(ENGINE_LABEL in e.node_labels for e in engines)
    parts = [(e.slug, [e]) for e in engines] if dedicated else [("", list(engines))]
    if pool.max is not None and pool.max < len(parts):
        raise SizingError(
            "nodes.gpu.max",
            pool.max,
            f"{len(parts)} engines have nodes of their own, since one of them fills a {pool.machine.name}",
            f"Set nodes.gpu.max to at least {len(parts)}.",
        )
    made: list[NodeGroupSpec] = []
    start = 0
    for position, (name, members) in enumerate(parts):
        desired = _part(pool.desired, len(parts), position)
        needed = sum(_nodes_for(e, pool) for e in members) if dedicated else _shared_nodes(members, pool)
        most = max(needed, desired) if pool.max is None else _part(pool.max, len(parts), position)
        counts = (_part(pool.min, len(parts), position), desired, most)
        made += _gpu_zones(order, f"gpu-{name}" if name else "gpu", members[0], counts, start)
        start += most
    return tuple(made)


def _gpu_zones(
    order: Order, name: str, engine: Engine, counts: tuple[int, int, int], start: int
) -> Iterator[NodeGroupSpec]:
    """Groups of one part: its minimum, desired and maximum over the zones; a zone without nodes has no group."""
    pool, zones = order.gpu, order.zones
    shares = zip(zones, *(_split(count, zones, start) for count in counts), strict=True)
    for i, (zone, least, desired, most) in enumerate(shares):
        if most:
            yield NodeGroupSpec(
                name=f"{name}-{'abc'[i]}",
                pool="gpu_nodes",
                zone=zone,
                machine_type=pool.machine.name,
                min=least,
                desired=desired,
                max=most,
                disk_gib=pool.disk_gib,
                gpus_per_node=pool.machine.gpus,
                labels=dict(engine.node_labels),
                tainted=True,
            )


def _part(total: int, parts: int, position: int) -> int:
    return total // parts + (1 if position < total % parts else 0)


def _shared_nodes(engines: list[Engine], pool: PoolOrder) -> int:
    gpus = sum(e.max_replicas * e.gpus for e in engines)
    return max(pool.desired, -(-gpus // pool.machine.gpus))
