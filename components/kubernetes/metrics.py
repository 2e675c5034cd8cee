"""Metrics: Prometheus, Alertmanager, Grafana and the exporters of nodes and Kubernetes objects. Guide 2.7."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts
from components.kubernetes.alertmanager import receiver_secrets, routing_config, secret_name
from components.kubernetes.alerts import prometheus_rules
from components.kubernetes.chart_defaults import minimum_budget
from components.kubernetes.dashboards import dashboard_maps
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.grafana import ADMIN_SECRET, grafana_values
from components.kubernetes.placement import labels_of, pod_affinity, spread_constraints
from components.kubernetes.release import helm_release
from components.kubernetes.secretstore import external_secret
from components.kubernetes.security import READ_ONLY, SECCOMP
from sizing.quantities import format_storage
from sizing.specs import ObservabilitySpec, RuleGroupSpec, Workload, Workloads
from sizing.specs.dashboards import DashboardSpec

RELEASE = "kube-prometheus-stack"

PROMETHEUS_PORT = 9090
OBJSTORE_SECRET = "thanos-objstore"  # noqa: S105 - a name
OBJSTORE_KEY = "objstore.yml"
THANOS_DISCOVERY = f"{RELEASE}-thanos-discovery"

NODE_LABELS = (
    "ai-gateway/pool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
)
"""Node labels that become labels of ``kube_node_labels``; kube-state-metrics drops all others, since every
value is a series. Dashboards and the alert on a pool at its maximum group by these."""

OTLP_ATTRIBUTES = ("k8s.namespace.name", "k8s.pod.name", "k8s.deployment.name")
"""Resource attributes that become labels of pushed metrics. Without the pod's name, two replicas of one
service would write the same series."""

NAME_SERVER = "coredns"

_SELECTORS = ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")


@dataclass(frozen=True)
class MetricsArgs:
    """Inputs of ``Metrics``.

    Attributes:
        spec: retention, storage, whether Thanos takes the blocks.
        workloads: holds prometheus, alertmanager, grafana, kube-state-metrics, prometheus-operator with its
            two hooks (prometheus-admission-create, -patch) and node-exporter.
        bindings: cluster name, storage class, identity of Prometheus (it uploads blocks), secret prefix.
        query: what Grafana asks: Thanos, or None for Prometheus itself.
        traces: Jaeger's query port, for Grafana's links from metrics to traces.
        rules: recordings and alerts.
        dashboards: what Grafana shows.
        ready: namespace, priority classes, storage class, Prometheus' CRDs, the object storage Secret.
        secrets: the secret store.
        identities: bindings of cloud roles to service accounts.
    """

    spec: ObservabilitySpec
    workloads: Workloads
    bindings: Bindings
    query: ServiceEndpoint | None
    traces: ServiceEndpoint
    rules: tuple[RuleGroupSpec, ...] = ()
    dashboards: tuple[DashboardSpec, ...] = ()
    ready: tuple[pulumi.Resource, ...] = ()
    secrets: tuple[pulumi.Resource, ...] = ()
    identities: tuple[pulumi.Resource, ...] = ()


class Metrics(Component):
    """The kube-prometheus-stack release, without CRDs: Helm never upgrades those, so they stand apart.

    A larger disk in the specification does not grow the claims of existing replicas: they are resized by
    hand, then the StatefulSet is deleted with its pods orphaned and the operator makes it anew.
    https://prometheus-operator.dev/docs/platform/storage/#resizing-volumes

    Without receivers in the specification Alertmanager shows alerts and sends none.

    Attributes:
        prometheus: where Prometheus answers; also takes OTLP at ``/api/v1/otlp``.
    """

    TYPE = "ai-gateway:kubernetes:Metrics"

    def __init__(self, name: str, args: MetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        workload = args.workloads["prometheus"]
        self.prometheus = ServiceEndpoint(f"{RELEASE}-prometheus", workload.namespace, PROMETHEUS_PORT)
        self.grafana_admin = external_secret(
            self,
            namespace=workload.namespace,
            name=ADMIN_SECRET,
            store_key=f"{args.bindings.secret_prefix}{ADMIN_SECRET}",
            keys={"admin-user": "username", "admin-password": "password"},
            depends_on=[*args.ready, *args.secrets],
        )
        # Not waited for by the release: an entry that is missing keeps Alertmanager alone from starting.
        receiver_secrets(
            self,
            args.spec.routing,
            namespace=workload.namespace,
            prefix=args.bindings.secret_prefix,
            depends_on=[*args.ready, *args.secrets],
        )
        self.release = helm_release(
            self,
            charts.KUBE_PROMETHEUS_STACK,
            name=RELEASE,
            namespace=workload.namespace,
            values=_values(args),
            depends_on=[self.grafana_admin, *args.ready, *args.identities],
        )
        self.rules = prometheus_rules(
            self, args.rules, namespace=workload.namespace, depends_on=[self.release]
        )
        self.dashboards = dashboard_maps(
            self, args.dashboards, namespace=workload.namespace, depends_on=args.ready
        )
        self.register_outputs({"prometheus": self.prometheus.url()})


def _values(args: MetricsArgs) -> dict[str, object]:
    off = {"enabled": False}
    return {
        "crds": off,
        # Ours say the same with the plan's maximum and what to do.
        "defaultRules": {"disabled": {"KubeHpaMaxedOut": True}},
        # The cloud runs these and lets nobody scrape them; kube-proxy's metrics listen on the node only.
        "kubeControllerManager": off,
        "kubeScheduler": off,
        "kubeEtcd": off,
        "kubeProxy": off,
        # Where the cloud runs another name server, the chart's monitor of this one would be down for ever.
        "coreDns": {"enabled": NAME_SERVER in args.workloads},
        "prometheus": _prometheus(args),
        "alertmanager": _alertmanager(args),
        "grafana": grafana_values(args.workloads["grafana"], args.query, args.traces),
        "prometheusOperator": _operator(args.workloads),
        "kube-state-metrics": _kube_state_metrics(args.workloads["kube-state-metrics"]),
        "prometheus-node-exporter": _node_exporter(args.workloads["node-exporter"]),
    }


def _prometheus(args: MetricsArgs) -> dict[str, object]:
    workload = args.workloads["prometheus"]
    values: dict[str, object] = {
        "serviceAccount": {
            "create": True,
            "name": "prometheus",
            "annotations": args.bindings.annotations("prometheus"),
        },
        "podDisruptionBudget": minimum_budget(workload),
        "prometheusSpec": _prometheus_spec(args, workload),
    }
    if workload.replicas > 1:
        # Each replica scrapes for itself, so their samples differ: a client that alternates sees jumps.
        values["service"] = {"sessionAffinity": "ClientIP"}
    if args.spec.thanos:
        values |= {"thanosService": {"enabled": True}, "thanosServiceMonitor": {"enabled": True}}
    return values


def _prometheus_spec(args: MetricsArgs, workload: Workload) -> dict[str, object]:
    spec = args.spec
    values: dict[str, object] = {
        **_replicated(
            workload, {**_operated("prometheus"), "operator.prometheus.io/name": f"{RELEASE}-prometheus"}
        ),
        "resources": workload.container("prometheus").resources(),
        "retention": f"{spec.prometheus_retention_days}d",
        "retentionSize": f"{spec.prometheus_retention_gib}GiB",
        "storageSpec": _claim(args.bindings.storage_class, spec.prometheus_storage_gib),
        "externalLabels": {"cluster": args.bindings.cluster_name},
        "enableOTLPReceiver": True,
        "otlp": {"promoteResourceAttributes": list(OTLP_ATTRIBUTES)},
        # By default only objects with this release's label are read: none of the other charts' would be.
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in _SELECTORS},
    }
    if spec.thanos:
        values["thanos"] = {
            "resources": workload.container("thanos-sidecar").resources(),
            "objectStorageConfig": {"existingSecret": {"name": OBJSTORE_SECRET, "key": OBJSTORE_KEY}},
        }
    return values


def _alertmanager(args: MetricsArgs) -> dict[str, object]:
    workload = args.workloads["alertmanager"]
    spec: dict[str, object] = {
        **_replicated(workload, {**_operated("alertmanager"), "alertmanager": f"{RELEASE}-alertmanager"}),
        "resources": workload.container("alertmanager").resources(),
        "automountServiceAccountToken": False,
    }
    if workload.volumes:
        spec["storage"] = _claim(args.bindings.storage_class, workload.volumes[0].size_gib)
    routing = args.spec.routing
    if routing.receivers:
        spec["secrets"] = [secret_name(receiver) for receiver in routing.receivers]
    return {
        "podDisruptionBudget": minimum_budget(workload),
        "alertmanagerSpec": spec,
        "config": routing_config(routing),
    }


def _operated(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}


def _replicated(workload: Workload, labels: dict[str, str]) -> dict[str, object]:
    """What the operator's Prometheus and Alertmanager have in common."""
    return {
        "replicas": workload.replicas,
        "priorityClassName": workload.priority_class,
        # The chart's own rule prefers other hosts; ours come from the workload, so it is switched off.
        "podAntiAffinity": "",
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
    }


