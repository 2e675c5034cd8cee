"""Metrics and traces as one component, wired to each other. Guide 2.7, D19, D20."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts, otel_logs, thanos, traces
from components.kubernetes.cloud_metrics import CloudMetrics, CloudMetricsArgs
from components.kubernetes.labels import own_labels
from components.kubernetes.metrics import OBJSTORE_KEY, OBJSTORE_SECRET, Metrics, MetricsArgs
from components.kubernetes.release import helm_release
from sizing.specs import ObservabilitySpec, RuleGroupSpec, Workloads
from sizing.specs.dashboards import DashboardSpec


@dataclass(frozen=True)
class ObservabilityArgs:
    """Inputs of ``Observability``.

    Attributes:
        spec: retention, storage and backends.
        workloads: all pods of the parts that ``spec`` asks for.
        bindings: cluster name, storage class, object storage, identities, secret prefix.
        rules: recordings and alerts.
        dashboards: what Grafana shows.
        ready: what every part waits for: namespaces, priority classes, storage class, Prometheus' CRDs
            (``Addons.prometheus_crds``).
        secrets: the secret store, from which Grafana's password comes.
        identities: bindings of cloud roles to service accounts (those that reach object storage).
    """

    spec: ObservabilitySpec
    workloads: Workloads
    bindings: Bindings
    rules: tuple[RuleGroupSpec, ...] = ()
    dashboards: tuple[DashboardSpec, ...] = ()
    ready: tuple[pulumi.Resource, ...] = ()
    secrets: tuple[pulumi.Resource, ...] = ()
    identities: tuple[pulumi.Resource, ...] = ()


class Observability(Component):
    """Prometheus with Grafana and Alertmanager, Thanos when asked for, and the path of traces.

    Attributes:
        prometheus_url: Prometheus' HTTP API, fresh data of one replica; what autoscalers ask.
        query_url: where people and dashboards ask: Thanos, or Prometheus without it.
        otlp_endpoint: ``host:port`` for OTLP over gRPC, without TLS.
        jaeger_url: Jaeger's UI and API.
    """

    TYPE = "ai-gateway:kubernetes:Observability"

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        objstore = (self._objstore(),) if args.spec.thanos else ()
        self.metrics = self._metrics((*args.ready, *objstore))
        self.thanos = (
            self._thanos((*args.ready, *objstore, self.metrics.release)) if args.spec.thanos else None
        )
        self.traces = traces.Traces(
            f"{name}-traces",
            traces.TracesArgs(
                args.spec, args.workloads, args.bindings.storage_class, self.metrics.prometheus, args.ready
            ),
            self.child(),
        )
        self.cloud_metrics = CloudMetrics(
            f"{name}-cloud-metrics",
            CloudMetricsArgs(args.workloads["cloud-metrics"], args.bindings, args.ready, args.identities),
            self.child(),
        )
        self.prometheus_url = self.metrics.prometheus.url()
        self.logs = self._logs()
        self.query_url = self.thanos.query.url() if self.thanos else self.prometheus_url
        self.otlp_endpoint = f"{self.traces.otlp.host}:{self.traces.otlp.port}"
        self.jaeger_url = self.traces.query.url()
        self.register_outputs({"prometheusUrl": self.prometheus_url, "otlpEndpoint": self.otlp_endpoint})

    def _metrics(self, ready: tuple[pulumi.Resource, ...]) -> Metrics:
        args = self._args
        return Metrics(
            f"{self.prefix}-metrics",
            MetricsArgs(
                spec=args.spec,
                workloads=args.workloads,
                bindings=args.bindings,
                query=thanos.query_endpoint(args.workloads) if args.spec.thanos else None,
                traces=traces.query_endpoint(args.workloads),
                rules=args.rules,
                dashboards=args.dashboards,
                ready=ready,
                secrets=args.secrets,
                identities=args.identities,
            ),
            self.child(),
        )

    def _thanos(self, ready: tuple[pulumi.Resource, ...]) -> thanos.Thanos:
        args = self._args
        return thanos.Thanos(
            f"{self.prefix}-thanos",
            thanos.ThanosArgs(args.spec, args.workloads, args.bindings, ready, args.identities),
            self.child(),
        )

    def _logs(self) -> k8s.helm.v3.Release | None:
        """The agent that brings the lines of pods to the cloud, where nothing else does."""
        args, logs = self._args, self._args.bindings.pod_logs
        if logs is None:
            return None
        workload = args.workloads[otel_logs.RELEASE]
        return helm_release(
            self,
            charts.OPENTELEMETRY_COLLECTOR,
            name=otel_logs.RELEASE,
            namespace=workload.namespace,
            values=otel_logs.agent_values(workload, logs, args.bindings.annotations(otel_logs.IDENTITY)),
            depends_on=[*args.ready, *logs.ready],
        )

    def _objstore(self) -> k8s.core.v1.Secret:
        """Where the blocks go. A Secret because both charts want one; it holds no credential.

        Raises:
            ValueError: the cloud offers no object storage for it.
        """
        args = self._args
        if args.bindings.thanos_objstore is None:
            raise ValueError("Thanos needs object storage, and the bindings have no thanos_objstore")
        return k8s.core.v1.Secret(
            f"{self.prefix}-objstore",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=OBJSTORE_SECRET,
                namespace=args.workloads["prometheus"].namespace,
                labels=own_labels(),
            ),
            string_data={OBJSTORE_KEY: args.bindings.thanos_objstore},
            opts=self.child(depends_on=list(args.ready)),
        )
