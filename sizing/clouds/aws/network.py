"""The VPC's address plan: every pod takes an address of its node's subnet, so subnets follow the nodes.

https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""

from __future__ import annotations

import ipaddress

from sizing import choices
from sizing.clouds.aws.limits import cluster as limits
from sizing.clouds.aws.machines import machines
from sizing.clouds.base import Order
from sizing.clouds.cidrs import private
from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.requirements import Requirements
from sizing.specs import NetworkSpec, NodeGroupSpec

DEFAULT_CIDR = "10.0.0.0/16"
SERVICE_CIDR = "172.20.0.0/16"
"""Range of ClusterIP services; EKS' own second default, stated so that it is known and checked."""
PRIVATE_BITS = 2  # three of four quarters are private subnets
EDGE_BITS = 5  # the last quarter holds three public and three data subnets of an eighth each
SURGE_NODES = 1
"""A managed node group adds a node in a zone before it drains an old one."""
SHARED_ADDRESSES = 32
"""Control plane interfaces (up to 4), load balancers (8 each) and interface endpoints in one subnet."""
SINGLE_NAT_TIERS = (Tier.SMALL,)
"""One NAT gateway for Small; elsewhere one per zone, so that a lost zone takes no other zone's way out."""

ENDPOINTS_RECOMMENDED = ("ecr.api", "ecr.dkr", "sts", "secretsmanager", "kms", "logs")
ENDPOINTS_REQUIRED = (
    *ENDPOINTS_RECOMMENDED,
    "ec2",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "autoscaling",
    "ssm",
    "ssmmessages",
    "monitoring",
)
"""D25. The S3 gateway endpoint is free and always there. The SSM agent of the pinned AMI (3.3.40.0 or newer)
opens its channels through ssmmessages alone; ec2messages, which older ones polled, is no longer sold
(https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html)."""
BEDROCK_ENDPOINT = "bedrock-runtime"


def _vpc(text: str) -> ipaddress.IPv4Network:
    path = "network.cidr"
    network = private(path, text)
    if not limits.WIDEST_PREFIX <= network.prefixlen <= limits.NARROWEST_PREFIX:
        raise limits.VPC_SIZE.refusal(
            path,
            text,
            f"a VPC of this layout is /{limits.WIDEST_PREFIX} to /{limits.NARROWEST_PREFIX}",
            f"Use a prefix between /{limits.WIDEST_PREFIX} and /{limits.NARROWEST_PREFIX}.",
        )
    if network.overlaps(ipaddress.IPv4Network(SERVICE_CIDR)):
        raise limits.VPC_SERVICES.refusal(
            path, text, f"overlaps the cluster's service range {SERVICE_CIDR}", "Choose a range outside it."
        )
    return network


def addresses_needed(groups: tuple[NodeGroupSpec, ...], zone: str) -> int:
    """Addresses that nodes and pods may take in one zone when every group is at its maximum and surges."""
    known = machines()
    here = [g for g in groups if zone in g.zones]
    return SHARED_ADDRESSES + sum((g.max + SURGE_NODES) * known[g.machine_type].addresses for g in here)


def room(subnet: ipaddress.IPv4Network) -> int:
    """Addresses of a subnet that AWS does not keep."""
    return subnet.num_addresses - limits.RESERVED_ADDRESSES


def _check_room(vpc: ipaddress.IPv4Network, subnet: ipaddress.IPv4Network, need: int) -> None:
    if need <= room(subnet):
        return
    enough = (
        32 - PRIVATE_BITS - (need + limits.RESERVED_ADDRESSES - 1).bit_length()
    )  # the narrowest with room
    raise limits.ADDRESSES.refusal(
        "network.cidr",
        str(vpc),
        f"each private subnet holds {room(subnet)} addresses, and the nodes and pods of one zone may take"
        f" {need} at the node groups' maximum",
        f"Use /{enough} or larger."
        if enough >= limits.WIDEST_PREFIX
        else f"A VPC is /{limits.WIDEST_PREFIX} at most: lower nodes.cpu.max or nodes.gpu.max, or choose"
        " machine types that take fewer addresses.",
    )


def plan(
    order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements, overrides: Overrides
) -> NetworkSpec:
    """Subnets for three zones: private ones of a quarter of the VPC each, small public and data ones.

    Raises:
        SizingError: the CIDR is not usable, or too small for the pods at the groups' maximum.
    """
    part = overrides.network
    vpc = _vpc(part.cidr or DEFAULT_CIDR)
    quarters = list(vpc.subnets(prefixlen_diff=PRIVATE_BITS))
    edges = list(quarters[-1].subnets(prefixlen_diff=EDGE_BITS - PRIVATE_BITS))
    _check_room(vpc, quarters[0], max(addresses_needed(groups, zone) for zone in order.zones))
    per_zone = part.nat_gateway_per_zone
    many_nats = requirements.tier not in SINGLE_NAT_TIERS if per_zone is None else per_zone
    return NetworkSpec(
        cidr=str(vpc),
        service_cidr=SERVICE_CIDR,
        zones=order.zones,
        private_cidrs=tuple(str(n) for n in quarters[: choices.ZONES]),
        public_cidrs=tuple(str(n) for n in edges[: choices.ZONES]),
        data_cidrs=tuple(str(n) for n in edges[choices.ZONES : 2 * choices.ZONES]),
        nat_gateways=choices.ZONES if many_nats else 1,
        interface_endpoints=_endpoints(
            requirements, part.interface_endpoints, bedrock=bool(overrides.litellm.bedrock)
        ),
        flow_log_retention_days=choices.FLOW_LOG_RETENTION_DAYS[requirements.tier],
    )


def _endpoints(requirements: Requirements, wanted: bool | None, *, bedrock: bool) -> tuple[str, ...]:
    sets = {"optional": (), "recommended": ENDPOINTS_RECOMMENDED, "required": ENDPOINTS_REQUIRED}
    if wanted is None:
        chosen = sets[requirements.network.endpoints]
    else:
        chosen = (sets[requirements.network.endpoints] or ENDPOINTS_RECOMMENDED) if wanted else ()
    return (*chosen, BEDROCK_ENDPOINT) if chosen and bedrock else chosen
