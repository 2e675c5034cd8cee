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
from sizing.clouds.gcp.limits import cluster as limits
from sizing.overrides import Overrides
from sizing.requirements import Requirements
from sizing.specs import NetworkSpec, NodeGroupSpec

DEFAULT_CIDR = "10.0.0.0/16"
SERVICE_CIDR = "172.20.0.0/16"
"""Range of ClusterIP services."""
CONTROL_PLANE_CIDR = "172.16.0.0/28"
"""The control plane's own network: a /28, no more and no less, that overlaps nothing else."""
SQL_CIDR = "172.17.0.0/16"
RESERVED = {
    SERVICE_CIDR: "the cluster's service range",
    CONTROL_PLANE_CIDR: "the control plane's range",
    SQL_CIDR: "what Cloud SQL keeps for itself: the database would be unreachable from",
}
POD_BITS, NODE_BITS = 1, 2
"""Half of the range is for pods, a quarter for nodes, load balancers and private endpoints."""
SURGE_NODES = 1
"""A node pool adds a node before it drains an old one."""
SHARED_ADDRESSES = 32
"""Load balancers and private service endpoints in the nodes' subnet; a cache takes two."""
GOOGLE_APIS = ("all-apis",)
"""A private endpoint for Google's APIs (D25)."""
NAT_GATEWAYS = 1
"""Cloud NAT is regional: one serves every zone, and a lost zone takes no other zone's way out."""


def _range(text: str) -> ipaddress.IPv4Network:
    path = "network.cidr"
    network = private(path, text)
    if not limits.WIDEST_PREFIX <= network.prefixlen <= limits.NARROWEST_PREFIX:
        raise limits.RANGES.refusal(
            path,
            text,
            f"a network of this layout is /{limits.WIDEST_PREFIX} to /{limits.NARROWEST_PREFIX}",
            f"Use a prefix between /{limits.WIDEST_PREFIX} and /{limits.NARROWEST_PREFIX}.",
        )
    for reserved, what in RESERVED.items():
        if network.overlaps(ipaddress.IPv4Network(reserved)):
            rule = limits.SQL_RANGE if reserved == SQL_CIDR else limits.RANGES
            raise rule.refusal(
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
        2 ** (limits.NODE_PREFIX - POD_BITS - whole.prefixlen),
        2 ** (32 - NODE_BITS - whole.prefixlen) - limits.RESERVED_ADDRESSES - SHARED_ADDRESSES,
    )
    if nodes <= room:
        return
    enough = limits.NODE_PREFIX - POD_BITS - (nodes - 1).bit_length()
    raise limits.PODS.refusal(
        "network.cidr",
        str(whole),
        f"holds the pods of {room} nodes, a /{limits.NODE_PREFIX} each in half of it, and the node groups may"
        f" have {nodes} at their maximum with surge",
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