def _claim(storage_class: str, size_gib: int) -> dict[str, object]:
    requests = {"storage": format_storage(size_gib)}
    spec: dict[str, object] = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": requests},
    }
    return {"volumeClaimTemplate": {"spec": spec}}


def _operator(workloads: Workloads) -> dict[str, object]:
    workload, hook = workloads["prometheus-operator"], workloads["prometheus-admission-patch"]
    return {
        "resources": workload.container("prometheus-operator").resources(),
        "priorityClassName": workload.priority_class,
        # One setting for every pod the operator makes: Prometheus' and Alertmanager's sidecar alike.
        "prometheusConfigReloader": {
            "resources": workloads["prometheus"].container("config-reloader").resources(),
            "enableProbe": True,
        },
        # Two Jobs around every installation: a certificate for the webhook that judges rules, and its trust.
        "admissionWebhooks": {
            "patch": {
                "resources": hook.container("patch").resources(),
                "priorityClassName": hook.priority_class,
            }
        },
    }


def _kube_state_metrics(workload: Workload) -> dict[str, object]:
    labels = labels_of("kube-state-metrics", RELEASE)
    return {
        "replicas": workload.replicas,
        "resources": workload.container("kube-state-metrics").resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        "metricLabelsAllowlist": [f"nodes=[{','.join(NODE_LABELS)}]"],
    }


def _node_exporter(workload: Workload) -> dict[str, object]:
    return {
        "resources": workload.container("node-exporter").resources(),
        "priorityClassName": workload.priority_class,
        # It looks at the node and may change nothing there: the chart leaves these open.
        "containerSecurityContext": {**READ_ONLY, **SECCOMP},
        # Every node, whatever it is tainted with: a node under pressure is the one to look at.
        "tolerations": [{"operator": "Exists"}],
    }
