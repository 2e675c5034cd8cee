"""``require(tier, overrides)``: a tier's requirements, the guide's unless the stack overrides them."""

from __future__ import annotations

from sizing import require_data, require_services
from sizing.errors import SizingError
from sizing.given import given
from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.requirements import (
    ClusterRequirements,
    NetworkRequirements,
    PoolRequirements,
    Requirements,
    StorageRequirements,
    WorkloadRequirements,
)


def require(tier: Tier, overrides: Overrides | None = None) -> Requirements:
    """Requirements of ``tier`` with the stack's overrides.

    Raises:
        SizingError: overrides that contradict each other (limit below request, maximum below minimum).
    """
    over = overrides or Overrides()
    return Requirements(
        tier=tier,
        workload=_workload(tier),
        litellm=require_services.litellm(tier, over),
        agent_gateway=require_services.proxy(
            "agentGateway", ch2_components.AGENT_GATEWAY[tier], over.agent_gateway
        ),
        vllm=require_services.vllm(tier, over),
        postgres=require_data.postgres(tier, over),
        pgbouncer=require_data.pgbouncer(tier, over),
        redis=require_data.redis(tier, over),
        vault=require_data.vault(tier, over),
        observability=require_services.observability(tier, over),
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


def _cluster(tier: Tier, over: Overrides) -> ClusterRequirements:
    row, nodes = ch3_infrastructure.CLUSTER[tier], over.nodes
    pools = {"cpu": (row.cpu_nodes, nodes.cpu), "gpu": (row.gpu_nodes, nodes.gpu)}
    made: dict[str, PoolRequirements] = {}
    for name, (guide, part) in pools.items():
        minimum = given(
            part.min, min(guide.count, given(part.desired, guide.count), given(part.max, guide.count))
        )
        desired = given(part.desired, max(minimum, min(guide.count, given(part.max, guide.count))))
        for wrong, value, bound in (("desired", desired, minimum), ("max", part.max, desired)):
            if value is not None and value < bound:
                raise SizingError(
                    f"nodes.{name}.{wrong}",
                    value,
                    f"below {'min' if wrong == 'desired' else 'desired'}, which is {bound}",
                    f"Set nodes.{name}.{wrong} to at least {bound}.",
                )
        machine = given(part.machine_type, guide.machine_type)
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
