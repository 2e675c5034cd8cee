"""Chapter 2, Component Sizing: tables and blocks 2.1 to 2.7."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Count, Resources, Shape, Size, Span, Table, Tier


@dataclass(frozen=True)
class Proxy:
    """A row of table 2.1 or 2.2: replicas, resources of one pod, and the requests/s of all of them."""

    replicas: Count
    resources: Resources
    max_rps: Count


LITELLM: Table[Proxy] = Table(
    "2.1",
    "LiteLLM Proxy",
    {
        Tier.SMALL: Proxy(Count(2), Resources("500m", "1000m", "512Mi", "1Gi"), Count(50)),
        Tier.MEDIUM: Proxy(Count(3), Resources("1000m", "2000m", "1Gi", "2Gi"), Count(200)),
        Tier.LARGE: Proxy(Count(5), Resources("2000m", "4000m", "2Gi", "4Gi"), Count(500)),
        Tier.ENTERPRISE: Proxy(
            Count(10, or_more=True), Resources("2000m", "4000m", "4Gi", "8Gi"), Count(1000, or_more=True)
        ),
    },
)


@dataclass(frozen=True)
class HpaConfiguration:
    """The HorizontalPodAutoscaler of 2.1. Percentages are of the pod's request; times are seconds."""

    section: str
    yaml_max_replicas: int  # what the block says; its comment says burst_factor x min (D1)
    burst_factor: int
    cpu_percent: int
    memory_percent: int
    scale_down_stabilization_s: int
    scale_down_percent: int
    scale_down_period_s: int
    scale_up_stabilization_s: int
    scale_up_percent: int
    scale_up_period_s: int


HPA = HpaConfiguration(
    section="2.1",
    yaml_max_replicas=20,
    burst_factor=4,
    cpu_percent=70,
    memory_percent=80,
    scale_down_stabilization_s=300,
    scale_down_percent=25,
    scale_down_period_s=60,
    scale_up_stabilization_s=0,
    scale_up_percent=100,
    scale_up_period_s=15,
)

AGENT_GATEWAY: Table[Proxy] = Table(
    "2.2",
    "Agent Gateway",
    {
        Tier.SMALL: Proxy(Count(2), Resources("250m", "500m", "256Mi", "512Mi"), Count(500)),
        Tier.MEDIUM: Proxy(Count(2), Resources("500m", "1000m", "512Mi", "1Gi"), Count(2000)),
        Tier.LARGE: Proxy(Count(3), Resources("1000m", "2000m", "1Gi", "2Gi"), Count(5000)),
        Tier.ENTERPRISE: Proxy(
            Count(5, or_more=True), Resources("2000m", "4000m", "2Gi", "4Gi"), Count(10000, or_more=True)
        ),
    },
)


@dataclass(frozen=True)
class Inference:
    """A row of table 2.3. ``gpu_memory`` is of all GPUs together; tokens/s has no unit in the guide (D7)."""

    model: str
    gpu_model: str
    gpus: int
    gpu_memory: Size
    tokens_per_s: Span


INFERENCE_SECTION = "2.3"
INFERENCE: tuple[Inference, ...] = (
    Inference("Llama-3.1-8B", "A10G", 1, Size(24, "GB"), Span(2000, 3000)),
    Inference("Llama-3.1-8B", "A100-40GB", 1, Size(40, "GB"), Span(4000, 5000)),
    Inference("Llama-3.1-70B", "A100-40GB", 2, Size(80, "GB"), Span(500, 800)),
    Inference("Llama-3.1-70B", "A100-80GB", 2, Size(160, "GB"), Span(1000, 1500)),
    Inference("Llama-3.1-70B", "H100", 2, Size(160, "GB"), Span(2000, 3000)),
)


@dataclass(frozen=True)
class ProductionStack:
    """The "Production Stack Configuration" block of 2.3: router, one engine and its scaling."""

    section: str
    router_replicas: int
    model_name: str
    repository: str
    tensor_parallel_size: int
    max_model_len: int
    gpus: int
    resources: Resources
    min_replicas: int
    max_replicas: int
    trigger_metric: str
    trigger_threshold: int


PRODUCTION_STACK = ProductionStack(
    section="2.3",
    router_replicas=2,
    model_name="llama-3.1-8b",
    repository="meta-llama/Llama-3.1-8B-Instruct",
    tensor_parallel_size=1,
    max_model_len=32768,
    gpus=1,
    resources=Resources("8", "16", "32Gi", "48Gi"),
    min_replicas=1,
    max_replicas=4,
    trigger_metric="vllm:num_requests_running",
    trigger_threshold=10,
)


@dataclass(frozen=True)
class Postgres:
    """A row of table 2.4. ``medium`` is the guide's word behind the storage size."""

    topology: str
    nodes: int
    vcpu: int
    memory: Size
    storage: Size
    medium: str
    iops: Count


