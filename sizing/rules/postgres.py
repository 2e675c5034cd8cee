"""Findings about PostgreSQL: D9 to D13, and of D34 whether clients can verify the server."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.plan import Plan
from sizing.rules.proxies import OPEN

SECTION = ch2_components.POSTGRES.section
IOPS = "postgres.iops"
STORAGE_SECTION = ch3_infrastructure.STORAGE.section


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    yield from _storage(plan)
    yield from _iops(plan)
    yield from _class(plan)
    yield from _limit(plan)
    yield from _two_sizes(plan)
    yield from _availability(plan)
    yield from _topology(plan)
    yield from _verification(plan)


def _row(plan: Plan) -> ch2_components.Postgres:
    return ch2_components.POSTGRES[plan.requirements.tier]


def _storage(plan: Plan) -> Iterator[Finding]:
    need, bought, guide = plan.requirements.postgres, plan.order.postgres, _row(plan).storage.gib
    size = bought.spec.storage_gib
    if size > need.storage_gib and size != guide:
        yield Finding(
            id="D9",
            section=SECTION,
            path="postgres.storage_gib",
            kind=Kind.CHANGED,
            guide=guide,
            actual=size,
            reason=bought.storage_reason,
            source=plan.order.notes.postgres.storage,
        )


def _iops(plan: Plan) -> Iterator[Finding]:
    need, bought, guide = plan.requirements.postgres, plan.order.postgres, _row(plan).iops
    actual = bought.included_iops
    if bought.sustained_iops < need.iops:
        yield _burst(plan, guide.value)
    elif actual > need.iops and actual != guide.value:
        yield Finding(
            id="D9",
            section=SECTION,
            path=IOPS,
            kind=Kind.CHANGED,
            guide=guide.value,
            actual=actual,
            reason=bought.iops_reason,
            source=plan.order.notes.postgres.storage,
        )
    elif guide.or_more and need.iops == guide.value:
        yield Finding(
            id="D13",
            section=SECTION,
            path=IOPS,
            kind=Kind.INTERPRETED,
            guide=str(guide),
            actual=need.iops,
            reason=OPEN,
            source=f"guide {SECTION}",
        )


def _burst(plan: Plan, guide: int) -> Finding:
    need, bought = plan.requirements.postgres, plan.order.postgres
    steady = f"; postgres.instanceClass {bought.steady_class} sustains them" if bought.steady_class else ""
    return Finding(
        id="D10",
        section=SECTION,
        path=IOPS,
        kind=Kind.RISK,
        guide=guide,
        actual=need.iops,
        reason=f"{bought.spec.instance_class} is burstable: {bought.sustained_iops} IOPS sustained,"
        f" {need.iops} for half an hour a day{steady}",
        source=plan.order.notes.postgres.classes,
    )


def _class(plan: Plan) -> Iterator[Finding]:
    need, bought, row = plan.requirements.postgres, plan.order.postgres, _row(plan)
    named = plan.overrides.postgres.instance_class
    for field, wanted, actual, guide in (
        ("vcpu", need.vcpu, bought.vcpu, row.vcpu),
        ("memory_gib", need.memory_gib, bought.memory_gib, row.memory.gib),
    ):
        path = f"postgres.{field}"
        if actual in (wanted, guide):
            continue
        if named is not None:
            yield overridden(SECTION, path, guide, actual)
            continue
        yield Finding(
            id="D10",
            section=SECTION,
            path=path,
            kind=Kind.CHANGED,
            guide=guide,
            actual=actual,
            reason=f"no class has {need.vcpu} vCPU with {need.memory_gib} GiB that sustains {need.iops}"
            " IOPS; the"
            f" cheapest that does is {bought.spec.instance_class} ({bought.vcpu} vCPU, {bought.memory_gib}"
            " GiB)",
            source=plan.order.notes.postgres.classes,
        )


def _limit(plan: Plan) -> Iterator[Finding]:
    spec, tier = plan.order.postgres.spec, plan.requirements.tier
    path, wanted = "postgres.max_storage_gib", ch3_infrastructure.STORAGE[tier].postgres.gib
    limit = plan.order.notes.postgres.limit
    if spec.max_storage_gib == wanted:
        return
    if plan.overrides.postgres.max_storage_gib == spec.max_storage_gib:
        yield overridden(STORAGE_SECTION, path, wanted, spec.max_storage_gib)
        return
    yield Finding(
        id="D11",
        section=STORAGE_SECTION,
        path=path,
        kind=Kind.CHANGED,
        guide=wanted,
        actual=spec.max_storage_gib,
        reason=f"3.3 is taken as the autoscaling limit; {limit.reason} {spec.storage_gib} GiB allocated",
        source=limit.source,
    )


def _two_sizes(plan: Plan) -> Iterator[Finding]:
    size, tier = plan.order.postgres.spec.storage_gib, plan.requirements.tier
    wanted = ch3_infrastructure.STORAGE[tier].postgres.gib
    if size != wanted:
        yield Finding(
            id="D11",
            section=STORAGE_SECTION,
            path="storage.postgres_gib",
            kind=Kind.CONFLICT,
            guide=wanted,
            actual=size,
            reason=f"2.4 says {_row(plan).storage} and decides what is allocated; 3.3 is the autoscaling"
            " limit",
            source="guide 2.4, 3.3",
        )


def _availability(plan: Plan) -> Iterator[Finding]:
    need = plan.requirements.postgres
    if need.multi_az and plan.overrides.postgres.multi_az is None:
        yield Finding(
            id="D12",
            section=SECTION,
            path="postgres.multi_az",
            kind=Kind.INTERPRETED,
            guide=_row(plan).topology,
            actual=True,
            reason="a read replica is no failover target: the primary has a standby in a second zone, and"
            " the read"
            f" replicas ({need.read_replicas}) come on top",
            source=plan.order.notes.postgres.standby,
        )


def _topology(plan: Plan) -> Iterator[Finding]:
    need, row, notes = plan.requirements.postgres, _row(plan), plan.order.notes.postgres
    if "Cluster" in row.topology:
        yield Finding(
            id="D13",
            section=SECTION,
            path="postgres.topology",
            kind=Kind.CHANGED,
            guide=row.topology,
            actual=f"{notes.with_standby if need.multi_az else notes.without_standby} primary +"
            f" {need.read_replicas} replicas",
            reason=notes.topology.reason,
            source=notes.topology.source,
        )
    if row.medium != "SSD":
        yield Finding(
            id="D13",
            section=SECTION,
            path="postgres.storage_medium",
            kind=Kind.CHANGED,
            guide=row.medium,
            actual=plan.order.postgres.spec.storage_type,
            reason="data of a managed database lives on network volumes, never on the host's NVMe",
            source=notes.storage,
        )


def _verification(plan: Plan) -> Iterator[Finding]:
    """A region is accepted although its authority is not known (D34); nobody should have to find that out."""
    known = plan.order.postgres.authority or plan.overrides.postgres.ca_bundle
    unverified = plan.order.notes.postgres.unverified
    if known is None and unverified is not None:
        yield Finding(
            id="D34",
            section=SECTION,
            path=None,
            kind=Kind.RISK,
            guide=None,
            actual=f"database connections in {plan.order.region} are encrypted, not verified",
            reason=unverified.reason,
            source=unverified.source,
        )
