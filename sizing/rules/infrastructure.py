"""Findings about cluster, network, storage and regions: D2, D6, D23 to D26, D29, D32, D34."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch1_workload, ch3_infrastructure
from sizing.plan import Plan
from sizing.quantities import MIB_PER_GIB

CLUSTER = ch3_infrastructure.CLUSTER.section
NETWORK = ch3_infrastructure.NETWORK.section
STORAGE = ch3_infrastructure.STORAGE.section


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _machines(plan)
    yield from _cpu_maximum(plan)
    yield from _gpu_maximum(plan)
    yield from _first_nodes(plan)
    yield from _control_plane(plan)
    yield from _access(plan)
    yield from _bandwidth(plan)
    yield from _endpoints(plan)
    yield from _storage(plan)
    yield from _regions(plan)


def _machines(plan: Plan) -> Iterator[Finding]:
    """Machine types of another cloud than the guide's, which names those of one cloud per tier (D28)."""
    row, chosen = ch3_infrastructure.CLUSTER[plan.requirements.tier], plan.overrides.nodes
    for pool, guide, order, part in (
        ("cpu_nodes", row.cpu_nodes.machine_type, plan.order.cpu, chosen.cpu),
        ("gpu_nodes", row.gpu_nodes.machine_type, plan.order.gpu, chosen.gpu),
    ):
        machine = order.machine
        if machine.name == guide or part.machine_type is not None:
            continue
        gpus = f", {machine.gpus} x {machine.gpu_model}" if machine.gpus else ""
        yield Finding(
            id="D28",
            section=CLUSTER,
            path=f"cluster.{pool}.machine_type",
            kind=Kind.CHANGED,
            guide=guide,
            actual=machine.name,
            reason=f"{guide} is another cloud's; its nearest here has {machine.vcpu} vCPU and"
            f" {machine.memory_mib / MIB_PER_GIB:g} GiB{gpus}",
            source=plan.order.notes.machines,
        )


def _cpu_maximum(plan: Plan) -> Iterator[Finding]:
    order, needed, most = plan.order, plan.cpu_nodes_needed, plan.pool_max("cpu_nodes")
    held = order.cpu.max is not None and order.cpu.max < needed
    if order.cpu.max is not None and not held:
        yield overridden(CLUSTER, "cluster.cpu_nodes.max", None, most)
        return
    yield Finding(
        id="D2",
        section=CLUSTER,
        path="cluster.cpu_nodes.max",
        kind=Kind.RISK if held else Kind.INTERPRETED,
        guide=None,
        actual=most,
        reason=f"held at {most} by the stack; the HPA maximum with one zone lost needs {needed}"
        if held
        else f"the guide gives a count only, which is min and desired; {needed} x {order.cpu.machine.name}"
        " hold"
        " every pod at the HPA maximum with one zone lost"
        + (f"; {most} lets every zone begin with as many" if most > needed else ""),
        source="placement of the plan's pods on allocatable cpu, memory and pods",
    )


def _gpu_maximum(plan: Plan) -> Iterator[Finding]:
    order, most = plan.order, plan.pool_max("gpu_nodes")
    if order.gpu.max is not None:
        yield overridden(CLUSTER, "cluster.gpu_nodes.max", None, most)
    elif most != order.gpu.desired:
        yield Finding(
            id="D6",
            section=CLUSTER,
            path="cluster.gpu_nodes.max",
            kind=Kind.INTERPRETED,
            guide=None,
            actual=most,
            reason="the nodes that all engines need at their maximum, or at their minimum with a zone lost: "
            + ", ".join(f"{e.name} {e.max_replicas} x {e.gpus} GPU" for e in plan.engines),
            source="guide 2.3 (engine maximum), 3.1",
        )


def _first_nodes(plan: Plan) -> Iterator[Finding]:
    """Pools that begin below the desired count: the cloud begins with the same number in every zone (D2)."""
    row, pools = ch3_infrastructure.CLUSTER[plan.requirements.tier], plan.order.notes.pools
    for pool, guide, desired in (
        ("cpu_nodes", row.cpu_nodes.count, plan.order.cpu.desired),
        ("gpu_nodes", row.gpu_nodes.count, plan.order.gpu.desired),
    ):
        start = sum(group.start for group in plan.node_groups if group.pool == pool)
        if pools is not None and start < desired and start != guide:
            yield Finding(
                id="D2",
                section=CLUSTER,
                path=f"cluster.{pool}.desired",
                kind=Kind.INTERPRETED,
                guide=guide,
                actual=start,
                reason=f"{pools.reason}; the autoscaler makes the other {desired - start} for pods that wait",
                source=pools.source,
            )


