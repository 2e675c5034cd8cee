"""Helm values of the services that every cloud needs: external-secrets, cert-manager, KEDA."""

from __future__ import annotations

from collections.abc import Mapping

from components.bindings import Bindings
from components.kubernetes.chart_defaults import exact_resources
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from sizing.specs import Workload, Workloads

SCRAPE_INTERVAL = "30s"
"""Prometheus' own default interval; some charts ask for 10 s or 5 min."""

KEDA_OPERATOR: Mapping[str, str] = {"app": "keda-operator"}
KEDA_METRICS: Mapping[str, str] = {"app": "keda-operator-metrics-apiserver"}
KEDA_WEBHOOKS: Mapping[str, str] = {"app": "keda-admission-webhooks"}
"""By what KEDA's chart selects the pods of each part."""


def external_secrets(workloads: Workloads, bindings: Bindings) -> dict[str, object]:
    """Controller, webhook and certificate controller. The controller alone has a cloud identity.

    The chart leaves the controller without probes: one that hangs would stop refreshing secrets unnoticed.
    """
    controller = workloads["external-secrets"]
    return {
        **_eso_part(controller),
        "leaderElect": controller.replicas > 1,
        "serviceAccount": {
            "create": True,
            "name": "external-secrets",
            "annotations": bindings.annotations("external-secrets"),
        },
        "livenessProbe": {"enabled": True},
        "readinessProbe": {"enabled": True},
        # The CRDs are there before: no need to look for them, and a missing one should fail loudly.
        "serviceMonitor": {"enabled": True, "renderMode": "alwaysRender", "interval": SCRAPE_INTERVAL},
        "webhook": {**_eso_part(workloads["external-secrets-webhook"]), "livenessProbe": {"enabled": True}},
        "certController": {
            **_eso_part(workloads["external-secrets-cert-controller"]),
            "livenessProbe": {"enabled": True},
        },
    }


def _eso_part(workload: Workload) -> dict[str, object]:
    labels = labels_of(workload.name, workload.release)
    return {
        "replicaCount": workload.replicas,
        "resources": workload.container(workload.name).resources(),
        "priorityClassName": workload.priority_class,
        "podDisruptionBudget": disruption_budget(workload),
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
    }


def cert_manager(workloads: Workloads) -> dict[str, object]:
    """Controller, webhook and CA injector.

    The CRDs stay when the release is removed: deleting them would delete every certificate of the cluster.
    """
    controller, check = workloads["cert-manager"], workloads["cert-manager-startupapicheck"]
    return {
        "crds": {"enabled": True, "keep": True},
        "global": {
            "priorityClassName": controller.priority_class,
            # Leases in its own namespace: no right to write into kube-system.
            "leaderElection": {"namespace": controller.namespace},
        },
        **_cert_manager_part(controller, "cert-manager", "controller"),
        "webhook": _cert_manager_part(workloads["cert-manager-webhook"], "webhook", "webhook"),
        "cainjector": _cert_manager_part(workloads["cert-manager-cainjector"], "cainjector", "cainjector"),
        # Done when the webhook has answered: the certificates that follow would be refused before.
        "startupapicheck": {"resources": check.container(check.name).resources()},
        "prometheus": {"servicemonitor": {"enabled": True, "interval": SCRAPE_INTERVAL}},
    }


def _cert_manager_part(workload: Workload, name: str, component: str) -> dict[str, object]:
    labels = labels_of(name, workload.release, component)
    return {
        "replicaCount": workload.replicas,
        "resources": workload.container(workload.name).resources(),
        "podDisruptionBudget": disruption_budget(workload),
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
    }


def keda(workloads: Workloads, cluster_name: str) -> dict[str, object]:
    """Operator, metrics API server and admission webhooks.

    The webhooks keep the chart's ``failurePolicy: Ignore``: a check that is away must not stop deployments.
    """
    operator = workloads["keda-operator"]
    metrics = workloads["keda-metrics-apiserver"]
    webhooks = workloads["keda-webhooks"]
    monitored: dict[str, object] = {
        "enabled": True,
        "serviceMonitor": {"enabled": True, "interval": SCRAPE_INTERVAL},
    }
    return {
        "clusterName": cluster_name,
        # The chart pulls at every start, so that a registry's outage would keep a restarted operator away.
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": _keda_part(operator, KEDA_OPERATOR),
        "metricsServer": _keda_part(metrics, KEDA_METRICS),
        "webhooks": _keda_part(webhooks, KEDA_WEBHOOKS),
        "resources": {
            "operator": exact_resources(operator.container("keda-operator")),
            "metricServer": exact_resources(metrics.container("keda-metrics-apiserver")),
            "webhooks": exact_resources(webhooks.container("keda-webhooks")),
        },
        "priorityClassName": operator.priority_class,
        "topologySpreadConstraints": {
            "operator": spread_constraints(operator, KEDA_OPERATOR),
            "metricsServer": spread_constraints(metrics, KEDA_METRICS),
            "webhooks": spread_constraints(webhooks, KEDA_WEBHOOKS),
        },
        "podDisruptionBudget": {
            "operator": _keda_budget(operator),
            "metricServer": _keda_budget(metrics),
            "webhooks": _keda_budget(webhooks),
        },
        "prometheus": {"operator": monitored, "metricServer": monitored, "webhooks": monitored},
    }


def _keda_part(workload: Workload, labels: Mapping[str, str]) -> dict[str, object]:
    return {"replicaCount": workload.replicas, "affinity": pod_affinity(workload, labels)}


def _keda_budget(workload: Workload) -> dict[str, object]:
    """KEDA's chart has no ``enabled``: an empty map is no budget."""
    return {key: value for key, value in disruption_budget(workload).items() if key != "enabled"}
