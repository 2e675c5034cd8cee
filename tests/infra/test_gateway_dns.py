"""``ingress.dnsZone`` in a whole stack: what it adds, in which order, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import outputs as core

from components.kubernetes.gateway_address import reached_by
from infra.clouds import CLOUDS
from infra.graph import Graph, Resource
from infra.offline.wire import UNKNOWN_WIRE
from infra.planning import plan_of, relocated
from infra.preview import preview_graph
from infra.settings import load
from sizing.errors import SizingError
from tests.factories_workloads import waits_for
from tests.harness import captured, of_type

DOMAIN = "llm.example.com"
ZONES = {"aws": "Z0123456789ABC", "gcp": "example-com"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
RECORDS = {"aws": "aws:route53/record:Record", "gcp": "gcp:dns/recordSet:RecordSet"}
SERVICE = "kubernetes:core/v1:Service"
EVERY_CLOUD = pytest.mark.parametrize("cloud", tuple(CLOUDS))


def _values(cloud: str, **ingress: Any) -> Mapping[str, Any]:
    project = {"gcpProject": "my-platform-42"} if cloud == "gcp" else {}
    return {"tier": "small", "cloud": cloud, "ingress": ingress, **project}


@functools.cache
def _graph(cloud: str, certificate_arn: str | None = None, *, public: bool = True) -> Graph:
    more = {} if certificate_arn is None else {"certificateArn": certificate_arn}
    given = _values(cloud, domain=DOMAIN, dnsZone=ZONES[cloud], public=public, **more)
    return preview_graph(load(given), "small")


def _named(graph: Graph, name: str, part: str = "") -> Resource:
    (found,) = (r for r in graph.resources if r.name == name and r.type.endswith(part))
    return found


def _read(graph: Graph) -> Resource:
    """The Service, which the controller makes: it is only read here."""
    (found,) = (r for r in of_type(graph, SERVICE) if r.external)
    return found


def _service(graph: Graph) -> Any:
    found: Any = _named(graph, "gateway-agentgatewayparameters-edge").inputs["spec"]
    return found["service"]


@EVERY_CLOUD
def test_the_record_follows_the_gateways_service(cloud: str) -> None:
    graph = _graph(cloud)
    service = _read(graph)
    assert service.provider == _named(graph, "gateway-gateway-edge").provider
    assert waits_for(graph, service.name, "gateway-gateway-edge")
    (record,) = (r for r in of_type(graph, RECORDS[cloud]) if r.name == "cloud-dns-gateway")
    assert service.urn in record.depends_on
    target = record.inputs["aliases"][0]["name"] if cloud == "aws" else record.inputs["rrdatas"][0]  # type: ignore[index]
    assert target == "[unknown]", "a preview knows no address"


@EVERY_CLOUD
def test_a_preview_does_not_look_for_a_service_that_is_not_there(cloud: str) -> None:
    """The engine reads by a known id only; this one is the Gateway's, which is not there yet."""
    assert _read(_graph(cloud)).import_id == UNKNOWN_WIRE


@EVERY_CLOUD
def test_without_a_zone_there_is_no_record_and_no_look_up(cloud: str) -> None:
    graph = captured("small", cloud)
    assert not [r for r in graph.resources if r.name.startswith("cloud-dns")]
    assert not [r for r in graph.resources if r.external and r.name.startswith("gateway")]
    assert not of_type(graph, RECORDS["aws"])
    assert "loadBalancerIP" not in _service(graph)["spec"]


def test_aws_issues_the_certificate_of_the_load_balancer() -> None:
    graph = _graph("aws")
    prefix = "service.beta.kubernetes.io/aws-load-balancer-"
    annotations = _service(graph)["metadata"]["annotations"]
    assert annotations[f"{prefix}ssl-cert"] == "[unknown]"
    assert annotations[f"{prefix}ssl-ports"] == "443"
    assert waits_for(graph, "gateway-agentgatewayparameters-edge", "cloud-dns-issued")
    names = {r.name for r in graph.resources}
    assert "gateway-edge-tls-certificate" not in names, "nobody would use it"
    listeners: Any = _named(graph, "gateway-gateway-edge").inputs["spec"]
    assert [(each["port"], each["protocol"]) for each in listeners["listeners"]] == [
        (80, "HTTP"),
        (443, "HTTP"),
    ]


