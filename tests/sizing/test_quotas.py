"""Quotas: counts equal what the program would make, and a raise is named exactly where one is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import clouds
from infra.clouds import CLOUDS
from infra.planning import plan_of, quotas_of
from infra.settings import load
from sizing import quotas
from sizing.clouds.aws import network as aws_network
from sizing.clouds.aws.machines import machines
from sizing.clouds.gcp import network as gcp_network
from sizing.clouds.gcp.machines import machines as gcp_machines
from sizing.guide.cells import Tier
from sizing.quotas import Increase, QuotaNeed, Usage
from sizing.tables import rows
from tests import harness
from tests.harness import CASES, captured, of_type
from tests.sizing.cloud_plans import plan_with

EVERY_STACK = pytest.mark.parametrize(("stack", "cloud"), CASES)


def _found(stack: str, cloud: str) -> dict[str, QuotaNeed]:
    return {need.code: need for need in quotas_of(harness.plan(stack, cloud))}


def _made(stack: str, cloud: str, token: str, keep: Callable[[dict[str, object]], bool] | None = None) -> int:
    resources = of_type(captured(stack, cloud), token)
    return sum(1 for resource in resources if keep is None or keep(dict(resource.inputs)))


AWS_RESOURCES = {
    "L-0263D0A3": ("aws:ec2/eip:Eip", 0),
    "L-F678F1CE": ("aws:ec2/vpc:Vpc", 0),
    "L-A4707A72": ("aws:ec2/internetGateway:InternetGateway", 0),
    "L-407747CB": ("aws:ec2/subnet:Subnet", 0),
    # the VPC's own, EKS's and two of the load balancer controller's are no resources of the program
    "L-E79EC296": ("aws:ec2/securityGroup:SecurityGroup", 4),
    "L-1194D53C": ("eks:index:Cluster", 0),
    "L-6D54EA21": ("eks:index:ManagedNodeGroup", 0),
    "L-7B6409FD": ("aws:rds/instance:Instance", 0),
    "L-FE177D64": ("aws:iam/role:Role", 1),  # pulumi-eks makes the cluster's inside its component
    "L-C2F1777E": ("aws:kms/key:Key", 0),
    "L-2F66C23C": ("aws:secretsmanager/secret:Secret", 0),
    "L-DC2B2D3D": ("aws:s3/bucket:Bucket", 0),
}
GCP_RESOURCES = {
    "STATIC_ADDRESSES": ("gcp:compute/address:Address", 0),
    "GLOBAL_INTERNAL_ADDRESSES": ("gcp:compute/globalAddress:GlobalAddress", 0),
    "NETWORKS": ("gcp:compute/network:Network", 0),
    "SUBNETWORKS": ("gcp:compute/subnetwork:Subnetwork", 0),
    "ROUTERS": ("gcp:compute/router:Router", 0),
    "nat_gateways": ("gcp:compute/routerNat:RouterNat", 0),
    "FIREWALLS": ("gcp:compute/firewall:Firewall", 4),  # GKE's own
    "gke_regional_clusters": ("gcp:container/cluster:Cluster", 0),
    "sql_instances": ("gcp:sql/databaseInstance:DatabaseInstance", 0),
    "service-account-count": ("gcp:serviceaccount/account:Account", 0),
    "storage_buckets": ("gcp:storage/bucket:Bucket", 0),
}


@EVERY_STACK
def test_counts_are_those_of_the_preview(stack: str, cloud: str) -> None:
    found = _found(stack, cloud)
    for code, (token, others) in (AWS_RESOURCES if cloud == "aws" else GCP_RESOURCES).items():
        assert found[code].now == found[code].most == _made(stack, cloud, token) + others, code


@pytest.mark.parametrize("stack", harness.STACKS)
def test_endpoints_are_those_of_the_preview(stack: str) -> None:
    interface = _made(
        stack,
        "aws",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda inputs: inputs["vpcEndpointType"] == "Interface",
    )
    found = _found(stack, "aws").get("L-29B6F2EB")
    assert (0 if found is None else found.now) == interface
    rules = _made(stack, "gcp", "gcp:compute/globalForwardingRule:GlobalForwardingRule")
    private = _found(stack, "gcp").get("psc_google_apis_forwarding_rules_per_vpc_network")
    assert (0 if private is None else private.now) == rules


@EVERY_STACK
def test_every_vcpu_and_gpu_is_counted_once(stack: str, cloud: str) -> None:
    plan, found = harness.plan(stack, cloud), _found(stack, cloud)
    known = machines() if cloud == "aws" else gcp_machines()
    groups = plan.node_groups
    if cloud == "aws":
        vcpu = [sum(known[g.machine_type].vcpu * count(g) for g in groups) for count in (_desired, _max)]
        families = [found[code] for code in ("L-1216C47A", "L-DB2E81BA", "L-417A185B") if code in found]
        assert [sum(n.now for n in families), sum(n.most for n in families)] == vcpu
        return
    assert found["CPUS_ALL_REGIONS"].most == sum(known[g.machine_type].vcpu * g.max for g in groups)
    gpus = [need for code, need in found.items() if code.startswith("NVIDIA_")]
    assert sum(need.most for need in gpus) == found["GPUS_ALL_REGIONS"].most
    assert found["GPUS_ALL_REGIONS"].most == sum(g.gpus_per_node * g.max for g in groups)


@pytest.mark.parametrize("stack", harness.STACKS)
def test_what_google_counts_at_first_is_what_the_first_up_makes(stack: str) -> None:
    """Pools begin per zone; engines at their minimum make the autoscaler add what is missing at once."""
    found, known, zones = _found(stack, "gcp"), gcp_machines(), 3
    nodes, vcpu, gpus, disks = 0, 0, 0, 0
    for pool in of_type(captured(stack, "gcp"), "gcp:container/nodePool:NodePool"):
        inputs: Any = pool.inputs
        config, made = inputs["nodeConfig"], inputs["initialNodeCount"] * zones
        cards = sum(card["count"] for card in config.get("guestAccelerators", ()))
        made = max(made, 1) if cards else made  # every engine's minimum is one, of one node's GPUs at most
        nodes, gpus, disks = nodes + made, gpus + cards * made, disks + config["diskSizeGb"] * made
        vcpu += known[config["machineType"]].vcpu * made
    assert (found["INSTANCES"].now, found["GPUS_ALL_REGIONS"].now) == (nodes, gpus)
    assert found["CPUS_ALL_REGIONS"].now == vcpu
    assert found["SSD_TOTAL_GB"].now == disks + quotas.volumes_gib(
        harness.plan(stack, "gcp").workloads.items, at_maximum=False
    )
    assert found["CPUS"].now == found["CPUS"].most == 2 * zones  # the pool that GKE makes first


def test_the_first_pool_adds_nothing_to_a_larger_one_of_its_family() -> None:
    plan = plan_with("gcp", Tier.SMALL, {"nodes": {"cpu": {"machineType": "e2-standard-8"}}})
    assert {n.code: n for n in quotas_of(plan)}["CPUS"].now == 3 * 8


def _desired(group: object) -> int:
    return group.desired  # type: ignore[attr-defined, no-any-return]


def _max(group: object) -> int:
    return group.max  # type: ignore[attr-defined, no-any-return]


def test_needs_of_the_tiers_are_as_decided() -> None:
    """D2, D6: the guide's nodes now, its maximum with engines and replicas at theirs."""
    aws = {stack: _found(stack, "aws") for stack in harness.STACKS}
    assert [(aws[s]["L-1216C47A"].now, aws[s]["L-DB2E81BA"].most) for s in ("small", "medium", "large")] == [
        (12, 16),
        (40, 32),
        (160, 64),
    ]
    assert (aws["enterprise"]["L-417A185B"].now, aws["enterprise"]["L-417A185B"].most) == (768, 768)
    assert "L-DB2E81BA" not in aws["enterprise"]
    gcp = {stack: _found(stack, "gcp") for stack in harness.STACKS}
    assert [gcp[s]["GPUS_ALL_REGIONS"].most for s in harness.STACKS] == [4, 4, 4, 64]
    assert [gcp[s]["GPUS_ALL_REGIONS"].now for s in harness.STACKS] == [1, 1, 3, 48]
    assert [gcp[s]["N2_CPUS"].now for s in harness.STACKS] == [12, 48, 192, 672]
    assert (gcp["enterprise"]["A2_CPUS"].now, gcp["enterprise"]["A2_CPUS"].most) == (576, 768)


