"""What a stack may override, typed: one object per part, every field optional.

Field names are the configuration's (camelCase there, snake_case here). ``None`` means "as the guide says".
The guide's number is the default; an override that breaks a check is refused when the plan is resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from sizing.formats import Address, Arn, Domain, Header, Issuer, KeySet, PemText, Revision
from sizing.quantities import parse_cpu, parse_memory

CpuM = Annotated[int, BeforeValidator(parse_cpu), Field(ge=1)]
MemoryMib = Annotated[int, BeforeValidator(parse_memory), Field(ge=1)]
Positive = Annotated[int, Field(ge=1, strict=True)]
NotNegative = Annotated[int, Field(ge=0, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, StringConstraints(min_length=1)]


class Part(BaseModel):
    """Base of every part: camelCase in the configuration, unknown keys refused, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class CpuPair(Part):
    """CPU request and limit of one pod, Kubernetes quantities."""

    request: CpuM | None = None
    limit: CpuM | None = None


class MemoryPair(Part):
    """Memory request and limit of one pod, Kubernetes quantities."""

    request: MemoryMib | None = None
    limit: MemoryMib | None = None


class ProxyPart(Part):
    """Fields that LiteLLM and the agent gateway share."""

    replicas: Positive | None = None
    max_replicas: Positive | None = None
    cpu: CpuPair = CpuPair()
    memory: MemoryPair = MemoryPair()


class ExternalModelPart(Part):
    """A model of an external provider; the key is a name in the secret store, never a value.

    ``share`` is the percentage of the requests for ``fallbackFor`` that it takes while all is well; without
    it none.
    """

    name: Text
    model: Text
    api_key_secret: Text | None = None
    fallback_for: Text | None = None
    share: Annotated[int, Field(ge=1, le=99, strict=True)] | None = None


class ScalingPart(Part):
    """``litellm.scaling``: load of one pod at which another is added, beside the guide's cpu and memory."""

    requests_per_second_per_pod: Positive | None = None
    tokens_per_second_per_pod: Positive | None = None


class LitellmPart(ProxyPart):
    """``litellm``: the proxy (guide 2.1)."""

    workers: Positive | None = None
    spend_log_retention_days: Positive | None = None
    request_timeout_seconds: Positive | None = None
    bedrock: Flag | None = None
    external_models: tuple[ExternalModelPart, ...] | None = None
    scaling: ScalingPart = ScalingPart()


class RateLimitPart(Part):
    """``agentGateway.rateLimit``: requests of all clients together, at the smallest number of replicas."""

    requests_per_second: Positive
    burst: Positive | None = None


class AgentGatewayPart(ProxyPart):
    """``agentGateway``: the data plane (guide 2.2)."""

    rate_limit: RateLimitPart | None = None


class ModelPart(Part):
    """An entry of ``vllm.models``: a checkpoint that the catalogue does not have, from its ``config.json``.

    Weights are ``weightMib`` of files, or follow from ``parametersBillion`` and the precision.
    """

    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    precision: Literal["bf16", "fp8", "int4", "int8", "mxfp4"]
    parameters_billion: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    weight_mib: Positive | None = None
    layers: Positive
    attention_heads: Positive
    kv_heads: Positive
    head_dim: Positive
    max_position: Positive
    gated: Flag = False
    revision: Revision | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ModelPart:
        if (self.parameters_billion is None) is (self.weight_mib is None):
            raise ValueError("takes parametersBillion or weightMib. Give one of them.")
        if self.attention_heads % self.kv_heads:
            raise ValueError(
                f"{self.attention_heads} attentionHeads are no multiple of {self.kv_heads} kvHeads. Copy"
                " num_attention_heads and num_key_value_heads from the model's config.json."
            )
        return self


class EnginePart(Part):
    """An entry of ``vllm.engines``. The list is the whole of it: what it leaves out is not deployed.

    An entry without a repository runs the tier's model of that position.
    """

    name: Text | None = None
    repository: Text | None = None
    revision: Revision | None = None
    precision: Literal["bf16", "fp8", "int4"] | None = None
    tensor_parallel_size: Positive | None = None
    max_model_len: Positive | None = None
    min_replicas: Positive | None = None
    max_replicas: Positive | None = None
    cpu: CpuPair = CpuPair()
    memory: MemoryPair = MemoryPair()


class VllmPart(Part):
    """``vllm``: self-hosted inference (guide 2.3)."""

    router_replicas: Positive | None = None
    hf_token_secret: Text | None = None
    models: tuple[ModelPart, ...] = ()
    engines: Annotated[tuple[EnginePart, ...], Field(min_length=1)] | None = None


class PostgresPart(Part):
    """``postgres``: the managed database (guide 2.4)."""

    instance_class: Text | None = None
    vcpu: Positive | None = None
    memory_gib: Positive | None = None
    storage_gib: Positive | None = None
    max_storage_gib: Positive | None = None
    iops: Positive | None = None
    storage_type: Literal["gp3", "io1", "io2"] | None = None
    read_replicas: NotNegative | None = None
    multi_az: Flag | None = None
    engine_version: Text | None = None
    ca_bundle: PemText | None = None
    backup_retention_days: NotNegative | None = None


