"""Findings about LiteLLM, the agent gateway and the pool: D1, D21, D22, D31, D37."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.connections import connections
from sizing.engines import stream_interval
from sizing.findings import Finding, Kind
from sizing.guide import ch2_components
from sizing.plan import Plan
from sizing.spend_logs import days_that_fit

OPEN = "the guide's figure is open; the integer is the floor and the autoscaler or an override goes beyond it"


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _open_figures(plan)
    yield from _maxima(plan)
    yield from _memory(plan)
    yield from _pool(plan)
    yield from _spend_logs(plan)
    yield from _streams(plan)


def _open_figures(plan: Plan) -> Iterator[Finding]:
    need = plan.requirements
    for name, table in (("litellm", ch2_components.LITELLM), ("agent_gateway", ch2_components.AGENT_GATEWAY)):
        row = table[need.tier]
        actual = need.litellm if name == "litellm" else need.agent_gateway
        for field, count, value in (
            ("replicas", row.replicas, actual.replicas),
            ("max_rps", row.max_rps, actual.max_rps),
        ):
            if count.or_more and value == count.value:
                yield Finding(
                    id="D1",
                    section=table.section,
                    path=f"{name}.{field}",
                    kind=Kind.INTERPRETED,
                    guide=str(count),
                    actual=value,
                    reason=OPEN,
                    source=f"guide {table.section}",
                )


def _maxima(plan: Plan) -> Iterator[Finding]:
    need, hpa, part = plan.requirements, ch2_components.HPA, plan.overrides
    maximum = need.litellm.max_replicas
    if maximum != hpa.yaml_max_replicas and part.litellm.max_replicas is None:
        yield Finding(
            id="D1",
            section=hpa.section,
            path="litellm.max_replicas",
            kind=Kind.CONFLICT,
            guide=hpa.yaml_max_replicas,
            actual=maximum,
            reason=f"the block says {hpa.yaml_max_replicas} and its comment {hpa.burst_factor}x min;"
            f" {hpa.burst_factor} x {need.litellm.replicas} is taken, the block's figure is right for one"
            " size only",
            source="guide 2.1",
        )
    if part.agent_gateway.max_replicas is None:
        yield Finding(
            id="D1",
            section=ch2_components.AGENT_GATEWAY.section,
            path="agent_gateway.max_replicas",
            kind=Kind.INTERPRETED,
            guide=None,
            actual=need.agent_gateway.max_replicas,
            reason="the guide gives no maximum; the agent gateway scales as LiteLLM does,"
            f" {hpa.burst_factor} x {need.agent_gateway.replicas}",
            source="guide 2.1",
        )


def _memory(plan: Plan) -> Iterator[Finding]:
    litellm = plan.requirements.litellm
    floor = litellm.workers * choices.LITELLM_MEMORY_FLOOR_MIB
    if litellm.memory_request_mib >= floor:
        return
    threshold = litellm.memory_request_mib * ch2_components.HPA.memory_percent // 100
    guide = ch2_components.LITELLM[plan.requirements.tier].resources.memory_request_mib
    if litellm.memory_request_mib != guide:
        return  # the override is reported; the risk was the user's to take
    yield Finding(
        id="D21",
        section="2.1",
        path="litellm.memory_request_mib",
        kind=Kind.RISK,
        guide=guide,
        actual=litellm.memory_request_mib,
        reason=f"LiteLLM's documentation calls {choices.LITELLM_MEMORY_FLOOR_MIB} MiB per worker a floor, and"
        f" {litellm.workers} run in a pod; one idle worker without its database client takes"
        f" {choices.LITELLM_IDLE_WORKER_MIB} MiB, and the HPA adds pods above {threshold} MiB a pod, which"
        " Python's memory does not fall below again; set litellm.memory to change it",
        source="https://docs.litellm.ai/docs/proxy/prod; measured on LiteLLM 1.106.2",
    )


def _pool(plan: Plan) -> Iterator[Finding]:
    need, pool = plan.requirements, ch2_components.CONNECTION_POOL
    found = connections(need, plan.order)
    if need.tier not in pool.default_pool_size and plan.overrides.pgbouncer.default_pool_size is None:
        yield Finding(
            id="D22",
            section=pool.section,
            path="pgbouncer.default_pool_size",
            kind=Kind.INTERPRETED,
            guide=None,
            actual=need.pgbouncer.default_pool_size,
            reason=f"the guide stops at Large; its figure is kept: {found.servers} server connections with"
            " every"
            f" pod's reserve, of {found.max_connections} the database allows",
            source="guide 2.4",
        )


def _spend_logs(plan: Plan) -> Iterator[Finding]:
    days, storage = plan.platform.litellm.spend_log_retention_days, plan.order.postgres.spec.storage_gib
    fits = days_that_fit(plan.requirements.tier, plan.requirements.workload.peak_to_average, storage)
    if days > fits:
        yield Finding(
            id="D31",
            section="2.4",
            path=None,
            kind=Kind.RISK,
            guide=f"{fits} days",
            actual=f"{days} days",
            reason=f"spend logs of {days} days at the average load take more than"
            f" {choices.SPEND_LOG_DISK_SHARE:.0%} of the database's {storage} GiB; {fits} days fit",
            source="1-2 KB a row: https://docs.litellm.ai/docs/proxy/db_sizing",
        )


def _streams(plan: Plan) -> Iterator[Finding]:
    need = plan.requirements
    litellm, load = need.litellm, need.workload
    streamed_ms = choices.LITELLM_CPU_MS_PER_REQUEST + load.output_tokens * choices.LITELLM_CPU_MS_PER_CHUNK
    mean_ms = (
        choices.LITELLM_CPU_MS_PER_REQUEST
        + load.streaming_ratio * load.output_tokens * choices.LITELLM_CPU_MS_PER_CHUNK
    )
    cores = litellm.max_replicas * litellm.cpu_request_m / 1000 * litellm.hpa.cpu_percent / 100
    reachable = int(cores * 1000 / mean_ms)
    if reachable >= litellm.max_rps:
        return
    yield Finding(
        id="D37",
        section="1.2",
        path="workload.streaming_ratio",
        kind=Kind.RISK,
        guide=load.streaming_ratio,
        actual=load.streaming_ratio,
        reason=f"with one chunk per token a streamed answer costs {streamed_ms:.0f} ms of CPU, the mean"
        " request"
        f" {mean_ms:.0f} ms: {reachable} requests/s at the HPA maximum against {litellm.max_rps} of 2.1."
        " Engines send"
        f" {stream_interval(need)} tokens per chunk so that the figure holds for self-hosted models; chunks"
        " of"
        " external providers cannot be changed",
        source="measured on LiteLLM 1.106.2: 8 ms per request and 0.8 ms per chunk",
    )
