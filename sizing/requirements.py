"""The guide's terms as types: the top level of ``gateway size --json``. Nothing here knows a cloud."""

from __future__ import annotations

from sizing.gpu import Model
from sizing.guide.cells import Tier
from sizing.specs import HpaSpec, Spec


class WorkloadRequirements(Spec):
    """Load, from tables 1.1 and 1.2. Ranges are ``[low, high]``, or ``[low]`` when open."""

    requests_per_second: list[int]
    concurrent_users: list[int]
    daily_tokens: list[int]
    use_case: str
    input_tokens: int
    output_tokens: int
    streaming_ratio: float
    cache_hit_ratio: float
    peak_to_average: float


class ProxyRequirements(Spec):
    """LiteLLM (2.1) or the agent gateway (2.2): resources of one pod, requests/s of all of them."""

    replicas: int
    max_replicas: int
    cpu_request_m: int
    cpu_limit_m: int
    memory_request_mib: int
    memory_limit_mib: int
    max_rps: int
    hpa: HpaSpec


class LitellmRequirements(ProxyRequirements):
    """LiteLLM: as above and the worker processes of a pod (D21)."""

    workers: int


class EngineRequirements(Spec):
    """One engine as asked for; what runs is decided against the card and its node (D3 to D6).

    Resources are the guide's for one GPU. A field in ``explicit`` is the stack's own figure: of a whole
    replica, and refused rather than changed when it does not fit.
    """

    name: str
    repository: str
    revision: str | None
    precision: str | None
    tensor_parallel_size: int | None
    max_model_len: int
    min_replicas: int
    max_replicas: int | None
    cpu_request_m: int
    cpu_limit_m: int
    memory_request_mib: int
    memory_limit_mib: int
    explicit: frozenset[str]


class VllmRequirements(Spec):
    """Self-hosted inference (2.3). ``models`` are checkpoints that the stack itself describes."""

    router_replicas: int
    models: tuple[Model, ...]
    engines: tuple[EngineRequirements, ...]
    trigger_metric: str
    trigger_threshold: int


class PostgresRequirements(Spec):
    """PostgreSQL (2.4). ``instances`` counts the guide's nodes, standbys apart (D12)."""

    topology: str
    instances: int
    read_replicas: int
    vcpu: int
    memory_gib: int
    storage_gib: int
    storage_medium: str
    max_storage_gib: int
    iops: int
    multi_az: bool


class PgbouncerRequirements(Spec):
    """Connection pool (2.4)."""

    replicas: int
    pool_mode: str
    default_pool_size: int
    max_client_conn: int
    reserve_pool_size: int


class RedisRequirements(Spec):
    """Redis (2.5)."""

    topology: str
    shards: int
    replicas_per_shard: int
    memory_gib_per_node: int
    persistence: str
    snapshot_gib: int


class VaultRequirements(Spec):
    """Vault (2.6)."""

    topology: str
    replicas: int
    ha: bool
    dr: bool
    cpu_m: int
    memory_mib: int
    storage_gib: int


class ShapeRequirements(Spec):
    """Replicas, cpu and memory of one component of table 2.7."""

    replicas: int
    cpu_m: int
    memory_mib: int


class PrometheusRequirements(Spec):
    """Prometheus (2.7); storage is per replica (3.3)."""

    replicas: int
    memory_request_mib: int
    memory_limit_mib: int
    storage_gib: int


class JaegerRequirements(Spec):
    """Jaeger (2.7): the guide's word."""

    mode: str


class ThanosRequirements(Spec):
    """Thanos (2.7)."""

    enabled: bool


class ObservabilityRequirements(Spec):
    """Table 2.7."""

    otel_collector: ShapeRequirements
    prometheus: PrometheusRequirements
    grafana: ShapeRequirements
    jaeger: JaegerRequirements
    thanos: ThanosRequirements


class PoolRequirements(Spec):
    """A row of 3.1 for one pool: totals over all zones. ``max`` None: computed (D2, D6)."""

    machine_type: str
    min: int
    desired: int
    max: int | None


class ClusterRequirements(Spec):
    """Table 3.1."""

    control_plane: str
    cpu_nodes: PoolRequirements
    gpu_nodes: PoolRequirements


class NetworkRequirements(Spec):
    """Table 3.2."""

    ingress_mbps: int
    internal_gbps: int
    endpoints: str


class StorageRequirements(Spec):
    """Table 3.3."""

    postgres_gib: int
    redis_gib: int
    prometheus_gib: int
    model_cache_gib: int


class Requirements(Spec):
    """Everything a tier needs."""

    tier: Tier
    workload: WorkloadRequirements
    litellm: LitellmRequirements
    agent_gateway: ProxyRequirements
    vllm: VllmRequirements
    postgres: PostgresRequirements
    pgbouncer: PgbouncerRequirements
    redis: RedisRequirements
    vault: VaultRequirements
    observability: ObservabilityRequirements
    cluster: ClusterRequirements
    network: NetworkRequirements
    storage: StorageRequirements
