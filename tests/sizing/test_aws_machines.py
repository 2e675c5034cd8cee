"""EC2: the catalogue's allocatable figures by the EKS node's formula, and the guide's own machine types."""

from __future__ import annotations

import math

import pytest

from sizing.clouds.aws import machines as ec2
from sizing.errors import SizingError
from sizing.guide import app_a_instances, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.tables import optional_float, rows
from tests import harness

ROWS = {row["instance_type"]: row for row in rows(ec2.PACKAGE, "instances")}
TIERS = [tier.value for tier in Tier]

EVICTION_MIB = 100
OVERHEAD = 0.075
"""Share of the memory that hypervisor and kernel keep (karpenter's VM_MEMORY_OVERHEAD_PERCENT)."""


def kube_reserved_cpu_m(vcpu: int) -> int:
    """6% of the first core, 1% of the second, 0.5% of the next two, 0.25% of the rest.

    https://github.com/awslabs/amazon-eks-ami (nodeadm/internal/kubelet/config.go)
    """
    shares = [60.0, 10.0, 5.0, 5.0, *[2.5] * vcpu][:vcpu]
    return int(sum(shares))


def kube_reserved_memory_mib(max_pods: int) -> int:
    return 11 * max_pods + 255


@pytest.mark.parametrize("name", ROWS)
def test_allocatable_is_capacity_less_the_nodes_reserves(name: str) -> None:
    machine = ec2.machines()[name]
    usable = math.ceil(machine.memory_mib * (1 - OVERHEAD))
    assert machine.allocatable_cpu_m == 1000 * machine.vcpu - kube_reserved_cpu_m(machine.vcpu)
    assert (
        machine.allocatable_memory_mib == usable - kube_reserved_memory_mib(machine.max_pods) - EVICTION_MIB
    )


@pytest.mark.parametrize("name", ROWS)
def test_pods_are_the_addresses_of_the_interfaces(name: str) -> None:
    """Each interface gives an address to the node itself; two pods use the host's network."""
    row, machine = ROWS[name], ec2.machines()[name]
    interfaces, each = int(row["eni"]), int(row["ipv4_per_eni"])
    assert machine.max_pods == interfaces * (each - 1) + 2
    assert machine.addresses == interfaces * each


@pytest.mark.parametrize("name", ROWS)
def test_rows_make_sense(name: str) -> None:
    machine = ec2.machines()[name]
    assert 0 < machine.allocatable_cpu_m < 1000 * machine.vcpu
    assert 0 < machine.allocatable_memory_mib < machine.memory_mib
    assert 0 < machine.network_gbps_baseline <= machine.network_gbps_max
    assert machine.usd_per_hour is None or machine.usd_per_hour > 0
    assert bool(machine.gpus) == bool(machine.gpu_model)
    assert machine.zones
    assert set(machine.zones) <= set(ec2.regions()[ec2.DEFAULT_REGION])


@pytest.mark.parametrize("guide", app_a_instances.AWS_INSTANCES, ids=lambda row: row.instance_type)
def test_appendix_a_agrees_with_the_catalogue(guide: app_a_instances.AwsInstance) -> None:
    machine = ec2.machines().get(guide.instance_type)
    assert machine is not None or guide.use_case == "Database", "a database class, not a node"
    if machine:
        assert (machine.vcpu, machine.memory_mib) == (guide.vcpu, guide.memory.mib)
        gpu = (
            f"{machine.gpus}x{machine.gpu_model.removesuffix('-40GB')}"
            if machine.gpus > 1
            else machine.gpu_model
        )
        assert guide.gpu == gpu
        assert machine.network_gbps_max == guide.network_gbps or guide.network_up_to


@pytest.mark.parametrize("tier", TIERS)
def test_the_guides_nodes_can_be_ordered_in_three_zones(tier: str) -> None:
    guide, order = ch3_infrastructure.CLUSTER[Tier(tier)], harness.plan(tier).order
    for pool, nodes in ((order.cpu, guide.cpu_nodes), (order.gpu, guide.gpu_nodes)):
        assert pool.machine.name == nodes.machine_type
        assert pool.min == pool.desired == nodes.count
        assert set(order.zones) <= set(pool.machine.zones)
    assert len(set(order.zones)) == 3


def test_zones_without_the_machine_are_passed_over() -> None:
    p4d = ec2.machine("nodes.gpu.machineType", "p4d.24xlarge", gpu=True)
    assert "use1-az3" not in p4d.zones
    assert ec2.zones("us-east-1", (("nodes.gpu.machineType", p4d),)) == p4d.zones[:3]


@pytest.mark.parametrize(
    ("name", "gpu", "words"),
    [
        ("m5.huge", False, "not an x86_64 instance type"),
        ("m6g.large", False, "not an x86_64 instance type"),
        ("g5.4xlarge", False, "has a GPU"),
        ("m5.xlarge", True, "has no GPU"),
    ],
)
def test_a_machine_that_a_pool_cannot_use_is_refused(name: str, gpu: bool, words: str) -> None:
    with pytest.raises(SizingError, match=words) as refused:
        ec2.machine("nodes.cpu.machineType", name, gpu=gpu)
    assert (refused.value.path, refused.value.value) == ("nodes.cpu.machineType", name)


def test_a_misspelt_machine_gets_the_nearest_one() -> None:
    with pytest.raises(SizingError, match=r"Did you mean m5\.4xlarge"):
        ec2.machine("nodes.cpu.machineType", "m5.4xlage", gpu=False)


def test_a_machine_in_two_zones_only_is_refused() -> None:
    p4de = ec2.machine("nodes.gpu.machineType", "p4de.24xlarge", gpu=True)
    with pytest.raises(SizingError, match="2 zones") as refused:
        ec2.zones("us-east-1", (("nodes.gpu.machineType", p4de),))
    assert refused.value.path == "nodes.gpu.machineType"


def test_regions_must_exist_and_have_three_zones() -> None:
    with pytest.raises(SizingError, match="Did you mean us-east-2"):
        ec2.zones("us-east-22", ())
    two = next(region for region, zones in ec2.regions().items() if len(zones) < 3)
    with pytest.raises(SizingError, match="has 2 availability zones"):
        ec2.zones(two, ())
    for region, zones in ec2.regions().items():
        if len(zones) >= 3:
            usable = tuple(zone for zone in zones if zone not in ("use1-az3", "usw1-az2", "cac1-az3"))
            assert ec2.zones(region, ()) == usable[:3]


def test_an_empty_price_is_unknown_not_free() -> None:
    assert optional_float("") is None
    assert optional_float("0.25") == 0.25
