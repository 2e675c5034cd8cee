"""What every GKE cluster runs besides the platform: Google's own pods, which nobody can size.

Per node, measured on an n2-standard-4 of GKE 1.36 in a public listing (2026-10): fluentbit 105m/230Mi,
gke-metadata-server 100m/100Mi, kube-proxy 100m, node-local-dns 30m/50Mi, gke-metrics-agent 21m/145Mi,
ip-masq-agent 10m/16Mi, pdcsi-node 10m/20Mi, netd 8m/65Mi. Cluster-wide requests: a GKE 1.29 node in
https://github.com/cryptnono/cryptnono/issues/34. What no public listing shows is an allowance and says so.
"""

from __future__ import annotations

import math

from sizing.clouds.base import Order
from sizing.specs import Container, Placement, Workload

KUBERNETES_VERSION = "1.35"
"""Default of the regular channel since 2026-09 (https://cloud.google.com/kubernetes-engine/docs/release-notes)."""
RELEASE_CHANNEL = "REGULAR"
"""A channel keeps control plane and nodes current; a pinned patch would fight with it."""
NAMESPACE = "kube-system"
RELEASE = "gke"
"""These pods belong to no release of ours: the cloud brings them."""

MEASURED = "measured on GKE 1.36, n2-standard-4"
LISTED = "public listing of a GKE 1.29 cluster"
ALLOWANCE = "ours, an allowance: no public figure"

NODE_PODS: tuple[tuple[str, int, int, str], ...] = (
    ("fluentbit-gke", 105, 230, MEASURED),
    ("gke-metadata-server", 100, 100, MEASURED),
    ("anetd", 166, 174, f"{ALLOWANCE}; Dataplane V2 runs it instead of kube-proxy's 100m"),
    ("node-local-dns", 30, 50, MEASURED),
    ("gke-metrics-agent", 21, 145, MEASURED),
    ("ip-masq-agent", 10, 16, MEASURED),
    ("pdcsi-node", 10, 20, MEASURED),
    ("netd", 8, 65, MEASURED),
)
"""Pods of every node: 450m and 800 MiB together."""
GPU_NODE_PODS: tuple[tuple[str, int, int, str], ...] = (
    ("nvidia-gpu-device-plugin", 50, 100, ALLOWANCE),
    ("gke-managed-dcgm-exporter", 100, 200, ALLOWANCE),
)
"""Pods of every GPU node: the device plugin and the metrics that a chart installs on other clouds."""

DNS_CORES, DNS_NODES = 256, 16
"""kube-dns has a replica per so many cores or nodes, whichever gives more, and two at least
(https://cloud.google.com/kubernetes-engine/docs/how-to/nodelocal-dns-cache)."""
GROWTH = 3
"""Replicas that follow the cluster's size are counted for three times the desired nodes: the maximum is not
known yet when these pods are counted, and stays below that."""
CLUSTER_PODS: tuple[tuple[str, int, int, int, str], ...] = (
    ("konnectivity-agent", 3, 15, 60, f"{LISTED}; one per zone"),
    ("konnectivity-agent-autoscaler", 1, 10, 10, LISTED),
    ("kube-dns-autoscaler", 1, 20, 10, LISTED),
    ("metrics-server", 2, 100, 120, ALLOWANCE),
    ("event-exporter-gke", 1, 100, 120, ALLOWANCE),
    ("l7-default-backend", 1, 100, 120, ALLOWANCE),
    ("pdcsi-snapshot-controller", 1, 100, 120, ALLOWANCE),
)
DNS_POD = (260, 110)


def _container(name: str, cpu_m: int, memory_mib: int) -> Container:
    return Container(name=name, cpu_request_m=cpu_m, memory_request_mib=memory_mib)


def _daemon(name: str, cpu_m: int, memory_mib: int, source: str, where: Placement) -> Workload:
    return Workload(
        name=name,
        release=RELEASE,
        namespace=NAMESPACE,
        kind="DaemonSet",
        node_group=where,
        replicas=0,
        containers=(_container(name, cpu_m, memory_mib),),
        priority_class="system-node-critical",
        source=source,
    )


def _deployment(name: str, replicas: int, cpu_m: int, memory_mib: int, source: str) -> Workload:
    return Workload(
        name=name,
        release=RELEASE,
        namespace=NAMESPACE,
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=replicas,
        containers=(_container(name, cpu_m, memory_mib),),
        spread_zones="soft",
        spread_hosts="soft",
        priority_class="system-cluster-critical",
        source=source,
    )


def _dns_replicas(order: Order) -> int:
    nodes = GROWTH * order.cpu.desired
    return max(2, math.ceil(nodes * order.cpu.machine.vcpu / DNS_CORES), math.ceil(nodes / DNS_NODES))


def workloads(order: Order) -> tuple[Workload, ...]:
    """Google's own pods, per node and cluster-wide."""
    return (
        *(_daemon(*pod, "all") for pod in NODE_PODS),
        *(_daemon(*pod, "gpu_nodes") for pod in GPU_NODE_PODS),
        _deployment("kube-dns", _dns_replicas(order), *DNS_POD, LISTED),
        *(_deployment(*pod) for pod in CLUSTER_PODS),
    )
