"""Quotas of an AWS account in one region that a stack takes from, counted from the plan.

What the plan does not have is what EKS and its controllers make: one role and one security group of the
cluster, and the load balancer with its two. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sizing.clouds.aws import network
from sizing.clouds.aws.machines import PACKAGE, machines
from sizing.platform_specs import ENTRIES
from sizing.quantities import GIB_PER_TIB
from sizing.quotas import QuotaNeed, Usage, needs, volumes_gib
from sizing.tables import rows

if TYPE_CHECKING:
    from sizing.plan import Plan
    from sizing.specs import NodeGroupSpec

FAMILIES = {"L-1216C47A": "acdhimrtz", "L-DB2E81BA": "g", "L-417A185B": "p"}
"""First letters of the instance families that share a quota of vCPUs
(https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html)."""
OWN_ROLES = ("nodes", "database monitoring")
CONTROL_PLANE_INTERFACES = 4
OWN_SECURITY_GROUPS = ("database", "cache")
MADE_SECURITY_GROUPS = ("the VPC's default", "EKS", "load balancer, front", "load balancer, back")


def quotas(plan: Plan) -> tuple[QuotaNeed, ...]:
    """Every quota that the stack takes something of."""
    return needs(PACKAGE, (*_nodes(plan), *_network(plan), *_cluster(plan), *_data(plan), *_account(plan)))


def _nodes(plan: Plan) -> Iterator[Usage]:
    known = machines()
    for code, letters in FAMILIES.items():
        groups = [g for g in plan.node_groups if g.machine_type[0] in letters]
        vcpu = [(known[g.machine_type].vcpu, g) for g in groups]
        types = ", ".join(dict.fromkeys(g.machine_type for g in groups))
        yield Usage(
            code,
            sum(each * g.desired for each, g in vcpu),
            sum(each * g.max for each, g in vcpu),
            f"nodes of {types}: {sum(g.desired for g in groups)} at the start,"
            f" {sum(g.max for g in groups)} at most{_with_gpus(groups)}",
            update=sum(each for each, _ in vcpu),
        )
    disks = [(g.disk_gib, g) for g in plan.node_groups]
    gib = [
        sum(each * g.desired for each, g in disks) + volumes_gib(plan.workloads.items, at_maximum=False),
        sum(each * g.max for each, g in disks) + volumes_gib(plan.workloads.items, at_maximum=True),
        sum(each for each, _ in disks),
    ]
    now, most, update = (round(amount / GIB_PER_TIB, 2) for amount in gib)
    yield Usage("L-7A658B76", now, most, "root disks of the nodes, and the pods' volumes", update=update)


def _with_gpus(groups: Sequence[NodeGroupSpec]) -> str:
    """AWS counts GPUs by the vCPUs of their machines; how many they are is said beside them."""
    most = sum(g.gpus_per_node * g.max for g in groups)
    return f", with {sum(g.gpus_per_node * g.desired for g in groups)} and {most} GPUs" if most else ""


def _addresses(plan: Plan) -> Usage:
    """The fullest private subnet: a node takes its type's addresses ahead of its pods."""
    known, net = machines(), plan.network
    fullest = max(net.zones, key=lambda zone: network.addresses_needed(plan.node_groups, zone))
    taken = [(known[g.machine_type].addresses, g) for g in plan.node_groups if fullest in g.zones]
    return Usage(
        "subnet_addresses",
        network.SHARED_ADDRESSES + sum(each * g.desired for each, g in taken),
        network.SHARED_ADDRESSES + sum(each * g.max for each, g in taken),
        "the nodes of a zone with every address they may take for pods; follows from network.cidr",
        update=network.SURGE_NODES * sum(each for each, _ in taken),
        limit=network.room(ipaddress.IPv4Network(net.private_cidrs[0])),
    )