def test_a_certificate_of_ones_own_comes_first() -> None:
    graph = _graph("aws", CERTIFICATE)
    assert not of_type(graph, "aws:acm/certificate:Certificate")
    assert CERTIFICATE in _service(graph)["metadata"]["annotations"].values()
    assert [r.name for r in of_type(graph, RECORDS["aws"])] == ["cloud-dns-gateway"]


@pytest.mark.parametrize(("public", "kind"), [(True, "EXTERNAL"), (False, "INTERNAL")])
def test_gcp_reserves_the_address_of_the_load_balancer(public: bool, kind: str) -> None:
    graph = _graph("gcp", public=public)
    address = _named(graph, "cloud-dns-gateway", ":Address")
    assert address.inputs["addressType"] == kind
    assert _service(graph)["spec"]["loadBalancerIP"] == "[unknown]"
    assert address.urn in _named(graph, "gateway-agentgatewayparameters-edge").depends_on
    assert "gateway-edge-tls-certificate" in {r.name for r in graph.resources}, "TLS ends in the gateway"


@pytest.mark.parametrize(
    ("cloud", "ingress", "said"),
    [
        ("aws", {"dnsZone": ZONES["aws"]}, "no domain to put into the zone"),
        ("gcp", {"dnsZone": ZONES["gcp"]}, "no domain to put into the zone"),
        ("aws", {"dnsZone": "example.com", "domain": DOMAIN}, "not the id of a hosted zone"),
        ("aws", {"dnsZone": "/hostedzone/Z0123", "domain": DOMAIN}, "without /hostedzone/"),
        ("aws", {"dnsZone": ZONES["gcp"], "domain": DOMAIN}, "aws route53 list-hosted-zones"),
        ("aws", {"dnsZone": f"Z{'A' * 32}", "domain": DOMAIN}, "not the id of a hosted zone"),
        ("gcp", {"dnsZone": "example.com", "domain": DOMAIN}, "not the name of a Cloud DNS zone"),
        ("gcp", {"dnsZone": ZONES["aws"], "domain": DOMAIN}, "gcloud dns managed-zones list"),
        ("gcp", {"dnsZone": "a" * 64, "domain": DOMAIN}, "not the name of a Cloud DNS zone"),
    ],
)
def test_what_cannot_work_is_refused(cloud: str, ingress: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SizingError) as refused:
        plan_of(load(_values(cloud, **ingress)))
    assert refused.value.path == "ingress.dnsZone"
    assert refused.value.value == ingress["dnsZone"]
    assert said in str(refused.value)


def test_an_empty_zone_is_no_zone() -> None:
    with pytest.raises(ValueError, match=r"ingress\.dnsZone"):
        load(_values("aws", domain=DOMAIN, dnsZone=""))


def test_another_cloud_drops_the_zone() -> None:
    settings = load(_values("aws", domain=DOMAIN, dnsZone=ZONES["aws"]))
    moved = relocated(settings, "gcp", None)
    assert (moved.ingress.dns_zone, moved.ingress.domain) == (None, DOMAIN)
    assert relocated(settings, "aws", None).ingress.dns_zone == ZONES["aws"]


def _status(**entry: str) -> core.ServiceStatus:
    ingress = [core.LoadBalancerIngress(**entry)] if entry else []
    return core.ServiceStatus(load_balancer=core.LoadBalancerStatus(ingress=ingress))


def test_where_the_load_balancer_is() -> None:
    assert reached_by(_status(hostname="x.elb.amazonaws.com")) == "x.elb.amazonaws.com"
    assert reached_by(_status(ip="198.51.100.7")) == "198.51.100.7"


@pytest.mark.parametrize("status", [None, core.ServiceStatus(), _status()])
def test_a_load_balancer_without_an_address_says_what_to_do(status: core.ServiceStatus | None) -> None:
    with pytest.raises(pulumi.RunError, match=r"has no address.*describe service edge.*pulumi up"):
        reached_by(status)
