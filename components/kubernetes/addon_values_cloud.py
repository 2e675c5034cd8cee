"""Helm values of what only some clouds need: autoscaler, load balancer controller, GPU daemons."""

from __future__ import annotations

from collections.abc import Mapping

from components.bindings import Bindings
from components.kubernetes.addon_values import SCRAPE_INTERVAL
from components.kubernetes.chart_defaults import exact_resources
from components.kubernetes.images import CLUSTER_AUTOSCALER_REPOSITORY, CLUSTER_AUTOSCALER_TAGS
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from components.kubernetes.security import READ_ONLY, SECCOMP, not_root
from sizing.specs import Workload, Workloads

POOL_LABEL = "ai-gateway/pool"
GPU_POOL = "gpu"
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}

_NOBODY = 65534


def autoscaler_tag(kubernetes_version: str) -> str:
    """Image tag for a cluster of this minor version ("1.35").

    A minor that is not listed gets its first release, which always exists: upstream numbers them alike.
    """
    return CLUSTER_AUTOSCALER_TAGS.get(kubernetes_version, f"v{kubernetes_version}.0")


def cluster_autoscaler(
    workloads: Workloads, bindings: Bindings, kubernetes_version: str
) -> dict[str, object]:
    """The autoscaler of the node groups, which it finds by their tags.

    It must work when nothing else does: its DNS is the node's and not the cluster's, whose pods may be the
    ones that wait for a node.
    """
    workload = workloads["cluster-autoscaler"]
    labels = labels_of("cluster-autoscaler", workload.release)
    return {
        "nameOverride": "cluster-autoscaler",
        "fullnameOverride": "cluster-autoscaler",
        "cloudProvider": "aws",
        "awsRegion": bindings.region,
        "autoDiscovery": {"clusterName": bindings.cluster_name},
        "image": {"repository": CLUSTER_AUTOSCALER_REPOSITORY, "tag": autoscaler_tag(kubernetes_version)},
        "replicaCount": workload.replicas,
        "resources": workload.container("cluster-autoscaler").resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        **_budget(workload),
        "rbac": {
            "serviceAccount": {
                "create": True,
                "name": "cluster-autoscaler",
                "annotations": bindings.annotations("cluster-autoscaler"),
            }
        },
        "dnsPolicy": "Default",
        "securityContext": not_root(_NOBODY),
        "containerSecurityContext": dict(READ_ONLY),
        "extraArgs": _autoscaler_arguments(),
        "serviceMonitor": {"enabled": True, "namespace": workload.namespace, "interval": SCRAPE_INTERVAL},
    }


def _budget(workload: Workload) -> dict[str, object]:
    """For charts that copy the budget as it is, with no ``enabled`` of their own; None removes a default."""
    budget = disruption_budget(workload)
    shown = {"maxUnavailable": budget["maxUnavailable"]} if budget["enabled"] else None
    return {"podDisruptionBudget": shown}


def _autoscaler_arguments() -> dict[str, bool | int | str]:
    """https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md"""
    return {
        # One group per zone and pool: grow them evenly.
        "balance-similar-node-groups": True,
        # Each group has a launch template and a zone of its own; labels that say so make no two groups alike
        # (https://github.com/awsdocs/amazon-eks-user-guide/issues/411). The chart strips the suffix "_n".
        "balancing-ignore-label_1": "eks.amazonaws.com/sourceLaunchTemplateId",
        "balancing-ignore-label_2": "eks.amazonaws.com/sourceLaunchTemplateVersion",
        "balancing-ignore-label_3": "topology.k8s.aws/zone-id",
        "expander": "least-waste",
        # Most pods have an emptyDir; with the default nearly no node could ever be removed.
        "skip-nodes-with-local-storage": False,
        # Disruption budgets guard what is in kube-system; without one the pod may move.
        "skip-nodes-with-system-pods": False,
        # DaemonSets are on every node and say nothing about whether it is needed.
        "ignore-daemonsets-utilization": True,
        # Alerts on a group at its maximum need these series; they are off by default.
        "emit-per-nodegroup-metrics": True,
        # Long enough that a node is not removed between two bursts, short enough that a GPU node is not idle
        # for an hour. Both are the defaults, written down because they decide what an idle cluster costs.
        "scale-down-unneeded-time": "10m",
        "scale-down-delay-after-add": "10m",
    }


