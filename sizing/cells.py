"""Every cell of the guide's tables 1.1 to 3.3 by its path in ``gateway size``.

One generic mapping: the findings compare against it, and a test proves that no cell is without a path.
"""

from __future__ import annotations

from collections.abc import Mapping

from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure
from sizing.guide.cells import Shape, Tier
from sizing.guide.ch2_components import Proxy
from sizing.quantities import parse_cpu, parse_memory

Cell = str | int | float | bool | None | list[int]


def guide_cells(tier: Tier) -> dict[str, tuple[str, Cell]]:
    """Path -> (section, the guide's value in that path's unit) for every cell that the tier fills."""
    cells: dict[str, tuple[str, Cell]] = {}
    for section, values in (
        ("1.1", _profile(tier)),
        ("1.2", _requests()),
        ("2.1", _proxy("litellm", ch2_components.LITELLM[tier])),
        ("2.2", _proxy("agent_gateway", ch2_components.AGENT_GATEWAY[tier])),
        ("2.1", _hpa()),
        ("2.3", _engine()),
        ("2.3", _throughput()),
        ("2.4", _postgres(tier)),
        ("2.5", _redis(tier)),
        ("2.6", _vault(tier)),
        ("2.7", _observability(tier)),
        ("3.1", _cluster(tier)),
        ("3.2", _network(tier)),
        ("3.3", _storage(tier)),
    ):
        cells.update({path: (section, value) for path, value in values.items()})
    return cells


def _profile(tier: Tier) -> Mapping[str, Cell]:
    row = ch1_workload.PROFILES[tier]
    return {
        "workload.requests_per_second": row.requests_per_second.as_list(),
        "workload.concurrent_users": row.concurrent_users.as_list(),
        "workload.daily_tokens": row.daily_tokens.as_list(),
        "workload.use_case": row.use_case,
    }


def _requests() -> Mapping[str, Cell]:
    row = ch1_workload.REQUESTS
    return {
        "workload.input_tokens": row.input_tokens.use,
        "workload.output_tokens": row.output_tokens.use,
        "workload.streaming_ratio": row.streaming_ratio.use,
        "workload.cache_hit_ratio": row.cache_hit_ratio.use,
        "workload.peak_to_average": row.peak_to_average.use,
    }


def _proxy(name: str, row: Proxy) -> Mapping[str, Cell]:
    return {
        f"{name}.replicas": row.replicas.value,
        f"{name}.cpu_request_m": row.resources.cpu_request_m,
        f"{name}.cpu_limit_m": row.resources.cpu_limit_m,
        f"{name}.memory_request_mib": row.resources.memory_request_mib,
        f"{name}.memory_limit_mib": row.resources.memory_limit_mib,
        f"{name}.max_rps": row.max_rps.value,
    }


def _hpa() -> Mapping[str, Cell]:
    hpa = ch2_components.HPA
    return {
        "litellm.max_replicas": hpa.yaml_max_replicas,
        "litellm.hpa.cpu_percent": hpa.cpu_percent,
        "litellm.hpa.memory_percent": hpa.memory_percent,
        "litellm.hpa.scale_down.stabilization_s": hpa.scale_down_stabilization_s,
        "litellm.hpa.scale_down.percent": hpa.scale_down_percent,
        "litellm.hpa.scale_down.period_s": hpa.scale_down_period_s,
        "litellm.hpa.scale_up.stabilization_s": hpa.scale_up_stabilization_s,
        "litellm.hpa.scale_up.percent": hpa.scale_up_percent,
        "litellm.hpa.scale_up.period_s": hpa.scale_up_period_s,
    }


def _engine() -> Mapping[str, Cell]:
    stack = ch2_components.PRODUCTION_STACK
    first = "vllm.engines[0]"
    return {
        "vllm.router_replicas": stack.router_replicas,
        f"{first}.name": stack.model_name,
        f"{first}.repository": stack.repository,
        f"{first}.gpus": stack.gpus,
        f"{first}.tensor_parallel_size": stack.tensor_parallel_size,
        f"{first}.max_model_len": stack.max_model_len,
        f"{first}.min_replicas": stack.min_replicas,
        f"{first}.max_replicas": stack.max_replicas,
        f"{first}.cpu_request_m": stack.resources.cpu_request_m,
        f"{first}.cpu_limit_m": stack.resources.cpu_limit_m,
        f"{first}.memory_request_mib": stack.resources.memory_request_mib,
        f"{first}.memory_limit_mib": stack.resources.memory_limit_mib,
        f"{first}.trigger.metric": stack.trigger_metric,
        f"{first}.trigger.threshold": stack.trigger_threshold,
    }


