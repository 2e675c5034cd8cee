"""The frozen types that flow from the model to the components: plain, printable, without any cloud SDK.

Units are in the names: ``_m`` milli-CPU, ``_mib``, ``_gib``, ``_s`` seconds, ``_days``. Components receive these
and nothing else of the model: no tier, no configuration, no catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from sizing.quantities import format_cpu, format_memory

Pool = Literal["cpu_nodes", "gpu_nodes"]
Placement = Literal["cpu_nodes", "gpu_nodes", "all"]
WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet"]
SpreadRule = Literal["none", "soft", "hard"]
PriorityClass = Literal[
    "system-node-critical", "system-cluster-critical", "gateway-critical", "gateway-platform", "gateway-batch"
]


class Spec(BaseModel):
    """Base of every specification: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ----------------------------------------------------------------------------------------------- workloads


class Container(Spec):
    """Requests and limits of one container. ``None`` as a limit means that none is set."""

    name: str
    cpu_request_m: int
    cpu_limit_m: int | None = None
    memory_request_mib: int
    memory_limit_mib: int | None = None
    gpus: int = 0

    def resources(self) -> dict[str, dict[str, str]]:
        """The Kubernetes ``resources`` block (GPUs apart: charts have a key of their own for them)."""
        limits: dict[str, str] = {}
        if self.cpu_limit_m is not None:
            limits["cpu"] = format_cpu(self.cpu_limit_m)
        if self.memory_limit_mib is not None:
            limits["memory"] = format_memory(self.memory_limit_mib)
        requests = {"cpu": format_cpu(self.cpu_request_m), "memory": format_memory(self.memory_request_mib)}
        return {"requests": requests, "limits": limits} if limits else {"requests": requests}


class Volume(Spec):
    """A persistent volume of each replica; a block volume lives in one zone and binds its pod to it."""

    name: str
    size_gib: int


class Workload(Spec):
    """Pods that will exist: the one source of the fit proof and of the chart values.

    ``release`` is the Helm release, add-on or object that makes the pods. ``node_group`` "all" is a DaemonSet
    on every node. ``replicas`` is what runs at the start, ``max_replicas`` what an autoscaler may reach (None
    when fixed). ``spread_zones`` / ``spread_hosts``: "hard" refuses to schedule, "soft" prefers.
    ``max_unavailable`` is the PodDisruptionBudget's figure (None: no budget). ``quorum`` is how many replicas
    must survive a lost zone when they are bound to volumes.
    """

    name: str
    release: str
    namespace: str
    kind: WorkloadKind
    node_group: Placement
    replicas: int
    max_replicas: int | None = None
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    spread_zones: SpreadRule = "none"
    spread_hosts: SpreadRule = "none"
    max_unavailable: int | None = None
    quorum: int | None = None
    priority_class: PriorityClass = "gateway-platform"
    node_labels: Mapping[str, str] = {}  # node labels the pods insist on, beyond what taints decide
    source: str

    def container(self, name: str) -> Container:
        """The container called ``name``; KeyError when the pod has none."""
        for container in self.containers:
            if container.name == name:
                return container
        raise KeyError(f"workload {self.name} has no container {name!r}")

    @property
    def cpu_m(self) -> int:
        """Effective cpu request of one pod: sum of its containers, or the largest init container."""
        running = sum(c.cpu_request_m for c in self.containers)
        return max([running, *(c.cpu_request_m for c in self.init_containers)])

    @property
    def memory_mib(self) -> int:
        """Effective memory request of one pod, by the same rule."""
        running = sum(c.memory_request_mib for c in self.containers)
        return max([running, *(c.memory_request_mib for c in self.init_containers)])

    @property
    def gpus(self) -> int:
        return sum(c.gpus for c in self.containers)

    @property
    def most_replicas(self) -> int:
        """Replicas at the autoscaler's maximum, or the fixed count."""
        return self.replicas if self.max_replicas is None else self.max_replicas


class Workloads(Spec):
    """All workloads of a plan, by unique name."""

    items: tuple[Workload, ...]

    def __getitem__(self, name: str) -> Workload:
        for workload in self.items:
            if workload.name == name:
                return workload
        raise KeyError(f"no workload {name!r}; there are {', '.join(w.name for w in self.items)}")

    def __contains__(self, name: str) -> bool:
        return any(workload.name == name for workload in self.items)


class Identity(Spec):
    """A workload that calls the cloud: ``role`` names what it may do, the rest is its Kubernetes identity."""

    role: str
    namespace: str
    service_account: str


# ------------------------------------------------------------------------------------------ infrastructure


