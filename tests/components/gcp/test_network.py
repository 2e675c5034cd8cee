"""The network: ranges from the specification, one way out, private ways to Google, nothing in."""

from __future__ import annotations

import ipaddress
from typing import Any

import pulumi
import pytest

from components.gcp import services as api
from components.gcp.endpoints import CANDIDATES, DOMAINS, free_address, rule_name
from components.gcp.network import Network, NetworkArgs
from infra.graph.model import Graph
from tests import factories_gcp as make


def build(opts: pulumi.ResourceOptions, **changes: Any) -> Network:
    spec = make.network_spec(**changes)
    services = make.services(opts, api.BACKUP)
    return Network(
        "net", NetworkArgs(spec, make.CLUSTER, make.PROJECT, make.REGION, services, make.TAGS), opts
    )


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: build(opts, **changes), preview=False)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def test_contract() -> None:
    make.check_contract(build)


def test_one_subnet_with_ranges_for_pods_and_services(graph: Graph) -> None:
    network, subnet = make.only(graph, "Network"), make.only(graph, "Subnetwork").inputs
    assert network.inputs["autoCreateSubnetworks"] is False
    assert make.depends_on(graph, network) == {"Service services-compute"}
    assert subnet["ipCidrRange"] == "10.30.0.0/18"
    assert subnet["region"] == make.REGION
    assert subnet["privateIpGoogleAccess"] is True
    assert subnet["secondaryIpRanges"] == [
        {"rangeName": "pods", "ipCidrRange": "10.30.128.0/17"},
        {"rangeName": "services", "ipCidrRange": "172.20.0.0/16"},
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_way_out_has_as_many_reserved_addresses_as_ordered(count: int) -> None:
    graph = graph_of(nat_gateways=count)
    nat = make.only(graph, "RouterNat").inputs
    addresses = make.of_type(graph, "Address")
    assert nat["natIps"] == [f"{name}-selfLink" for name in addresses]
    assert len(addresses) == count
    assert nat["natIpAllocateOption"] == "MANUAL_ONLY"
    assert nat["sourceSubnetworkIpRangesToNat"] == "ALL_SUBNETWORKS_ALL_IP_RANGES"


def test_dynamic_ports_are_powers_of_two_without_independent_mapping(graph: Graph) -> None:
    nat: Any = make.only(graph, "RouterNat").inputs
    assert nat["enableDynamicPortAllocation"] is True
    assert nat["enableEndpointIndependentMapping"] is False
    for ports in (nat["minPortsPerVm"], nat["maxPortsPerVm"]):
        assert ports & (ports - 1) == 0
    assert nat["minPortsPerVm"] < nat["maxPortsPerVm"]


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [((), ["RouterNat"]), (("all-apis",), ["RouterNat", "GlobalForwardingRule", *["RecordSet"] * 6])],
)
def test_egress_is_what_nodes_wait_for(endpoints: tuple[str, ...], expected: list[str]) -> None:
    """An endpoint inside the network is their way to Google's registries, as soon as a name leads to it."""
    found: list[str] = []

    def program(opts: pulumi.ResourceOptions) -> None:
        egress = build(opts, interface_endpoints=endpoints).egress
        found.extend(type(resource).__name__ for resource in egress)

    make.captured(program)
    assert found == expected


def test_a_name_leads_to_the_endpoint_once_it_is_there() -> None:
    graph = graph_of(interface_endpoints=("all-apis",))
    for record in make.of_type(graph, "RecordSet").values():
        assert any(name.startswith("GlobalForwardingRule ") for name in make.depends_on(graph, record))


def test_the_database_has_a_peering_in_a_range_taken_after_the_subnets(graph: Graph) -> None:
    reserved = make.of_type(graph, "GlobalAddress")["net-private-services"]
    assert reserved.inputs["purpose"] == "VPC_PEERING"
    assert reserved.inputs["prefixLength"] == 20
    assert "Subnetwork net" in make.depends_on(graph, reserved)
    connection = make.only(graph, "Connection")
    assert connection.inputs["reservedPeeringRanges"] == ["net-private-services-name"]
    assert connection.inputs["deletionPolicy"] == "REMOVE_PEERING"
    assert "Service services-servicenetworking" in make.depends_on(graph, connection)


def test_the_cache_has_a_connection_policy(graph: Graph) -> None:
    policy = make.only(graph, "ServiceConnectionPolicy")
    assert policy.inputs["serviceClass"] == "gcp-memorystore-redis"
    assert policy.inputs["location"] == make.REGION
    assert policy.inputs["network"] == "net-id"
    assert policy.inputs["pscConfig"] == {"subnetworks": ["net-id"]}
    assert {
        "Service services-networkconnectivity",
        "Service services-serviceconsumermanagement",
    } <= make.depends_on(graph, policy)


