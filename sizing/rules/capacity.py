"""Findings about cost and capacity planning: D27, D35, D36."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.findings import Finding, Kind
from sizing.guide import ch4_cost, ch5_capacity
from sizing.plan import Plan

HOURS_PER_MONTH = 730


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _cost(plan)
    yield from _triggers(plan)


def _cost(plan: Plan) -> Iterator[Finding]:
    row = ch4_cost.MONTHLY_COST[plan.requirements.tier]
    price = plan.order.cpu.machine.usd_per_hour
    listed = None if price is None else round(price * plan.order.cpu.desired * HOURS_PER_MONTH)
    if row.sum_of_rows != row.total:
        against = "of unknown price" if listed is None else f"listed at ${listed:,}"
        yield Finding(
            id="D27",
            section="4.1",
            path=None,
            kind=Kind.CONFLICT,
            guide=row.total,
            actual=row.sum_of_rows,
            reason=f"the rows add up to ${row.sum_of_rows:,}; the guide's ${row.ec2_workers_cpu:,} for CPU"
            " nodes are"
            f" {plan.order.cpu.desired} x {plan.order.cpu.machine.name}, {against}",
            source=plan.order.notes.prices,
        )


def _triggers(plan: Plan) -> Iterator[Finding]:
    section = ch5_capacity.TRIGGERS_SECTION
    latency = next(t for t in ch5_capacity.TRIGGERS if "latency" in t.metric)
    gpu = next(t for t in ch5_capacity.TRIGGERS if t.metric.startswith("GPU"))
    yield Finding(
        id="D35",
        section=section,
        path=None,
        kind=Kind.INTERPRETED,
        guide=f"P95 > {latency.warning:g}s / > {latency.critical:g}s",
        actual="time to first token, and the proxy's own part of every call",
        reason=f"an answer of {plan.requirements.workload.output_tokens} tokens takes longer than that when"
        " all is well, streamed or not, and the proxy's metric of whole answers does not tell them apart;"
        " engines report the first token of both (docs/adr/0009-alerts-and-cloud-metrics.md)",
        source="guide 1.2, 5.2",
    )
    yield Finding(
        id="D36",
        section=section,
        path=None,
        kind=Kind.RISK,
        guide=f"> {gpu.warning:g}% / > {gpu.critical:g}%",
        actual=f"> {gpu.warning:g}% / > {gpu.critical:g}%",
        reason="a busy engine shows 100% with headroom left; waiting requests and the KV cache say when it"
        " is full",
        source="https://docs.vllm.ai/en/latest/usage/metrics.html",
    )
