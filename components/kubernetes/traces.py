"""Traces: the OpenTelemetry collector in front, Jaeger behind it, Elasticsearch where Jaeger needs it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes import charts, jaeger, otel
from components.kubernetes.elasticsearch import Elasticsearch, ElasticsearchArgs
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.labels import own_labels
from components.kubernetes.placement import disruption_budget
from components.kubernetes.release import DEFAULT_TIMEOUT_S, helm_release
from sizing.quantities import format_storage
from sizing.specs import ObservabilitySpec, Workload, Workloads

OTLP_SERVICE = "jaeger-otlp"

CLUSTER_TIMEOUT_S = 2 * DEFAULT_TIMEOUT_S
"""Jaeger is ready when Elasticsearch is: its nodes pull a big image, start and elect a master first."""


def query_endpoint(workloads: Workloads) -> ServiceEndpoint:
    """Jaeger's UI and query API; known before the release exists."""
    return ServiceEndpoint(jaeger.RELEASE, workloads["jaeger"].namespace, jaeger.QUERY_PORT)


@dataclass(frozen=True)
class TracesArgs:
    """Inputs of ``Traces``.

    Attributes:
        spec: Jaeger's backend and its storage.
        workloads: holds otel-collector and jaeger; eck-operator, elasticsearch and jaeger-es-index-cleaner
            for that backend.
        storage_class: of Badger's or Elasticsearch's volumes.
        prometheus: takes the metrics that come over OTLP.
        ready: namespaces, priority classes, storage class, Prometheus' CRDs.
    """

    spec: ObservabilitySpec
    workloads: Workloads
    storage_class: str
    prometheus: ServiceEndpoint
    ready: tuple[pulumi.Resource, ...] = ()


class Traces(Component):
    """One collector Deployment and one Jaeger Deployment, in every size.

    Jaeger's chart has no priority class: its pods get the platform's, which is the cluster's default.

    Attributes:
        otlp: where workloads send OTLP over gRPC.
        query: Jaeger's UI and API.
    """

    TYPE = "ai-gateway:kubernetes:Traces"

    def __init__(self, name: str, args: TracesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._jaeger = args.workloads["jaeger"]
        collector = args.workloads["otel-collector"]
        self.otlp = ServiceEndpoint(otel.RELEASE, collector.namespace, otel.OTLP_GRPC_PORT)
        self.query = query_endpoint(args.workloads)
        self.jaeger = self._install_jaeger(self._backend())
        self._service()
        self._monitor()
        self._budget()
        self.collector = self._install_collector(collector)
        self.register_outputs({"otlp": f"{self.otlp.host}:{self.otlp.port}", "query": self.query.url()})

    def _backend(self) -> list[pulumi.Resource]:
        """What Jaeger's store needs before Jaeger starts."""
        args = self._args
        match args.spec.jaeger_backend:
            case "memory":
                return []
            case "badger":
                return [self._claim()]
            case "elasticsearch":
                store = ElasticsearchArgs(args.spec, args.workloads, args.storage_class, args.ready)
                return [Elasticsearch(f"{self.prefix}-elasticsearch", store, self.child()).release]

    def _claim(self) -> k8s.core.v1.PersistentVolumeClaim:
        """Badger's volume. Not protected: it holds two days of traces, and a larger installation replaces it.

        Not waited for: it is bound when the first pod that mounts it is scheduled.
        """
        args = self._args
        return k8s.core.v1.PersistentVolumeClaim(
            f"{self.prefix}-badger",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=jaeger.BADGER_CLAIM,
                namespace=self._jaeger.namespace,
                labels=own_labels(),
                annotations={"pulumi.com/skipAwait": "true"},
            ),
            spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=args.storage_class,
                resources=k8s.core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": format_storage(args.spec.jaeger_storage_gib)}
                ),
            ),
            opts=self.child(depends_on=list(args.ready)),
        )

    def _install_jaeger(self, backend: list[pulumi.Resource]) -> k8s.helm.v3.Release:
        args = self._args
        return helm_release(
            self,
            charts.JAEGER,
            name=jaeger.RELEASE,
            namespace=self._jaeger.namespace,
            values=jaeger.jaeger_values(args.spec, args.workloads),
            depends_on=[*backend, *args.ready],
            timeout_s=CLUSTER_TIMEOUT_S if args.spec.jaeger_backend == "elasticsearch" else DEFAULT_TIMEOUT_S,
        )

    def _service(self) -> k8s.core.v1.Service:
        """A headless Service beside the chart's: gRPC keeps a connection, so behind one address all spans of
        a collector would go to one replica for ever. It is not waited for: Jaeger itself is."""
        return k8s.core.v1.Service(
            f"{self.prefix}-{OTLP_SERVICE}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=OTLP_SERVICE,
                namespace=self._jaeger.namespace,
                labels=own_labels(),
                annotations={"pulumi.com/skipAwait": "true"},
            ),
            spec=k8s.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=jaeger.LABELS,
                ports=[k8s.core.v1.ServicePortArgs(name="otlp-grpc", port=otel.OTLP_GRPC_PORT)],
            ),
            opts=self.child(depends_on=list(self._args.ready)),
        )

    def _monitor(self) -> k8s.apiextensions.CustomResource:
        """The chart has no ServiceMonitor."""
        return k8s.apiextensions.CustomResource(
            f"{self.prefix}-jaeger-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="ServiceMonitor",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=jaeger.RELEASE, namespace=self._jaeger.namespace, labels=own_labels()
            ),
            spec={
                "selector": {"matchLabels": jaeger.LABELS},
                "endpoints": [{"port": "internal-metrics", "path": "/metrics"}],
            },
            opts=self.child(depends_on=list(self._args.ready)),
        )

    def _budget(self) -> None:
        """The chart has no disruption budget."""
        budget = disruption_budget(self._jaeger)
        if not budget["enabled"]:
            return
        k8s.policy.v1.PodDisruptionBudget(
            f"{self.prefix}-jaeger-budget",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=jaeger.RELEASE, namespace=self._jaeger.namespace, labels=own_labels()
            ),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=self._jaeger.max_unavailable,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=jaeger.LABELS),
                # A pod that is not ready protects nothing; without this a broken one blocks every drain.
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self.child(depends_on=list(self._args.ready)),
        )

    def _install_collector(self, workload: Workload) -> k8s.helm.v3.Release:
        """Does not wait for Jaeger: the exporter retries until it is there."""
        target = ServiceEndpoint(OTLP_SERVICE, self._jaeger.namespace, otel.OTLP_GRPC_PORT)
        return helm_release(
            self,
            charts.OPENTELEMETRY_COLLECTOR,
            name=otel.RELEASE,
            namespace=workload.namespace,
            values=otel.collector_values(
                workload,
                f"dns:///{target.host}:{target.port}",
                self._args.prometheus,
                self._args.spec.trace_kept_percent,
            ),
            depends_on=self._args.ready,
        )
