"""``gateway fit --json``: the verdict with every case, pod, engine and connection behind it, as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sizing.connections import RESERVED_CONNECTIONS, connections
from sizing.fit import Fit, fit
from sizing.fit_cases import POOLS, Case, CaseResult
from sizing.plan import Plan
from sizing.specs import Container, Workload

Json = dict[str, Any]


def fit_report(plan: Plan) -> Json:
    """The JSON of ``gateway fit``. Units in the names; percent of allocatable, DaemonSets included."""
    found = fit(plan)
    return {
        "tier": plan.requirements.tier.value,
        "cloud": plan.order.cloud,
        "region": plan.order.region,
        **verdict_report(plan, found),
        "nodes": nodes_report(plan, found),
        "pods": [pod_report(workload) for workload in plan.workloads.items],
        "gpu": [
            {
                "engine": engine.name,
                "repository": engine.repository,
                "precision": engine.precision,
                "gpu_model": engine.gpu_model,
                "tensor_parallel_size": engine.tensor_parallel_size,
                "max_model_len": engine.max_model_len,
                "needed_mib": engine.fit.needed_mib,
                "available_mib": engine.fit.available_mib,
            }
            for engine in plan.engines
        ],
        "connections": {
            **connections(plan.requirements, plan.order).model_dump(mode="json"),
            "reserved": RESERVED_CONNECTIONS,
        },
    }


def verdict_report(plan: Plan, known: Fit | None = None) -> Json:
    """The verdict, its cases and remedies: what a saved preview carries of the fit."""
    found = known or fit(plan)
    return {
        "verdict": found.verdict,
        "cases": [case_report(case) for case in found.cases],
        "remedies": [asdict(remedy) for remedy in found.remedies],
    }


def case_report(case: CaseResult) -> Json:
    """One case of one pool; a zone that is lost takes ``nodes - nodes_left`` nodes with it."""
    return {
        "case": case.case.value,
        "node_group": case.node_group,
        "fits": case.fits,
        "nodes": case.nodes,
        "nodes_left": case.nodes_left,
        "nodes_needed": case.nodes_needed,
        "cpu_percent": case.cpu_percent,
        "memory_percent": case.memory_percent,
        "gpu_percent": case.gpu_percent,
        "by_luck": case.by_luck,
        "unplaced": [asdict(unplaced) for unplaced in case.unplaced],
        "lost_with_zone": [{**asdict(lost), "quorum": lost.quorum} for lost in case.lost_with_zone],
    }


def nodes_report(plan: Plan, found: Fit) -> Json:
    """What is ordered of each pool, and how few nodes would do for all cases of its maximum."""
    made: Json = {}
    for pool in POOLS:
        order = plan.order.cpu if pool == "cpu_nodes" else plan.order.gpu
        needs = {case.case: case.nodes_needed for case in found.cases if case.node_group == pool}
        grown = [need for case, need in needs.items() if not case.at_desired]
        known = [need for need in grown if need is not None]
        made[pool] = {
            "machine_type": order.machine.name,
            "allocatable_cpu_m": order.machine.allocatable_cpu_m,
            "allocatable_memory_mib": order.machine.allocatable_memory_mib,
            "max_pods": order.machine.max_pods,
            "gpus": order.machine.gpus,
            "min": order.min,
            "desired": order.desired,
            "max": plan.pool_max(pool),
            "would_do_at_minimum": needs[Case.MINIMUM],
            "would_do": max(known) if len(known) == len(grown) else None,
        }
    return made


def pod_report(workload: Workload) -> Json:
    """One workload: the effective request of a pod of it, and what decides where it may run."""
    return {
        "name": workload.name,
        "release": workload.release,
        "namespace": workload.namespace,
        "kind": workload.kind,
        "node_group": workload.node_group,
        "replicas": workload.replicas,
        "max_replicas": workload.max_replicas,
        "cpu_m": workload.cpu_m,
        "memory_mib": workload.memory_mib,
        "gpus": workload.gpus,
        "containers": [_container(c) for c in workload.containers],
        "init_containers": [_container(c) for c in workload.init_containers],
        "spread_zones": workload.spread_zones,
        "spread_hosts": workload.spread_hosts,
        "zonal_volume": bool(workload.volumes),
        "quorum": workload.quorum,
        "priority": workload.priority,
        "node_labels": dict(workload.node_labels),
        "source": workload.source,
    }


def _container(container: Container) -> Json:
    return {
        "name": container.name,
        "cpu_m": container.cpu_request_m,
        "memory_mib": container.memory_request_mib,
        "gpus": container.gpus,
    }