@EVERY_STACK
def test_gpus_have_to_be_asked_for_first(stack: str, cloud: str) -> None:
    """New accounts have none; without a raise the first `up` ends without engines."""
    found = _found(stack, cloud)
    codes = ("L-DB2E81BA", "L-417A185B") if cloud == "aws" else ("GPUS_ALL_REGIONS",)
    asked = [found[code] for code in codes if code in found]
    assert asked
    for need in asked:
        assert need.default == 0
        assert need.increase is Increase.FIRST_UP
        assert need.ask_first is True


@EVERY_STACK
def test_every_need_says_why_and_by_whom(stack: str, cloud: str) -> None:
    for need in quotas_of(harness.plan(stack, cloud)):
        assert 0 < need.now <= need.most or need.now == 0 < need.most, need
        assert need.update >= 0
        assert need.why.strip()
        assert need.source.startswith("https://")
        assert (need.ask_first is None) is (need.increase is Increase.UNKNOWN) is (need.default is None)


@given(st.integers(0, 1000), st.integers(0, 1000), st.one_of(st.none(), st.integers(0, 1500)))
def test_a_raise_is_named_exactly_where_it_is_needed(now: int, more: int, default: int | None) -> None:
    most = now + more
    when = quotas.increase(now, most, default)
    if default is None:
        assert when is Increase.UNKNOWN
    else:
        assert (when is Increase.FIRST_UP) is (now > default)
        assert (when is Increase.NONE) is (most <= default)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_catalogue_rows(cloud: str) -> None:
    found = rows(f"sizing.clouds.{cloud}", "quotas")
    codes = [row["code"] for row in found]
    assert len(codes) == len(set(codes))
    for row in found:
        assert row["verified"] in ("yes", "no")
        assert row["source"].startswith("https://")
        assert row["default"] == "" or float(row["default"]) >= 0
        assert all(row[column] for column in ("name", "service", "scope", "unit"))


