"""Helm charts and images, pinned exactly: "most recent" would make previews differ from day to day.

``repository`` is an ``oci://`` reference that already names the chart, or the URL of an index of charts.
The versions are those whose values files the contract tests were derived from (tests/contracts/charts).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A chart at one version."""

    name: str
    version: str
    repository: str

    @property
    def is_oci(self) -> bool:
        return self.repository.startswith("oci://")


AGENTGATEWAY = Chart("agentgateway", "v1.4.1", "oci://cr.agentgateway.dev/charts/agentgateway")
AGENTGATEWAY_CRDS = Chart("agentgateway-crds", "v1.4.1", "oci://cr.agentgateway.dev/charts/agentgateway-crds")
AWS_LOAD_BALANCER_CONTROLLER = Chart(
    "aws-load-balancer-controller", "3.5.0", "https://aws.github.io/eks-charts"
)
CERT_MANAGER = Chart("cert-manager", "v1.21.1", "oci://quay.io/jetstack/charts/cert-manager")
CLUSTER_AUTOSCALER = Chart("cluster-autoscaler", "9.59.0", "https://kubernetes.github.io/autoscaler")
DCGM_EXPORTER = Chart("dcgm-exporter", "4.8.2", "https://nvidia.github.io/dcgm-exporter/helm-charts")
ECK_ELASTICSEARCH = Chart("eck-elasticsearch", "0.20.0", "https://helm.elastic.co")
ECK_OPERATOR = Chart("eck-operator", "3.5.0", "https://helm.elastic.co")
ECK_OPERATOR_CRDS = Chart("eck-operator-crds", "3.5.0", "https://helm.elastic.co")
EXTERNAL_SECRETS = Chart("external-secrets", "2.9.0", "https://charts.external-secrets.io")
JAEGER = Chart("jaeger", "4.11.1", "https://jaegertracing.github.io/helm-charts")
KEDA = Chart("keda", "2.20.2", "https://kedacore.github.io/charts")
KUBE_PROMETHEUS_STACK = Chart(
    "kube-prometheus-stack", "88.5.3", "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"
)
LITELLM = Chart("litellm", "1.0.0", "oci://ghcr.io/berriai/litellm/chart/litellm")
NVIDIA_DEVICE_PLUGIN = Chart("nvidia-device-plugin", "0.20.0", "https://nvidia.github.io/k8s-device-plugin")
OPENTELEMETRY_COLLECTOR = Chart(
    "opentelemetry-collector", "0.170.0", "https://open-telemetry.github.io/opentelemetry-helm-charts"
)
PGBOUNCER = Chart("pgbouncer", "4.1.9", "oci://ghcr.io/icoretech/charts/pgbouncer")
PROMETHEUS_OPERATOR_CRDS = Chart(
    "prometheus-operator-crds", "31.0.1", "oci://ghcr.io/prometheus-community/charts/prometheus-operator-crds"
)
THANOS = Chart("thanos", "0.38.0", "oci://ghcr.io/thanos-community/helm-charts/thanos")
VAULT = Chart("vault", "0.34.1", "https://helm.releases.hashicorp.com")
VLLM_STACK = Chart("vllm-stack", "0.1.12", "https://vllm-project.github.io/production-stack")
