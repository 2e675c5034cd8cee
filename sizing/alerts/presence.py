"""What is there at all: the way of a request, and the metrics that other alerts rest on.

An outage without traffic gives no errors, and an alert whose series are gone cannot fire; so both are asked
for by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from sizing.alerts.model import Alert, Level
from sizing.alerts.resources import object_name
from sizing.plan import Plan

PLATFORM, TELEMETRY = "ai-gateway.platform", "ai-gateway.telemetry"
AVAILABLE = "kube_deployment_status_replicas_available"
KNOWN = f"on () count({AVAILABLE})"
"""kube-state-metrics answers: without it nothing is known of any object, which is another alert."""

REQUEST_PATH = (
    ("GatewayDown", "agentgateway", "the way in: no request is answered"),
    ("LitellmDown", "litellm", "LiteLLM: no request is answered"),
    ("PoolDown", "pgbouncer", "PgBouncer: soon no key can be checked, then no request is answered"),
)
"""Alert -> the workload without which nothing is served, and what it is."""


def down(plan: Plan) -> Iterator[Alert]:
    """No pod of it is ready, or its Deployment is gone."""
    for name, workload, what in REQUEST_PATH:
        found = plan.workloads[workload]
        deployment = f'namespace="{found.namespace}", deployment="{object_name(plan, found)}"'
        yield Alert(
            name=name,
            group=PLATFORM,
            expr=f"absent({AVAILABLE}{{{deployment}}} > 0) and {KNOWN}",
            op="",
            levels=(Level("critical", None),),
            unit="state",
            for_="2m",
            summary=f"No pod is ready of {what}",
            action=f"See the pods and events of namespace {found.namespace}, the last change, then nodes.",
            source="ours: the request path",
            labels={"namespace": found.namespace},
        )


def missing(plan: Plan) -> Iterator[Alert]:
    """Series that alerts rest on, by what serves them."""
    for source, series, what in _series(plan):
        yield _missing(source, series, f"Nothing is scraped of {source}: the alerts about {what} are blind")
    signals = plan.order.signals
    for source, series in (("database", signals.database_present), ("cache", signals.cache_present)):
        yield Alert(
            name="CloudMetricsMissing",
            group=TELEMETRY,
            expr=f"absent({series})",
            op="",
            levels=(Level("warning", None),),
            unit="state",
            for_="30m",
            summary=f"No figures of the managed {source}: the alerts about it are blind",
            action="See the log of cloud-metrics: its identity, the tags or names it searches by.",
            source="ours",
            labels={"source": source},
        )


def _missing(source: str, series: str, summary: str) -> Alert:
    return Alert(
        name="MetricsMissing",
        group=TELEMETRY,
        expr=f"absent({series})",
        op="",
        levels=(Level("warning", None),),
        unit="state",
        for_="30m",
        summary=summary,
        action="See Prometheus' page of targets, and the monitor of what should be there.",
        source="ours",
        labels={"source": source},
    )


def _series(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Source, a series that is there as long as it is scraped, and what the alerts on it are about.

    Pods are told by the name of what makes them: a namespace may hold others that are scraped as well.
    """
    for name, what in (
        ("agentgateway", "requests"),
        ("litellm", "LiteLLM"),
        ("pgbouncer", "the connection pool"),
        ("vault", "Vault"),
        ("vllm-router", "the engines' router"),
        *((f"vllm-{engine.slug}", f"the engines of {engine.name}") for engine in plan.engines),
    ):
        found = plan.workloads[name]
        pods = f'namespace="{found.namespace}", pod=~"{object_name(plan, found)}-.+"'
        yield name, f"up{{{pods}}} == 1", what
    yield "kube-state-metrics", AVAILABLE, "pods, autoscalers, nodes and snapshots"
    yield "kubelet", "container_memory_working_set_bytes", "CPU and memory"
    if plan.engines:
        yield "GPUs", plan.order.signals.gpu_present, "GPUs"
