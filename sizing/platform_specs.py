"""Specifications of the platform's components: what a workload needs to know besides its pods' requests."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sizing import choices
from sizing.alert_routing import routing
from sizing.clouds.base import Order
from sizing.engines import Engine
from sizing.errors import SizingError
from sizing.external_models import check_key_name, external_models
from sizing.litellm_limits import limits
from sizing.names import suggestion
from sizing.override_parts import RateLimitPart
from sizing.overrides import IngressPart, JwtPart, Overrides
from sizing.requirements import Requirements
from sizing.specs import (
    AddonsSpec,
    AgentGatewaySpec,
    DnsSpec,
    Identity,
    JwtSpec,
    LitellmSpec,
    ModelRoute,
    ObservabilitySpec,
    PgbouncerSpec,
    RateLimitSpec,
    SecretSpec,
    Spec,
    TriggerSpec,
    VaultSpec,
    VllmSpec,
)
from sizing.spend_logs import default_retention_days
from sizing.workloads import observability as observability_pods

DRAIN_MIN_S = 60
"""A pod leaves the load balancer before it stops taking connections: its health check needs 20 s to notice,
and the balancer's own nodes some more."""
JWT_HEADER = "x-gateway-token"
"""Not Authorization: that holds LiteLLM's API key, which must arrive untouched."""
ENGINE_DRAIN_S = 120
"""vLLM's --shutdown-timeout: long enough for most answers, short enough for the notice of a spot node."""

REDIS_AUTH = SecretSpec(name="redis-auth", length=64)
"""The cache's password: made only where its clients have one."""
SECRETS = (
    SecretSpec(name="postgres-admin", length=32),
    SecretSpec(name="litellm-migrate", length=32),
    SecretSpec(name="litellm-db", length=32),
    SecretSpec(name="litellm-master-key", length=40, prefix="sk-"),
    SecretSpec(name="litellm-salt-key", length=40, prefix="sk-", rotates=False),
    REDIS_AUTH,
    SecretSpec(name="grafana-admin", length=32),
    SecretSpec(name="vllm-api-key", length=40, prefix="sk-"),
    SecretSpec(name="pgbouncer-stats", length=32),
)
ENTRIES = ("vault-recovery-keys", "vault-root-token")
"""Entries of the secret store that the first start of Vault fills; no pod gets them."""
RESERVED = frozenset({*(spec.name for spec in SECRETS), *ENTRIES})
"""Names that a key of somebody's own cannot have."""
SECRET_USERS = {
    "postgres-admin": "gateway_admin",
    "litellm-migrate": "litellm_migrate",
    "litellm-db": "litellm_app",
    "grafana-admin": "admin",
    "pgbouncer-stats": "pgbouncer_stats",
}
"""Secrets that are an account: name -> its user."""


class PlatformSpecs(Spec):
    """One specification per component, and the identities and secrets they share."""

    litellm: LitellmSpec
    agent_gateway: AgentGatewaySpec
    vllm: VllmSpec
    pgbouncer: PgbouncerSpec
    vault: VaultSpec
    observability: ObservabilitySpec
    addons: AddonsSpec
    identities: tuple[Identity, ...]
    secrets: tuple[SecretSpec, ...]
    secret_generations: Mapping[str, int]


def platform_specs(
    need: Requirements, over: Overrides, order: Order, engines: tuple[Engine, ...]
) -> PlatformSpecs:
    """Specifications of every component. Raises SizingError when routes or models contradict each other."""
    secrets = tuple(s for s in SECRETS if s is not REDIS_AUTH or order.redis.auth == "password")
    return PlatformSpecs(
        litellm=_litellm(need, over, order, engines),
        agent_gateway=_agent_gateway(need, over, order),
        vllm=_vllm(need, over, engines),
        pgbouncer=_pgbouncer(need, order),
        vault=VaultSpec(
            replicas=need.vault.replicas,
            storage_gib=max(need.vault.storage_gib, order.volume_min_gib),
            audit_storage_gib=max(choices.AUDIT_STORAGE_GIB, order.volume_min_gib),
        ),
        observability=_observability(need, over),
        addons=order.addons,
        identities=_identities(need, over, order),
        secrets=secrets,
        secret_generations=_generations(over, secrets),
    )


