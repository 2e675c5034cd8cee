"""``resolve()``: requirements and an order become the plan of what runs, with its findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sizing import capacity
from sizing import engines as engine_model
from sizing.clouds.base import Cloud, Order
from sizing.connections import check_connections
from sizing.disruption import with_budget
from sizing.engines import POOL_LABEL, Engine
from sizing.errors import SizingError
from sizing.findings import Finding
from sizing.network_edges import network_policies
from sizing.node_groups import shares
from sizing.overrides import Overrides
from sizing.placement import NodeShape
from sizing.platform_specs import PlatformSpecs, platform_specs
from sizing.require import require
from sizing.requirements import Requirements
from sizing.specs import (
    ClusterSpec,
    NetworkPolicySpec,
    NetworkSpec,
    NodeGroupSpec,
    Pool,
    Workload,
    Workloads,
)
from sizing.workloads import gateway, inference, observability, platform, secrets


@dataclass(frozen=True)
class Plan:
    """Everything that runs, resolved to numbers. Components see its specs, users its report."""

    requirements: Requirements
    overrides: Overrides
    cloud: Cloud
    order: Order
    engines: tuple[Engine, ...]
    workloads: Workloads
    cpu_nodes_needed: int
    node_groups: tuple[NodeGroupSpec, ...]
    network: NetworkSpec
    cluster: ClusterSpec
    platform: PlatformSpecs
    network_policies: NetworkPolicySpec
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
        *secrets.workloads(overrides),
        *system,
    )
    workloads = tuple(
        with_budget(_on_volumes_of(workload, order.volume_min_gib), overrides) for workload in workloads
    )
    _check_vault(requirements, order)
    _check_volumes(overrides, order)
    check_connections(requirements, order)
    needed = cpu_maximum(order, workloads)
    groups = cloud.node_groups(order, shares(order, needed, engines))
    network = cloud.network(order, groups, requirements, overrides)
    platform_parts = platform_specs(requirements, overrides, order, engines)
    beyond = cloud.outside(order, network, public=platform_parts.agent_gateway.public)
    plan = Plan(
        requirements=requirements,
        overrides=overrides,
        cloud=cloud,
        order=order,
        engines=engines,
        workloads=Workloads(items=workloads),
        cpu_nodes_needed=needed,
        node_groups=groups,
        network=network,
        cluster=cloud.cluster(order, groups, requirements, overrides),
        platform=platform_parts,
        network_policies=network_policies(workloads, platform_parts.identities, beyond),
    )
    return replace(plan, findings=findings(plan))


def replanned(plan: Plan, changes: Mapping[str, int | str | None]) -> Plan:
    """The plan of the same stack with other values at paths of the stack file, None for no value.

    Raises:
        SizingError: the stack would be refused with them.
    """
    overrides = plan.overrides
    for path, value in changes.items():
        overrides = overrides.changed(path.split("."), value)
    return resolve(require(plan.requirements.tier, overrides), overrides, plan.cloud, plan.order.region)


def _check_vault(need: Requirements, order: Order) -> None:
    if need.vault.replicas > order.cpu.desired:
        raise SizingError(
            "nodes.cpu.desired",
            order.cpu.desired,
            f"vault.replicas is {need.vault.replicas} and Vault runs one server per node",
            f"Set nodes.cpu.desired to at least {need.vault.replicas}, or lower vault.replicas.",
        )


def _check_volumes(over: Overrides, order: Order) -> None:
    """Refuse a volume of the stack's that the cloud cannot make; the model's are ordered at the minimum."""
    for path, size in (
        ("vault.storageGib", over.vault.storage_gib),
        ("observability.prometheus.storageGib", over.observability.prometheus.storage_gib),
    ):
        if size is not None:
            order.volumes.least(
                path, size, order.volume_min_gib, f"below the smallest volume of {order.volume_min_gib} GiB"
            )
            order.volumes.most(
                path, size, order.volume_max_gib, f"above the largest volume of {order.volume_max_gib} GiB"
            )


def _on_volumes_of(workload: Workload, least_gib: int) -> Workload:
    """The workload with every volume at least the cloud's smallest."""
    volumes = tuple(v.model_copy(update={"size_gib": max(v.size_gib, least_gib)}) for v in workload.volumes)
    return workload if volumes == workload.volumes else workload.model_copy(update={"volumes": volumes})


def cpu_demand(order: Order, workloads: tuple[Workload, ...]) -> capacity.Demand:
    """What the CPU nodes have to hold: the HPA maximum with a zone lost (D2)."""
    machine = order.cpu.machine
    node = NodeShape(
        machine.allocatable_cpu_m, machine.allocatable_memory_mib, machine.max_pods, 0, {POOL_LABEL: "cpu"}
    )
    return capacity.Demand(
        workloads=capacity.placed_in(workloads, "cpu_nodes"),
        shape=capacity.free_shape(node, capacity.daemons(workloads, "cpu_nodes")),
        zones=order.zones,
        at_maximum=True,
        zone_lost=True,
    )


def cpu_maximum(order: Order, workloads: tuple[Workload, ...]) -> int:
    """Most CPU nodes: the smallest count from the desired one that holds the HPA maximum, a zone lost."""
    demand = cpu_demand(order, workloads)
    shape = demand.shape
    for workload in demand.workloads:
        if workload.cpu_m > shape.cpu_m or workload.memory_mib > shape.memory_mib:
            raise SizingError(
                "nodes.cpu.machineType",
                order.cpu.machine.name,
                f"leaves {shape.cpu_m}m cpu and {shape.memory_mib}Mi memory for pods, and one pod of"
                f" {workload.name} requests {workload.cpu_m}m and {workload.memory_mib}Mi",
                "Choose a larger machine type or lower that pod's requests.",
            )
    least = max(order.cpu.desired, len(order.zones))
    if least > capacity.MOST_NODES:
        raise SizingError(
            "nodes.cpu.desired",
            order.cpu.desired,
            f"placement is proven for {capacity.MOST_NODES} CPU nodes at most",
            "Choose a larger nodes.cpu.machineType and fewer nodes.",
        )
    found = [capacity.needed(replace(demand, zone_lost=lost), least) for lost in (True, False)]
    if None in found:
        raise SizingError(
            "nodes.cpu.machineType",
            order.cpu.machine.name,
            f"more than {capacity.MOST_NODES} nodes of it would be needed for every pod at its maximum",
            "Choose a larger machine type or lower the replicas.",
        )
    return max(least, *(count for count in found if count is not None))
