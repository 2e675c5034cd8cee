"""Workloads and specifications for the tests of cluster services and observability.

Every figure differs from every other, so that a value in the wrong place cannot pass.
"""

from __future__ import annotations

from typing import Any

import pulumi

from components.bindings import Bindings
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.traces import Traces, TracesArgs
from infra.graph.model import Graph, Resource
from sizing.specs import AddonsSpec, ObservabilitySpec, Volume, Workload, Workloads
from tests.factories_workloads import Build, Stand, container, job, workload
from tests.factories_workloads import bindings as workload_bindings

STACK = "kube-prometheus-stack"
ROLES = (
    "external-secrets", "cluster-autoscaler", "load-balancer-controller", "prometheus", "thanos",
    "cloud-metrics",
)  # fmt: skip


def controller(
    name: str, release: str, namespace: str, cpu_m: int, replicas: int = 2, **changes: Any
) -> Workload:
    """A workload of one container of the same name, softly spread; memory follows from the cpu."""
    fields: dict[str, Any] = {
        "release": release,
        "namespace": namespace,
        "replicas": replicas,
        "spread_zones": "soft",
        "spread_hosts": "soft",
        "priority_class": "gateway-platform",
    }
    return workload(name, container(name, cpu_m, cpu_m + 1000), **{**fields, **changes})


def _addons() -> tuple[Workload, ...]:
    system: dict[str, Any] = {"priority_class": "system-cluster-critical"}
    gpu: dict[str, Any] = {
        "kind": "DaemonSet",
        "node_group": "gpu_nodes",
        "replicas": 0,
        "max_unavailable": None,
        "spread_zones": "none",
        "spread_hosts": "none",
        "priority_class": "system-node-critical",
    }
    secrets, certificates = "external-secrets", "cert-manager"
    return (
        controller("external-secrets", secrets, secrets, 11),
        controller("external-secrets-webhook", secrets, secrets, 12, 3),
        controller("external-secrets-cert-controller", secrets, secrets, 13, 1),
        controller("cert-manager", certificates, certificates, 14),
        controller("cert-manager-webhook", certificates, certificates, 15, 3),
        controller("cert-manager-cainjector", certificates, certificates, 16, 1),
        controller("keda-operator", "keda", "keda", 17),
        controller("keda-metrics-apiserver", "keda", "keda", 18, 3),
        controller("keda-webhooks", "keda", "keda", 19, 1),
        controller("cluster-autoscaler", "cluster-autoscaler", "kube-system", 20, **system),
        controller(
            "aws-load-balancer-controller", "aws-load-balancer-controller", "kube-system", 21, 3, **system
        ),
        job(
            "cert-manager-startupapicheck",
            container("cert-manager-startupapicheck", 24, 1024),
            release="cert-manager",
            namespace="cert-manager",
        ),
        controller("nvidia-device-plugin", "nvidia-device-plugin", "gpu", 22, **gpu),
        controller("dcgm-exporter", "dcgm-exporter", "gpu", 23, **gpu),
    )


def _metrics() -> tuple[Workload, ...]:
    stateful: dict[str, Any] = {"release": STACK, "namespace": "monitoring", "kind": "StatefulSet"}
    platform: dict[str, Any] = {"priority_class": "gateway-platform"}
    sidecar = container("config-reloader", 31, 1031)
    return (
        workload(
            "prometheus",
            container("prometheus", 30, 1030),
            sidecar,
            container("thanos-sidecar", 32, 1032),
            replicas=2,
            spread_hosts="hard",
            volumes=(Volume(name="data", size_gib=51),),
            **stateful,
            **platform,
        ),
        workload(
            "alertmanager",
            container("alertmanager", 33, 1033),
            sidecar,
            spread_zones="soft",
            volumes=(Volume(name="data", size_gib=3),),
            **stateful,
            **platform,
        ),
        workload(
            "grafana",
            container("grafana", 34, 1034),
            container("grafana-sc-dashboard", 35, 1035),
            container("grafana-sc-datasources", 35, 1035),
            release=STACK,
            namespace="monitoring",
            spread_zones="soft",
            **platform,
        ),
        controller("kube-state-metrics", STACK, "monitoring", 36, 1),
        controller("prometheus-operator", STACK, "monitoring", 37, 1),
        *(
            job(
                f"prometheus-admission-{step}", container(step, 39, 1039), release=STACK,
                namespace="monitoring", **platform,
            )
            for step in ("create", "patch")
        ),
        controller(
            "node-exporter", STACK, "monitoring", 38, 0, kind="DaemonSet", node_group="all",
            priority_class="system-node-critical",
        ),
    )  # fmt: skip


