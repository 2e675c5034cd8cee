"""Managed add-ons that are not part of the cluster's creation: CoreDNS, EBS CSI, Pod Identity agent,
metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pydantic import JsonValue

from components.aws.cluster import MADE_BY_EKS_COMPONENT, Cluster
from components.base import Component, merge_tags
from sizing.specs import AddonSpec

POD_IDENTITY_AGENT = "eks-pod-identity-agent"
EBS_CSI = "aws-ebs-csi-driver"
COREDNS = "coredns"

NEEDED_BY_WORKLOADS = (POD_IDENTITY_AGENT, EBS_CSI, COREDNS)
"""Credentials, volumes, names. Metrics come when they come: an autoscaler waits for them by itself."""


@dataclass(frozen=True)
class ClusterAddonsArgs:
    """``ebs_csi_identity``: the Pod Identity association of the CSI controller (and its role's policies); its
    pods get no credentials when they start before it."""

    specs: tuple[AddonSpec, ...]
    cluster: Cluster
    ebs_csi_identity: Sequence[pulumi.Resource]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class ClusterAddons(Component):
    """Managed add-ons at exact versions.

    The Pod Identity agent is a DaemonSet and needs no node to become active, so it is on each node from the
    start. All others have pods that must run before EKS calls the add-on active, and wait for the CPU nodes;
    none waits for GPU nodes. They are plain ``aws.eks.Addon`` resources: ``eks.Addon`` passes tags on as a
    list, which the provider refuses (https://github.com/pulumi/pulumi-eks/issues/1924). Removing an add-on
    here leaves its software running (``preserve``), so that a renamed resource does not take the cluster's
    DNS away. Volumes that the CSI driver makes get the stack's tags. Does not make the network add-ons, which
    belong to the cluster.

    Attributes:
        addons: name -> add-on.
        ready: what pods need before they start: names, volumes and their class, credentials, CPU nodes.
    """

    TYPE = "ai-gateway:aws:ClusterAddons"

    def __init__(
        self, name: str, args: ClusterAddonsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        specs = {spec.name: spec for spec in args.specs if spec.name not in MADE_BY_EKS_COMPONENT}
        missing = [name for name in NEEDED_BY_WORKLOADS if name not in specs]
        if missing:
            raise ValueError(f"workloads need the add-ons {', '.join(missing)}")
        agent = self._addon(specs.pop(POD_IDENTITY_AGENT), [args.cluster.eks_cluster])
        nodes = args.cluster.nodes.cpu
        driver = self._with_volume_tags(specs.pop(EBS_CSI))
        self.addons: dict[str, aws.eks.Addon] = {
            POD_IDENTITY_AGENT: agent,
            EBS_CSI: self._addon(driver, [*nodes, agent, *args.ebs_csi_identity]),
        }
        for spec in specs.values():
            self.addons[spec.name] = self._addon(spec, nodes)
        self.ready: list[pulumi.Resource] = [
            *nodes,
            *(self.addons[name] for name in NEEDED_BY_WORKLOADS),
            args.cluster.storage_class,
        ]
        self.register_outputs({})

    def _addon(self, spec: AddonSpec, after: Sequence[pulumi.Resource]) -> aws.eks.Addon:
        return aws.eks.Addon(
            f"{self.prefix}-{spec.name}",
            cluster_name=self._args.cluster.name,  # plain: a preview of a cluster update stays exact
            addon_name=spec.name,
            addon_version=spec.version,
            configuration_values=_text(spec.configuration),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            preserve=True,
            tags=merge_tags(self._args.tags),
            opts=self.child(depends_on=list(after)),
        )

    def _with_volume_tags(self, spec: AddonSpec) -> AddonSpec:
        """The CSI driver with the stack's tags for the volumes it will make."""
        controller = spec.configuration.get("controller")
        tags: dict[str, JsonValue] = {"extraVolumeTags": {**merge_tags(self._args.tags)}}
        merged = {**controller, **tags} if isinstance(controller, dict) else tags
        return spec.model_copy(update={"configuration": {**spec.configuration, "controller": merged}})


def _text(configuration: Mapping[str, JsonValue]) -> str | None:
    """Configuration as the API takes it, in a stable order."""
    return json.dumps(configuration, sort_keys=True) if configuration else None
