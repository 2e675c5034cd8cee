"""``gateway size --json``: the plan in the guide's terms, as plain data with a stable order."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from sizing.engines import Engine
from sizing.guide import ch2_components
from sizing.plan import Plan
from sizing.requirements import ProxyRequirements
from sizing.specs import HpaSpec
from sizing.throughput import output_tokens_per_s

Json = dict[str, Any]


def size_report(plan: Plan) -> Json:
    """The JSON of ``gateway size``: requirements, and ``order``, what is bought. Units in the names."""
    need = plan.requirements
    return {
        "tier": need.tier.value,
        "cloud": plan.order.cloud,
        "region": plan.order.region,
        "workload": _dump(need.workload),
        "litellm": {**_proxy(need.litellm), "workers": need.litellm.workers},
        "agent_gateway": _proxy(need.agent_gateway),
        "vllm": {
            "router_replicas": need.vllm.router_replicas,
            "engines": [_engine(plan, engine) for engine in plan.engines],
            "throughput": [
                {
                    "model": row.model,
                    "gpu_model": row.gpu_model,
                    "gpus": row.gpus,
                    "memory_gib": row.gpu_memory.gib,
                    "tokens_per_s": row.tokens_per_s.as_list(),
                }
                for row in ch2_components.INFERENCE
            ],
        },
        "postgres": {**_dump(need.postgres), "max_storage_gib": plan.order.postgres.spec.max_storage_gib},
        "pgbouncer": _dump(need.pgbouncer),
        "redis": _dump(need.redis),
        "vault": _dump(need.vault),
        "observability": _dump(need.observability),
        "cluster": _cluster(plan),
        "network": _dump(need.network),
        "storage": _dump(need.storage),
        "order": order_report(plan),
        "findings": [_dump(finding) for finding in plan.findings],
    }


def _dump(model: BaseModel) -> Json:
    return model.model_dump(mode="json")


def _hpa(hpa: HpaSpec) -> Json:
    return {
        "cpu_percent": hpa.cpu_percent,
        "memory_percent": hpa.memory_percent,
        "scale_down": {
            "stabilization_s": hpa.scale_down_stabilization_s,
            "percent": hpa.scale_down_percent,
            "period_s": hpa.scale_down_period_s,
        },
        "scale_up": {
            "stabilization_s": hpa.scale_up_stabilization_s,
            "percent": hpa.scale_up_percent,
            "period_s": hpa.scale_up_period_s,
        },
    }


def _proxy(need: ProxyRequirements) -> Json:
    return {**need.model_dump(mode="json", exclude={"hpa", "workers"}), "hpa": _hpa(need.hpa)}


def _engine(plan: Plan, engine: Engine) -> Json:
    need = plan.requirements.vllm
    fields = engine.model_dump(mode="json", exclude={"fit", "node_labels", "slug"})
    return {
        **fields,
        "output_tokens_per_s": output_tokens_per_s(engine).tokens_per_s,
        "gpu_memory_needed_mib": engine.fit.needed_mib,
        "gpu_memory_available_mib": engine.fit.available_mib,
        "trigger": {"metric": need.trigger_metric, "threshold": need.trigger_threshold},
    }


def _cluster(plan: Plan) -> Json:
    need = plan.requirements.cluster
    made: Json = {"control_plane": need.control_plane}
    for name, pool, order in (
        ("cpu_nodes", need.cpu_nodes, plan.order.cpu),
        ("gpu_nodes", need.gpu_nodes, plan.order.gpu),
    ):
        groups = [g for g in plan.node_groups if g.pool == name]
        made[name] = {
            "machine_type": order.machine.name,
            "min": pool.min,
            "desired": pool.desired,
            "max": sum(g.max for g in groups),
        }
    return made


def order_report(plan: Plan) -> Json:
    """What is bought: database, cache, per-zone node groups, network and control plane."""
    postgres, redis = plan.order.postgres, plan.order.redis
    return {
        "zones": list(plan.order.zones),
        "postgres": {
            **_dump(postgres.spec),
            "iops": postgres.included_iops,
            "iops_argument": postgres.spec.iops,
            "vcpu": postgres.vcpu,
            "memory_gib": postgres.memory_gib,
            "sustained_iops": postgres.sustained_iops,
        },
        "redis": {**_dump(redis.spec), "usable_gib_per_node": redis.usable_gib},
        "nodes": [_dump(group) for group in plan.node_groups],
        "network": _dump(plan.network),
        "cluster": {
            **plan.cluster.model_dump(mode="json", exclude={"node_groups", "addons"}),
            "addons": {addon.name: addon.version for addon in plan.cluster.addons},
        },
    }
