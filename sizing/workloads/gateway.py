"""Pods of the request path: LiteLLM, agent gateway, PgBouncer, Vault."""

from __future__ import annotations

from sizing import choices
from sizing.requirements import ProxyRequirements, Requirements
from sizing.specs import Container, Volume, Workload
from sizing.workloads.build import container, controller, job

METRICS_SIDECAR = container("metrics", 50, 128, cpu_limit_m=500, memory_limit_mib=512)
"""LiteLLM chart 1.0.0 ``gateway.metricsServer.resources``: serves /metrics without authentication."""


def _proxy_container(name: str, need: ProxyRequirements) -> Container:
    return Container(
        name=name,
        cpu_request_m=need.cpu_request_m,
        cpu_limit_m=need.cpu_limit_m,
        memory_request_mib=need.memory_request_mib,
        memory_limit_mib=need.memory_limit_mib,
    )


def workloads(need: Requirements) -> tuple[Workload, ...]:
    """LiteLLM, agent gateway with its controller, PgBouncer, Vault, and the database's Jobs."""
    return (
        _litellm(need),
        _litellm_migrate(),
        _database_bootstrap(),
        _agent_gateway(need),
        _agent_gateway_controller(need),
        _pgbouncer(need),
        _vault(need),
    )


def _litellm(need: Requirements) -> Workload:
    return Workload(
        name="litellm",
        release="litellm",
        namespace="litellm",
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=need.litellm.replicas,
        max_replicas=need.litellm.max_replicas,
        containers=(_proxy_container("litellm", need.litellm), METRICS_SIDECAR),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class="gateway-critical",
        source="guide 2.1; sidecar: chart litellm 1.0.0",
    )


def _litellm_migrate() -> Workload:
    limits = {"cpu_limit_m": 1000, "memory_limit_mib": 1536}
    return job(
        "litellm-migrate",
        "litellm",
        *(container(step, 250, 512, **limits) for step in ("migrations", "views")),
        source="ours: Prisma's engine and one Python process that imports LiteLLM (310 MiB)",
    )


def _database_bootstrap() -> Workload:
    return job(
        "database-bootstrap",
        "database",
        container("bootstrap", 100, 64, cpu_limit_m=500, memory_limit_mib=128),
        source="ours: psql and a shell",
    )


def _agent_gateway(need: Requirements) -> Workload:
    return Workload(
        name="agentgateway",
        release="edge",
        namespace="agentgateway-system",
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=need.agent_gateway.replicas,
        max_replicas=need.agent_gateway.max_replicas,
        containers=(_proxy_container("agentgateway", need.agent_gateway),),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class="gateway-critical",
        source="guide 2.2",
    )


def _agent_gateway_controller(need: Requirements) -> Workload:
    pod = controller(
        "agentgateway-controller",
        "agentgateway",
        "agentgateway-system",
        choices.CONTROLLER_REPLICAS[need.tier],
        100,
        256,
        source="ours: serves configuration to the proxies, few objects",
        priority="gateway-critical",
    )
    return pod.model_copy(update={"containers": (container("controller", 100, 256),)})


def _pgbouncer(need: Requirements) -> Workload:
    return Workload(
        name="pgbouncer",
        release="pgbouncer",
        namespace="database",
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=need.pgbouncer.replicas,
        containers=(
            container("pgbouncer", 250, 128),
            container("exporter", 30, 40, cpu_limit_m=250, memory_limit_mib=150),
        ),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class="gateway-critical",
        source="ours: one single-threaded process, about 50 KiB a client; exporter: chart pgbouncer 4.1.9",
    )


def _vault(need: Requirements) -> Workload:
    vault = need.vault
    survivors = vault.replicas // 2 + 1
    return Workload(
        name="vault",
        release="vault",
        namespace="vault",
        kind="StatefulSet",
        node_group="cpu_nodes",
        replicas=vault.replicas,
        containers=(
            Container(
                name="vault",
                cpu_request_m=vault.cpu_m,
                memory_request_mib=vault.memory_mib,
                memory_limit_mib=vault.memory_mib,
            ),
            container("audit-rotate", 10, 16),
        ),
        volumes=(
            Volume(name="data", size_gib=vault.storage_gib),
            Volume(name="audit", size_gib=choices.AUDIT_STORAGE_GIB),
        ),
        spread_zones="hard" if vault.replicas > 1 else "none",
        spread_hosts="hard" if vault.replicas > 1 else "none",
        max_unavailable=1 if vault.replicas > 1 else None,
        quorum=survivors if vault.replicas > 1 else None,
        priority_class="gateway-critical",
        source="guide 2.6; audit-rotate: ours, a shell that sleeps",
    )
