"""Helm values of the log agent: the lines of every pod of a node, to the cloud's log service.

Only where the cloud's nodes do not do that by themselves (``Bindings.pod_logs``).
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/filelogreceiver
"""

from __future__ import annotations

import pulumi

from components.bindings import PodLogs
from components.kubernetes.images import OTEL_COLLECTOR
from components.kubernetes.otel import HEALTH_PORT, MEMORY_LIMITER, own_metrics
from components.kubernetes.security import READ_ONLY, SECCOMP
from sizing.specs import Workload

RELEASE = "otel-logs"
IDENTITY = "log-agent"

FILES = "/var/log/pods"
POSITIONS = "/var/lib/otelcol"
"""How far each file has been read, and what could not be sent yet: on the node, so that a new agent goes on
where the last one ended."""

MAX_LINE = "256KiB"
"""What is longer is cut: a request holds a few such lines, and the service's limit is 1 MiB."""

EXPORTER, STORE = "otlp_http/logs", "file_storage"

QUEUED_REQUESTS = 200
"""Up to 200 MB on the node's disk while the service does not answer; then reading stops, and the files
wait."""


def agent_values(
    workload: Workload, logs: PodLogs, annotations: dict[str, pulumi.Input[str]]
) -> dict[str, object]:
    """Values of the release. It runs as root because the files are root's, with no capability and nothing of
    the node but these two directories."""
    return {
        "fullnameOverride": RELEASE,
        "mode": "daemonset",
        "image": {"repository": OTEL_COLLECTOR.repository, "tag": OTEL_COLLECTOR.tag},
        "resources": workload.container(RELEASE).resources(),
        "priorityClassName": workload.priority_class,
        "tolerations": [{"operator": "Exists"}],
        "serviceAccount": {
            "create": True,
            "name": RELEASE,
            "annotations": annotations,
            "automountServiceAccountToken": False,  # it asks the cloud, never the cluster
        },
        "podSecurityContext": {"runAsUser": 0, "runAsGroup": 0, **SECCOMP},
        "securityContext": dict(READ_ONLY),
        "extraVolumes": [
            {"name": "pods", "hostPath": {"path": FILES}},
            {"name": "positions", "hostPath": {"path": POSITIONS, "type": "DirectoryOrCreate"}},
        ],
        "extraVolumeMounts": [
            {"name": "pods", "mountPath": FILES, "readOnly": True},
            {"name": "positions", "mountPath": POSITIONS},
        ],
        "ports": _ports(),
        "podMonitor": {"enabled": True},
        "alternateConfig": agent_config(logs, f"{workload.namespace}_{RELEASE}"),
    }


def _ports() -> dict[str, object]:
    """It listens for nothing but the question how it is."""
    unused = ("otlp", "otlp-http", "jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    return {**{name: {"enabled": False} for name in unused}, "metrics": {"enabled": True}}


def agent_config(logs: PodLogs, own: str) -> dict[str, object]:
    """The collector's own configuration; ``own`` is how the directories of its pods begin: what it says
    about a failure to send must not be sent again."""
    extensions = {
        "health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"},
        STORE: {"directory": POSITIONS, "create_directory": True},
        **logs.extensions,
    }
    return {
        "extensions": extensions,
        "receivers": {"file_log": _files(own)},
        "processors": {"memory_limiter": MEMORY_LIMITER},
        "exporters": {EXPORTER: {**logs.exporter, **_patience(logs.max_request_bytes)}},
        "service": {
            "extensions": sorted(extensions),
            "telemetry": own_metrics(),
            "pipelines": {
                "logs": {"receivers": ["file_log"], "processors": ["memory_limiter"], "exporters": [EXPORTER]}
            },
        },
    }


def _files(own: str) -> dict[str, object]:
    """The container runtime's files; the operator takes time, stream and the pod's name out of them."""
    return {
        "include": [f"{FILES}/*/*/*.log"],
        "exclude": [f"{FILES}/{own}-*/*/*.log"],
        "start_at": "beginning",
        "include_file_path": True,
        "include_file_name": False,
        "max_log_size": MAX_LINE,
        "storage": STORE,
        "retry_on_failure": {"enabled": True},
        "operators": [{"type": "container"}],
    }


def _patience(max_request_bytes: int) -> dict[str, object]:
    """Full requests, kept on disk until they are taken: an outage of the service delays lines, and loses none
    while the node has their files."""
    return {
        "retry_on_failure": {"enabled": True, "max_elapsed_time": "0s"},
        "sending_queue": {
            "enabled": True,
            "storage": STORE,
            "queue_size": QUEUED_REQUESTS,
            "block_on_overflow": True,
            "batch": {
                "sizer": "bytes",
                "min_size": max_request_bytes // 2,
                "max_size": max_request_bytes,
                "flush_timeout": "5s",
            },
        },
    }
