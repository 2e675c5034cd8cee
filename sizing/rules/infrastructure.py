"""Findings about the cluster, the network, storage and observability: D2, D6, D19, D20, D23 to D26, D29, D32, D34."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.findings import Finding, Kind
from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure
from sizing.plan import Plan


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _node_maxima(plan)
    yield from _control_plane(plan)
    yield from _access(plan)
    yield from _network(plan)
    yield from _storage(plan)
    yield from _observability(plan)
    yield from _regions(plan)


def _node_maxima(plan: Plan) -> Iterator[Finding]:
    order = plan.order
    needed = plan.cpu_nodes_needed
    most = plan.pool_max("cpu_nodes")
    held = order.cpu.max is not None and order.cpu.max < needed
    yield Finding(
        id="D2", section="3.1", path="cluster.cpu_nodes.max", kind=Kind.RISK if held else Kind.INTERPRETED,
        guide=None, actual=most,
        reason=f"held at {most} by the stack; the HPA maximum with one zone lost needs {needed}" if held
        else f"the guide gives a count only, which is min and desired; {needed} x {order.cpu.machine.name} hold every pod"
        " at the HPA maximum with one zone lost",
        source="placement of the plan's pods on allocatable cpu, memory and pods",
    )  # fmt: skip
    if plan.pool_max("gpu_nodes") != order.gpu.desired or order.gpu.max is not None:
        yield Finding(
            id="D6", section="3.1", path="cluster.gpu_nodes.max", kind=Kind.INTERPRETED, guide=None,
            actual=plan.pool_max("gpu_nodes"),
            reason="the nodes that all engines need at their maximum: "
            + ", ".join(f"{e.name} {e.max_replicas} x {e.gpus} GPU" for e in plan.engines),
            source="guide 2.3 (engine maximum), 3.1",
        )  # fmt: skip


def _control_plane(plan: Plan) -> Iterator[Finding]:
    row = ch3_infrastructure.CLUSTER[plan.requirements.tier]
    yield Finding(
        id="D23", section="3.1", path="cluster.control_plane", kind=Kind.INTERPRETED, guide=row.control_plane,
        actual=f"EKS {plan.cluster.control_plane_tier}",
        reason="EKS runs the control plane over three zones and its size in nodes cannot be chosen; a provisioned"
        " tier is the nearest to a dedicated one",
        source="https://docs.aws.amazon.com/eks/latest/userguide/eks-provisioned-control-plane.html",
    )  # fmt: skip


def _access(plan: Plan) -> Iterator[Finding]:
    if not plan.cluster.api_allowed_cidrs:
        yield Finding(
            id="D32", section="3.1", path=None, kind=Kind.INTERPRETED, guide=None, actual="private API access only",
            reason="run `pulumi up` inside the VPC, or list your networks in network.apiAllowedCidrs",
            source="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
        )  # fmt: skip


def _network(plan: Plan) -> Iterator[Finding]:
    need, machine = plan.requirements.network, plan.order.cpu.machine
    if machine.network_gbps_baseline < need.internal_gbps:
        total = machine.network_gbps_baseline * plan.order.cpu.desired
        yield Finding(
            id="D24", section="3.2", path="network.internal_gbps", kind=Kind.INTERPRETED,
            guide=need.internal_gbps, actual=round(total, 3),
            reason=f"one {machine.name} sustains {machine.network_gbps_baseline:g} Gbps; the figure is read as the"
            f" cluster's sum, and {plan.order.cpu.desired} nodes sustain {total:g}",
            source="EC2 DescribeInstanceTypes",
        )  # fmt: skip
    guide = ch3_infrastructure.NETWORK[plan.requirements.tier].endpoints
    endpoints = plan.network.interface_endpoints
    yield Finding(
        id="D25", section="3.2", path="network.endpoints", kind=Kind.INTERPRETED, guide=guide,
        actual=", ".join(("s3", *endpoints)),
        reason="endpoints do not replace NAT, which stays: charts, images and external models are outside AWS",
        source="https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
    )  # fmt: skip


def _storage(plan: Plan) -> Iterator[Finding]:
    need = plan.requirements.storage
    yield Finding(
        id="D26", section="3.3", path="storage.redis_gib", kind=Kind.INTERPRETED, guide=need.redis_gib, actual=0,
        reason="a managed cache has no disk to order; the figure is snapshot storage, kept"
        f" {plan.order.redis.spec.snapshot_retention_days} days",
        source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html",
    )  # fmt: skip
    yield Finding(
        id="D26", section="3.3", path="storage.model_cache_gib", kind=Kind.INTERPRETED, guide=need.model_cache_gib,
        actual=None,
        reason="the cache is an object storage bucket without a size: a shared file system loads weights too slowly",
        source="https://github.com/run-ai/runai-model-streamer",
    )  # fmt: skip


def _observability(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.observability, ch2_components.OBSERVABILITY[plan.requirements.tier]
    path, cell, prometheus = "observability.prometheus", row.prometheus, need.prometheus
    part = plan.overrides.observability
    if cell.memory_request is not None:
        yield Finding(
            id="D19", section="2.7", path=None, kind=Kind.INTERPRETED, guide=cell.text,
            actual=f"{prometheus.memory_request_mib}Mi request, {prometheus.memory_limit_mib}Mi limit,"
            f" {choices.PROMETHEUS_CPU_M[plan.requirements.tier]}m cpu",
            reason="two memory figures and no cpu: read as request and limit; the cpu is ours",
            source="guide 2.7",
        )  # fmt: skip
    else:
        ours = {
            "replicas": (part.prometheus.replicas, prometheus.replicas),
            "memory_request_mib": (part.prometheus.memory.request, prometheus.memory_request_mib),
            "memory_limit_mib": (part.prometheus.memory.limit, prometheus.memory_limit_mib),
        }
        for field, (overridden, actual) in ours.items():
            if overridden is None:
                yield Finding(
                    id="D20", section="2.7", path=f"{path}.{field}", kind=Kind.INTERPRETED, guide=cell.text,
                    actual=actual, reason="words, not numbers: two replicas with twice Large's memory each,"
                    " Thanos beside them", source="guide 2.7",
                )  # fmt: skip
    if part.jaeger is None:
        backend = plan.platform.observability.jaeger_backend
        yield Finding(
            id="D20", section="2.7", path="observability.jaeger.mode", kind=Kind.INTERPRETED, guide=row.jaeger,
            actual=f"{plan.workloads['jaeger'].replicas} x jaeger on {backend}",
            reason="words, not numbers; the size of the pods is ours", source="https://www.jaegertracing.io/docs/2.20/",
        )  # fmt: skip


def _regions(plan: Plan) -> Iterator[Finding]:
    profile = ch1_workload.PROFILES[plan.requirements.tier]
    if "Multi-region" in profile.use_case:
        yield Finding(
            id="D29", section="1.1", path="workload.use_case", kind=Kind.INTERPRETED, guide=profile.use_case,
            actual=f"one region, {plan.order.region}",
            reason="the stack builds one region; the seal key can be replicated and snapshots restored in another",
            source="guide 1.1",
        )  # fmt: skip
    if not plan.order.verified_region:
        yield Finding(
            id="D34", section="4.1", path="region", kind=Kind.RISK, guide="us-east-1", actual=plan.order.region,
            reason="the zones that offer the GPU type, and the prices, are not verified for this region",
            source="catalogue of us-east-1",
        )  # fmt: skip