def _thanos() -> tuple[Workload, ...]:
    def stateful(name: str, cpu_m: int, size_gib: int) -> Workload:
        volumes = (Volume(name="data", size_gib=size_gib),)
        return controller(
            name, "thanos", "monitoring", cpu_m, 1, kind="StatefulSet", max_unavailable=None, volumes=volumes
        )

    return (
        controller("thanos-query", "thanos", "monitoring", 40, 3),
        stateful("thanos-storegateway", 41, 61),
        stateful("thanos-compactor", 42, 62),
    )


def _traces() -> tuple[Workload, ...]:
    platform: dict[str, Any] = {"priority_class": "gateway-platform"}
    return (
        controller("cloud-metrics", "cloud-metrics", "monitoring", 54, 1),
        controller("otel-collector", "otel-collector", "monitoring", 50, 3),
        controller("jaeger", "jaeger", "tracing", 51, 2),
        controller("eck-operator", "eck-operator", "elastic-system", 52, 1),
        controller(
            "elasticsearch", "elasticsearch", "tracing", 53, 3, kind="StatefulSet", spread_zones="hard",
            spread_hosts="hard", volumes=(Volume(name="elasticsearch-data", size_gib=71),), quorum=2,
        ),
        job(
            "jaeger-es-index-cleaner", container("jaeger-es-index-cleaner", 54, 1054), release="jaeger",
            namespace="tracing", kind="CronJob", **platform,
        ),
    )  # fmt: skip


PLATFORM_WORKLOADS = Workloads(items=(*_addons(), *_metrics(), *_thanos(), *_traces()))


def changed(name: str, workloads: Workloads = PLATFORM_WORKLOADS, **changes: Any) -> Workloads:
    """The workloads with one of them changed."""
    return Workloads(
        items=tuple(w.model_copy(update=changes) if w.name == name else w for w in workloads.items)
    )


def addons_spec(**changes: Any) -> AddonsSpec:
    fields: dict[str, Any] = {
        "cluster_autoscaler": True,
        "load_balancer_controller": True,
        "nvidia_device_plugin": True,
        "dcgm_exporter": True,
    }
    return AddonsSpec(**{**fields, **changes})


def observability_spec(**changes: Any) -> ObservabilitySpec:
    fields: dict[str, Any] = {
        "prometheus_replicas": 2,
        "prometheus_retention_days": 17,
        "prometheus_retention_gib": 41,
        "prometheus_storage_gib": 51,
        "thanos": True,
        "thanos_retention_days": 91,
        "jaeger_backend": "elasticsearch",
        "jaeger_storage_gib": 21,
        "elasticsearch_nodes": 3,
        "elasticsearch_storage_gib": 71,
        "trace_sampling_percent": 10,
    }
    return ObservabilitySpec(**{**fields, **changes})


def bindings(**changes: Any) -> Bindings:
    """Bindings whose service accounts carry the name of their role."""
    fields: dict[str, Any] = {
        "service_account_annotations": {role: {"test/role": role} for role in ROLES},
        "thanos_objstore": pulumi.Output.from_input("type: S3\nconfig: {bucket: blocks}\n"),
    }
    return workload_bindings(**{**fields, **changes})


def release(graph: Graph, name: str) -> Resource:
    """The resource of a Helm release."""
    found = [r for r in graph.resources if r.type.endswith(":Release") and r.inputs["name"] == name]
    assert len(found) == 1, name
    return found[0]


def release_names(graph: Graph) -> set[str]:
    return {str(r.inputs["name"]) for r in graph.resources if r.type.endswith(":Release")}


def traces(backend: str = "elasticsearch", workloads: Workloads | None = None, **spec: Any) -> Build:
    """A ``Traces`` component; without ``workloads``, Jaeger has as many replicas as the backend allows."""
    if workloads is None:
        shared = backend == "elasticsearch"
        lone: dict[str, Any] = {"replicas": 1, "max_unavailable": None}
        workloads = PLATFORM_WORKLOADS if shared else changed("jaeger", PLATFORM_WORKLOADS, **lone)

    def make(opts: pulumi.ResourceOptions) -> object:
        args = TracesArgs(
            spec=observability_spec(jaeger_backend=backend, **spec),
            workloads=workloads,
            storage_class="gp3",
            prometheus=ServiceEndpoint("prometheus", "monitoring", 9090),
            ready=(Stand("platform", opts),),
        )
        return Traces("traces", args, opts)

    return make