def _generations(over: Overrides, secrets: tuple[SecretSpec, ...]) -> Mapping[str, int]:
    """What ``secrets.rotate`` says; Raises SizingError for a secret that is none, or that must not change."""
    by_name = {spec.name: spec for spec in secrets}
    for name, generation in over.secrets.rotate.items():
        path = f"secrets.rotate.{name}"
        if name not in by_name:
            raise SizingError(path, generation, "not a generated secret", suggestion(name, by_name))
        if not by_name[name].rotates:
            raise SizingError(
                path,
                generation,
                "it never rotates: LiteLLM encrypts credentials in its database with it, with nothing else",
                "Leave it out.",
            )
    return dict(over.secrets.rotate)


def _litellm(need: Requirements, over: Overrides, order: Order, engines: tuple[Engine, ...]) -> LitellmSpec:
    part = over.litellm
    storage = order.postgres.spec.storage_gib
    fits = default_retention_days(need.tier, need.workload.peak_to_average, storage)
    return LitellmSpec(
        workers=need.litellm.workers,
        hpa=need.litellm.hpa,
        database=order.postgres.spec.database,
        pool_connections_per_worker=choices.CONNECTIONS_PER_WORKER,
        spend_log_retention_days=part.spend_log_retention_days or fits,
        request_timeout_s=part.request_timeout_seconds or choices.LITELLM_REQUEST_TIMEOUT_S,
        models=tuple(ModelRoute(name=engine.name, served_name=engine.name) for engine in engines),
        external_models=external_models(part, [engine.name for engine in engines], RESERVED),
        bedrock=bool(part.bedrock),
        limits=limits(part),
        requests_per_second_per_pod=part.scaling.requests_per_second_per_pod,
        tokens_per_second_per_pod=part.scaling.tokens_per_second_per_pod,
    )


def _agent_gateway(need: Requirements, over: Overrides, order: Order) -> AgentGatewaySpec:
    ingress = over.ingress
    _check_domain(ingress)
    longest_answer_s = over.litellm.request_timeout_seconds or choices.LITELLM_REQUEST_TIMEOUT_S
    return AgentGatewaySpec(
        dns=_dns(ingress, certificates=order.certificates),
        hpa=need.agent_gateway.hpa,
        domain=ingress.domain,
        certificate_arn=ingress.certificate_arn,
        public=bool(ingress.public),
        drain_min_s=DRAIN_MIN_S,
        drain_max_s=max(DRAIN_MIN_S, longest_answer_s),
        rate_limit=_rate_limit(over.agent_gateway.rate_limit, need.agent_gateway.replicas),
        jwt=_jwt(ingress.jwt),
    )


def _check_domain(ingress: IngressPart) -> None:
    """Refuse what means nothing without a domain. Raises SizingError."""
    for path, value, why, instead in (
        (
            "public",
            ingress.public or None,
            "a public gateway needs a domain and its certificate",
            "leave the gateway internal",
        ),
        ("dnsZone", ingress.dns_zone, "there is no domain to put into the zone", "leave the zone out"),
        (
            "certificateArn",
            ingress.certificate_arn,
            "there is no domain that the certificate is for: the gateway would speak HTTP",
            "leave the certificate out",
        ),
    ):
        if value is not None and ingress.domain is None:
            raise SizingError(f"ingress.{path}", value, why, f"Set ingress.domain, or {instead}.")


def _dns(ingress: IngressPart, *, certificates: bool) -> DnsSpec | None:
    """A certificate of the stack's own takes the place of one that the cloud would issue."""
    if ingress.dns_zone is None or ingress.domain is None:
        return None
    issued = certificates and ingress.certificate_arn is None
    return DnsSpec(domain=ingress.domain, zone=ingress.dns_zone, certificate=issued)


