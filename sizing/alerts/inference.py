"""Engines and GPUs (guide 2.3, 5.2, D36)."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.alerts.figures import KV_CACHE_FULL, KV_CACHE_NEAR, MIN_SAMPLES
from sizing.alerts.model import (
    PREFIX,
    Alert,
    Level,
    Record,
    guide_levels,
    guide_source,
    levels,
    trigger,
)
from sizing.plan import Plan

GROUP = "ai-gateway.inference"
GPU = f"{PREFIX}gpu_busy:percent"
KV_CACHE = f"{PREFIX}kv_cache:ratio"
ENGINE_FIRST_TOKEN = f"{PREFIX}engine_first_token_seconds:p95_5m"
_TTFT = "vllm:time_to_first_token_seconds"
_MODEL = '{model_name!=""}'
"""Engines name their model. The router exports metrics of the same names without it: see D30."""


def records(plan: Plan) -> Iterator[Record]:
    """Series that alerts and dashboards share."""
    yield Record(GPU, GROUP, plan.order.signals.gpu_busy, "percent")
    yield Record(KV_CACHE, GROUP, f"max by (model_name) (vllm:kv_cache_usage_perc{_MODEL})", "ratio")
    buckets = f"sum by (le, model_name) (rate({_TTFT}_bucket{_MODEL}[5m]))"
    yield Record(ENGINE_FIRST_TOKEN, GROUP, f"histogram_quantile(0.95, {buckets})", "seconds")


def alerts(plan: Plan) -> Iterator[Alert]:
    """All alerts of this module."""
    gpu, latency = trigger("GPU utilization"), trigger("Request latency (P95)")
    yield Alert(
        name="GpuBusy",
        group=GROUP,
        expr=GPU,
        op=">",
        levels=(Level("info", gpu.warning, "warning"), Level("info", gpu.critical, "critical")),
        unit="percent",
        for_="15m",
        summary="{{ $labels.model }}: GPUs are busy most of the time",
        action=f"{gpu.action} only if RequestQueueDeep or KvCacheFull say so: a busy engine has headroom.",
        source=f"{guide_source(gpu)}, D36",
    )
    yield Alert(
        name="KvCacheFull",
        group=GROUP,
        expr=KV_CACHE,
        op=">",
        levels=levels(KV_CACHE_NEAR, KV_CACHE_FULL),
        unit="ratio",
        for_="10m",
        summary="{{ $labels.model_name }}: no room for more requests in the cache of keys and values",
        action="Add engine replicas, or lower maxModelLen so that each request takes less.",
        source="ours (D36)",
    )
    yield Alert(
        name="EngineFirstTokenSlow",
        group=GROUP,
        expr=ENGINE_FIRST_TOKEN,
        op=">",
        levels=guide_levels(latency),
        unit="seconds",
        for_="5m",
        summary="{{ $labels.model_name }}: the first token comes late, for streamed calls and others",
        action=f"{latency.action}: long prompts, a full cache or too few replicas.",
        source=f"{guide_source(latency)}, D35",
        guard=f"on (model_name) sum by (model_name) (increase({_TTFT}_count{_MODEL}[5m])) > {MIN_SAMPLES}",
    )
    if plan.order.addons.dcgm_exporter:
        yield Alert(
            name="GpuFault",
            group=GROUP,
            expr="max by (hostname, gpu) (DCGM_FI_DEV_XID_ERRORS)",
            op=">",
            levels=levels(0),
            unit="count",
            for_="5m",
            summary="GPU {{ $labels.gpu }} of {{ $labels.hostname }} reported XID {{ $value }}",
            action="Look the XID up; a fault of the card (48, 63, 64, 79, 94, 95): drain, replace the node.",
            source="https://docs.nvidia.com/deploy/xid-errors/",
        )
