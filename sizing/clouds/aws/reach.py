"""What pods of an EKS cluster talk to beside each other, as addresses and as pods of the cluster's own.

https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html. Addresses of Services are matched
before they are translated, so the API server is named by both of its addresses.
"""

from __future__ import annotations

import ipaddress

from sizing.clouds.base import Order
from sizing.network_edges import INTERNET_EXCLUDED, SYSTEM_NAMESPACE
from sizing.specs import AddressBlock, ForeignPods, NetworkSpec, Outside

POD_IDENTITY_AGENT = "169.254.170.23/32"
POD_IDENTITY_PORT = 80
"""https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html"""


def outside(order: Order, network: NetworkSpec, *, public: bool) -> tuple[Outside, ...]:
    """The ends that ``sizing.network_edges.BEYOND`` names."""
    private = _blocks(network.private_cidrs)
    balancer = _blocks(network.public_cidrs) if public else private
    return (*_cluster(network, private), *_services(order, network, private), *_borders(private, balancer))


def _cluster(network: NetworkSpec, private: tuple[AddressBlock, ...]) -> tuple[Outside, ...]:
    api = f"{ipaddress.ip_network(network.service_cidr)[1]}/32"
    return (
        Outside(
            name="dns",
            title="Cluster DNS",
            why="CoreDNS",
            pods=(ForeignPods(namespace=SYSTEM_NAMESPACE, labels={"k8s-app": "kube-dns"}),),
        ),
        Outside(
            name="api-server",
            title="API server",
            why="the Service's address, and the control plane's interfaces in the private subnets",
            blocks=(AddressBlock(cidr=api), *private),
        ),
        Outside(
            name="control-plane",
            title="API server",
            why="calls from the control plane's interfaces, which EKS puts into the private subnets",
            blocks=private,
        ),
        Outside(
            name="credentials",
            title="Pod Identity agent",
            why="on every node at a link-local address",
            blocks=(AddressBlock(cidr=POD_IDENTITY_AGENT),),
            ports=(POD_IDENTITY_PORT,),
        ),
    )


def _services(order: Order, network: NetworkSpec, private: tuple[AddressBlock, ...]) -> tuple[Outside, ...]:
    internet = AddressBlock(cidr="0.0.0.0/0", excluded=INTERNET_EXCLUDED)
    data = _blocks(network.data_cidrs)
    return (
        Outside(
            name="cloud-apis",
            title="AWS APIs",
            why="public addresses, S3's always"
            + ("; interface endpoints in the private subnets" if network.interface_endpoints else ""),
            blocks=(internet, *(private if network.interface_endpoints else ())),
        ),
        Outside(
            name="database",
            title="PostgreSQL",
            why="data subnets",
            blocks=data,
            ports=(order.postgres.spec.port,),
        ),
        Outside(name="cache", title="Redis", why="data subnets", blocks=data, ports=(order.redis.spec.port,)),
    )


def _borders(private: tuple[AddressBlock, ...], balancer: tuple[AddressBlock, ...]) -> tuple[Outside, ...]:
    """A network load balancer with pods as targets does not keep the client's address by default:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html"""
    return (
        Outside(name="nodes", title="Nodes", why="private subnets", blocks=private),
        Outside(
            name="load-balancer",
            title="Load balancer",
            why="its own addresses, in the public subnets when it faces the internet, else private",
            blocks=balancer,
        ),
    )


def _blocks(cidrs: tuple[str, ...]) -> tuple[AddressBlock, ...]:
    return tuple(AddressBlock(cidr=cidr) for cidr in cidrs)