def test_nothing_comes_in_and_that_is_logged(graph: Graph) -> None:
    rule: Any = make.only(graph, "Firewall").inputs
    assert rule["direction"] == "INGRESS"
    assert rule["denies"] == [{"protocol": "all"}]
    assert rule["sourceRanges"] == ["0.0.0.0/0"]
    assert rule["priority"] > 1000  # GKE's own rules are above
    assert "logConfig" in rule
    assert "logConfig" not in make.only(graph_of(flow_log_retention_days=None), "Firewall").inputs


def test_one_endpoint_answers_for_googles_apis(graph: Graph) -> None:
    address = make.of_type(graph, "GlobalAddress")["net-endpoints"].inputs
    rule = make.only(graph, "GlobalForwardingRule").inputs
    assert address["purpose"] == "PRIVATE_SERVICE_CONNECT"
    assert rule["target"] == "all-apis"
    assert rule["ipAddress"] == "net-endpoints-id"
    assert rule["loadBalancingScheme"] == ""
    assert "labels" not in rule
    waits = make.depends_on(graph, make.only(graph, "GlobalForwardingRule"))
    assert "Service services-servicedirectory" in waits
    zones = make.of_type(graph, "ManagedZone").values()
    assert {z.inputs["dnsName"] for z in zones} == {f"{domain}." for domain in DOMAINS}
    assert all(z.inputs["visibility"] == "private" for z in zones)
    assert all("Service services-dns" in make.depends_on(graph, z) for z in zones)
    records = {r.inputs["name"]: r.inputs["rrdatas"] for r in make.of_type(graph, "RecordSet").values()}
    for domain in DOMAINS:
        assert records[f"{domain}."] == [address["address"]]
        assert records[f"*.{domain}."] == [f"{domain}."]


def test_without_endpoints_private_google_access_is_all() -> None:
    graph = graph_of(interface_endpoints=())
    assert not make.of_type(graph, "ManagedZone")
    assert not make.of_type(graph, "GlobalForwardingRule")
    assert make.only(graph, "Subnetwork").inputs["privateIpGoogleAccess"] is True


def test_the_endpoints_name_is_what_google_takes() -> None:
    names = {rule_name(name) for name in ("ai-gateway-large", "ai-gateway-small", "x" * 60)}
    assert len(names) == 3
    for name in names:
        assert len(name) <= 20
        assert name.isalnum()
        assert name == name.lower()
        assert name[0].isalpha()


def test_the_endpoints_address_is_outside_the_network() -> None:
    assert free_address(["10.0.0.0/8"]) == CANDIDATES[0]
    assert free_address(["100.64.0.0/10"]) == CANDIDATES[1]
    for candidate in CANDIDATES:
        assert ipaddress.ip_address(candidate).is_private or candidate.startswith("100.")
    with pytest.raises(ValueError, match="all inside the network"):
        free_address(["0.0.0.0/0"])


def test_flows_are_kept_for_as_long_as_ordered(graph: Graph) -> None:
    assert make.only(graph, "Subnetwork").inputs["logConfig"] == {
        "aggregationInterval": "INTERVAL_10_MIN",
        "flowSampling": 0.5,
        "metadata": "INCLUDE_ALL_METADATA",
    }
    bucket = make.only(graph, "ProjectBucketConfig")
    assert bucket.inputs["retentionDays"] == 30
    assert bucket.inputs["location"] == make.REGION
    assert str(bucket.inputs["bucketId"]).startswith("gateway-test-flows-")
    sink, exclusion = make.only(graph, "ProjectSink"), make.only(graph, "ProjectExclusion")
    assert sink.inputs["destination"] == "logging.googleapis.com/net-flow-logs-id"
    assert 'subnetwork_name="net-name"' in str(sink.inputs["filter"])
    assert exclusion.inputs["filter"] == sink.inputs["filter"]
    assert "ProjectSink net-flow-logs" in make.depends_on(graph, exclusion)


def test_without_retention_no_flow_is_written() -> None:
    graph = graph_of(flow_log_retention_days=None)
    assert "logConfig" not in make.only(graph, "Subnetwork").inputs
    assert not make.of_type(graph, "ProjectBucketConfig")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"private_cidrs": ("10.0.0.0/20", "10.0.16.0/20")}, "one range for nodes"),
        ({"pod_cidr": ""}, "one for pods"),
        ({"nat_gateways": 0}, "at least one NAT address"),
        ({"interface_endpoints": ("storage",)}, "no such bundle"),
        ({"interface_endpoints": ("all-apis", "vpc-sc")}, "too many values"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph_of(**changes)