class PgbouncerPart(Part):
    """``pgbouncer``: the pool in front of the database (guide 2.4)."""

    replicas: Positive | None = None
    default_pool_size: Positive | None = None
    max_client_conn: Positive | None = None
    reserve_pool_size: NotNegative | None = None


class RedisPart(Part):
    """``redis``: the managed cache (guide 2.5)."""

    node_type: Text | None = None
    shards: Positive | None = None
    replicas_per_shard: NotNegative | None = None
    memory_gib_per_node: Positive | None = None
    durability: Literal["none", "async", "sync"] | None = None
    snapshot_retention_days: NotNegative | None = None


class VaultPart(Part):
    """``vault``: the secrets server (guide 2.6). One figure is request and, for memory, limit."""

    replicas: Positive | None = None
    cpu: CpuM | None = None
    memory: MemoryMib | None = None
    storage_gib: Positive | None = None


class ShapePart(Part):
    """Replicas, cpu and memory of one observability component."""

    replicas: Positive | None = None
    cpu: CpuM | None = None
    memory: MemoryMib | None = None


class PrometheusPart(Part):
    """``observability.prometheus``."""

    replicas: Positive | None = None
    memory: MemoryPair = MemoryPair()
    storage_gib: Positive | None = None
    retention_days: Positive | None = None


class ReceiverPart(Part):
    """An entry of ``observability.alerts.receivers``: who is told. The secret is a name in the secret store:
    it holds Slack's or the webhook's address, PagerDuty's routing key or the mail server's password."""

    name: Text
    type: Literal["slack", "pagerduty", "webhook", "email"]
    secret: Text | None = None
    channel: Text | None = None
    to: Text | None = None
    sender: Text | None = None
    smarthost: Text | None = None


class AlertsPart(Part):
    """``observability.alerts``: receivers, and which of them each severity goes to."""

    receivers: tuple[ReceiverPart, ...] = ()
    critical: Text | None = None
    warning: Text | None = None
    info: Text | None = None
    runbook_url: Address | None = None


class ObservabilityPart(Part):
    """``observability`` (guide 2.7)."""

    alerts: AlertsPart = AlertsPart()
    otel_collector: ShapePart = ShapePart()
    prometheus: PrometheusPart = PrometheusPart()
    grafana: ShapePart = ShapePart()
    jaeger: Literal["Single", "All-in-one", "Distributed", "Elastic backend"] | None = None
    thanos: Flag | None = None


class PoolPart(Part):
    """``nodes.cpu`` or ``nodes.gpu``: totals over all zones (guide 3.1)."""

    machine_type: Text | None = None
    min: NotNegative | None = None
    desired: NotNegative | None = None
    max: Positive | None = None
    disk_gib: Annotated[int, Field(ge=20, le=16384, strict=True)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> PoolPart:
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}. Raise max or lower min.")
        return self


class NodesPart(Part):
    """``nodes``: the two pools of worker nodes."""

    cpu: PoolPart = PoolPart()
    gpu: PoolPart = PoolPart()


class NetworkPart(Part):
    """``network``: address space and who reaches the API server (guide 3.2, D25, D32)."""

    cidr: Text | None = None
    api_allowed_cidrs: tuple[str, ...] | None = None
    interface_endpoints: Flag | None = None
    nat_gateway_per_zone: Flag | None = None


class JwtPart(Part):
    """``ingress.jwt``: a token that callers need beside their API key. ``jwks``: the issuer's public keys."""

    issuer: Issuer
    jwks: KeySet
    audiences: tuple[Text, ...] = ()
    header: Header | None = None


class IngressPart(Part):
    """``ingress``: how clients reach the gateway. Without a domain it stays on an internal load balancer.

    ``dnsZone`` names the zone that gets the domain's record; its form is the cloud's.
    """

    domain: Domain | None = None
    dns_zone: Text | None = None
    certificate_arn: Arn | None = None
    public: Flag | None = None
    jwt: JwtPart | None = None


class AccessPart(Part):
    """``access``: who administers the cluster."""

    admin_role_arns: tuple[Arn, ...] = ()
    create_service_linked_roles: Flag = True


class SecretsPart(Part):
    """``secrets``: which generated secrets have been rotated, and how often."""

    rotate: Mapping[str, Annotated[int, Field(ge=2, strict=True)]] = {}
    """Name -> 2 for the second value, 3 for the third. Never lower one or take it out again."""


class Overrides(Part):
    """Everything a stack may say about its platform besides tier, cloud and region."""

    litellm: LitellmPart = LitellmPart()
    agent_gateway: AgentGatewayPart = AgentGatewayPart()
    vllm: VllmPart = VllmPart()
    postgres: PostgresPart = PostgresPart()
    pgbouncer: PgbouncerPart = PgbouncerPart()
    redis: RedisPart = RedisPart()
    vault: VaultPart = VaultPart()
    observability: ObservabilityPart = ObservabilityPart()
    nodes: NodesPart = NodesPart()
    network: NetworkPart = NetworkPart()
    ingress: IngressPart = IngressPart()
    access: AccessPart = AccessPart()
    secrets: SecretsPart = SecretsPart()
