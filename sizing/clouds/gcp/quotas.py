"""Quotas of a Google Cloud project that a stack takes from, counted from the plan.

Names in capitals are the Compute API's metrics; those in small letters are limits without a metric there.
What the plan does not have is what GKE makes: its firewall rules, and the load balancer's address and rule.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sizing.clouds.gcp import network
from sizing.clouds.gcp.limits import cluster as limits
from sizing.clouds.gcp.machines import PACKAGE, machines
from sizing.quotas import QuotaNeed, Usage, needs, volumes_gib

if TYPE_CHECKING:
    from sizing.plan import Plan
    from sizing.specs import NodeGroupSpec

CPU_METRICS = {
    "e2": "CPUS",
    "n1": "CPUS",
    "n2": "N2_CPUS",
    "n2d": "N2D_CPUS",
    "c2": "C2_CPUS",
    "a2": "A2_CPUS",
}
"""Metric by machine family; G2's vCPUs have none (https://cloud.google.com/compute/resource-usage)."""
GPU_METRICS = {
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
}
OWN_FIREWALLS = ("deny by default", "webhooks")
GKE_FIREWALLS = 4
"""Rules that GKE makes for nodes, pods and control plane
(https://cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules)."""
CACHE_ENDPOINTS = 2
"""Addresses, each with a rule, through which a cache is reached."""
OWN_ACCOUNTS = ("nodes",)
FIRST_POOL_METRIC, FIRST_POOL_VCPU = "CPUS", 2
"""GKE makes a cluster with a pool of its own, an e2-medium in each zone, which is deleted before the stack's
pools are made: it adds to none of their figures, but they may have no vCPU of its family
(https://cloud.google.com/compute/docs/general-purpose-machines)."""


def quotas(plan: Plan) -> tuple[QuotaNeed, ...]:
    """Every quota that the stack takes something of."""
    return needs(PACKAGE, (*_machines(plan), *_disks(plan), *_network(plan), *_services(plan)))


def _metric(plan: Plan, code: str, parts: list[tuple[int, NodeGroupSpec]], what: str) -> Usage:
    types = ", ".join(dict.fromkeys(group.machine_type for _, group in parts))
    first = len(plan.order.zones) * FIRST_POOL_VCPU if code == FIRST_POOL_METRIC else 0
    nodes = (
        f"{what} of {types}: {sum(_first(plan, g) for _, g in parts)} nodes at the start,"
        f" {sum(g.max for _, g in parts)} at most"
    )
    return Usage(
        code,
        max(first, sum(each * _first(plan, group) for each, group in parts)),
        max(first, sum(each * group.max for each, group in parts)),
        nodes if parts else f"{what} of the pool that GKE begins with and that is deleted again",
        update=sum(each for each, _ in parts),
    )


