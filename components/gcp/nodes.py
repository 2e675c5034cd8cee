"""Node pools: one per share of the nodes, over all its zones, with the account of their nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component, safe_name
from components.gcp.labels import Text, labels
from sizing.specs import NodeGroupSpec

AUTONAME_SUFFIX = 8
"""Pulumi ends the names it makes in "-" and seven characters."""

NODE_POOL_NAME_LIMIT = 40 - AUTONAME_SUFFIX
"""GKE allows 40 characters in the name of a node pool."""

DISK_TYPE = "pd-balanced"
"""SSD at half the price of pd-ssd: what a node's disk holds is images and logs."""

IMAGE_TYPE = "COS_CONTAINERD"

GPU_DRIVER = "LATEST"
"""GKE installs the driver; its default branch lags behind what current CUDA images need
(https://cloud.google.com/kubernetes-engine/docs/how-to/gpus)."""

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
"""What a node may do is decided by its account's roles, as Google advises, not by scopes."""


@dataclass(frozen=True)
class NodesArgs:
    """What the node pools are made of.

    ``service_account`` is the nodes' account. ``disk_key_id`` encrypts boot disks. ``before`` is what must
    exist before the first node starts and must outlive the last one: the way to the internet, and the grants
    of key and account.
    """

    specs: tuple[NodeGroupSpec, ...]
    project: str
    region: str
    cluster: gcp.container.Cluster
    service_account: Text
    disk_key_id: Text
    before: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Nodes(Component):
    """One node pool per specification.

    Counts: GKE counts nodes per zone unless told otherwise, so the autoscaler gets totals, balanced over the
    zones. A pool begins with the same number in each zone, as its specification says. The autoscaler does not
    fill up to the minimum, it only never goes below it
    (https://cloud.google.com/kubernetes-engine/docs/concepts/cluster-autoscaler). Afterwards the number
    belongs to the autoscaler and is ignored: a change of it would replace the pool.

    GPU nodes: GKE installs driver and device plugin, and puts the taint ``nvidia.com/gpu=present:NoSchedule``
    on them by itself; declared here as well it would be there twice. It does so only in a cluster that has
    other nodes too, so GPU pools wait for the CPU pools.

    Updates add one node before they drain an old one; GPU pools drain first, since the quota may hold no
    spare. Machine types change in place, node by node.

    Attributes:
        cpu, gpu: the pools by kind, in the specifications' order.
    """

    TYPE = "ai-gateway:gcp:Nodes"

    def __init__(self, name: str, args: NodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.cpu = [self._pool(spec) for spec in args.specs if spec.pool == "cpu_nodes"]
        self.gpu = [self._pool(spec, after=self.cpu) for spec in args.specs if spec.pool == "gpu_nodes"]
        self.register_outputs({})

    def _pool(self, spec: NodeGroupSpec, after: Sequence[pulumi.Resource] = ()) -> gcp.container.NodePool:
        args, module = self._args, gcp.container
        surge, away = (0, 1) if spec.gpus_per_node else (1, 0)
        return module.NodePool(
            safe_name(f"{self.prefix}-{spec.name}", NODE_POOL_NAME_LIMIT),
            project=args.project,
            location=args.region,
            cluster=args.cluster.name,
            node_locations=list(spec.zones),
            initial_node_count=spec.initial_per_zone,
            autoscaling=module.NodePoolAutoscalingArgs(
                total_min_node_count=spec.min,
                total_max_node_count=spec.max,
                location_policy="BALANCED",
            ),
            management=module.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
            upgrade_settings=module.NodePoolUpgradeSettingsArgs(
                strategy="SURGE", max_surge=surge, max_unavailable=away
            ),
            network_config=module.NodePoolNetworkConfigArgs(enable_private_nodes=True),
            node_config=self._config(spec),
            opts=self.child(depends_on=[*args.before, *after], ignore_changes=["initialNodeCount"]),
        )

    def _config(self, spec: NodeGroupSpec) -> gcp.container.NodePoolNodeConfigArgs:
        args, module = self._args, gcp.container
        return module.NodePoolNodeConfigArgs(
            machine_type=spec.machine_type,
            disk_type=DISK_TYPE,
            disk_size_gb=spec.disk_gib,
            boot_disk_kms_key=args.disk_key_id,
            image_type=IMAGE_TYPE,
            service_account=args.service_account,
            oauth_scopes=list(SCOPES),
            labels=dict(spec.labels),
            resource_labels=labels(args.tags),
            metadata={"disable-legacy-endpoints": "true"},
            workload_metadata_config=module.NodePoolNodeConfigWorkloadMetadataConfigArgs(
                mode="GKE_METADATA"  # keeps pods off the node's account
            ),
            shielded_instance_config=module.NodePoolNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
            gvnic=module.NodePoolNodeConfigGvnicArgs(enabled=True),
            guest_accelerators=_accelerators(spec),
        )


def _accelerators(spec: NodeGroupSpec) -> list[gcp.container.NodePoolNodeConfigGuestAcceleratorArgs] | None:
    """The machine's GPUs; machine types that bring their own want the same number here.

    Raises:
        ValueError: GPUs without a model.
    """
    if not spec.gpus_per_node:
        return None
    if not spec.gpu_model:
        raise ValueError(f"node group {spec.name}: {spec.gpus_per_node} GPUs per node, but no gpu_model")
    module = gcp.container
    driver = module.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(
        gpu_driver_version=GPU_DRIVER
    )
    return [
        module.NodePoolNodeConfigGuestAcceleratorArgs(
            type=spec.gpu_model, count=spec.gpus_per_node, gpu_driver_installation_config=driver
        )
    ]
