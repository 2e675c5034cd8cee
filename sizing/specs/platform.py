"""The platform's components: proxies, engines, pool, Vault, observability, add-ons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from sizing.specs.alerts import AlertRoutingSpec
from sizing.specs.base import Spec
from sizing.specs.infrastructure import DnsSpec


class HpaSpec(Spec):
    """A HorizontalPodAutoscaler; percentages are of the request (guide 2.1)."""

    min_replicas: int
    max_replicas: int
    cpu_percent: int
    memory_percent: int | None
    scale_down_stabilization_s: int
    scale_down_percent: int
    scale_down_period_s: int
    scale_up_stabilization_s: int
    scale_up_percent: int
    scale_up_period_s: int

    def behavior(self) -> dict[str, JsonValue]:
        """The ``behavior`` block of autoscaling/v2."""
        return {
            "scaleDown": {
                "stabilizationWindowSeconds": self.scale_down_stabilization_s,
                "policies": [
                    {
                        "type": "Percent",
                        "value": self.scale_down_percent,
                        "periodSeconds": self.scale_down_period_s,
                    }
                ],
            },
            "scaleUp": {
                "stabilizationWindowSeconds": self.scale_up_stabilization_s,
                "policies": [
                    {
                        "type": "Percent",
                        "value": self.scale_up_percent,
                        "periodSeconds": self.scale_up_period_s,
                    }
                ],
            },
        }


class ModelRoute(Spec):
    """A public model name and the engine that serves it."""

    name: str
    served_name: str


class ExternalModel(Spec):
    """A model of an external provider. ``api_key_secret`` names a key in the secret store, never the key.

    ``share``: percentage of the requests for ``fallback_for`` that go here first; 0: only those that failed.
    """

    name: str
    model: str
    api_key_secret: str | None
    fallback_for: str | None = None
    share: int = 0


class LimitsSpec(Spec):
    """``requests_per_minute`` and ``tokens_per_minute`` of an API key at one model; None: no limit.

    ``budget_usd`` is what each of ``providers`` may cost in ``budget_days``; without it there are none.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    budget_usd: int | None = None
    budget_days: int = 30
    providers: tuple[str, ...] = ()


class LitellmSpec(Spec):
    """LiteLLM: resources come from its workload, everything else from here.

    ``requests_per_second_per_pod`` and ``tokens_per_second_per_pod`` add a pod beside cpu and memory; None:
    they do not count.
    """

    workers: int
    hpa: HpaSpec
    database: str
    pool_connections_per_worker: int
    spend_log_retention_days: int
    request_timeout_s: int
    models: tuple[ModelRoute, ...]
    external_models: tuple[ExternalModel, ...]
    bedrock: bool
    limits: LimitsSpec = LimitsSpec()
    requests_per_second_per_pod: int | None = None
    tokens_per_second_per_pod: int | None = None


class RateLimitSpec(Spec):
    """What one replica of the gateway lets through, and how many requests more for a moment."""

    requests_per_second: int
    burst: int


class JwtSpec(Spec):
    """A token that callers need: who issues it, for whom, its public keys (JSON), and the header it is in."""

    issuer: str
    audiences: tuple[str, ...]
    jwks: str
    header: str


class AgentGatewaySpec(Spec):
    """The agent gateway's data plane and its route to LiteLLM. ``dns`` None: its record is made by hand."""

    hpa: HpaSpec
    domain: str | None
    certificate_arn: str | None
    public: bool
    drain_min_s: int
    drain_max_s: int
    rate_limit: RateLimitSpec | None = None
    jwt: JwtSpec | None = None
    dns: DnsSpec | None = None

    @property
    def tls_at_load_balancer(self) -> bool:
        """The load balancer holds the certificate, so that the gateway needs none."""
        return self.certificate_arn is not None or (self.dns is not None and self.dns.certificate)


class TriggerSpec(Spec):
    """A Prometheus trigger: metric summed over an engine's replicas, divided by the replicas (D30)."""

    metric: str
    threshold: int


class EngineSpec(Spec):
    """One vLLM engine deployment. ``name`` is the served model name, ``slug`` a DNS label made of it."""

    name: str
    slug: str
    repository: str
    revision: str = "main"
    precision: str
    dtype: str
    gpu_model: str
    gpus: int
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int
    gpu_memory_utilization: float
    stream_interval: int
    shm_gib: int
    streamer_memory_limit_mib: int
    startup_budget_s: int
    min_replicas: int
    max_replicas: int
    triggers: tuple[TriggerSpec, ...]
    fallback_replicas: int
    node_labels: Mapping[str, str] = {"ai-gateway/pool": "gpu"}


class VllmSpec(Spec):
    """The vLLM production stack: router and engines."""

    engines: tuple[EngineSpec, ...]
    drain_s: int
    hf_token_secret: str | None = None  # name in the secret store, for models whose licence must be accepted


class PgbouncerSpec(Spec):
    """PgBouncer in transaction mode in front of the writer. ``max_client_conn`` is per pod (D22)."""

    pool_mode: str
    default_pool_size: int
    max_client_conn: int
    reserve_pool_size: int
    max_prepared_statements: int
    database: str


class VaultSpec(Spec):
    """Vault servers with raft storage and auto-unseal."""

    replicas: int
    storage_gib: int
    audit_storage_gib: int


JaegerBackend = Literal["memory", "badger", "elasticsearch"]


class ObservabilitySpec(Spec):
    """Metrics, traces and their storage. ``retention_gib`` is Prometheus' size limit, below its disk.

    ``trace_sampling_percent`` of the requests are traced. ``trace_kept_percent`` of those that are neither
    failed nor slow are stored; None: all.
    """

    prometheus_replicas: int
    prometheus_retention_days: int
    prometheus_retention_gib: int
    prometheus_storage_gib: int
    thanos: bool
    thanos_retention_days: int
    jaeger_backend: JaegerBackend
    jaeger_storage_gib: int
    elasticsearch_nodes: int
    elasticsearch_storage_gib: int
    trace_sampling_percent: int
    trace_kept_percent: int | None = None
    routing: AlertRoutingSpec = AlertRoutingSpec()


class AddonsSpec(Spec):
    """Which cluster services the platform installs itself; a cloud that has one built in leaves it out."""

    cluster_autoscaler: bool
    load_balancer_controller: bool
    nvidia_device_plugin: bool
    dcgm_exporter: bool
