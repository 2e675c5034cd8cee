"""``require(tier, overrides)``: a tier's requirements, each figure from the guide unless the stack overrides it."""

from __future__ import annotations

from typing import TypeVar

from sizing import choices
from sizing.errors import SizingError
from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.quantities import parse_cpu, parse_memory
from sizing.overrides import EnginePart, Overrides, ProxyPart
from sizing.requirements import (
    ClusterRequirements,
    EngineRequirements,
    JaegerRequirements,
    LitellmRequirements,
    NetworkRequirements,
    ObservabilityRequirements,
    PgbouncerRequirements,
    PoolRequirements,
    PostgresRequirements,
    PrometheusRequirements,
    ProxyRequirements,
    RedisRequirements,
    Requirements,
    ShapeRequirements,
    StorageRequirements,
    ThanosRequirements,
    VaultRequirements,
    VllmRequirements,
    WorkloadRequirements,
)
from sizing.specs import HpaSpec

T = TypeVar("T")


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def require(tier: Tier, overrides: Overrides | None = None) -> Requirements:
    """Requirements of ``tier`` with the stack's overrides.

    Raises:
        SizingError: overrides that contradict each other (limit below request, maximum below minimum).
    """
    over = overrides or Overrides()
    return Requirements(
        tier=tier,
        workload=_workload(tier),
        litellm=_litellm(tier, over),
        agent_gateway=_proxy("agentGateway", ch2_components.AGENT_GATEWAY[tier], over.agent_gateway),
        vllm=_vllm(tier, over),
        postgres=_postgres(tier, over),
        pgbouncer=_pgbouncer(tier, over),
        redis=_redis(tier, over),
        vault=_vault(tier, over),
        observability=_observability(tier, over),
        cluster=_cluster(tier, over),
        network=_network(tier),
        storage=_storage(tier),
    )


def _workload(tier: Tier) -> WorkloadRequirements:
    profile, requests = ch1_workload.PROFILES[tier], ch1_workload.REQUESTS
    return WorkloadRequirements(
        requests_per_second=profile.requests_per_second.as_list(),
        concurrent_users=profile.concurrent_users.as_list(),
        daily_tokens=profile.daily_tokens.as_list(),
        use_case=profile.use_case,
        input_tokens=int(requests.input_tokens.use),
        output_tokens=int(requests.output_tokens.use),
        streaming_ratio=requests.streaming_ratio.use,
        cache_hit_ratio=requests.cache_hit_ratio.use,
        peak_to_average=requests.peak_to_average.use,
    )


def _hpa(min_replicas: int, max_replicas: int) -> HpaSpec:
    hpa = ch2_components.HPA
    return HpaSpec(
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        cpu_percent=hpa.cpu_percent,
        memory_percent=hpa.memory_percent,
        scale_down_stabilization_s=hpa.scale_down_stabilization_s,
        scale_down_percent=hpa.scale_down_percent,
        scale_down_period_s=hpa.scale_down_period_s,
        scale_up_stabilization_s=hpa.scale_up_stabilization_s,
        scale_up_percent=hpa.scale_up_percent,
        scale_up_period_s=hpa.scale_up_period_s,
    )


def _within(path: str, unit: str, request: int, limit: int) -> None:
    if limit < request:
        raise SizingError(
            f"{path}.limit", f"{limit}{unit}", f"below the request of {request}{unit}",
            f"Set {path}.limit to at least {request}{unit}, or lower {path}.request.",
        )  # fmt: skip


def _proxy(path: str, row: ch2_components.Proxy, part: ProxyPart) -> ProxyRequirements:
    guide = row.resources
    replicas = _or(part.replicas, row.replicas.value)
    maximum = _or(part.max_replicas, ch2_components.HPA.burst_factor * replicas)
    if maximum < replicas:
        raise SizingError(
            f"{path}.maxReplicas", maximum, f"below {path}.replicas, which is {replicas}",
            f"Set {path}.maxReplicas to at least {replicas}, or lower {path}.replicas.",
        )  # fmt: skip
    cpu_request, cpu_limit = _or(part.cpu.request, guide.cpu_request_m), _or(part.cpu.limit, guide.cpu_limit_m)
    memory_request = _or(part.memory.request, guide.memory_request_mib)
    memory_limit = _or(part.memory.limit, guide.memory_limit_mib)
    _within(f"{path}.cpu", "m", cpu_request, cpu_limit)
    _within(f"{path}.memory", "Mi", memory_request, memory_limit)
    return ProxyRequirements(
        replicas=replicas,
        max_replicas=maximum,
        cpu_request_m=cpu_request,
        cpu_limit_m=cpu_limit,
        memory_request_mib=memory_request,
        memory_limit_mib=memory_limit,
        max_rps=row.max_rps.value,
        hpa=_hpa(replicas, maximum),
    )


