"""Findings about observability: D19, D20."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch2_components, ch5_capacity
from sizing.plan import Plan
from sizing.require_services import prometheus_memory_mib

SECTION = ch2_components.OBSERVABILITY.section


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    row = ch2_components.OBSERVABILITY[plan.requirements.tier]
    if row.prometheus.memory_request is None:
        yield from _words(plan, row.prometheus)
    else:
        yield _two_figures(plan, row.prometheus)
    yield from _jaeger(plan, row.jaeger)
    yield from _receivers(plan)


def _two_figures(plan: Plan, cell: ch2_components.PrometheusCell) -> Finding:
    need = plan.requirements.observability.prometheus
    return Finding(
        id="D19",
        section=SECTION,
        path=None,
        kind=Kind.INTERPRETED,
        guide=cell.text,
        actual=f"{need.memory_request_mib}Mi request, {need.memory_limit_mib}Mi limit,"
        f" {choices.PROMETHEUS_CPU_M[plan.requirements.tier]}m cpu",
        reason="two memory figures and no cpu: read as request and limit; the cpu is ours",
        source="guide 2.7",
    )


def _words(plan: Plan, cell: ch2_components.PrometheusCell) -> Iterator[Finding]:
    need = plan.requirements.observability.prometheus
    request, limit = prometheus_memory_mib(plan.requirements.tier)
    ours = {
        "replicas": choices.PROMETHEUS_HA_REPLICAS,
        "memory_request_mib": request,
        "memory_limit_mib": limit,
    }
    _, factor = choices.PROMETHEUS_HA_MEMORY
    for field, value in ours.items():
        actual: int = getattr(need, field)
        path = f"observability.prometheus.{field}"
        if actual != value:
            yield overridden(SECTION, path, cell.text, actual)
            continue
        yield Finding(
            id="D20",
            section=SECTION,
            path=path,
            kind=Kind.INTERPRETED,
            guide=cell.text,
            actual=actual,
            reason=f"words, not numbers: {choices.PROMETHEUS_HA_REPLICAS} replicas, each with"
            f" {factor} x Large's memory, and Thanos",
            source="guide 2.7",
        )


def _receivers(plan: Plan) -> Iterator[Finding]:
    """Severities that page somebody by guide 5.2 and here reach nobody."""
    routes = plan.platform.observability.routing.routes
    unsent = [severity for severity in ("critical", "warning") if severity not in routes]
    if unsent:
        yield Finding(
            id="D38",
            section=ch5_capacity.TRIGGERS_SECTION,
            path=None,
            kind=Kind.RISK,
            guide="warning, critical",
            actual=", ".join(routes) or "nobody",
            reason=f"alerts of severity {' and '.join(unsent)} are shown in Alertmanager and sent to nobody:"
            " observability.alerts names no receiver for them",
            source="docs/adr/0009-alerts-and-cloud-metrics.md",
        )


def _jaeger(plan: Plan, word: str) -> Iterator[Finding]:
    if plan.requirements.observability.jaeger.mode == word:
        yield Finding(
            id="D20",
            section=SECTION,
            path="observability.jaeger.mode",
            kind=Kind.INTERPRETED,
            guide=word,
            actual=f"{plan.workloads['jaeger'].replicas} x jaeger on"
            f" {plan.platform.observability.jaeger_backend}",
            reason="words, not numbers; the size of the pods is ours",
            source="https://www.jaegertracing.io/docs/2.20/",
        )
