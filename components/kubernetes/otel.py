"""Helm values of the OpenTelemetry collector: one gateway for traces and metrics. Guide 2.7.

Component names are those of 0.159; the older spellings (``otlp``, ``k8sattributes``) are deprecated.
https://github.com/open-telemetry/opentelemetry-collector/blob/main/CHANGELOG.md
"""

from __future__ import annotations

from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.images import OTEL_COLLECTOR
from components.kubernetes.otel_sampling import pipeline, sampled
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from components.kubernetes.security import READ_ONLY, not_root
from sizing.specs import Workload

RELEASE = "otel-collector"

OTLP_GRPC_PORT = 4317
OTLP_HTTP_PORT = 4318
SAMPLED_PORT = 4319
"""Where the collector's replicas hand each other the spans of a trace."""
METRICS_PORT = 8888
HEALTH_PORT = 13133

MAX_MESSAGE_MIB = 16
"""Largest OTLP message a receiver takes. The default of 4 MiB is too little for spans that carry prompts;
what is larger is refused for good, not retried."""

BATCH_SPANS = 1024
"""Spans per batch: at 16 KiB a span this fills ``MAX_MESSAGE_MIB``. The default is 8192, with no maximum."""

MEMORY_LIMITER: dict[str, object] = {
    "check_interval": "1s",
    "limit_percentage": 80,
    "spike_limit_percentage": 20,
}
"""Refuses data from 60% of the memory limit on, so that senders retry instead of the pod being killed. First
in every pipeline. https://github.com/open-telemetry/opentelemetry-collector/tree/main/processor/memorylimiterprocessor"""

BATCH: dict[str, object] = {
    "send_batch_size": BATCH_SPANS,
    "send_batch_max_size": BATCH_SPANS,
    "timeout": "1s",
}

_ATTRIBUTES = (
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.deployment.name",
    "k8s.node.name",
)

_UID = 10001
"""The image's own user (https://github.com/open-telemetry/opentelemetry-collector-releases); without the
number the kubelet cannot tell that it is not root."""


def receivers() -> dict[str, object]:
    """OTLP over gRPC and HTTP on every interface (the default is localhost)."""
    grpc = {"endpoint": f"0.0.0.0:{OTLP_GRPC_PORT}", "max_recv_msg_size_mib": MAX_MESSAGE_MIB}
    return {"otlp": {"protocols": {"grpc": grpc, "http": {"endpoint": f"0.0.0.0:{OTLP_HTTP_PORT}"}}}}


def own_metrics() -> dict[str, object]:
    """The process' own metrics, reachable from outside the pod (the default host is localhost)."""
    exporter = {"prometheus": {"host": "0.0.0.0", "port": METRICS_PORT}}  # noqa: S104
    return {"metrics": {"readers": [{"pull": {"exporter": exporter}}]}}


def collector_values(
    workload: Workload, traces: str, prometheus: ServiceEndpoint, kept_percent: int | None
) -> dict[str, object]:
    """Values of the release.

    Args:
        traces: gRPC target of Jaeger.
        prometheus: takes metrics over OTLP. Pushing fits several replicas better than being scraped: a series
            would stay on every pod a client has talked to.
        kept_percent: share of the ordinary traces that are stored; None: all (``otel_sampling``).
    """
    labels = labels_of("opentelemetry-collector", RELEASE)
    return {
        "fullnameOverride": RELEASE,
        "mode": "deployment",
        "image": {"repository": OTEL_COLLECTOR.repository, "tag": OTEL_COLLECTOR.tag},
        "replicaCount": workload.replicas,
        "resources": workload.container("otel-collector").resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        "podDisruptionBudget": disruption_budget(workload),
        "podSecurityContext": not_root(_UID),
        "securityContext": dict(READ_ONLY),
        "ports": _ports(sampled=kept_percent is not None),
        "serviceMonitor": {"enabled": True},
        "clusterRole": {"create": True, "rules": _rules()},
        # Not `config`: that would be merged into the chart's default pipelines and receivers.
        "alternateConfig": collector_config(traces, prometheus, kept_percent, workload.namespace),
    }


def collector_config(
    traces: str, prometheus: ServiceEndpoint, kept_percent: int | None, namespace: str
) -> dict[str, object]:
    """The collector's own configuration. Which requests are traced is decided where a trace begins (D20)."""
    processors = ["memory_limiter", "k8s_attributes", "batch"]
    config: dict[str, dict[str, object]] = {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
        "receivers": receivers(),
        "processors": {
            "memory_limiter": MEMORY_LIMITER,
            "k8s_attributes": {
                "extract": {"metadata": list(_ATTRIBUTES)},
                "pod_association": [
                    {"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]},
                    {"sources": [{"from": "connection"}]},
                ],
            },
            "batch": BATCH,
        },
        "exporters": {
            "otlp_grpc/jaeger": {"endpoint": traces, "tls": {"insecure": True}},
            "otlp_http/prometheus": {"endpoint": prometheus.url("/api/v1/otlp")},
        },
        "service": {
            "extensions": ["health_check"],
            "telemetry": own_metrics(),
            "pipelines": {
                "traces": pipeline("otlp", processors, "otlp_grpc/jaeger"),
                "metrics": pipeline("otlp", processors, "otlp_http/prometheus"),
            },
        },
    }
    if kept_percent is None:
        return dict(config)
    return sampled(config, kept_percent, f"{RELEASE}.{namespace}", SAMPLED_PORT)


def _ports(*, sampled: bool) -> dict[str, object]:
    """OTLP and the metrics port, which the ServiceMonitor needs; nothing listens for the older protocols.

    ``sampled``: also the port on which replicas hand each other spans.
    """
    unused = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    ports: dict[str, object] = {name: {"enabled": False} for name in unused}
    if sampled:
        port = {
            "enabled": True,
            "containerPort": SAMPLED_PORT,
            "servicePort": SAMPLED_PORT,
            "protocol": "TCP",
        }
        ports["otlp-sampled"] = port
    return {**ports, "metrics": {"enabled": True}}


def _rules() -> list[dict[str, list[str]]]:
    """What ``k8s_attributes`` watches, and the addresses of the other replicas."""
    verbs = ["get", "list", "watch"]
    return [
        {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": verbs},
        {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