def _first(plan: Plan, group: NodeGroupSpec) -> int:
    """Nodes that the first ``up`` leads to: what a pool begins with, or what its engines wait for at once."""
    if not group.gpus_per_node:
        return group.start
    engines = [engine for engine in plan.engines if group.name in ("gpu", f"gpu-{engine.slug}")]
    wanted = -(-sum(engine.min_replicas * engine.gpus for engine in engines) // group.gpus_per_node)
    return min(max(group.start, wanted), group.max)


def _vcpu(group: NodeGroupSpec) -> int:
    """vCPUs of a node; the API's machine type stands for all of the catalogue's that attach GPUs to it."""
    return next(m.vcpu for name, m in machines().items() if name.partition("+")[0] == group.machine_type)


def _machines(plan: Plan) -> Iterator[Usage]:
    cpus = [(_vcpu(group), group) for group in plan.node_groups]
    for code in dict.fromkeys(CPU_METRICS.values()):
        yield _metric(
            plan, code, [p for p in cpus if CPU_METRICS.get(p[1].machine_type.split("-")[0]) == code], "vCPUs"
        )
    yield _metric(plan, "CPUS_ALL_REGIONS", cpus, "vCPUs")
    gpus = [(group.gpus_per_node, group) for group in plan.node_groups if group.gpus_per_node]
    for model, code in GPU_METRICS.items():
        yield _metric(plan, code, [p for p in gpus if p[1].gpu_model == model], "GPUs")
    yield _metric(plan, "GPUS_ALL_REGIONS", gpus, "GPUs")
    yield _metric(plan, "INSTANCES", [(1, group) for group in plan.node_groups], "nodes")


def _disks(plan: Plan) -> Iterator[Usage]:
    yield Usage(
        "SSD_TOTAL_GB",
        sum(g.disk_gib * _first(plan, g) for g in plan.node_groups)
        + volumes_gib(plan.workloads.items, at_maximum=False),
        sum(g.disk_gib * g.max for g in plan.node_groups)
        + volumes_gib(plan.workloads.items, at_maximum=True),
        "boot disks of the nodes, and the pods' volumes",
        update=sum(g.disk_gib for g in plan.node_groups),
    )


def _addresses(plan: Plan) -> Iterator[Usage]:
    """The nodes' subnet, and the pods' range, of which each node takes a whole block."""
    net, block = plan.network, 2 ** (32 - limits.NODE_PREFIX)
    subnet, pods = (ipaddress.IPv4Network(cidr) for cidr in (net.private_cidrs[0], net.pod_cidr or net.cidr))
    now, most = sum(_first(plan, g) for g in plan.node_groups), sum(g.max for g in plan.node_groups)
    surge = network.SURGE_NODES * len(plan.node_groups)
    yield Usage(
        "subnet_addresses",
        network.SHARED_ADDRESSES + now,
        network.SHARED_ADDRESSES + most,
        "nodes, load balancers and private endpoints; follows from network.cidr",
        update=surge,
        limit=subnet.num_addresses - limits.RESERVED_ADDRESSES,
    )
    yield Usage(
        "pod_addresses",
        block * now,
        block * most,
        f"{block} addresses for the pods of each node; follows from network.cidr",
        update=block * surge,
        limit=pods.num_addresses,
    )


def _network(plan: Plan) -> Iterator[Usage]:
    net, public = plan.network, int(plan.platform.agent_gateway.public)
    endpoints, firewalls = len(net.interface_endpoints), len(OWN_FIREWALLS) + GKE_FIREWALLS
    addresses, rules = net.nat_gateways + public, endpoints + CACHE_ENDPOINTS + 1
    subnets = len(net.private_cidrs)
    yield Usage("IN_USE_ADDRESSES", addresses, addresses, "NAT, and a public gateway's load balancer")
    yield Usage("STATIC_ADDRESSES", net.nat_gateways, net.nat_gateways, "NAT")
    yield Usage("GLOBAL_INTERNAL_ADDRESSES", 1 + endpoints, 1 + endpoints, "database, Google's APIs")
    yield Usage("NETWORKS", 1, 1, "the stack's own network")
    yield Usage("SUBNETWORKS", subnets, subnets, "nodes of all zones")
    yield from _addresses(plan)
    yield Usage("ROUTERS", 1, 1, "NAT")
    yield Usage("nat_gateways", net.nat_gateways, net.nat_gateways, "one for all zones")
    yield Usage("FIREWALLS", firewalls, firewalls, "the stack's, and those GKE makes")
    yield Usage("FORWARDING_RULES", rules, rules, "load balancer, cache, Google's APIs")
    yield Usage(
        "psc_google_apis_forwarding_rules_per_vpc_network",
        endpoints,
        endpoints,
        "private way to Google's APIs",
    )


def _services(plan: Plan) -> Iterator[Usage]:
    cache, zones = plan.order.redis.spec, len(plan.order.zones)
    instances = 1 + plan.order.postgres.spec.read_replicas
    units = cache.shards * (1 + cache.replicas_per_shard)
    accounts, buckets = len(plan.platform.identities) + len(OWN_ACCOUNTS), len(plan.order.buckets)
    yield Usage("gke_regional_clusters", 1, 1, "the stack's cluster")
    yield Usage(
        "gke_nodes_per_pool_zone",
        max(-(-_first(plan, g) // zones) for g in plan.node_groups),
        max(-(-g.max // zones) for g in plan.node_groups),
        "the largest pool, balanced over its zones",
        update=1,
    )
    yield Usage("sql_instances", instances, instances, "primary and read replicas; a standby is not counted")
    yield Usage("redis_cluster_units", units, units, "shards and their replicas")
    yield Usage("service-account-count", accounts, accounts, "workload identities and the nodes")
    yield Usage("storage_buckets", buckets, buckets, ", ".join(b.purpose for b in plan.order.buckets))
