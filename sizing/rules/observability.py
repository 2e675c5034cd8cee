"""Findings about observability: D19, D20."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch2_components
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
