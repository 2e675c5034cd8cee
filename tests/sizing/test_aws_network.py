"""The VPC's address plan: disjoint subnets inside it, room for every pod, refusals whose remedy works."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.clouds.aws import network
from sizing.clouds.aws.machines import machines
from sizing.clouds.cidrs import api_allowed
from sizing.errors import SizingError
from sizing.guide import ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.overrides import NetworkPart, Overrides
from sizing.plan import Plan
from sizing.specs import NetworkSpec
from tests import harness
from tests.sizing.plans import planned

TIERS = [tier.value for tier in Tier]
RESERVED = 5
"""AWS keeps the first four addresses and the last of every subnet."""


def _laid_out(plan: Plan, cidr: str) -> NetworkSpec:
    part = plan.overrides.network.model_copy(update={"cidr": cidr})
    over = Overrides(network=part)
    return network.plan(plan.order, plan.node_groups, plan.requirements, over)


def check_layout(spec: NetworkSpec, zones: int = 3) -> None:
    vpc = IPv4Network(spec.cidr)
    kinds = [spec.private_cidrs, spec.public_cidrs, spec.data_cidrs]
    assert [len(kind) for kind in kinds] == [zones] * 3
    subnets = [IPv4Network(cidr) for kind in kinds for cidr in kind]
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert not any(a.overlaps(b) for a, b in combinations(subnets, 2))
    assert all(16 <= subnet.prefixlen <= 28 for subnet in subnets)
    assert not vpc.overlaps(IPv4Network(spec.service_cidr))


@pytest.mark.parametrize("tier", TIERS)
def test_a_tiers_network_has_room_for_every_pod_at_the_maximum(tier: str) -> None:
    plan = harness.plan(tier)
    check_layout(plan.network)
    for zone, cidr in zip(plan.network.zones, plan.network.private_cidrs, strict=True):
        groups = [g for g in plan.node_groups if g.zones == (zone,)]
        taken = sum((g.max + 1) * machines()[g.machine_type].addresses for g in groups)
        assert groups
        assert IPv4Network(cidr).num_addresses - RESERVED >= taken


@settings(max_examples=80)
@given(
    st.sampled_from(("small", "medium")),
    st.integers(16, 23),
    st.sampled_from(("10.0.0.0", "10.64.0.0", "172.16.0.0", "192.168.0.0", "100.64.0.0")),
)
def test_any_vpc_is_laid_out_or_refused_with_a_prefix_that_works(tier: str, prefix: int, base: str) -> None:
    plan = harness.plan(tier)
    try:
        check_layout(_laid_out(plan, f"{base}/{prefix}"))
    except SizingError as error:
        refused = error
    else:
        return
    assert (refused.path, refused.value) == ("network.cidr", f"{base}/{prefix}")
    larger = re.search(r"Use /(\d+) or larger", refused.remedy)
    assert larger is not None
    enough = int(larger[1])
    assert enough < prefix
    check_layout(_laid_out(plan, f"{base}/{enough}"))
    with pytest.raises(SizingError):
        _laid_out(plan, f"{base}/{enough + 1}")


@pytest.mark.parametrize("prefix", range(17, 22))
@pytest.mark.parametrize("machine", {m.addresses: name for name, m in machines().items()}.values())
def test_a_network_is_refused_exactly_when_a_zone_has_no_room_for_a_surge(machine: str, prefix: int) -> None:
    """Nodes of one more than the maximum, their pods, and what else takes addresses of the subnet."""
    plan, each = harness.plan("small"), machines()[machine].addresses
    usable = IPv4Network(f"10.0.0.0/{prefix}").num_addresses // 4 - RESERVED
    verdicts: list[bool] = []
    for most in range(max(1, usable // each - 3), usable // each + 3):
        group = plan.node_groups[0].model_copy(update={"machine_type": machine, "max": most})
        over = Overrides(network=NetworkPart(cidr=f"10.0.0.0/{prefix}"))
        try:
            network.plan(plan.order, (group,), plan.requirements, over)
        except SizingError:
            verdicts.append(False)
        else:
            assert (most + 1) * each + network.SHARED_ADDRESSES <= usable
            verdicts.append(True)
    assert verdicts == sorted(verdicts, reverse=True)
    assert not verdicts[-1]


def test_too_many_nodes_for_any_vpc_are_refused_without_a_prefix_that_does_not_exist() -> None:
    with pytest.raises(SizingError, match=r"lower nodes\.cpu\.max") as refused:
        planned("small", nodes={"cpu": {"max": 1300}})
    assert refused.value.path == "network.cidr"
    assert "or larger" not in refused.value.remedy


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("8.8.0.0/16", "private range"),
        ("10.0.0.0/8", "/16 to /23"),
        ("10.0.0.0/24", "/16 to /23"),
        ("172.20.0.0/16", "service range"),
        ("172.20.64.0/18", "service range"),
        ("10.0.0.1/16", "not an IPv4 CIDR"),
        ("10.0.0.0/33", "not an IPv4 CIDR"),
        ("fd00::/16", "not an IPv4 CIDR"),
        ("here", "not an IPv4 CIDR"),
    ],
)
def test_a_cidr_that_cannot_be_a_vpc_is_refused(cidr: str, words: str) -> None:
    with pytest.raises(SizingError, match=words) as refused:
        _laid_out(harness.plan("small"), cidr)
    assert (refused.value.path, refused.value.value) == ("network.cidr", cidr)


@pytest.mark.parametrize(
    ("cidrs", "index"),
    [
        (["0.0.0.0/0"], 0),
        (["203.0.113.0/24", "0.0.0.0/0"], 1),
        (["0.0.0.0/1", "128.0.0.0/1"], 0),
        (["::/0"], 0),
        (["me"], 0),
    ],
)
def test_api_access_open_to_the_world_is_refused(cidrs: list[str], index: int) -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", network={"apiAllowedCidrs": cidrs})
    assert (refused.value.path, refused.value.value) == (f"network.apiAllowedCidrs[{index}]", cidrs[index])


def test_api_access_is_written_as_networks() -> None:
    assert api_allowed(("203.0.113.7", "198.51.100.0/24")) == (
        "203.0.113.7/32",
        "198.51.100.0/24",
    )
    assert api_allowed(("203.0.113.7", "203.0.113.7/32")) == ("203.0.113.7/32",)
    assert api_allowed(()) == ()


@pytest.mark.parametrize("tier", TIERS)
def test_endpoints_and_nat_follow_the_guides_word(tier: str) -> None:
    """D25: the guide's word decides how many endpoints; NAT stays, one per zone from Medium on."""
    spec, word = harness.plan(tier).network, ch3_infrastructure.NETWORK[Tier(tier)].endpoints
    expected = {
        "Optional": (),
        "Recommended": network.ENDPOINTS_RECOMMENDED,
        "Required": network.ENDPOINTS_REQUIRED,
    }
    assert spec.interface_endpoints == expected[word]
    assert set(network.ENDPOINTS_RECOMMENDED) < set(network.ENDPOINTS_REQUIRED)
    assert spec.nat_gateways == (1 if tier == "small" else 3)
    assert (spec.flow_log_retention_days is None) is (tier == "small")


def test_no_endpoint_is_ordered_that_aws_has_retired() -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""
    for tier in TIERS:
        ordered = set(harness.plan(tier).network.interface_endpoints)
        assert "ec2messages" not in ordered
        assert ("ssm" in ordered) == ("ssmmessages" in ordered)


def test_endpoints_and_nat_can_be_chosen() -> None:
    rich = planned("small", network={"interfaceEndpoints": True, "natGatewayPerZone": True}).network
    assert rich.interface_endpoints == network.ENDPOINTS_RECOMMENDED
    assert rich.nat_gateways == 3
    plain = planned("large", network={"interfaceEndpoints": False, "natGatewayPerZone": False}).network
    assert (plain.interface_endpoints, plain.nat_gateways) == ((), 1)
