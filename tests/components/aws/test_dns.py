"""The gateway's record in Route 53, and the certificate that the same zone proves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.dns import Dns, DnsArgs
from infra.graph.model import Graph
from infra.offline import capture
from sizing.specs import DnsSpec
from tests.factories_foundation import REGION, TAGS, captured, check_contract, of_type

ZONE = "Z0123456789ABC"
DOMAIN = "llm.example.com"
BALANCER = "k8s-edge-1.elb.us-east-1.amazonaws.com"


def build(*, certificate: bool = True, domain: str = DOMAIN) -> Any:
    def make(opts: pulumi.ResourceOptions) -> object:
        spec = DnsSpec(domain=domain, zone=ZONE, certificate=certificate)
        dns = Dns("dns", DnsArgs(spec, REGION, TAGS), opts)
        dns.publish(pulumi.Output.from_input(BALANCER))
        pulumi.export("arn", dns.certificate_arn)
        return dns

    return make


def in_zone(answer: Mapping[str, Any], **changes: Any) -> Graph:
    """The graph in an account whose zone is ``answer``."""

    def program() -> None:
        build(**changes)(pulumi.ResourceOptions(providers=[aws.Provider("aws", region=REGION)]))

    return capture(
        program, project="test", stack="test", answers={"aws:route53/getZone:getZone": answer}, preview=True
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build(), preview=False)


def test_contract() -> None:
    check_contract(build())
    check_contract(build(certificate=False))


def test_the_domain_is_an_alias_of_the_load_balancer(graph: Graph) -> None:
    record = of_type(graph, "Record")["dns-gateway"].inputs
    assert (record["zoneId"], record["name"], record["type"]) == (ZONE, DOMAIN, "A")
    (alias,) = record["aliases"]
    assert alias["name"] == BALANCER
    assert alias["zoneId"] not in (ZONE, ""), "the balancers' zone, not the domain's"
    assert "ttl" not in record, "an alias has its target's"


def test_a_record_in_the_zone_proves_the_certificate(graph: Graph) -> None:
    certificate = of_type(graph, "Certificate")["dns-gateway"]
    assert certificate.inputs["domainName"] == DOMAIN
    assert certificate.inputs["validationMethod"] == "DNS"
    proof = of_type(graph, "Record")["dns-proof"]
    assert proof.inputs["zoneId"] == ZONE
    assert certificate.urn in proof.depends_on
    assert proof.inputs["records"] == ["dns-gateway-domainValidationOptions-0-resourceRecordValue"]
    assert proof.inputs["allowOverwrite"] is True


def test_a_listener_gets_the_certificate_only_when_it_is_issued(graph: Graph) -> None:
    issued = of_type(graph, "CertificateValidation")["dns-issued"]
    assert issued.inputs["certificateArn"] == "dns-gateway-arn"
    assert issued.inputs["validationRecordFqdns"] == ["dns-proof-fqdn"]
    assert graph.outputs["arn"] == "dns-gateway-arn"
    assert captured(build()).outputs["arn"] == "[unknown]", "what waits for it waits for the validation"


def test_without_a_certificate_there_is_the_record_alone() -> None:
    found = captured(build(certificate=False))
    assert set(of_type(found, "Record")) == {"dns-gateway"}
    assert not of_type(found, "Certificate")
    assert not of_type(found, "CertificateValidation")


@pytest.mark.parametrize("zone", ["example.com", "example.com.", "llm.example.com", "com"])
def test_a_zone_that_holds_the_domain(zone: str) -> None:
    found = in_zone({"name": zone, "privateZone": False})
    assert of_type(found, "Record")["dns-gateway"].inputs["name"] == DOMAIN


@pytest.mark.parametrize("zone", ["example.org", "m.example.com", "ample.com", "a.llm.example.com"])
def test_a_zone_that_does_not_is_refused(zone: str) -> None:
    with pytest.raises(pulumi.RunError, match=rf"{ZONE} is the zone of {zone}, and {DOMAIN} is not inside"):
        in_zone({"name": zone, "privateZone": False})


def test_a_private_zone_proves_nothing_and_holds_a_record() -> None:
    private = {"name": "example.com", "privateZone": True}
    with pytest.raises(pulumi.RunError, match=r"is private.*Set ingress\.certificateArn"):
        in_zone(private)
    assert set(of_type(in_zone(private, certificate=False), "Record")) == {"dns-gateway"}
