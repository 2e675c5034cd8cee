"""Thanos: a query layer over both Prometheus replicas and over the blocks they upload. Guide 2.7, D20."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.metrics import OBJSTORE_KEY, OBJSTORE_SECRET, THANOS_DISCOVERY
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from components.kubernetes.release import helm_release
from components.kubernetes.security import SECCOMP
from sizing.quantities import format_storage
from sizing.specs import ObservabilitySpec, Workload, Workloads

RELEASE = "thanos"
SERVICE_ACCOUNT = "thanos"
QUERY_PORT = 9090

COMPACTOR_REPLICAS = 1
"""Never more: two compactors on one bucket corrupt it. https://thanos.io/tip/components/compact.md/"""


def query_endpoint(workloads: Workloads) -> ServiceEndpoint:
    """Where Thanos answers PromQL; known before the release exists."""
    return ServiceEndpoint(f"{RELEASE}-query", workloads["thanos-query"].namespace, QUERY_PORT)


@dataclass(frozen=True)
class ThanosArgs:
    """Inputs of ``Thanos``.

    Attributes:
        spec: retention of the blocks.
        workloads: holds thanos-query, thanos-storegateway, thanos-compactor.
        bindings: storage class and the identity that reads and writes the bucket.
        ready: namespace, the object storage Secret, and the kube-prometheus-stack release, whose webhook
            judges the chart's alert rules.
        identities: bindings of cloud roles to service accounts.
    """

    spec: ObservabilitySpec
    workloads: Workloads
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()
    identities: tuple[pulumi.Resource, ...] = ()


class Thanos(Component):
    """Query, store gateway and compactor; the sidecars run in Prometheus' pods.

    No receiver (the sidecar pattern needs none) and no ruler (rules run in Prometheus, which does not depend
    on object storage). Nothing else deletes blocks: the bucket has no lifecycle rule, the compactor's
    retention is the only one, equal for all resolutions so that none is deleted before it was downsampled.
    """

    TYPE = "ai-gateway:kubernetes:Thanos"

    def __init__(self, name: str, args: ThanosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.query = query_endpoint(args.workloads)
        self.release = helm_release(
            self,
            charts.THANOS,
            name=RELEASE,
            namespace=self.query.namespace,
            values=_values(args),
            depends_on=[*args.ready, *args.identities],
        )
        self.register_outputs({"query": self.query.url()})


def _values(args: ThanosArgs) -> dict[str, object]:
    query = args.workloads["thanos-query"]
    sidecars = f"{THANOS_DISCOVERY}.{query.namespace}"
    return {
        "global": {
            "objstore": {"createSecret": False, "secretName": OBJSTORE_SECRET, "secretKey": OBJSTORE_KEY},
            "serviceAccount": {
                "create": True,
                "name": SERVICE_ACCOUNT,
                "annotations": args.bindings.annotations("thanos"),
            },
            "serviceMonitor": {"enabled": True},
            "thanosRules": {"groups": _rule_groups()},
        },
        "receive": {"enabled": False},
        "bucket": {"enabled": False},
        "query": {
            **_part(query, "query"),
            "replicaCount": query.replicas,
            "endpoints": {"static": [f"dnssrv+_grpc._tcp.{sidecars}.svc.cluster.local"]},
        },
        "storegateway": _store(args),
        "compactor": _compactor(args),
    }


def _rule_groups() -> dict[str, object]:
    """Alerts on what runs here: the chart's "is down" alerts would fire for ever on what does not."""
    return {
        "thanosReceive": {"enabled": False},
        "thanosRule": {"enabled": False},
        # Scraped through kube-prometheus-stack's Service, whose name is the job.
        "thanosSidecar": {"enabled": True, "jobPattern": f".*{THANOS_DISCOVERY}.*"},
    }


def _store(args: ThanosArgs) -> dict[str, object]:
    workload = args.workloads["thanos-storegateway"]
    return {
        **_part(workload, "storegateway"),
        "replicaCount": workload.replicas,
        "persistence": _persistence(workload, args.bindings.storage_class),
    }


def _compactor(args: ThanosArgs) -> dict[str, object]:
    workload = args.workloads["thanos-compactor"]
    keep = f"{args.spec.thanos_retention_days}d"
    return {
        **_part(workload, "compactor"),
        "replicaCount": COMPACTOR_REPLICAS,
        "persistence": _persistence(workload, args.bindings.storage_class),
        "retention": {"resolutionRaw": keep, "resolution5m": keep, "resolution1h": keep},
        # Its figures come from the workload; an autoscaler that changes them would make the fit proof wrong.
        "vpa": {"enabled": False},
    }


def _part(workload: Workload, component: str) -> dict[str, object]:
    labels = labels_of("thanos", RELEASE, component)
    return {
        "resources": workload.container(workload.name).resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        "pdb": disruption_budget(workload),
        # Beside what the chart sets: the volumes' group, no root.
        "podSecurityContext": dict(SECCOMP),
    }


def _persistence(workload: Workload, storage_class: str) -> dict[str, object]:
    """A cache that can be downloaded again, or the compactor's working space; never the only copy."""
    if not workload.volumes:
        return {"enabled": False}
    return {
        "enabled": True,
        "size": format_storage(workload.volumes[0].size_gib),
        "storageClass": storage_class,
    }
