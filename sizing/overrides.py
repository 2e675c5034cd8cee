"""What a stack may override, typed: one object per part, every field optional.

Field names are the configuration's (camelCase there, snake_case here). ``None`` means "as the guide says".
The guide's number is the default; an override that breaks a check is refused when the plan is resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sizing.formats import (
    Address,
    CertificateArn,
    Domain,
    Header,
    Issuer,
    KeySet,
    PemText,
    RoleArn,
    Text,
)
from sizing.override_parts import (
    AgentGatewayPart,
    CpuM,
    Flag,
    LitellmPart,
    MemoryMib,
    MemoryPair,
    NotNegative,
    Part,
    Pods,
    Positive,
    RetentionDays,
    VllmPart,
)


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

    replicas: Pods | None = None
    default_pool_size: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    max_client_conn: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    reserve_pool_size: Annotated[int, Field(ge=0, le=100_000, strict=True)] | None = None


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

    replicas: Pods | None = None
    cpu: CpuM | None = None
    memory: MemoryMib | None = None
    storage_gib: Positive | None = None


class ShapePart(Part):
    """Replicas, cpu and memory of one observability component."""

    replicas: Pods | None = None
    cpu: CpuM | None = None
    memory: MemoryMib | None = None


class PrometheusPart(Part):
    """``observability.prometheus``."""

    replicas: Pods | None = None
    memory: MemoryPair = MemoryPair()
    storage_gib: Positive | None = None
    retention_days: RetentionDays | None = None


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
    certificate_arn: CertificateArn | None = None
    public: Flag | None = None
    jwt: JwtPart | None = None


class AccessPart(Part):
    """``access``: who administers the cluster."""

    admin_role_arns: tuple[RoleArn, ...] = ()
    create_service_linked_roles: Flag = True

    @field_validator("admin_role_arns")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((arn for index, arn in enumerate(value) if arn in value[:index]), None)
        if twice is not None:
            raise ValueError(f"{twice} is listed twice, and a role has one access entry. List it once.")
        return value


class SecretsPart(Part):
    """``secrets``: which generated secrets have been rotated, and how often."""

    rotate: Mapping[str, Annotated[int, Field(ge=2, le=10_000, strict=True)]] = {}
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
