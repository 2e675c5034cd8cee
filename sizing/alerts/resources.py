"""CPU and memory of what the guide sizes, autoscalers and pools at their maximum (guide 2.1, 3.1, 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.alerts.model import (
    PREFIX,
    Alert,
    Level,
    Record,
    guide_levels,
    guide_source,
    levels,
    pattern,
    trigger,
)
from sizing.plan import Plan
from sizing.specs import Pool, Workload

GROUP = "ai-gateway.resources"
CPU = f"{PREFIX}workload_cpu:ratio"
MEMORY = f"{PREFIX}container_memory:ratio"
POOL_NODES = f"{PREFIX}pool_nodes:count"

OBJECTS = {
    "agentgateway": "edge",
    "vllm-router": "vllm-deployment-router",
    "prometheus": "prometheus-kube-prometheus-stack-prometheus",
    "grafana": "kube-prometheus-stack-grafana",
}
"""Deployments and StatefulSets whose name is not the workload's: what the charts and operators call them."""
ENGINE = "vllm-{slug}-deployment-vllm"

_OWNER = "namespace_workload_pod:kube_pod_owner:relabel"
_CPU_USED = "node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m"
_CPU_REQUESTED = "cluster:namespace:pod_cpu:active:kube_pod_container_resource_requests"


def object_name(plan: Plan, workload: Workload) -> str:
    """The name of the Kubernetes object that makes the workload's pods."""
    for engine in plan.engines:
        if workload.name == f"vllm-{engine.slug}":
            return ENGINE.format(slug=engine.slug)
    return OBJECTS.get(workload.name, workload.name)


def watched(plan: Plan) -> tuple[Workload, ...]:
    """The workloads whose size is the guide's: its thresholds are about them. What we sized ourselves is
    watched by what it does: restarts, readiness, queues."""
    return tuple(
        w for w in plan.workloads.items if w.source.startswith("guide") and w.kind != "DaemonSet"
    ) + tuple(w for w in plan.workloads.items if w.name == "pgbouncer")


def records(plan: Plan) -> Iterator[Record]:
    """Use of what was requested or allowed, per workload, with pods matched to their owner.

    CPU counts against the request, as the autoscaler does; memory against the limit, at which a container is
    killed.
    """
    workloads = watched(plan)
    spaces = f'namespace=~"{pattern(w.namespace for w in workloads)}"'
    names = pattern(object_name(plan, w) for w in workloads)
    owner = f'max by (namespace, pod, workload) ({_OWNER}{{{spaces}, workload=~"{names}"}})'

    def owned(expr: str) -> str:
        return f"sum by (namespace, workload) ({expr} * on (namespace, pod) group_left (workload) {owner})"

    used, asked = owned(f"{_CPU_USED}{{{spaces}}}"), owned(f"{_CPU_REQUESTED}{{{spaces}}}")
    yield Record(CPU, GROUP, f"{used} / {asked}", "ratio")
    working = f'container_memory_working_set_bytes{{{spaces}, container!="", image!=""}}'
    allowed = f'kube_pod_container_resource_limits{{{spaces}, resource="memory"}}'
    ratio = (
        f"max by (namespace, pod, container) ({working})"
        f" / on (namespace, pod, container) max by (namespace, pod, container) ({allowed})"
    )
    of_owner = f"({ratio}) * on (namespace, pod) group_left (workload) {owner}"
    yield Record(MEMORY, GROUP, f"max by (namespace, workload, container) ({of_owner})", "ratio")
    nodes = 'kube_node_labels{label_ai_gateway_pool!=""}'
    yield Record(POOL_NODES, GROUP, f"count by (label_ai_gateway_pool) ({nodes})", "count")


