"""The network: subnets per zone, who reaches the internet, endpoints, flow logs, order of deletion."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aws.network import Network, NetworkArgs
from infra.graph.model import Graph, Resource
from tests.factories_foundation import (
    ACCOUNT,
    CLUSTER,
    PARTITION,
    REGION,
    TAGS,
    ZONES,
    Build,
    captured,
    check_contract,
    network_spec,
    of_type,
)

LOG_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"


def build(**changes: Any) -> Build:
    args = NetworkArgs(
        spec=network_spec(**changes),
        cluster_name=CLUSTER,
        account_id=ACCOUNT,
        region=REGION,
        partition=PARTITION,
        log_key_arn=LOG_KEY,
        tags=TAGS,
    )
    return lambda opts: Network("network", args, opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def sources(resource: Resource, key: str) -> set[str]:
    return {urn.split("::", 2)[2].split("$")[-1] for urn in resource.property_depends_on[key]}


def test_contract() -> None:
    check_contract(build())


def test_vpc_has_the_specified_range_and_dns(graph: Graph) -> None:
    (vpc,) = of_type(graph, "Vpc").values()
    assert vpc.inputs["cidrBlock"] == "10.20.0.0/16"
    assert vpc.inputs["enableDnsHostnames"] is True
    assert vpc.inputs["enableDnsSupport"] is True


@pytest.mark.parametrize("kind", ["private", "public", "data"])
def test_every_zone_has_a_subnet_of_every_kind(graph: Graph, kind: str) -> None:
    cidrs = getattr(network_spec(), f"{kind}_cidrs")
    subnets = of_type(graph, "Subnet")
    found = [subnets[f"network-{kind}-{zone}"].inputs for zone in ZONES]
    assert [subnet["cidrBlock"] for subnet in found] == list(cidrs)
    assert [subnet["availabilityZoneId"] for subnet in found] == list(ZONES)
    assert not any("availabilityZone" in subnet for subnet in found)
    assert [subnet["mapPublicIpOnLaunch"] for subnet in found] == [False] * 3


def test_zone_names_are_passed_as_names() -> None:
    subnets = of_type(captured(build(zones=("us-east-1a", "us-east-1b", "us-east-1c"))), "Subnet")
    assert subnets["network-data-us-east-1b"].inputs["availabilityZone"] == "us-east-1b"
    assert "availabilityZoneId" not in subnets["network-data-us-east-1b"].inputs


@pytest.mark.parametrize("kind", ["private", "public", "data"])
def test_a_zone_without_a_subnet_is_refused(kind: str) -> None:
    cidrs = getattr(network_spec(), f"{kind}_cidrs")[:2]
    with pytest.raises(ValueError, match="shorter"):
        captured(build(**{f"{kind}_cidrs": cidrs}))


def test_load_balancers_find_their_subnets_by_tags(graph: Graph) -> None:
    roles = {
        name: {key: value for key, value in tags.items() if key.startswith("kubernetes.io/")}
        for name, subnet in of_type(graph, "Subnet").items()
        if isinstance(tags := subnet.inputs["tags"], dict)
    }
    cluster = {f"kubernetes.io/cluster/{CLUSTER}": "shared"}
    for zone in ZONES:
        assert roles[f"network-private-{zone}"] == {"kubernetes.io/role/internal-elb": "1", **cluster}
        assert roles[f"network-public-{zone}"] == {"kubernetes.io/role/elb": "1", **cluster}
        assert roles[f"network-data-{zone}"] == {}


def test_each_private_subnet_leaves_through_its_own_zone(graph: Graph) -> None:
    assert set(of_type(graph, "NatGateway")) == {f"network-{zone}" for zone in ZONES}
    routes = of_type(graph, "Route")
    assert set(routes) == {"network-public", *(f"network-private-{zone}" for zone in ZONES)}
    for zone in ZONES:
        route = routes[f"network-private-{zone}"]
        assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
        assert f"aws:ec2/natGateway:NatGateway::network-{zone}" in sources(route, "natGatewayId")


def test_one_nat_gateway_serves_all_zones() -> None:
    graph = captured(build(nat_gateways=1))
    assert set(of_type(graph, "NatGateway")) == {"network-use1-az1"}
    assert len(of_type(graph, "Eip")) == 1
    routes = [route for name, route in of_type(graph, "Route").items() if "private" in name]
    assert len(routes) == 3
    for route in routes:
        assert "aws:ec2/natGateway:NatGateway::network-use1-az1" in sources(route, "natGatewayId")


@pytest.mark.parametrize("count", [0, 4])
def test_a_number_of_nat_gateways_that_no_zone_can_use_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} NAT gateways for 3 zones"):
        captured(build(nat_gateways=count))


def test_data_subnets_have_no_way_out(graph: Graph) -> None:
    associations = of_type(graph, "RouteTableAssociation")
    for zone in ZONES:
        table = sources(associations[f"network-data-{zone}"], "routeTableId")
        assert "aws:ec2/routeTable:RouteTable::network-data" in table
    assert not [
        route
        for route in of_type(graph, "Route").values()
        if "aws:ec2/routeTable:RouteTable::network-data" in sources(route, "routeTableId")
    ]
    s3 = of_type(graph, "VpcEndpoint")["network-endpoints-s3"]
    assert "aws:ec2/routeTable:RouteTable::network-data" not in sources(s3, "routeTableIds")


def test_nat_goes_before_the_internet_gateway(graph: Graph) -> None:
    (gateway,) = of_type(graph, "InternetGateway").values()
    for resource in [*of_type(graph, "NatGateway").values(), *of_type(graph, "Eip").values()]:
        assert gateway.urn in resource.depends_on


def test_egress_covers_every_route_and_association_on_the_way_out() -> None:
    found: list[Network] = []
    graph = captured(lambda opts: found.append(Network("network", build_args(), opts)))
    types = [type(resource).__name__ for resource in found[0].egress]
    outward = [name for name in of_type(graph, "RouteTableAssociation") if "data" not in name]
    assert types.count("Route") == len(of_type(graph, "Route"))
    assert types.count("RouteTableAssociation") == len(outward)


def build_args() -> NetworkArgs:
    return NetworkArgs(network_spec(), CLUSTER, ACCOUNT, REGION, PARTITION, LOG_KEY, TAGS)


def test_ids_are_in_the_order_of_zones() -> None:
    seen: dict[str, list[str]] = {}

    def program(opts: pulumi.ResourceOptions) -> None:
        network = Network("network", build_args(), opts)
        for kind in ("private", "public", "data"):
            pulumi.Output.all(*getattr(network, f"{kind}_subnet_ids")).apply(
                lambda ids, kind=kind: seen.update({kind: ids})
            )

    graph = captured(program, preview=False)
    assert len(of_type(graph, "Subnet")) == 9
    for kind, ids in seen.items():
        assert [zone in id_ for zone, id_ in zip(ZONES, ids, strict=True)] == [True] * 3, (kind, ids)
    assert set(seen) == {"private", "public", "data"}


def test_the_default_security_group_allows_nothing(graph: Graph) -> None:
    (group,) = of_type(graph, "DefaultSecurityGroup").values()
    assert not {"ingress", "egress"} & set(group.inputs)


def test_s3_gateway_is_on_every_private_route_table(graph: Graph) -> None:
    s3 = of_type(graph, "VpcEndpoint")["network-endpoints-s3"]
    assert s3.inputs["vpcEndpointType"] == "Gateway"
    assert s3.inputs["serviceName"] == f"com.amazonaws.{REGION}.s3"
    tables = {f"aws:ec2/routeTable:RouteTable::network-private-{zone}" for zone in ZONES}
    assert tables <= sources(s3, "routeTableIds")


def test_interface_endpoints_are_those_ordered(graph: Graph) -> None:
    interfaces = {
        resource.inputs["serviceName"]: resource
        for resource in of_type(graph, "VpcEndpoint").values()
        if resource.inputs["vpcEndpointType"] == "Interface"
    }
    assert set(interfaces) == {f"com.amazonaws.{REGION}.ecr.api", f"com.amazonaws.{REGION}.sts"}
    for endpoint in interfaces.values():
        assert endpoint.inputs["privateDnsEnabled"] is True
        subnets = {f"aws:ec2/subnet:Subnet::network-private-{zone}" for zone in ZONES}
        assert subnets <= sources(endpoint, "subnetIds")
        assert "aws:ec2/securityGroup:SecurityGroup::network-endpoints" in sources(
            endpoint, "securityGroupIds"
        )


def test_endpoints_answer_https_from_the_vpc_only(graph: Graph) -> None:
    (group,) = of_type(graph, "SecurityGroup").values()
    assert not {"ingress", "egress"} & set(group.inputs)
    (rule,) = of_type(graph, "SecurityGroupIngressRule").values()
    expected = {"cidrIpv4": "10.20.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    assert {key: rule.inputs[key] for key in expected} == expected


def test_without_interface_endpoints_only_the_free_gateway_remains() -> None:
    graph = captured(build(interface_endpoints=()))
    assert set(of_type(graph, "VpcEndpoint")) == {"network-endpoints-s3"}
    assert not of_type(graph, "SecurityGroup")


@pytest.mark.parametrize(
    ("services", "message"),
    [
        (("sts", "sts"), "listed twice: sts"),
        (("s3", "sts"), "s3: reached through a gateway"),
        (("dynamodb",), "dynamodb: reached through a gateway"),
    ],
)
def test_endpoints_that_aws_would_refuse_are_refused(services: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        captured(build(interface_endpoints=services))


def test_flow_logs_are_encrypted_and_kept_as_specified(graph: Graph) -> None:
    (group,) = of_type(graph, "LogGroup").values()
    assert group.inputs["retentionInDays"] == 30
    assert group.inputs["kmsKeyId"] == LOG_KEY
    (log,) = of_type(graph, "FlowLog").values()
    assert log.inputs["trafficType"] == "ALL"
    assert log.inputs["logDestinationType"] == "cloud-watch-logs"
    (policy,) = of_type(graph, "RolePolicy").values()
    assert policy.urn in log.depends_on


def test_only_this_accounts_flow_logs_may_write() -> None:
    graph = captured(build(), preview=False)
    (role,) = of_type(graph, "Role").values()
    (statement,) = json.loads(str(role.inputs["assumeRolePolicy"]))["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
        },
    }
    (policy,) = of_type(graph, "RolePolicy").values()
    write, find = json.loads(str(policy.inputs["policy"]))["Statement"]
    assert write["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert write["Resource"] == "network-flow-logs-arn:*"
    assert find["Action"] == "logs:DescribeLogGroups"
    assert find["Resource"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"


def test_without_retention_there_are_no_flow_logs() -> None:
    graph = captured(build(flow_log_retention_days=None))
    for type_ in ("FlowLog", "LogGroup", "Role", "FlowLogs"):
        assert not of_type(graph, type_)
