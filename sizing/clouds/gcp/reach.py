"""What pods of a GKE cluster talk to beside each other, as addresses and as pods of the cluster's own.

Dataplane V2 judges a packet after a Service's address has been translated, and ranges of addresses match
neither pods nor nodes (https://docs.cilium.io/en/stable/network/kubernetes/policy/): what may be a node is
named by port alone.
"""

from __future__ import annotations

import ipaddress

from sizing.clouds.base import Order
from sizing.network_edges import SYSTEM_NAMESPACE
from sizing.specs import AddressBlock, ForeignPods, NetworkSpec, Outside

NODE_LOCAL_DNS = "169.254.20.10/32"
"""https://cloud.google.com/kubernetes-engine/docs/how-to/nodelocal-dns-cache"""
METADATA = ("169.254.169.254/32", "169.254.169.252/32")
METADATA_PORTS = (80, 988)
"""Address and port as pods see them, and as the node's metadata server has them
(https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity)."""
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
LINK_LOCAL = "169.254.0.0/16"


def outside(order: Order, network: NetworkSpec) -> tuple[Outside, ...]:
    """The ends that ``sizing.network_edges.BEYOND`` names. Who reaches the load balancer is its own and the
    firewall's business, so that whether it is public makes no difference here."""
    ours = (*network.private_cidrs, network.pod_cidr, network.service_cidr, network.control_plane_cidr)
    return (*_cluster(network), *_services(order, network, ours), *_by_port())


def _cluster(network: NetworkSpec) -> tuple[Outside, ...]:
    api = f"{ipaddress.ip_network(network.service_cidr)[1]}/32"
    control = AddressBlock(cidr=network.control_plane_cidr)
    return (
        Outside(
            name="dns",
            title="Cluster DNS",
            why="kube-dns, and its cache on every node",
            pods=tuple(
                ForeignPods(namespace=SYSTEM_NAMESPACE, labels={"k8s-app": name})
                for name in ("kube-dns", "node-local-dns")
            ),
            blocks=_blocks((NODE_LOCAL_DNS,)),
        ),
        Outside(
            name="api-server",
            title="API server",
            why="the Service's address, and the control plane's private endpoint",
            blocks=(AddressBlock(cidr=api), control),
        ),
        Outside(
            name="control-plane",
            title="API server",
            why="calls through Konnectivity's agents, or from the control plane's own range",
            pods=(ForeignPods(namespace=SYSTEM_NAMESPACE, labels={"k8s-app": "konnectivity-agent"}),),
            blocks=(control,),
        ),
        Outside(
            name="credentials",
            title="Metadata server",
            why="on every node at link-local addresses",
            blocks=_blocks(METADATA),
            ports=METADATA_PORTS,
        ),
    )


def _services(order: Order, network: NetworkSpec, ours: tuple[str, ...]) -> tuple[Outside, ...]:
    return (
        Outside(
            name="cloud-apis",
            title="Google APIs",
            why="public addresses, or a private endpoint, which lies outside every range of the network",
            blocks=(AddressBlock(cidr="0.0.0.0/0", excluded=(*ours, LINK_LOCAL)),),
        ),
        Outside(
            name="database",
            title="PostgreSQL",
            why="Google chooses the range of private services among the private ones",
            blocks=tuple(_without(block, ours) for block in PRIVATE_RANGES),
            ports=(order.postgres.spec.port,),
        ),
        Outside(
            name="cache",
            title="Redis",
            # https://cloud.google.com/memorystore/docs/cluster/networking
            why="endpoints in the nodes' subnet: 6379 finds the nodes, each on a port of its own",
            blocks=_blocks(network.private_cidrs),
        ),
    )


def _by_port() -> tuple[Outside, ...]:
    return (
        Outside(
            name="nodes", title="Nodes", why="by port: no range of addresses matches a node", anyone=True
        ),
        Outside(
            name="load-balancer",
            title="Load balancer",
            why="by port: a passthrough load balancer keeps the address of its clients, or shows a node's",
            anyone=True,
        ),
    )


def _blocks(cidrs: tuple[str, ...]) -> tuple[AddressBlock, ...]:
    return tuple(AddressBlock(cidr=cidr) for cidr in cidrs)


def _without(cidr: str, ours: tuple[str, ...]) -> AddressBlock:
    whole = ipaddress.IPv4Network(cidr)
    return AddressBlock(
        cidr=cidr, excluded=tuple(o for o in ours if ipaddress.IPv4Network(o).subnet_of(whole))
    )
