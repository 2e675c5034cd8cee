"""Helm values of Grafana as a part of kube-prometheus-stack. Guide 2.7."""

from __future__ import annotations

from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from components.kubernetes.security import READ_ONLY
from sizing.specs import Workload

ADMIN_SECRET = "grafana-admin"  # noqa: S105 - a name
FOLDER_ANNOTATION = "grafana_folder"
"""On a ConfigMap with the label ``grafana_dashboard: "1"`` in Grafana's namespace: its folder."""

_RELEASE = "kube-prometheus-stack"

_SCRATCH = {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108 - inside the container
"""One empty volume for the three containers, whose file systems are read-only: plugins and the sidecars'
Python insist on a temporary directory (https://github.com/grafana/helm-charts/issues/3936)."""


def grafana_values(
    workload: Workload, query: ServiceEndpoint | None, traces: ServiceEndpoint
) -> dict[str, object]:
    """Grafana without a database of its own: dashboards and data sources are ConfigMaps.

    A restart loses nothing. What people change by hand is gone with the pod, which is why dashboards cannot
    be edited in the browser. Replicas share no sessions: the Service keeps a client on one of them. Alerts
    are Prometheus' business.

    Raises:
        ValueError: the two sidecars differ; the chart has one setting for both.
    """
    labels = labels_of("grafana", _RELEASE)
    budget = disruption_budget(workload)
    values: dict[str, object] = {
        "replicas": workload.replicas,
        "resources": workload.container("grafana").resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        "admin": {"existingSecret": ADMIN_SECRET, "userKey": "admin-user", "passwordKey": "admin-password"},
        "persistence": {"enabled": False},
        "testFramework": {"enabled": False},
        # The chart's default is a ClusterRole that reads every Secret of the cluster.
        "rbac": {"namespaced": True},
        "containerSecurityContext": dict(READ_ONLY),
        "extraEmptyDirMounts": [_SCRATCH],
        "sidecar": _sidecar(workload, query),
        "additionalDataSources": [
            {"name": "Jaeger", "uid": "jaeger", "type": "jaeger", "access": "proxy", "url": traces.url()}
        ],
        "grafana.ini": _settings(),
    }
    if budget["enabled"]:
        values["podDisruptionBudget"] = {"maxUnavailable": budget["maxUnavailable"]}
    if workload.replicas > 1:
        values["service"] = {"sessionAffinity": "ClientIP"}
    return values


def _sidecar(workload: Workload, query: ServiceEndpoint | None) -> dict[str, object]:
    resources = workload.container("grafana-sc-dashboard").resources()
    if resources != workload.container("grafana-sc-datasources").resources():
        raise ValueError(f"workload {workload.name}: its two sidecars share one setting and must be equal")
    datasources: dict[str, object] = {
        "resource": "configmap",
        "extraMounts": [_SCRATCH],
        "exemplarTraceIdDestinations": {
            "datasourceUid": "jaeger",
            "traceIdLabelName": "trace_id",
            "urlDisplayLabel": "Trace",
        },
    }
    if query is not None:
        datasources["url"] = query.url()
    return {
        "resources": resources,
        "securityContext": dict(READ_ONLY),
        "dashboards": {
            "enabled": True,
            "resource": "configmap",
            "searchNamespace": workload.namespace,
            "folderAnnotation": FOLDER_ANNOTATION,
            "extraMounts": [_SCRATCH],
            "provider": {"foldersFromFilesStructure": True, "allowUiUpdates": False},
        },
        "datasources": datasources,
    }


def _settings() -> dict[str, dict[str, bool]]:
    """Nothing calls home and nothing is downloaded at start: a start must not depend on the internet."""
    return {
        "analytics": {
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "reporting_enabled": False,
        },
        "plugins": {"preinstall_disabled": True},
        "security": {"disable_gravatar": True},
        "unified_alerting": {"enabled": False},
    }