def test_a_code_without_a_row_is_a_defect() -> None:
    with pytest.raises(KeyError, match="L-NONE"):
        quotas.needs("sizing.clouds.aws", [Usage("L-NONE", 1, 1, "nothing")])
    assert quotas.needs("sizing.clouds.aws", [Usage("L-NONE", 0, 0, "nothing")]) == ()


def test_needs_follow_the_stack() -> None:
    config = {
        "tier": "small",
        "network": {"natGatewayPerZone": True, "interfaceEndpoints": True},
        "postgres": {"readReplicas": 3, "storageGib": 100, "maxStorageGib": 200},
        "redis": {"shards": 2, "replicasPerShard": 1},
    }
    plan = plan_of(load(config))
    found = {need.code: need for need in clouds.model("aws").quotas(plan)}
    assert (found["L-0263D0A3"].now, found["L-FE5A380F"].now) == (3, 1)
    assert found["L-29B6F2EB"].now == len(plan.network.interface_endpoints) > 0
    assert (found["L-7B6409FD"].now, found["L-DFE45DF3"].now) == (4, 4)
    assert (found["L-7ADDB58A"].now, found["L-7ADDB58A"].most) == (400, 800)
    more = plan_of(load({**config, "nodes": {"cpu": {"diskGib": 200}}}))
    assert {n.code: n for n in quotas_of(more)}["L-7A658B76"].now > found["L-7A658B76"].now


@EVERY_STACK
def test_addresses_of_a_subnet_stand_beside_what_it_holds(stack: str, cloud: str) -> None:
    """The figures are those by which ``network.cidr`` is refused: at the maximum, nodes surging."""
    plan, found = harness.plan(stack, cloud), _found(stack, cloud)
    subnet = found["subnet_addresses"]
    if cloud == "aws":
        most = max(aws_network.addresses_needed(plan.node_groups, zone) for zone in plan.network.zones)
        assert subnet.default == 2**14 - 5
    else:
        nodes = gcp_network.nodes_at_most(plan.node_groups)
        most = nodes + gcp_network.SHARED_ADDRESSES
        assert found["pod_addresses"].most + found["pod_addresses"].update == 256 * nodes
        assert found["pod_addresses"].default == 2**15
    assert subnet.most + subnet.update == most
    assert subnet.now <= subnet.most
    assert subnet.increase is Increase.NONE
