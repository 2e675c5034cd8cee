"""What every EKS cluster of ours runs besides the platform: add-ons with their pods, and the cloud's
controllers.

Requests are those the add-ons ship, stated in their configuration so that a new add-on version cannot change
them unseen, as far as the add-on's schema takes them: EKS refuses an add-on with a key that the schema does
not have. Versions: one EKS 1.36 cluster's add-ons on 2026-09-24 (public inventory), pinned together.
"""

from __future__ import annotations

from pydantic import JsonValue

from sizing import choices
from sizing.clouds.base import Order
from sizing.guide.cells import Tier
from sizing.specs import AddonSpec, Container, Workload

KUBERNETES_VERSION = "1.36"
"""Newest EKS version with a published end of standard support, 2027-08-02
(https://endoflife.date/amazon-eks)."""
NODE_RELEASE_VERSION = "1.36.4-20260923"
"""AL2023 AMI release (https://github.com/awslabs/amazon-eks-ami/releases), NVIDIA variant: driver 580."""

ADDON_VERSIONS = {
    "vpc-cni": "v1.23.1-eksbuild.1",
    "kube-proxy": "v1.36.0-eksbuild.25",
    "coredns": "v1.14.6-eksbuild.4",
    "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
    "eks-pod-identity-agent": "v1.4.0-eksbuild.2",
    "metrics-server": "v0.9.0-eksbuild.11",
}
NAMESPACE = "kube-system"

_EBS_SIDECARS = ("csi-provisioner", "csi-attacher", "csi-resizer")
"""They take the controller's resources: the add-on's schema has none of their own
(https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2371). Without the snapshot CRDs, which nothing
here installs, the add-on leaves its snapshotter out."""
_EBS_PROBE_MIB = 32
"""Request and limit of the driver's probe and registrar, fixed by the driver from 1.57 on
(https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/CHANGELOG.md)."""
_ADDON_SOURCE = "requests in the add-on's configuration, its own defaults"


def _container(name: str, cpu_m: int, memory_mib: int, memory_limit_mib: int | None = None) -> Container:
    return Container(
        name=name, cpu_request_m=cpu_m, memory_request_mib=memory_mib, memory_limit_mib=memory_limit_mib
    )


def _daemon(name: str, addon: str, *containers: Container) -> Workload:
    return Workload(
        name=name,
        release=addon,
        namespace=NAMESPACE,
        kind="DaemonSet",
        node_group="all",
        replicas=0,
        containers=containers,
        priority_class="system-node-critical",
        source=_ADDON_SOURCE,
    )


def _deployment(name: str, addon: str, *containers: Container) -> Workload:
    return Workload(
        name=name,
        release=addon,
        namespace=NAMESPACE,
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=2,
        containers=containers,
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class="system-cluster-critical",
        source=_ADDON_SOURCE,
    )


def addon_workloads() -> tuple[Workload, ...]:
    """Pods of the managed add-ons."""
    return (
        # the node agent takes the resources of aws-node: the add-on's schema has none of its own
        _daemon(
            "aws-node", "vpc-cni", _container("aws-node", 25, 64), _container("aws-eks-nodeagent", 25, 64)
        ),
        _daemon("kube-proxy", "kube-proxy", _container("kube-proxy", 100, 64)),
        _daemon(
            "eks-pod-identity-agent", "eks-pod-identity-agent", _container("eks-pod-identity-agent", 10, 32)
        ),
        _daemon(
            "ebs-csi-node",
            "aws-ebs-csi-driver",
            _container("ebs-plugin", 10, 40, 256),
            _container("node-driver-registrar", 10, _EBS_PROBE_MIB, _EBS_PROBE_MIB),
            _container("liveness-probe", 10, _EBS_PROBE_MIB, _EBS_PROBE_MIB),
        ),
        _deployment(
            "ebs-csi-controller",
            "aws-ebs-csi-driver",
            _container("ebs-plugin", 10, 40, 256),
            *(_container(name, 10, 40, 256) for name in _EBS_SIDECARS),
            _container("liveness-probe", 10, _EBS_PROBE_MIB, _EBS_PROBE_MIB),
        ),
        _deployment("coredns", "coredns", _container("coredns", 100, 70, 170)),
        _deployment("metrics-server", "metrics-server", _container("metrics-server", 100, 200, 400)),
    )


def _resources(container: Container) -> dict[str, JsonValue]:
    return {key: dict(value) for key, value in container.resources().items()}


def _configuration(pods: dict[str, Workload]) -> dict[str, dict[str, JsonValue]]:
    """Configuration values of each add-on; the keys are those of the add-on's schema (``aws eks
    describe-addon-configuration``)."""
    node, controller = pods["ebs-csi-node"], pods["ebs-csi-controller"]
    coredns, metrics = pods["coredns"], pods["metrics-server"]
    return {
        "vpc-cni": {
            "resources": _resources(pods["aws-node"].container("aws-node")),
            "enableNetworkPolicy": "true",
        },
        "kube-proxy": {"resources": _resources(pods["kube-proxy"].container("kube-proxy"))},
        "eks-pod-identity-agent": {
            "resources": _resources(pods["eks-pod-identity-agent"].container("eks-pod-identity-agent"))
        },
        "aws-ebs-csi-driver": {
            "controller": {
                "replicaCount": controller.replicas,
                "resources": _resources(controller.container("ebs-plugin")),
            },
            "node": {"resources": _resources(node.container("ebs-plugin")), "tolerateAllTaints": True},
        },
        "coredns": {"replicaCount": coredns.replicas, "resources": _resources(coredns.container("coredns"))},
        "metrics-server": {
            "replicas": metrics.replicas,
            "resources": _resources(metrics.container("metrics-server")),
        },
    }


def addons() -> tuple[AddonSpec, ...]:
    """Managed add-ons with exact versions and the requests the fit proof counts."""
    configuration = _configuration({w.name: w for w in addon_workloads()})
    return tuple(
        AddonSpec(name=name, version=version, configuration=configuration[name])
        for name, version in ADDON_VERSIONS.items()
    )


def controllers(tier: Tier, order: Order) -> tuple[Workload, ...]:
    """Controllers that only this cloud needs, installed by Helm."""
    shape = {
        "cluster-autoscaler": (
            order.addons.cluster_autoscaler,
            100,
            600,
            "600 MiB hold a few hundred nodes' state",
        ),
        "aws-load-balancer-controller": (
            order.addons.load_balancer_controller,
            100,
            256,
            "leader-elected, few objects",
        ),
    }
    return tuple(
        Workload(
            name=name,
            release=name,
            namespace=NAMESPACE,
            kind="Deployment",
            node_group="cpu_nodes",
            replicas=choices.CONTROLLER_REPLICAS[tier],
            containers=(_container(name, cpu_m, memory_mib, memory_mib),),
            spread_zones="soft",
            spread_hosts="soft",
            max_unavailable=1,
            priority_class="system-cluster-critical",
            source=f"ours: {why}",
        )
        for name, (wanted, cpu_m, memory_mib, why) in shape.items()
        if wanted
    )
