"""EKS, its nodes, volumes and network, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_EKS = "https://docs.aws.amazon.com/eks/latest/userguide"
_EKS_API = "https://docs.aws.amazon.com/eks/latest/APIReference"
_VPC = "https://docs.aws.amazon.com/vpc/latest/userguide"

CLUSTER_NAME_LIMIT, NODE_GROUP_NAME_LIMIT = 100, 63
MAX_GROUP_NODES, MAX_GROUPS = 450, 30
MAX_API_CIDRS = 40
CONTROL_PLANE_TIERS = ("standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl")
UNUSABLE_ZONES = ("use1-az3", "usw1-az2", "cac1-az3")
"""Zones in which EKS makes no control plane."""
VOLUME_MIN_GIB, VOLUME_MAX_GIB = 1, 16_384

NAMES = Rule(
    id="eks-names",
    service="EKS",
    limit=f"a cluster's name has at most {CLUSTER_NAME_LIMIT} characters, a node group's"
    f" {NODE_GROUP_NAME_LIMIT}",
    source=f"{_EKS_API}/API_CreateCluster.html",
    overrides=("stack",),
    components="names of node groups are shortened with a hash",
)
GROUP_NODES = Rule(
    id="eks-group-nodes",
    service="EKS",
    limit=f"a managed node group has at most {MAX_GROUP_NODES} nodes, and 0 <= min <= desired <= max",
    source=f"{_EKS}/service-quotas.html",
    model="a group per zone, the smallest maximum that holds the pods",
    overrides=("nodes.cpu.max", "nodes.gpu.max", "vllm.engines"),
)
GROUPS = Rule(
    id="eks-groups",
    service="EKS",
    limit=f"a cluster has at most {MAX_GROUPS} managed node groups",
    source=f"{_EKS}/service-quotas.html",
    model="a group per zone and pool, more only beside an engine that fills a node",
    overrides=("vllm.engines",),
)
EKS_VERSION = Rule(
    id="eks-version",
    service="EKS",
    limit="new clusters run a version in standard support; extended support costs six times as much",
    source=f"{_EKS}/kubernetes-versions.html",
    model="a pinned version",
)
TIER = Rule(
    id="eks-control-plane-tier",
    service="EKS",
    limit=f"the control plane's tier is one of {', '.join(CONTROL_PLANE_TIERS)}",
    source=f"{_EKS}/eks-provisioned-control-plane.html",
    model="standard, and the smallest provisioned tier where the guide says dedicated",
)
ZONES = Rule(
    id="eks-zones",
    service="EKS",
    limit=f"the control plane's subnets are in two zones or more, none of {', '.join(UNUSABLE_ZONES)}",
    source=f"{_EKS}/network-reqs.html",
    model="three zones, without those",
    overrides=("region",),
)
OFFERINGS = Rule(
    id="ec2-offerings",
    service="EC2",
    limit="a machine type, GPU types above all, is sold in some zones of a region only",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html",
    model="the first three zones that offer every pool's type",
    overrides=("nodes.cpu.machineType", "nodes.gpu.machineType"),
)
GPU_AMI = Rule(
    id="eks-gpu-ami",
    service="EKS",
    limit="a GPU type needs a GPU AMI, and AL2 is no longer published",
    source=f"{_EKS}/ml-eks-optimized-ami.html",
    components="AL2023_x86_64_NVIDIA exactly for GPU groups",
)
LAUNCH_TEMPLATE = Rule(
    id="eks-launch-template",
    service="EKS",
    limit="beside a launch template a node group takes no disk size and no remote access",
    source=f"{_EKS}/launch-templates.html",
    components="both stand in the template",
)
API_CIDRS = Rule(
    id="eks-api-cidrs",
    service="EKS",
    limit=f"public access to the API server lists at most {MAX_API_CIDRS} CIDRs",
    source=f"{_EKS}/service-quotas.html",
    overrides=("network.apiAllowedCidrs",),
)
VOLUMES = Rule(
    id="ebs-gp3-size",
    service="EBS",
    limit=f"a gp3 volume has {VOLUME_MIN_GIB} to {VOLUME_MAX_GIB} GiB",
    source="https://docs.aws.amazon.com/prescriptive-guidance/latest/sql-server-ec2-ha-dr/ebs-storage-types.html",
    model="volumes below the smallest are ordered at it",
    overrides=("vault.storageGib", "observability.prometheus.storageGib"),
)

WIDEST_PREFIX = 16
NARROWEST_PREFIX = 23
"""A VPC is /16 at most; a data subnet of a /23 is a /28, the smallest subnet AWS makes."""
NARROWEST_SUBNET_PREFIX = 28
RESERVED_ADDRESSES = 5
"""AWS keeps the first four addresses and the last one of every subnet."""

VPC_SIZE = Rule(
    id="vpc-size",
    service="VPC",
    limit=f"a VPC is /{WIDEST_PREFIX} to /{NARROWEST_SUBNET_PREFIX}, and so is a subnet: this layout needs"
    f" /{NARROWEST_PREFIX} at least",
    source=f"{_VPC}/vpc-cidr-blocks.html",
    overrides=("network.cidr",),
)
VPC_SERVICES = Rule(
    id="eks-service-range",
    service="EKS",
    limit="the range of services overlaps no VPC",
    source=f"{_EKS}/network-reqs.html",
    overrides=("network.cidr",),
)
ADDRESSES = Rule(
    id="vpc-addresses",
    service="VPC",
    limit=f"every pod takes an address of its node's subnet, of which AWS keeps {RESERVED_ADDRESSES}",
    source=f"{_EKS}/network-reqs.html",
    model="three subnets of a quarter of the VPC",
    overrides=("network.cidr",),
)

RULES: tuple[Rule, ...] = (
    NAMES,
    GROUP_NODES,
    GROUPS,
    EKS_VERSION,
    TIER,
    ZONES,
    OFFERINGS,
    GPU_AMI,
    LAUNCH_TEMPLATE,
    API_CIDRS,
    VOLUMES,
    VPC_SIZE,
    VPC_SERVICES,
    ADDRESSES,
)
