"""Managed node groups: one per pool and zone, with the role and launch templates of their nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components.aws.iam import Text, document
from components.base import Component, merge_tags, safe_name
from sizing.specs import NodeGroupSpec

AUTONAME_SUFFIX = 8
"""Pulumi ends the names it makes in "-" and seven characters."""

NODE_GROUP_NAME_LIMIT = 63 - AUTONAME_SUFFIX
"""EKS allows 63 characters in the name of a node group."""

ROLE_NAME_LIMIT = 64 - AUTONAME_SUFFIX
"""IAM allows 64 characters in the name of a role."""

NODE_ROLE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)
"""What nodes may do (https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html): join the
cluster, serve Pod Identity, give pods addresses, pull images, and be opened through Session Manager instead
of SSH."""

ROOT_DEVICE = "/dev/xvda"
"""Root device of Amazon Linux 2023."""

POD_HOPS = 1
"""How far the instance metadata's answers travel: to the node and to pods on its network, not into other
pods."""

GPU_LABELS = {"k8s.amazonaws.com/accelerator": "nvidia"}
"""Tells the cluster autoscaler that a new node is not ready before it offers its GPUs. Without it, pods that
still wait make it start a second node; only the key counts
(https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md)."""

GPU_TAINT = aws.eks.NodeGroupTaintArgs(key="nvidia.com/gpu", value="present", effect="NO_SCHEDULE")


@dataclass(frozen=True)
class NodesArgs:
    """What the node groups are made of.

    ``release_version`` is the exact AMI release of ``kubernetes_version`` ("1.35.2-20261101").
    ``volume_key_arn`` encrypts root volumes; its policy must let the service-linked role of Auto Scaling use
    it. ``before`` is what must exist before the first node starts and must outlive the last one: the way to
    the internet.
    """

    specs: tuple[NodeGroupSpec, ...]
    cluster: eks.Cluster
    cluster_name: str
    kubernetes_version: str
    release_version: str
    subnet_by_zone: Mapping[str, Text]
    volume_key_arn: Text
    partition: Text
    before: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Nodes(Component):
    """The nodes' role, and for each specification a launch template and a managed node group in its one zone.

    Security group: a launch template without one makes EKS attach the cluster's own security group, in which
    nodes and control plane reach each other; databases and caches therefore let that group in.

    Node credentials: pods get theirs from Pod Identity, so the metadata service (IMDSv2 only) answers with
    one hop, which keeps pods off the node's role, as AWS advises
    (https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html). The VPC CNI
    runs on the node's network and keeps using that role: addresses must work before any agent does. The EBS
    CSI driver falls back to the Kubernetes API for what it would ask the metadata service
    (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md); controllers must be
    told region and VPC.

    Autoscaling: EKS puts the cluster autoscaler's discovery tags on the Auto Scaling groups itself, and
    labels and taints of an empty group are read from ``eks:DescribeNodegroup``. Desired sizes belong to the
    autoscaler and are ignored after creation. Ignoring has a price: raising ``min`` above the number of nodes
    that run is refused by EKS, so raise the group's size first (``aws eks update-nodegroup-config``). For the
    same reason the machine type is part of a group's name: another type makes a new group, of the new desired
    size, before the old one is drained and deleted.

    Updates roll one node at a time, EKS's default. Does not install drivers: the NVIDIA AMI has them.

    Attributes:
        role: the nodes' IAM role.
        groups: name of the specification -> node group.
        cpu, gpu: the groups by pool.
    """

    TYPE = "ai-gateway:aws:Nodes"

    def __init__(self, name: str, args: NodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.role = self._role()
        self._policies = [self._attach(policy) for policy in NODE_ROLE_POLICIES]
        self.groups: dict[str, eks.ManagedNodeGroup] = {spec.name: self._group(spec) for spec in args.specs}
        self.cpu = [self.groups[spec.name] for spec in args.specs if spec.pool == "cpu_nodes"]
        self.gpu = [self.groups[spec.name] for spec in args.specs if spec.pool == "gpu_nodes"]
        self.register_outputs({"role_arn": self.role.arn})

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            safe_name(self.prefix, ROLE_NAME_LIMIT),
            description=f"{self._args.cluster_name}: nodes",
            assume_role_policy=document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )

    def _attach(self, policy: str) -> aws.iam.RolePolicyAttachment:
        return aws.iam.RolePolicyAttachment(
            f"{self.prefix}-{policy}",
            role=self.role.name,
            policy_arn=pulumi.Output.concat("arn:", self._args.partition, ":iam::aws:policy/", policy),
            opts=self.child(),
        )

    def _template(self, spec: NodeGroupSpec) -> aws.ec2.LaunchTemplate:
        """Everything about a node that a managed node group has no argument for.

        It names neither image nor machine type: with an image EKS would manage no AMI releases, and the type
        may stand in one place only.
        """
        tags = merge_tags(self._args.tags, Name=f"{self._args.cluster_name}-{spec.name}")
        root = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_size=spec.disk_gib,
            volume_type="gp3",
            encrypted="true",
            kms_key_id=self._args.volume_key_arn,
            delete_on_termination="true",
        )
        return aws.ec2.LaunchTemplate(
            f"{self.prefix}-{spec.name}",
            description=f"{self._args.cluster_name}: {spec.name}",
            update_default_version=True,
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=ROOT_DEVICE, ebs=root)
            ],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=POD_HOPS,
                http_protocol_ipv6="disabled",
                instance_metadata_tags="disabled",
            ),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=resource, tags=tags)
                for resource in ("instance", "volume", "network-interface")
            ],
            tags=tags,
            opts=self.child(),
        )

    def _group(self, spec: NodeGroupSpec) -> eks.ManagedNodeGroup:
        args, template = self._args, self._template(spec)
        machine = spec.machine_type.replace(".", "-")
        return eks.ManagedNodeGroup(
            safe_name(f"{self.prefix}-{spec.name}-{machine}", NODE_GROUP_NAME_LIMIT),
            cluster=args.cluster,
            cluster_name=args.cluster_name,  # plain: the cluster's own output is unknown while it is updated
            node_role_arn=self.role.arn,
            subnet_ids=[_subnet(spec, args.subnet_by_zone)],
            ami_type=ami_type(spec.machine_type, gpu=spec.gpus_per_node > 0),
            instance_types=[spec.machine_type],
            capacity_type="ON_DEMAND",
            version=args.kubernetes_version,
            release_version=args.release_version,
            labels={**spec.labels, **(GPU_LABELS if spec.gpus_per_node > 0 else {})},
            taints=[GPU_TAINT] if spec.tainted else None,
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=spec.min, desired_size=spec.desired, max_size=spec.max
            ),
            ignore_scaling_changes=True,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(_version_text)
            ),
            tags=merge_tags(args.tags),
            # the network add-ons, which the cluster's component makes, must be there before a node is
            opts=self.child(depends_on=[args.cluster, *self._policies, *args.before]),
        )


def ami_type(machine_type: str, *, gpu: bool) -> str:
    """The EKS-optimised Amazon Linux 2023 image for a machine type.

    Graviton families carry a "g" behind their generation (m7g, c6gn, g5g); a1 is the one that does not.
    """
    family = machine_type.split(".")[0]
    arm = family == "a1" or re.fullmatch(r"[a-z]+\d+[a-z]*g[a-z]*(-.*)?", family) is not None
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{'NVIDIA' if gpu else 'STANDARD'}"


def _version_text(version: float) -> str:
    return str(int(version))


def _subnet(spec: NodeGroupSpec, subnet_by_zone: Mapping[str, Text]) -> Text:
    """The subnet of the group's only zone: a group over several would get zonal volumes wrong (D2)."""
    [zone] = spec.zones
    if zone not in subnet_by_zone:
        known = ", ".join(sorted(subnet_by_zone))
        raise ValueError(f"node group {spec.name}: no private subnet in zone {zone}, only in {known}")
    return subnet_by_zone[zone]