def load_balancer_controller(
    workloads: Workloads, bindings: Bindings, tags: Mapping[str, str]
) -> dict[str, object]:
    """The controller that makes load balancers for Services of its class.

    Its Service webhook is off: it refuses every Service of the cluster while the controller is not ready, and
    only sets the class, which our Services name themselves. Gateways are the agent gateway's business, so the
    Gateway API controllers are off too; they would need CRDs of a version of their own.
    """
    workload = workloads["aws-load-balancer-controller"]
    labels = labels_of("aws-load-balancer-controller", workload.release)
    return {
        "clusterName": bindings.cluster_name,
        "region": bindings.region,
        "vpcId": bindings.network_id,
        "replicaCount": workload.replicas,
        "resources": workload.container("aws-load-balancer-controller").resources(),
        "priorityClassName": workload.priority_class,
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
        **_budget(workload),
        "serviceAccount": {
            "create": True,
            "name": "aws-load-balancer-controller",
            "annotations": bindings.annotations("load-balancer-controller"),
        },
        "podSecurityContext": not_root(_NOBODY),
        "securityContext": {"runAsNonRoot": True, **READ_ONLY},
        "enableServiceMutatorWebhook": False,
        # A new certificate with every upgrade would not be known to pods that still run with the old one.
        "keepTLSSecret": True,
        "controllerConfig": {
            "featureGates": {"NLBGatewayAPI": False, "ALBGatewayAPI": False, "GatewayListenerSet": False}
        },
        # Pods have addresses of the network: traffic goes straight to them, not by way of a node port.
        "defaultTargetType": "ip",
        "defaultTags": dict(tags),
        "serviceMonitor": {"enabled": True, "interval": SCRAPE_INTERVAL},
    }


def device_plugin(workloads: Workloads) -> dict[str, object]:
    """The NVIDIA device plugin on GPU nodes, which makes their GPUs known to the scheduler.

    The chart's own affinity asks for labels of node-feature-discovery, which is not installed. Lists replace
    each other in Helm values and maps do not, so the list of terms is what must be given.
    """
    workload = workloads["nvidia-device-plugin"]
    on_gpu_nodes = {"matchExpressions": [{"key": POOL_LABEL, "operator": "In", "values": [GPU_POOL]}]}
    required = {"nodeSelectorTerms": [on_gpu_nodes]}
    return {
        "resources": workload.container("nvidia-device-plugin").resources(),
        "priorityClassName": workload.priority_class,
        "podSecurityContext": dict(SECCOMP),
        # It runs as root, for the kubelet's directory is root's. Any value here replaces the chart's choice.
        "securityContext": dict(READ_ONLY),
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "nodeSelector": {POOL_LABEL: GPU_POOL},
        "tolerations": [GPU_TOLERATION],
    }


def dcgm_exporter(workloads: Workloads) -> dict[str, object]:
    """GPU metrics.

    ``honorLabels``: the exporter's ``pod`` and ``namespace`` are those of the GPU's user; without it they
    would arrive as ``exported_pod``, beside the exporter's own name.
    """
    workload = workloads["dcgm-exporter"]
    return {
        "resources": exact_resources(workload.container("dcgm-exporter")),
        "podSecurityContext": dict(SECCOMP),
        "priorityClassName": workload.priority_class,
        "nodeSelector": {POOL_LABEL: GPU_POOL},
        "tolerations": [GPU_TOLERATION],
        "serviceMonitor": {"enabled": True, "honorLabels": True, "interval": SCRAPE_INTERVAL},
    }