def _network(plan: Plan) -> Iterator[Usage]:
    net = plan.network
    per_zone = -(-net.nat_gateways // len(net.zones))
    subnets = len((*net.private_cidrs, *net.public_cidrs, *net.data_cidrs))
    endpoints = len(net.interface_endpoints)
    yield Usage("L-F678F1CE", 1, 1, "the stack's own network")
    yield Usage("L-A4707A72", 1, 1, "the network's way out")
    yield Usage("L-407747CB", subnets, subnets, f"private, public and data in {len(net.zones)} zones")
    yield _addresses(plan)
    yield Usage("L-0263D0A3", net.nat_gateways, net.nat_gateways, "an address for every NAT gateway")
    yield Usage("L-FE5A380F", per_zone, per_zone, f"{net.nat_gateways} over {len(net.zones)} zones")
    yield Usage("L-29B6F2EB", endpoints, endpoints, "private endpoints of AWS services")
    groups = len((*OWN_SECURITY_GROUPS, *MADE_SECURITY_GROUPS)) + bool(endpoints)
    yield Usage("L-E79EC296", groups, groups, "database, cache, endpoints, cluster, load balancer")
    interfaces = {row["instance_type"]: int(row["eni"]) for row in rows(PACKAGE, "instances")}
    fixed = CONTROL_PLANE_INTERFACES + net.nat_gateways + len(net.zones) * (1 + endpoints)
    fixed += 1 + plan.order.postgres.spec.read_replicas + _cache_nodes(plan)
    yield Usage(
        "L-DF5E4CA3",
        fixed + sum(interfaces[g.machine_type] * g.desired for g in plan.node_groups),
        fixed + sum(interfaces[g.machine_type] * g.max for g in plan.node_groups),
        "at most all that a node's type has, and those of endpoints, NAT, load balancer, database, cache",
        update=sum(interfaces[g.machine_type] for g in plan.node_groups),
    )
    yield Usage("L-69A177A2", 1, 1, "the gateway's load balancer")


def _cluster(plan: Plan) -> Iterator[Usage]:
    groups = len(plan.node_groups)
    yield Usage("L-1194D53C", 1, 1, "the stack's cluster")
    yield Usage("L-6D54EA21", groups, groups, "a group per zone and pool, or engine")
    yield Usage("L-CDE20ADC", groups, groups, "one below every node group")
    yield Usage(
        "L-BD136A63",
        max(g.desired for g in plan.node_groups),
        max(g.max for g in plan.node_groups),
        "the largest node group",
        update=1,
    )


def _cache_nodes(plan: Plan) -> int:
    cache = plan.order.redis.spec
    return cache.shards * (1 + cache.replicas_per_shard)


def _data(plan: Plan) -> Iterator[Usage]:
    database, nodes = plan.order.postgres.spec, _cache_nodes(plan)
    instances = 1 + database.read_replicas
    yield Usage("L-7B6409FD", instances, instances, "primary and read replicas; a standby is not counted")
    yield Usage(
        "L-7ADDB58A",
        instances * database.storage_gib,
        instances * database.max_storage_gib,
        "allocated, and at the autoscaling limit",
    )
    yield Usage("L-DFE45DF3", nodes, nodes, "shards and their replicas")
    yield Usage("L-AF354865", nodes, nodes, "all in one cluster")


def _account(plan: Plan) -> Iterator[Usage]:
    flow_logs = plan.network.flow_log_retention_days is not None
    roles = (
        len(plan.platform.identities) + len(OWN_ROLES) + flow_logs + 1
    )  # and the cluster's, which EKS needs
    keys, buckets = len(plan.order.keys), len(plan.order.buckets)
    secrets = len(plan.platform.secrets) + len(ENTRIES)
    yield Usage("L-FE177D64", roles, roles, "workload identities, nodes, cluster, monitoring, flow logs")
    yield Usage("L-C2F1777E", keys, keys, "one for each kind of data")
    yield Usage(
        "L-2F66C23C",
        secrets,
        secrets,
        "generated passwords and keys, and the two entries of Vault's first start",
    )
    yield Usage("L-DC2B2D3D", buckets, buckets, ", ".join(b.purpose for b in plan.order.buckets))