POSTGRES: Table[Postgres] = Table(
    "2.4",
    "PostgreSQL",
    {
        Tier.SMALL: Postgres("Single", 1, 2, Size(4, "GB"), Size(50, "GB"), "SSD", Count(3000)),
        Tier.MEDIUM: Postgres("Primary + Replica", 2, 4, Size(8, "GB"), Size(100, "GB"), "SSD", Count(6000)),
        Tier.LARGE: Postgres(
            "Primary + 2 Replicas", 3, 8, Size(16, "GB"), Size(500, "GB"), "SSD", Count(12000)
        ),
        Tier.ENTERPRISE: Postgres(
            "HA Cluster (3 nodes)", 3, 16, Size(32, "GB"), Size(1, "TB"), "NVMe", Count(20000, or_more=True)
        ),
    },
)


@dataclass(frozen=True)
class ConnectionPool:
    """The "Connection Pool Settings" block of 2.4. Enterprise has no pool size there (D22)."""

    section: str
    pool_mode: str
    default_pool_size: dict[Tier, int]
    max_client_conn: int
    reserve_pool_size: int


CONNECTION_POOL = ConnectionPool(
    section="2.4",
    pool_mode="transaction",
    default_pool_size={Tier.SMALL: 20, Tier.MEDIUM: 50, Tier.LARGE: 100},
    max_client_conn=1000,
    reserve_pool_size=5,
)


@dataclass(frozen=True)
class Redis:
    """A row of table 2.5. ``nodes`` is the guide's count; memory is per node."""

    topology: str
    nodes: int
    memory_per_node: Size
    persistence: str


REDIS: Table[Redis] = Table(
    "2.5",
    "Redis",
    {
        Tier.SMALL: Redis("Single", 1, Size(1, "GB"), "RDB every 5m"),
        Tier.MEDIUM: Redis("Primary + Replica", 2, Size(4, "GB"), "RDB + AOF"),
        Tier.LARGE: Redis("Cluster (3 primary)", 3, Size(8, "GB"), "RDB + AOF"),
        Tier.ENTERPRISE: Redis("Cluster (6 nodes)", 6, Size(16, "GB"), "AOF always"),
    },
)


@dataclass(frozen=True)
class Vault:
    """A row of table 2.6. ``nodes`` is None where the guide gives none ("HA + DR")."""

    topology: str
    nodes: int | None
    ha: bool
    dr: bool
    cpu: str
    memory: str
    storage: Size


VAULT: Table[Vault] = Table(
    "2.6",
    "Vault",
    {
        Tier.SMALL: Vault("Single (dev)", 1, False, False, "500m", "512Mi", Size(1, "GB")),
        Tier.MEDIUM: Vault("HA (3 nodes)", 3, True, False, "1000m", "1Gi", Size(10, "GB")),
        Tier.LARGE: Vault("HA (5 nodes)", 5, True, False, "2000m", "2Gi", Size(50, "GB")),
        Tier.ENTERPRISE: Vault("HA + DR", None, True, True, "4000m", "4Gi", Size(100, "GB")),
    },
)


@dataclass(frozen=True)
class PrometheusCell:
    """ "2 x 4Gi/16Gi": two memory figures, no cpu (D19); None where the guide has words only (D20)."""

    text: str
    replicas: int | None
    memory_request: str | None
    memory_limit: str | None


@dataclass(frozen=True)
class Observability:
    """A column of table 2.7."""

    otel_collector: Shape
    prometheus: PrometheusCell
    grafana: Shape
    jaeger: str


OBSERVABILITY: Table[Observability] = Table(
    "2.7",
    "Observability Stack",
    {
        Tier.SMALL: Observability(
            Shape(1, "500m", "512Mi"),
            PrometheusCell("1 x 1Gi/4Gi", 1, "1Gi", "4Gi"),
            Shape(1, "250m", "512Mi"),
            "Single",
        ),
        Tier.MEDIUM: Observability(
            Shape(2, "1000m", "1Gi"),
            PrometheusCell("1 x 2Gi/8Gi", 1, "2Gi", "8Gi"),
            Shape(2, "500m", "1Gi"),
            "All-in-one",
        ),
        Tier.LARGE: Observability(
            Shape(3, "2000m", "2Gi"),
            PrometheusCell("2 x 4Gi/16Gi", 2, "4Gi", "16Gi"),
            Shape(2, "1000m", "2Gi"),
            "Distributed",
        ),
        Tier.ENTERPRISE: Observability(
            Shape(5, "4000m", "4Gi"),
            PrometheusCell("HA + Thanos", None, None, None),
            Shape(3, "2000m", "4Gi"),
            "Elastic backend",
        ),
    },
)