def _control_plane(plan: Plan) -> Iterator[Finding]:
    row, notes = ch3_infrastructure.CLUSTER[plan.requirements.tier], plan.order.notes
    yield Finding(
        id="D23",
        section=CLUSTER,
        path="cluster.control_plane",
        kind=Kind.INTERPRETED,
        guide=row.control_plane,
        actual=f"{notes.kubernetes} {plan.cluster.control_plane_tier}",
        reason=notes.control_plane.reason,
        source=notes.control_plane.source,
    )


def _access(plan: Plan) -> Iterator[Finding]:
    if not plan.cluster.api_allowed_cidrs:
        yield Finding(
            id="D32",
            section=CLUSTER,
            path=None,
            kind=Kind.INTERPRETED,
            guide=None,
            actual="private API access only",
            reason=plan.order.notes.api_access.reason,
            source=plan.order.notes.api_access.source,
        )


def _bandwidth(plan: Plan) -> Iterator[Finding]:
    need, machine, nodes = plan.requirements.network, plan.order.cpu.machine, plan.order.cpu.desired
    total = round(machine.network_gbps_baseline * nodes, 3)
    if machine.network_gbps_baseline >= need.internal_gbps or total == need.internal_gbps:
        return
    yield Finding(
        id="D24",
        section=NETWORK,
        path="network.internal_gbps",
        kind=Kind.INTERPRETED if total > need.internal_gbps else Kind.CHANGED,
        guide=need.internal_gbps,
        actual=total,
        reason=f"one {machine.name} sustains {machine.network_gbps_baseline:g} Gbps; the figure is read as"
        " the"
        f" cluster's sum, and {nodes} nodes sustain {total:g}",
        source=plan.order.notes.bandwidth,
    )


def _endpoints(plan: Plan) -> Iterator[Finding]:
    notes = plan.order.notes
    yield Finding(
        id="D25",
        section=NETWORK,
        path="network.endpoints",
        kind=Kind.INTERPRETED,
        guide=plan.requirements.network.endpoints,
        actual=", ".join((*notes.endpoints_included, *plan.network.interface_endpoints)),
        reason=notes.endpoints.reason,
        source=notes.endpoints.source,
    )


def _storage(plan: Plan) -> Iterator[Finding]:
    need = plan.requirements.storage
    yield Finding(
        id="D26",
        section=STORAGE,
        path="storage.redis_gib",
        kind=Kind.INTERPRETED,
        guide=need.redis_gib,
        actual=0,
        reason="a managed cache has no disk to order; the figure is snapshot storage, kept"
        f" {plan.order.redis.spec.snapshot_retention_days} days",
        source=plan.order.notes.redis.backups,
    )
    yield Finding(
        id="D26",
        section=STORAGE,
        path="storage.model_cache_gib",
        kind=Kind.INTERPRETED,
        guide=need.model_cache_gib,
        actual=None,
        reason="the cache is an object storage bucket without a size: a shared file system loads weights too"
        " slowly",
        source="https://github.com/run-ai/runai-model-streamer",
    )


def _regions(plan: Plan) -> Iterator[Finding]:
    profile = ch1_workload.PROFILES[plan.requirements.tier]
    if "Multi-region" in profile.use_case:
        yield Finding(
            id="D29",
            section=ch1_workload.PROFILES.section,
            path="workload.use_case",
            kind=Kind.INTERPRETED,
            guide=profile.use_case,
            actual=f"one region, {plan.order.region}",
            reason="the stack builds one region; the seal key can be replicated and snapshots restored in"
            " another",
            source="guide 1.1",
        )
    if not plan.order.verified_region:
        yield Finding(
            id="D34",
            section="4.1",
            path="region",
            kind=Kind.RISK,
            guide=plan.order.notes.region,
            actual=plan.order.region,
            reason="the zones that offer the GPU type, and the prices, are not verified for this region",
            source=f"catalogue of {plan.order.notes.region}",
        )
