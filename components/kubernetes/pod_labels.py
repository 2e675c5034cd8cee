"""By which labels the pods of each group are known: those that its chart, operator or Job puts on them.

Network policies select by them. Each set is a part of the pods' labels and of the selector of every Service
in front of them: some policy agents recognise a Service's address by comparing the two
(https://github.com/aws/amazon-network-policy-controller-k8s). tests/contracts/pod_labels.toml has what the
charts really render, and where they say so.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.kubernetes.gateway_parameters import GATEWAY_LABEL
from components.kubernetes.jobs import WORKLOAD_LABEL
from components.kubernetes.labels import OWN_LABELS
from components.kubernetes.placement import labels_of

_NAME, _INSTANCE, _COMPONENT = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
)
_STACK = "kube-prometheus-stack"


def _job(name: str) -> dict[str, str]:
    """Labels of ``components.kubernetes.jobs``."""
    return {**OWN_LABELS, _NAME: name}


def _workload(name: str) -> dict[str, str]:
    """The same, by the workload of the plan."""
    return {**OWN_LABELS, WORKLOAD_LABEL: name}


def _vllm(component: str) -> dict[str, str]:
    return {_INSTANCE: "vllm", _COMPONENT: component}


POD_LABELS: Mapping[str, Mapping[str, str]] = {
    "prometheus-admission": {_INSTANCE: _STACK, _COMPONENT: "prometheus-operator-webhook"},
    "agentgateway": {GATEWAY_LABEL: "edge"},
    "agentgateway-controller": labels_of("agentgateway", "agentgateway"),
    "alertmanager": {_NAME: "alertmanager", "alertmanager": f"{_STACK}-alertmanager"},
    "cert-manager": labels_of("cert-manager", "cert-manager", "controller"),
    "cert-manager-cainjector": labels_of("cainjector", "cert-manager", "cainjector"),
    "cert-manager-startupapicheck": labels_of("startupapicheck", "cert-manager", "startupapicheck"),
    "cert-manager-webhook": labels_of("webhook", "cert-manager", "webhook"),
    "cloud-metrics": {_NAME: "cloud-metrics"},
    "database-bootstrap": _job("bootstrap"),
    "dcgm-exporter": labels_of("dcgm-exporter", "dcgm-exporter"),
    "eck-operator": labels_of("elastic-operator", "eck-operator"),
    "elasticsearch": {"elasticsearch.k8s.elastic.co/cluster-name": "elasticsearch"},
    "external-secrets": labels_of("external-secrets", "external-secrets"),
    "external-secrets-cert-controller": labels_of("external-secrets-cert-controller", "external-secrets"),
    "external-secrets-webhook": labels_of("external-secrets-webhook", "external-secrets"),
    "grafana": labels_of("grafana", _STACK),
    "jaeger": labels_of("jaeger", "jaeger", "all-in-one"),
    "jaeger-es-index-cleaner": labels_of("jaeger", "jaeger", "es-index-cleaner"),
    "keda-metrics-apiserver": {"app": "keda-operator-metrics-apiserver"},
    "keda-operator": {"app": "keda-operator"},
    "keda-webhooks": {"app": "keda-admission-webhooks"},
    "kube-state-metrics": labels_of("kube-state-metrics", _STACK),
    "litellm": labels_of("litellm", "litellm"),
    "litellm-keys": _workload("litellm-keys"),
    "litellm-migrate": _job("migrate"),
    # one Job per model, named after it; the chart's own pods have another manager
    "model-cache": OWN_LABELS,
    "nvidia-device-plugin": labels_of("nvidia-device-plugin", "nvidia-device-plugin"),
    "otel-collector": labels_of("opentelemetry-collector", "otel-collector"),
    "otel-logs": labels_of("opentelemetry-collector", "otel-logs"),
    "pgbouncer": labels_of("pgbouncer", "pgbouncer"),
    "prometheus": {_NAME: "prometheus", "operator.prometheus.io/name": f"{_STACK}-prometheus"},
    "prometheus-operator": {"app": f"{_STACK}-operator", "release": _STACK},
    "thanos-compactor": labels_of("thanos", "thanos", "compactor"),
    "thanos-query": labels_of("thanos", "thanos", "query"),
    "thanos-storegateway": labels_of("thanos", "thanos", "storegateway"),
    "vault": {**labels_of("vault", "vault"), "component": "server"},
    "vault-init": _workload("vault-init"),
    "vault-snapshot": _workload("vault-snapshot"),
    "vllm-engine": _vllm("serving-engine"),
    "vllm-router": _vllm("router"),
}
