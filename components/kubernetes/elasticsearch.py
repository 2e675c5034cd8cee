"""Elasticsearch by Elastic's operator (ECK), as the store of traces. Guide 2.7 "Elastic backend", D20."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base import Component
from components.kubernetes import charts
from components.kubernetes.chart_defaults import exact_resources, minimum_budget
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.placement import ZONE, pod_affinity, spread_constraints
from components.kubernetes.release import helm_release
from components.kubernetes.security import READ_ONLY, SECCOMP, not_root
from sizing.quantities import format_storage
from sizing.specs import ObservabilitySpec, Workload, Workloads

NAME = "elasticsearch"
VERSION = "9.5.0"
"""The chart's own default, of the same release as the operator; Jaeger 2.20 is tested against 9.x."""

ENDPOINT = ServiceEndpoint(f"{NAME}-es-http", "tracing", 9200)
USER = "elastic"
USER_SECRET = f"{NAME}-es-elastic-user"
PASSWORD_KEY = "elastic"  # noqa: S105 - the name of a key
CA_SECRET = f"{NAME}-es-http-certs-public"
"""Names that the operator derives from the resource's own:
https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/accessing-services"""

_METRICS_PORT = "8080"
_UID = 1000  # the image's user


@dataclass(frozen=True)
class ElasticsearchArgs:
    """Inputs of ``Elasticsearch``.

    Attributes:
        spec: number of nodes and storage per node.
        workloads: holds eck-operator and elasticsearch.
        storage_class: of the data volumes.
        ready: namespaces, priority classes, Prometheus' CRDs.
    """

    spec: ObservabilitySpec
    workloads: Workloads
    storage_class: str
    ready: tuple[pulumi.Resource, ...] = ()


class Elasticsearch(Component):
    """CRDs, operator, and one cluster of equal nodes over the zones.

    The release is done when the Elasticsearch resource exists, not when the cluster is green: whoever needs
    it retries. The operator keeps a disruption budget of its own, which allows one node to go while the
    cluster is green. Claims outlive the cluster: removing the release by mistake does not remove the data.
    """

    TYPE = "ai-gateway:kubernetes:Elasticsearch"

    def __init__(
        self, name: str, args: ElasticsearchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        operator = args.workloads["eck-operator"]
        nodes = args.workloads["elasticsearch"]
        self.crds = helm_release(
            self,
            charts.ECK_OPERATOR_CRDS,
            name="eck-operator-crds",
            namespace=operator.namespace,
            values={},
            depends_on=args.ready,
        )
        self.operator = helm_release(
            self,
            charts.ECK_OPERATOR,
            name=operator.release,
            namespace=operator.namespace,
            values=_operator_values(operator, nodes.namespace),
            depends_on=[self.crds, *args.ready],
            removes_defaults=True,
        )
        self.release = helm_release(
            self,
            charts.ECK_ELASTICSEARCH,
            name=nodes.release,
            namespace=nodes.namespace,
            values=_cluster_values(args.spec, nodes, args.storage_class),
            depends_on=[self.operator],
        )
        self.register_outputs({"endpoint": ENDPOINT.url(scheme="https")})


def _operator_values(workload: Workload, managed_namespace: str) -> dict[str, object]:
    return {
        "installCRDs": False,
        "managedNamespaces": [managed_namespace],
        "replicaCount": workload.replicas,
        "resources": exact_resources(workload.container("eck-operator")),
        "priorityClassName": workload.priority_class,
        "podDisruptionBudget": minimum_budget(workload),
        "podSecurityContext": {"runAsNonRoot": True, **SECCOMP},
        "telemetry": {"disabled": True},
        "config": {"metrics": {"port": _METRICS_PORT}},
        "podMonitor": {"enabled": True, "interval": "60s"},
    }


def _cluster_values(spec: ObservabilitySpec, workload: Workload, storage_class: str) -> dict[str, object]:
    labels = {"elasticsearch.k8s.elastic.co/cluster-name": NAME}
    pod = {
        "priorityClassName": workload.priority_class,
        "securityContext": not_root(_UID),
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        "containers": [_container(workload)],
    }
    claim = {
        "metadata": {"name": "elasticsearch-data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": format_storage(spec.elasticsearch_storage_gib)}},
        },
    }
    return {
        "fullnameOverride": NAME,
        "version": VERSION,
        # The operator copies the node's zone onto the pod, from where the container reads it.
        "annotations": {"eck.k8s.elastic.co/downward-node-labels": ZONE},
        "volumeClaimDeletePolicy": "DeleteOnScaledownOnly",
        "nodeSets": [
            {
                "name": "default",
                "count": spec.elasticsearch_nodes,
                "config": _node_config(),
                "podTemplate": {"spec": pod},
                "volumeClaimTemplates": [claim],
            }
        ],
    }


def _node_config() -> dict[str, object]:
    """No mmap: it needs a kernel setting on every node, which a restricted pod may not change. And the copies
    of a shard go to different zones, which one node per zone would give anyway and more nodes would not.
    https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/virtual-memory
    """
    return {
        "node.store.allow_mmap": False,
        "node.attr.zone": "${ZONE}",
        "cluster.routing.allocation.awareness.attributes": "k8s_node_name,zone",
    }


def _container(workload: Workload) -> dict[str, object]:
    zone = {"fieldRef": {"fieldPath": f"metadata.annotations['{ZONE}']"}}
    return {
        "name": "elasticsearch",
        # Half of the memory limit becomes Java's heap, by the image's own rule; so there must be one.
        "resources": workload.container("elasticsearch").resources(),
        "env": [{"name": "ZONE", "valueFrom": zone}],
        # The operator's default, which it keeps to itself as soon as there is any context here.
        "securityContext": dict(READ_ONLY),
    }
