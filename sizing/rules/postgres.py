"""Findings about PostgreSQL: D9 to D13."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.findings import Finding, Kind, overridden
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.plan import Plan
from sizing.rules.proxies import OPEN

RDS_STORAGE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"
RDS_CLASSES = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html"
RDS_MULTI_AZ = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html"
RDS_CLUSTERS = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.Limitations.html"
)
SECTION = ch2_components.POSTGRES.section
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


def _row(plan: Plan) -> ch2_components.Postgres:
    return ch2_components.POSTGRES[plan.requirements.tier]


def _storage(plan: Plan) -> Iterator[Finding]:
    need, bought, guide = plan.requirements.postgres, plan.order.postgres, _row(plan).storage.gib
    kind, size = bought.spec.storage_type, bought.spec.storage_gib
    if size > need.storage_gib and size != guide:
        why = (
            f"gp3 below this size does not give {need.iops} IOPS, and refuses the argument; this is the"
            " cheapest"
            f" volume that sustains them ({bought.included_iops} included)"
            if kind == "gp3"
            else f"the smallest {kind} volume that gives {need.iops} IOPS"
        )
        yield Finding(
            id="D9",
            section=SECTION,
            path="postgres.storage_gib",
            kind=Kind.CHANGED,
            guide=guide,
            actual=size,
            reason=why,
            source=RDS_STORAGE,
        )


def _iops(plan: Plan) -> Iterator[Finding]:
    need, bought, guide = plan.requirements.postgres, plan.order.postgres, _row(plan).iops
    path, kind = "postgres.iops", bought.spec.storage_type
    if bought.sustained_iops < need.iops:
        steady = (
            f"; postgres.instanceClass {bought.steady_class} sustains them" if bought.steady_class else ""
        )
        yield Finding(
            id="D10",
            section=SECTION,
            path=path,
            kind=Kind.RISK,
            guide=guide.value,
            actual=need.iops,
            reason=f"{bought.spec.instance_class} is burstable: {bought.sustained_iops} IOPS sustained,"
            f" {need.iops} for half an hour a day{steady}",
            source=RDS_CLASSES,
        )
    elif bought.included_iops > need.iops and bought.included_iops != guide.value:
        yield Finding(
            id="D9",
            section=SECTION,
            path=path,
            kind=Kind.CHANGED,
            guide=guide.value,
            actual=bought.included_iops,
            reason=f"a {kind} volume of {bought.spec.storage_gib} GiB "
            + ("includes" if kind == "gp3" else "takes no less than")
            + f" {bought.included_iops} IOPS; the class sustains {bought.sustained_iops}",
            source=RDS_STORAGE,
        )
    elif guide.or_more and need.iops == guide.value:
        yield Finding(
            id="D13",
            section=SECTION,
            path=path,
            kind=Kind.INTERPRETED,
            guide=str(guide),
            actual=need.iops,
            reason=OPEN,
            source=f"guide {SECTION}",
        )


def _class(plan: Plan) -> Iterator[Finding]:
    need, bought, row = plan.requirements.postgres, plan.order.postgres, _row(plan)
    named = plan.overrides.postgres.instance_class
    for field, wanted, actual, guide in (
        ("vcpu", need.vcpu, bought.vcpu, row.vcpu),
        ("memory_gib", need.memory_gib, bought.memory_gib, row.memory.gib),
    ):
        path = f"postgres.{field}"
        if actual == wanted or actual == guide:
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
            source=RDS_CLASSES,
        )


def _limit(plan: Plan) -> Iterator[Finding]:
    spec, tier = plan.order.postgres.spec, plan.requirements.tier
    path, wanted = "postgres.max_storage_gib", ch3_infrastructure.STORAGE[tier].postgres.gib
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
        reason="3.3 is taken as the autoscaling limit; AWS advises one 26% above the"
        f" {spec.storage_gib} GiB allocated",
        source=RDS_STORAGE,
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
            source=RDS_MULTI_AZ,
        )


def _topology(plan: Plan) -> Iterator[Finding]:
    need, row = plan.requirements.postgres, _row(plan)
    if "Cluster" in row.topology:
        yield Finding(
            id="D13",
            section=SECTION,
            path="postgres.topology",
            kind=Kind.CHANGED,
            guide=row.topology,
            actual=f"{'Multi-AZ' if need.multi_az else 'single-zone'} primary + {need.read_replicas}"
            " replicas",
            reason="a Multi-AZ DB cluster has no storage autoscaling and no cross-region backups, and would"
            " replace the instance of the tier below; an instance is reached in place",
            source=RDS_CLUSTERS,
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
            source=RDS_STORAGE,
        )
