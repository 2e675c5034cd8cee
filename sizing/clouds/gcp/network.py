"""The VPC's address plan: one subnet for the nodes of all zones, ranges of their own for pods and services.

Every one of these ranges is immutable on a running cluster, so the plan depends on ``network.cidr`` alone: a
tier can grow without replacing the cluster.
https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
"""

from __future__ import annotations

import ipaddress

from sizing import choices
from sizing.clouds.base import Order
from sizing.clouds.cidrs import private
from sizing.errors import SizingError
from sizing.overrides import Overrides
from sizing.requirements import Requirements
from sizing.specs import NetworkSpec, NodeGroupSpec

DEFAULT_CIDR = "10.0.0.0/16"
SERVICE_CIDR = "172.20.0.0/16"
"""Range of ClusterIP services."""
CONTROL_PLANE_CIDR = "172.16.0.0/28"
"""The control plane's own network: a /28, no more and no less, that overlaps nothing else."""
RESERVED = {
    SERVICE_CIDR: "the cluster's service range",
    CONTROL_PLANE_CIDR: "the control plane's range",
    "172.17.0.0/16": "what Cloud SQL keeps for itself (https://cloud.google.com/sql/docs/postgres/private-ip):"
    " the database would be unreachable from",
}
WIDEST_PREFIX = 10
NARROWEST_PREFIX = 21
"""A /10 is the widest private range but one; the quarter of a /21 is a subnet of 512 addresses."""
POD_BITS, NODE_BITS = 1, 2
"""Half of the range is for pods, a quarter for nodes, load balancers and private endpoints."""
NODE_PREFIX = 24
"""GKE gives every node a /24 for at most 110 pods."""
SURGE_NODES = 1
"""A node pool adds a node before it drains an old one."""
RESERVED_ADDRESSES = 4
"""Google keeps the first two addresses and the last two of every subnet."""
SHARED_ADDRESSES = 32
"""Load balancers and private service endpoints in the nodes' subnet; a cache takes two."""
GOOGLE_APIS = ("all-apis",)
"""A private endpoint for Google's APIs (D25)."""
NAT_GATEWAYS = 1
"""Cloud NAT is regional: one serves every zone, and a lost zone takes no other zone's way out."""


def _range(text: str) -> ipaddress.IPv4Network:
    path = "network.cidr"
    network = private(path, text)
    if not WIDEST_PREFIX <= network.prefixlen <= NARROWEST_PREFIX:
        raise SizingError(
            path,
            text,
            f"a network of this layout is /{WIDEST_PREFIX} to /{NARROWEST_PREFIX}",
            f"Use a prefix between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}.",
        )
    for reserved, what in RESERVED.items():
        if network.overlaps(ipaddress.IPv4Network(reserved)):
            raise SizingError(
                path,
                text,
                f"overlaps {what} {reserved}",
                f"Choose a range outside it, such as {DEFAULT_CIDR}.",
            )
    return network


def nodes_at_most(groups: tuple[NodeGroupSpec, ...]) -> int:
    """Nodes that may exist at once: every group at its maximum, and surging."""
    return sum(group.max + SURGE_NODES for group in groups)


def _check_room(whole: ipaddress.IPv4Network, nodes: int) -> None:
    room = min(
        2 ** (NODE_PREFIX - POD_BITS - whole.prefixlen),
        2 ** (32 - NODE_BITS - whole.prefixlen) - RESERVED_ADDRESSES - SHARED_ADDRESSES,
    )
    if nodes <= room:
        return
    enough = NODE_PREFIX - POD_BITS - (nodes - 1).bit_length()
    raise SizingError(
        "network.cidr",
        str(whole),
        f"holds the pods of {room} nodes, a /{NODE_PREFIX} each in half of it, and the node groups may have"
        f" {nodes} at their maximum with surge",
        f"Use /{enough} or larger; the range cannot be changed later.",
    )


def plan(
    order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements, overrides: Overrides
) -> NetworkSpec:
    """The ranges: nodes in the first quarter, pods in the second half, the rest apart.

    Raises:
        SizingError: the CIDR is not usable, overlaps a reserved range, or is too small for the groups'
        maximum.
    """
    part = overrides.network
    whole = _range(part.cidr or DEFAULT_CIDR)
    _check_room(whole, nodes_at_most(groups))
    return NetworkSpec(
        cidr=str(whole),
        service_cidr=SERVICE_CIDR,
        zones=order.zones,
        private_cidrs=(str(next(whole.subnets(prefixlen_diff=NODE_BITS))),),
        public_cidrs=(),
        data_cidrs=(),
        nat_gateways=NAT_GATEWAYS,
        interface_endpoints=_endpoints(requirements, part.interface_endpoints),
        flow_log_retention_days=choices.FLOW_LOG_RETENTION_DAYS[requirements.tier],
        pod_cidr=str(list(whole.subnets(prefixlen_diff=POD_BITS))[-1]),
        control_plane_cidr=CONTROL_PLANE_CIDR,
    )


def _endpoints(requirements: Requirements, wanted: bool | None) -> tuple[str, ...]:
    """An endpoint of one's own where the guide requires it; Private Google Access does for the rest (D25)."""
    required = requirements.network.endpoints == "required"
    return GOOGLE_APIS if (required if wanted is None else wanted) else ()