def _throughput() -> Mapping[str, Cell]:
    cells: dict[str, Cell] = {}
    for index, row in enumerate(ch2_components.INFERENCE):
        path = f"vllm.throughput[{index}]"
        cells |= {
            f"{path}.model": row.model,
            f"{path}.gpu_model": row.gpu_model,
            f"{path}.gpus": row.gpus,
            f"{path}.memory_gib": row.gpu_memory.gib,
            f"{path}.tokens_per_s": row.tokens_per_s.as_list(),
        }
    return cells


def _postgres(tier: Tier) -> Mapping[str, Cell]:
    row, pool = ch2_components.POSTGRES[tier], ch2_components.CONNECTION_POOL
    cells: dict[str, Cell] = {
        "postgres.topology": row.topology,
        "postgres.instances": row.nodes,
        "postgres.read_replicas": row.nodes - 1,
        "postgres.vcpu": row.vcpu,
        "postgres.memory_gib": row.memory.gib,
        "postgres.storage_gib": row.storage.gib,
        "postgres.storage_medium": row.medium,
        "postgres.iops": row.iops.value,
        "pgbouncer.pool_mode": pool.pool_mode,
        "pgbouncer.max_client_conn": pool.max_client_conn,
        "pgbouncer.reserve_pool_size": pool.reserve_pool_size,
    }
    if tier in pool.default_pool_size:
        cells["pgbouncer.default_pool_size"] = pool.default_pool_size[tier]
    return cells


def _redis(tier: Tier) -> Mapping[str, Cell]:
    row = ch2_components.REDIS[tier]
    return {
        "redis.topology": row.topology,
        "redis.memory_gib_per_node": row.memory_per_node.gib,
        "redis.persistence": row.persistence,
    }


def _vault(tier: Tier) -> Mapping[str, Cell]:
    row = ch2_components.VAULT[tier]
    cells: dict[str, Cell] = {
        "vault.topology": row.topology,
        "vault.ha": row.ha,
        "vault.dr": row.dr,
        "vault.cpu_m": parse_cpu(row.cpu),
        "vault.memory_mib": parse_memory(row.memory),
        "vault.storage_gib": row.storage.gib,
    }
    if row.nodes is not None:
        cells["vault.replicas"] = row.nodes
    return cells


def _shape(name: str, shape: Shape) -> Mapping[str, Cell]:
    path = f"observability.{name}"
    return {
        f"{path}.replicas": shape.replicas,
        f"{path}.cpu_m": shape.cpu_m,
        f"{path}.memory_mib": shape.memory_mib,
    }


def _observability(tier: Tier) -> Mapping[str, Cell]:
    row = ch2_components.OBSERVABILITY[tier]
    cells: dict[str, Cell] = {
        **_shape("otel_collector", row.otel_collector),
        **_shape("grafana", row.grafana),
        "observability.jaeger.mode": row.jaeger,
    }
    cell = row.prometheus
    if "Thanos" in cell.text:
        cells["observability.thanos.enabled"] = True
    if cell.replicas is not None and cell.memory_request is not None and cell.memory_limit is not None:
        path = "observability.prometheus"
        cells[f"{path}.replicas"] = cell.replicas
        cells[f"{path}.memory_request_mib"] = parse_memory(cell.memory_request)
        cells[f"{path}.memory_limit_mib"] = parse_memory(cell.memory_limit)
    return cells


def _cluster(tier: Tier) -> Mapping[str, Cell]:
    row = ch3_infrastructure.CLUSTER[tier]
    cells: dict[str, Cell] = {"cluster.control_plane": row.control_plane}
    for pool, nodes in (("cpu_nodes", row.cpu_nodes), ("gpu_nodes", row.gpu_nodes)):
        cells[f"cluster.{pool}.machine_type"] = nodes.machine_type
        cells[f"cluster.{pool}.min"] = nodes.count
        cells[f"cluster.{pool}.desired"] = nodes.count
    return cells


def _network(tier: Tier) -> Mapping[str, Cell]:
    row = ch3_infrastructure.NETWORK[tier]
    return {
        "network.ingress_mbps": row.ingress_mbps,
        "network.internal_gbps": row.internal_gbps,
        "network.endpoints": row.endpoints.lower(),
    }


def _storage(tier: Tier) -> Mapping[str, Cell]:
    row = ch3_infrastructure.STORAGE[tier]
    return {
        "storage.postgres_gib": row.postgres.gib,
        "storage.redis_gib": row.redis.gib,
        "storage.prometheus_gib": row.prometheus.gib,
        "storage.model_cache_gib": row.model_cache.gib,
        "redis.snapshot_gib": row.redis.gib,
        "observability.prometheus.storage_gib": row.prometheus.gib,
    }