class NetworkSpec(Spec):
    """A VPC over three zones. The i-th CIDR of each kind is in the i-th zone."""

    cidr: str
    service_cidr: str
    zones: tuple[str, ...]
    private_cidrs: tuple[str, ...]
    public_cidrs: tuple[str, ...]
    data_cidrs: tuple[str, ...]
    nat_gateways: int
    interface_endpoints: tuple[str, ...]
    flow_log_retention_days: int | None


class NodeGroupSpec(Spec):
    """One node group: one pool in one zone."""

    name: str
    pool: Pool
    zone: str
    machine_type: str
    min: int
    desired: int
    max: int
    disk_gib: int
    gpus_per_node: int = 0
    labels: Mapping[str, str] = {}
    tainted: bool = False  # carries the taint nvidia.com/gpu=present:NoSchedule


class AddonSpec(Spec):
    """A managed cluster add-on with an exact version and its configuration values."""

    name: str
    version: str
    configuration: dict[str, JsonValue] = {}


class ClusterSpec(Spec):
    """The Kubernetes cluster. ``api_allowed_cidrs`` empty means private access only."""

    kubernetes_version: str
    node_release_version: str
    control_plane_tier: str
    api_allowed_cidrs: tuple[str, ...]
    admin_role_arns: tuple[str, ...]
    log_types: tuple[str, ...]
    log_retention_days: int
    node_groups: tuple[NodeGroupSpec, ...]
    addons: tuple[AddonSpec, ...]


class PostgresSpec(Spec):
    """The managed PostgreSQL. ``iops`` None: the storage type includes what is needed and refuses the argument."""

    engine_version: str
    parameter_family: str
    instance_class: str
    storage_type: str
    storage_gib: int
    max_storage_gib: int
    iops: int | None
    read_replicas: int
    multi_az: bool
    max_connections: int
    database: str
    port: int
    backup_retention_days: int
    insights_retention_days: int


class RedisSpec(Spec):
    """The managed Redis-compatible cache. ``durability`` None: snapshots only."""

    engine: str
    engine_version: str
    parameter_family: str
    node_type: str
    shards: int
    replicas_per_shard: int
    multi_az: bool
    durability: Literal["async", "sync"] | None
    port: int
    snapshot_retention_days: int


class BucketSpec(Spec):
    """An object storage bucket. ``expire_days`` None keeps objects for ever."""

    purpose: str
    versioned: bool
    expire_days: int | None
    noncurrent_days: int | None
    protect: bool


class KeySpec(Spec):
    """An encryption key by purpose. A multi-region key can be replicated later; a regional one never."""

    purpose: str
    multi_region: bool


class SecretSpec(Spec):
    """A generated secret: its name in the secret store and how it is made. Values never appear here."""

    name: str
    length: int
    prefix: str = ""
    rotates: bool = True


# ------------------------------------------------------------------------------------- platform components


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
                    {"type": "Percent", "value": self.scale_down_percent, "periodSeconds": self.scale_down_period_s}
                ],
            },
            "scaleUp": {
                "stabilizationWindowSeconds": self.scale_up_stabilization_s,
                "policies": [
                    {"type": "Percent", "value": self.scale_up_percent, "periodSeconds": self.scale_up_period_s}
                ],
            },
        }


class ModelRoute(Spec):
    """A public model name and the engine that serves it."""

    name: str
    served_name: str


class ExternalModel(Spec):
    """A model of an external provider. ``api_key_secret`` names a key in the secret store, never the key."""

    name: str
    model: str
    api_key_secret: str | None
    fallback_for: str | None = None


class LitellmSpec(Spec):
    """LiteLLM: resources come from its workload, everything else from here."""

    workers: int
    hpa: HpaSpec
    database: str
    pool_connections_per_worker: int
    spend_log_retention_days: int
    request_timeout_s: int
    models: tuple[ModelRoute, ...]
    external_models: tuple[ExternalModel, ...]
    bedrock: bool


class AgentGatewaySpec(Spec):
    """The agent gateway's data plane and its route to LiteLLM."""

    hpa: HpaSpec
    domain: str | None
    certificate_arn: str | None
    public: bool
    drain_min_s: int
    drain_max_s: int


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
    """Metrics, traces and their storage. ``retention_gib`` is Prometheus' size limit, below its disk."""

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


class AddonsSpec(Spec):
    """Which cluster services the platform installs itself; a cloud that has one built in leaves it out."""

    cluster_autoscaler: bool
    load_balancer_controller: bool
    nvidia_device_plugin: bool
    dcgm_exporter: bool
