"""The agent that brings the lines of all pods to CloudWatch: EKS has none of its own."""

from __future__ import annotations

from sizing.specs import Container, Workload

AGENT = "otel-logs"
NAMESPACE = "monitoring"


def agent() -> Workload:
    """A collector on every node; it reads files, so what it may take is bounded by its memory alone."""
    return Workload(
        name=AGENT,
        release=AGENT,
        namespace=NAMESPACE,
        kind="DaemonSet",
        node_group="all",
        replicas=0,
        containers=(Container(name=AGENT, cpu_request_m=50, memory_request_mib=160, memory_limit_mib=160),),
        priority_class="system-node-critical",
        source="ours: the chart sets none",
    )
