"""Load and what callers notice: requests, errors, time to the first token, queues (guide 1.1, 2.1, 5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.alerts.figures import MIN_REQUESTS, MIN_SAMPLES, NEAR
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

GROUP = "ai-gateway.load"
REQUESTS = f"{PREFIX}requests:rate5m"
EDGE_ERRORS = f"{PREFIX}edge_errors:ratio5m"
LITELLM_ERRORS = f"{PREFIX}litellm_errors:ratio5m"
FIRST_TOKEN = f"{PREFIX}first_token_seconds:p95_5m"
OVERHEAD = f"{PREFIX}overhead_seconds:p95_5m"

EDGE = "agentgateway_requests_total"
TOTAL = "litellm_proxy_total_requests_metric_total"
FAILED = "litellm_proxy_failed_requests_metric_total"
EDGE_FAULT = 'status=~"5..|408"'
"""What the caller cannot be blamed for, as the way in sees it: LiteLLM answers 408 when a model hangs."""
OURS = (
    'exception_status=~"5..|408"',
    'exception_class=~"RouterRateLimitError.*"',
    'exception_status=~"40[1-4]|429", exception_class=~".+[.].+"',
)
"""Failures in LiteLLM that are not the caller's, whatever the status says: its own, and a model that hangs;
no deployment left, all being in cooldown (a 429 too); a provider or engine that refuses our key, its quota or
the model. A provider's failure has its name and a dot before the class ("Openai.RateLimitError"); a caller's
bad key, empty budget or rate limit has not (``_get_exception_class_name`` in litellm's prometheus.py)."""

COOLED_DOWN = "litellm_deployment_cooled_down_total"
REFUSED, SERVED = "litellm_deployment_failure_responses_total", "litellm_deployment_success_responses_total"
BAD_REQUEST = "400|413|422|499"
"""Answers of a deployment that works: the request was at fault, or its caller left."""


def _p95(histogram: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket[5m])))"


def records() -> Iterator[Record]:
    """Series that alerts and dashboards share. Without traffic a ratio has no value."""
    edge = f"sum(rate({EDGE}[5m]))"
    yield Record(REQUESTS, GROUP, edge, "requests/s")
    yield Record(EDGE_ERRORS, GROUP, f"sum(rate({EDGE}{{{EDGE_FAULT}}}[5m])) / {edge}", "ratio")
    failed = " or ".join(f"rate({FAILED}{{{one}}}[5m])" for one in OURS)
    yield Record(LITELLM_ERRORS, GROUP, f"sum({failed}) / sum(rate({TOTAL}[5m]))", "ratio")
    yield Record(FIRST_TOKEN, GROUP, _p95("litellm_llm_api_time_to_first_token_metric"), "seconds")
    yield Record(OVERHEAD, GROUP, _p95("litellm_overhead_latency_metric"), "seconds")


def alerts(plan: Plan) -> Iterator[Alert]:
    """All alerts of this module."""
    yield from _requests(plan)
    yield from _errors()
    yield from _latency()
    row = trigger("Queue depth")
    yield Alert(
        name="RequestQueueDeep",
        group=GROUP,
        expr='sum by (model_name) (vllm:num_requests_waiting{model_name!=""})',
        op=">",
        levels=guide_levels(row),
        unit="count",
        for_="5m",
        summary="{{ $labels.model_name }}: requests wait for an engine",
        action=f"{row.action}: raise the engine's maxReplicas and the GPU pool's maximum, or send part of the"
        " load to an external model.",
        source=f"{guide_source(row)}, D36",
    )


def _requests(plan: Plan) -> Iterator[Alert]:
    need = plan.requirements
    most, profile = need.litellm.max_rps, need.workload.requests_per_second[-1]
    if len(need.workload.requests_per_second) > 1 and profile < most * NEAR:
        yield Alert(
            name="RequestRateBeyondProfile",
            group=GROUP,
            expr=REQUESTS,
            op=">",
            levels=(Level("info", profile),),
            unit="requests/s",
            for_="1h",
            summary="More requests than the tier is meant for",
            action="Plan the next tier: `gateway diff` shows what changes.",
            source="guide 1.1, requests/s",
        )
    yield Alert(
        name="RequestRateHigh",
        group=GROUP,
        expr=REQUESTS,
        op=">",
        levels=levels(most * NEAR, most),
        unit="requests/s",
        for_="5m",
        summary="Requests near or above what the proxies are sized for",
        action="Raise litellm.maxReplicas if nodes allow it, else move to the next tier.",
        source="guide 2.1, Max RPS",
    )


def _errors() -> Iterator[Alert]:
    row = trigger("Error rate")
    for name, expr, counted, what in (
        ("GatewayErrors", EDGE_ERRORS, EDGE, "The gateway answers with server errors or timeouts"),
        ("LitellmErrors", LITELLM_ERRORS, TOTAL, "LiteLLM fails requests that are not the caller's fault"),
    ):
        yield Alert(
            name=name,
            group=GROUP,
            expr=expr,
            op=">",
            levels=guide_levels(row),
            unit="ratio",
            for_="5m",
            summary=what,
            action=f"{row.action}: see which model and status, then its engine or provider.",
            source=guide_source(row),
            guard=f"sum(increase({counted}[5m])) > {MIN_REQUESTS}",
        )
    yield Alert(
        name="ModelUnavailable",
        group=GROUP,
        expr=unavailable(),
        op=">",
        levels=levels(0),
        unit="count",
        for_="10m",
        summary="{{ $labels.model_id }}: LiteLLM leaves this deployment alone, or every call to it fails",
        action="Check the provider's status or the engine's pods; callers get the fallback, if there is one.",
        source="LiteLLM: cooldowns and failures of five minutes",
    )


def unavailable() -> str:
    """Deployments that LiteLLM puts aside, or whose calls all fail: it puts aside only what has a fallback.

    ``litellm_deployment_state`` would say it for ever: LiteLLM sets "down" and "healthy" on series with
    different labels, and the first one stays. Counters end with the trouble.
    """
    cooled = f"sum by (model_id) (increase({COOLED_DOWN}[5m])) > 0"
    refused = (
        f'sum by (model_id) (increase({REFUSED}{{model_id!="", exception_status!~"{BAD_REQUEST}"}}[5m]))'
    )
    served = f"sum by (model_id) (increase({SERVED}[5m])) > 0"
    return f"({cooled}) or ({refused} unless on (model_id) ({served}))"


def _latency() -> Iterator[Alert]:
    """Guide 5.2 by D35: a whole answer takes longer than the thresholds when all is well, streamed or not, so
    they apply to the first token and to the gateway's own part."""
    row = trigger("Request latency (P95)")
    for name, expr, histogram, what, action in (
        (
            "FirstTokenSlow",
            FIRST_TOKEN,
            "litellm_llm_api_time_to_first_token_metric",
            "Streamed answers begin late",
            "look at RequestQueueDeep and KvCacheFull, then at external providers",
        ),
        (
            "GatewayOverheadSlow",
            OVERHEAD,
            "litellm_overhead_latency_metric",
            "LiteLLM adds much time to every call",
            "look at its CPU, PgBouncer's waiting clients and the cache",
        ),
    ):
        yield Alert(
            name=name,
            group=GROUP,
            expr=expr,
            op=">",
            levels=guide_levels(row),
            unit="seconds",
            for_="5m",
            summary=what,
            action=f"{row.action}: {action}.",
            source=f"{guide_source(row)}, D35",
            guard=f"sum(increase({histogram}_count[5m])) > {MIN_SAMPLES}",
        )