def _rate_limit(part: RateLimitPart | None, replicas: int) -> RateLimitSpec | None:
    """A replica's share: each counts for itself, so the limit grows with the replicas that are added."""
    if part is None:
        return None
    if part.requests_per_second < replicas:
        raise SizingError(
            "agentGateway.rateLimit.requestsPerSecond",
            part.requests_per_second,
            f"each of {replicas} replicas counts for itself and lets through one request a second at least",
            f"Set it to at least {replicas}.",
        )
    share, extra = -(-part.requests_per_second // replicas), -(-(part.burst or 0) // replicas)
    return RateLimitSpec(requests_per_second=share, burst=extra)


def _jwt(part: JwtPart | None) -> JwtSpec | None:
    if part is None:
        return None
    header = part.header or JWT_HEADER
    return JwtSpec(issuer=part.issuer, audiences=part.audiences, jwks=part.jwks, header=header)


def _vllm(need: Requirements, over: Overrides, engines: tuple[Engine, ...]) -> VllmSpec:
    if over.vllm.hf_token_secret is not None:
        check_key_name("vllm.hfTokenSecret", over.vllm.hf_token_secret, RESERVED, "hf-token")
    trigger = TriggerSpec(metric=need.vllm.trigger_metric, threshold=need.vllm.trigger_threshold)
    return VllmSpec(
        engines=tuple(engine.spec(trigger) for engine in engines),
        drain_s=ENGINE_DRAIN_S,
        hf_token_secret=over.vllm.hf_token_secret,
    )


def _pgbouncer(need: Requirements, order: Order) -> PgbouncerSpec:
    pool = need.pgbouncer
    return PgbouncerSpec(
        pool_mode=pool.pool_mode,
        default_pool_size=pool.default_pool_size,
        max_client_conn=pool.max_client_conn,
        reserve_pool_size=pool.reserve_pool_size,
        max_prepared_statements=choices.MAX_PREPARED_STATEMENTS,
        database=order.postgres.spec.database,
    )


def _observability(need: Requirements, over: Overrides) -> ObservabilitySpec:
    tier, prometheus = need.tier, need.observability.prometheus
    backend = choices.JAEGER_BACKEND[need.observability.jaeger.mode]
    shape = observability_pods.elastic_shape(tier)
    return ObservabilitySpec(
        prometheus_replicas=prometheus.replicas,
        prometheus_retention_days=over.observability.prometheus.retention_days
        or choices.PROMETHEUS_RETENTION_DAYS[tier],
        prometheus_retention_gib=_retention_gib(prometheus.storage_gib),
        prometheus_storage_gib=prometheus.storage_gib,
        thanos=need.observability.thanos.enabled,
        thanos_retention_days=choices.THANOS_RETENTION_DAYS,
        jaeger_backend=backend,
        jaeger_storage_gib=choices.JAEGER_STORAGE_GIB,
        elasticsearch_nodes=shape.replicas if backend == "elasticsearch" else 0,
        elasticsearch_storage_gib=observability_pods.elastic_storage_gib(tier)
        if backend == "elasticsearch"
        else 0,
        trace_sampling_percent=choices.TRACE_SAMPLING_PERCENT[tier],
        trace_kept_percent=choices.TRACE_KEPT_PERCENT.get(tier),
        routing=routing(over.observability.alerts, RESERVED),
    )


def _retention_gib(storage_gib: int) -> int:
    """What Prometheus fills of its disk: whole GiB, and 0 would be no limit."""
    kept = int(storage_gib * choices.PROMETHEUS_DISK_SHARE)
    if kept < 1:
        raise SizingError(
            "observability.prometheus.storageGib",
            storage_gib,
            f"Prometheus fills {choices.PROMETHEUS_DISK_SHARE:.0%} of it, and that is less than 1 GiB",
            f"Set it to at least {math.ceil(1 / choices.PROMETHEUS_DISK_SHARE)}.",
        )
    return kept


def _identities(need: Requirements, over: Overrides, order: Order) -> tuple[Identity, ...]:
    """Workloads that call the cloud, and after them the cloud's own controllers."""
    table = (
        ("litellm", "litellm", "litellm", bool(over.litellm.bedrock) or order.redis.auth == "identity"),
        ("vault", "vault", "vault", True),
        ("vault-init", "vault", "vault-init", True),
        ("vault-snapshot", "vault", "vault-snapshot", True),
        ("thanos", "monitoring", "thanos", need.observability.thanos.enabled),
        ("prometheus", "monitoring", "prometheus", need.observability.thanos.enabled),
        ("model-cache", "vllm", "model-cache", True),
        ("vllm", "vllm", "vllm", True),
        ("cloud-metrics", "monitoring", "cloud-metrics", True),
        ("external-secrets", "external-secrets", "external-secrets", True),
    )
    workloads = (
        Identity(role=role, namespace=namespace, service_account=account)
        for role, namespace, account, wanted in table
        if wanted
    )
    return (*workloads, *order.identities)