def alerts(plan: Plan) -> Iterator[Alert]:
    """All alerts of this module."""
    cpu, memory = trigger("CPU utilization"), trigger("Memory utilization")
    yield Alert(
        name="WorkloadCpuHigh",
        group=GROUP,
        expr=CPU,
        op=">",
        levels=guide_levels(cpu),
        unit="ratio",
        for_="15m",
        summary="{{ $labels.namespace }}/{{ $labels.workload }}: CPU near or above its request",
        action=f"{cpu.action}: see whether its autoscaler is at its maximum; without one raise replicas.",
        source=guide_source(cpu),
    )
    yield Alert(
        name="WorkloadMemoryHigh",
        group=GROUP,
        expr=MEMORY,
        op=">",
        levels=guide_levels(memory),
        unit="ratio",
        for_="10m",
        summary="{{ $labels.namespace }}/{{ $labels.workload }}: {{ $labels.container }} near its limit",
        action=f"{memory.action}: raise the memory limit before the container is killed.",
        source=guide_source(memory),
    )
    yield from _autoscalers()
    for pool, label in _POOLS:
        yield from _pool(plan, pool, label)
    yield Alert(
        name="PodsUnschedulable",
        group=GROUP,
        expr="sum by (namespace, pod) (kube_pod_status_unschedulable)",
        op=">",
        levels=levels(0),
        unit="count",
        for_="15m",
        summary="{{ $labels.namespace }}/{{ $labels.pod }}: no node has room for it",
        action="See its events: pool at its maximum, no quota for the machine type, or a volume in a zone"
        " without nodes.",
        source="ours: a node is there within 10 minutes when there can be one",
    )


_HPA = "kube_horizontalpodautoscaler"
_POOLS: tuple[tuple[Pool, str], ...] = (("cpu_nodes", "cpu"), ("gpu_nodes", "gpu"))


def _autoscalers() -> Iterator[Alert]:
    spec = f"{_HPA}_spec_max_replicas"
    yield Alert(
        name="AutoscalerAtMaximum",
        group=GROUP,
        expr=f"{_HPA}_status_current_replicas == {spec} and {spec} > {_HPA}_spec_min_replicas",
        op="",
        levels=(Level("warning", None),),
        unit="count",
        for_="15m",
        summary="{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }}: at its maximum",
        action="The next rise in load is not absorbed: raise maxReplicas (`gateway fit` says whether the"
        " nodes hold it) or move to the next tier.",
        source="guide 2.1, D1: four times the minimum",
    )
    yield Alert(
        name="AutoscalerBlind",
        group=GROUP,
        expr=f'{_HPA}_status_condition{{condition="ScalingActive", status="false"}}',
        op="==",
        levels=levels(1),
        unit="count",
        for_="15m",
        summary="{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }}: gets no metrics to scale by",
        action="See its events; check metrics-server, and KEDA and Prometheus for engines.",
        source="Kubernetes: condition ScalingActive",
    )
    yield Alert(
        name="EngineScalerFailing",
        group=GROUP,
        expr="sum by (scaledObject) (increase(keda_scaler_detail_errors_total[10m]))",
        op=">",
        levels=levels(0),
        unit="count",
        for_="15m",
        summary="{{ $labels.scaledObject }}: KEDA cannot read its trigger",
        action="Check that Prometheus answers and the engine is scraped; meanwhile the fallback's replicas"
        " run.",
        source="D30",
    )


def _pool(plan: Plan, pool: Pool, label: str) -> Iterator[Alert]:
    """A pool that cannot grow by plan is at its maximum always, which is no news."""
    most, least = plan.pool_max(pool), sum(group.min for group in plan.groups(pool))
    if most <= least:
        return
    yield Alert(
        name=f"{label.capitalize()}NodesAtMaximum",
        group=GROUP,
        expr=f'{POOL_NODES}{{label_ai_gateway_pool="{label}"}}',
        op=">=",
        levels=levels(most),
        unit="count",
        for_="15m",
        summary=f"The {label.upper()} pool has as many nodes as it may",
        action=f"Raise nodes.{label}.max, after the account's quota; pods that find no room wait.",
        source="D2: the autoscalers' maximum with a zone lost" if label == "cpu" else "D6: engines' maximum",
    )