def _litellm(tier: Tier, over: Overrides) -> LitellmRequirements:
    proxy = _proxy("litellm", ch2_components.LITELLM[tier], over.litellm)
    whole_cores = max(1, proxy.cpu_request_m // 1000)
    return LitellmRequirements(**proxy.model_dump(), workers=_or(over.litellm.workers, whole_cores))


def _engine(index: int, part: EnginePart, repository: str) -> EngineRequirements:
    stack = ch2_components.PRODUCTION_STACK
    path = f"vllm.engines[{index}]"
    minimum = _or(part.min_replicas, stack.min_replicas)
    if part.max_replicas is not None and part.max_replicas < minimum:
        raise SizingError(
            f"{path}.maxReplicas", part.max_replicas, f"below {path}.minReplicas, which is {minimum}",
            f"Set {path}.maxReplicas to at least {minimum}.",
        )  # fmt: skip
    cpu_request, memory_request = part.cpu.request, part.memory.request
    cpu_limit = _or(part.cpu.limit, max(stack.resources.cpu_limit_m, cpu_request or 0))
    memory_limit = _or(part.memory.limit, max(stack.resources.memory_limit_mib, memory_request or 0))
    cpu_request, memory_request = _or(cpu_request, stack.resources.cpu_request_m), _or(
        memory_request, stack.resources.memory_request_mib
    )
    _within(f"{path}.cpu", "m", cpu_request, cpu_limit)
    _within(f"{path}.memory", "Mi", memory_request, memory_limit)
    chosen = _or(part.repository, repository)
    return EngineRequirements(
        name=_or(part.name, _served_name(chosen)),
        repository=chosen,
        precision=part.precision,
        tensor_parallel_size=part.tensor_parallel_size,
        max_model_len=_or(part.max_model_len, stack.max_model_len),
        min_replicas=minimum,
        max_replicas=part.max_replicas,
        cpu_request_m=cpu_request,
        cpu_limit_m=cpu_limit,
        memory_request_mib=memory_request,
        memory_limit_mib=memory_limit,
        explicit_resources=part.cpu != EnginePart().cpu or part.memory != EnginePart().memory,
    )


def _served_name(repository: str) -> str:
    """The name clients use: the guide's for its own model, else the repository's last part in lower case."""
    stack = ch2_components.PRODUCTION_STACK
    if repository == stack.repository:
        return stack.model_name
    return repository.rsplit("/", 1)[-1].lower().removesuffix("-instruct")


def _vllm(tier: Tier, over: Overrides) -> VllmRequirements:
    stack = ch2_components.PRODUCTION_STACK
    repositories = [stack.repository]
    if tier in choices.SECOND_MODEL:
        repositories.append(choices.SECOND_MODEL[tier])
    parts = list(over.vllm.engines or ())
    count = max(len(repositories), len(parts)) if over.vllm.engines is None else len(parts)
    parts += [EnginePart()] * (count - len(parts))
    repositories += [stack.repository] * (count - len(repositories))
    engines = tuple(_engine(i, part, repositories[i]) for i, part in enumerate(parts))
    names = [engine.name for engine in engines]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise SizingError(
                f"vllm.engines[{index}].name", name, "two engines cannot serve one name", "Give each its own name."
            )
    return VllmRequirements(
        router_replicas=_or(over.vllm.router_replicas, stack.router_replicas),
        engines=engines,
        trigger_metric=stack.trigger_metric,
        trigger_threshold=stack.trigger_threshold,
    )


def _postgres(tier: Tier, over: Overrides) -> PostgresRequirements:
    row, part = ch2_components.POSTGRES[tier], over.postgres
    replicas = _or(part.read_replicas, row.nodes - 1)
    return PostgresRequirements(
        topology=row.topology,
        instances=1 + replicas,
        read_replicas=replicas,
        vcpu=_or(part.vcpu, row.vcpu),
        memory_gib=_or(part.memory_gib, row.memory.gib),
        storage_gib=_or(part.storage_gib, row.storage.gib),
        storage_medium=row.medium,
        max_storage_gib=_or(part.max_storage_gib, ch3_infrastructure.STORAGE[tier].postgres.gib),
        iops=_or(part.iops, row.iops.value),
        multi_az=_or(part.multi_az, choices.MULTI_AZ[tier]),
    )


def _pgbouncer(tier: Tier, over: Overrides) -> PgbouncerRequirements:
    pool, part = ch2_components.CONNECTION_POOL, over.pgbouncer
    size = pool.default_pool_size.get(tier, choices.ENTERPRISE_POOL_SIZE)
    return PgbouncerRequirements(
        replicas=_or(part.replicas, choices.PGBOUNCER_REPLICAS[tier]),
        pool_mode=pool.pool_mode,
        default_pool_size=_or(part.default_pool_size, size),
        max_client_conn=_or(part.max_client_conn, pool.max_client_conn),
        reserve_pool_size=_or(part.reserve_pool_size, pool.reserve_pool_size),
    )


def _redis(tier: Tier, over: Overrides) -> RedisRequirements:
    row, part = ch2_components.REDIS[tier], over.redis
    return RedisRequirements(
        topology=row.topology,
        shards=_or(part.shards, choices.REDIS_SHARDS[tier]),
        replicas_per_shard=_or(part.replicas_per_shard, choices.REDIS_REPLICAS[tier]),
        memory_gib_per_node=_or(part.memory_gib_per_node, row.memory_per_node.gib),
        persistence=row.persistence,
        snapshot_gib=ch3_infrastructure.STORAGE[tier].redis.gib,
    )


def _vault(tier: Tier, over: Overrides) -> VaultRequirements:
    row, part = ch2_components.VAULT[tier], over.vault
    replicas = _or(part.replicas, _or(row.nodes, choices.VAULT_SERVERS_HA_DR))
    if replicas % 2 == 0:
        raise SizingError(
            "vault.replicas", replicas, "raft needs an odd number of servers: an even one adds no tolerance",
            f"Set vault.replicas to {replicas - 1} or {replicas + 1}.",
        )  # fmt: skip
    return VaultRequirements(
        topology=row.topology,
        replicas=replicas,
        ha=row.ha,
        dr=row.dr,
        cpu_m=_or(part.cpu, parse_cpu(row.cpu)),
        memory_mib=_or(part.memory, parse_memory(row.memory)),
        storage_gib=_or(part.storage_gib, row.storage.gib),
    )


def _observability(tier: Tier, over: Overrides) -> ObservabilityRequirements:
    row, part = ch2_components.OBSERVABILITY[tier], over.observability
    otel, grafana = part.otel_collector, part.grafana
    return ObservabilityRequirements(
        otel_collector=ShapeRequirements(
            replicas=_or(otel.replicas, row.otel_collector.replicas),
            cpu_m=_or(otel.cpu, row.otel_collector.cpu_m),
            memory_mib=_or(otel.memory, row.otel_collector.memory_mib),
        ),
        prometheus=_prometheus(tier, over),
        grafana=ShapeRequirements(
            replicas=_or(grafana.replicas, row.grafana.replicas),
            cpu_m=_or(grafana.cpu, row.grafana.cpu_m),
            memory_mib=_or(grafana.memory, row.grafana.memory_mib),
        ),
        jaeger=JaegerRequirements(mode=_or(part.jaeger, row.jaeger)),
        thanos=ThanosRequirements(enabled=_or(part.thanos, choices.THANOS_TIERS.get(tier, False))),
    )


def _prometheus(tier: Tier, over: Overrides) -> PrometheusRequirements:
    cell, part, ours = ch2_components.OBSERVABILITY[tier].prometheus, over.observability.prometheus, choices.PROMETHEUS_HA
    request = parse_memory(cell.memory_request) if cell.memory_request else ours.memory_mib
    limit = parse_memory(cell.memory_limit) if cell.memory_limit else _or(ours.memory_limit_mib, ours.memory_mib)
    request, limit = _or(part.memory.request, request), _or(part.memory.limit, limit)
    _within("observability.prometheus.memory", "Mi", request, limit)
    return PrometheusRequirements(
        replicas=_or(part.replicas, _or(cell.replicas, ours.replicas)),
        memory_request_mib=request,
        memory_limit_mib=limit,
        storage_gib=_or(part.storage_gib, ch3_infrastructure.STORAGE[tier].prometheus.gib),
    )


def _cluster(tier: Tier, over: Overrides) -> ClusterRequirements:
    row, nodes = ch3_infrastructure.CLUSTER[tier], over.nodes
    pools = {"cpu": (row.cpu_nodes, nodes.cpu), "gpu": (row.gpu_nodes, nodes.gpu)}
    made: dict[str, PoolRequirements] = {}
    for name, (guide, part) in pools.items():
        minimum = _or(part.min, min(guide.count, _or(part.desired, guide.count), _or(part.max, guide.count)))
        desired = _or(part.desired, max(minimum, min(guide.count, _or(part.max, guide.count))))
        for wrong, value, bound in (("desired", desired, minimum), ("max", part.max, desired)):
            if value is not None and value < bound:
                raise SizingError(
                    f"nodes.{name}.{wrong}", value, f"below {'min' if wrong == 'desired' else 'desired'}, which is {bound}",
                    f"Set nodes.{name}.{wrong} to at least {bound}.",
                )  # fmt: skip
        machine = _or(part.machine_type, guide.machine_type)
        made[name] = PoolRequirements(machine_type=machine, min=minimum, desired=desired, max=part.max)
    return ClusterRequirements(control_plane=row.control_plane, cpu_nodes=made["cpu"], gpu_nodes=made["gpu"])


def _network(tier: Tier) -> NetworkRequirements:
    row = ch3_infrastructure.NETWORK[tier]
    return NetworkRequirements(
        ingress_mbps=row.ingress_mbps, internal_gbps=row.internal_gbps, endpoints=row.endpoints.lower()
    )


def _storage(tier: Tier) -> StorageRequirements:
    row = ch3_infrastructure.STORAGE[tier]
    return StorageRequirements(
        postgres_gib=row.postgres.gib,
        redis_gib=row.redis.gib,
        prometheus_gib=row.prometheus.gib,
        model_cache_gib=row.model_cache.gib,
    )
