"""The gateway's record in Cloud DNS and its reserved address."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from components.gcp import services as api
from components.gcp.dns import Dns, DnsArgs
from infra.graph.model import Graph
from infra.offline import capture
from sizing.specs import DnsSpec
from tests import factories_gcp as make

ZONE = "example-com"
DOMAIN = "llm.example.com"


def build(*, public: bool = True) -> Any:
    def made(opts: pulumi.ResourceOptions) -> object:
        dns = Dns(
            "dns",
            DnsArgs(
                spec=DnsSpec(domain=DOMAIN, zone=ZONE, certificate=False),
                project=make.PROJECT,
                region=make.REGION,
                subnet_id=pulumi.Output.from_input(make.SUBNET),
                public=public,
                before=make.services(opts).of(api.COMPUTE, api.DNS),
                tags=make.TAGS,
            ),
            opts,
        )
        dns.publish(pulumi.Output.from_input("198.51.100.7"))
        pulumi.export("address", dns.address)
        return dns

    return made


def in_zone(name: str) -> Graph:
    def program() -> None:
        provider = gcp.Provider("gcp", project=make.PROJECT, region=make.REGION)
        build()(pulumi.ResourceOptions(providers=[provider]))

    answers = {"gcp:dns/getManagedZone:getManagedZone": {"dnsName": name}}
    return capture(program, project="test", stack="test", answers=answers, preview=True)


def test_contract() -> None:
    make.check_contract(build())
    make.check_contract(build(public=False))


def test_the_domain_has_the_load_balancers_address() -> None:
    found = make.captured(build())
    record = make.only(found, "RecordSet")
    assert record.inputs["managedZone"] == ZONE
    assert record.inputs["name"] == f"{DOMAIN}."
    assert (record.inputs["type"], record.inputs["rrdatas"]) == ("A", ["198.51.100.7"])
    assert any(title.startswith("Service ") and "dns" in title for title in make.waits_for(found, record))


def test_a_public_address_is_of_the_tier_that_services_have() -> None:
    found = make.captured(build(), preview=False)
    address = make.only(found, "Address")
    inputs = address.inputs
    assert (inputs["addressType"], inputs["networkTier"]) == ("EXTERNAL", "PREMIUM")
    assert inputs["region"] == make.REGION, "a global address fits no passthrough load balancer"
    assert "subnetwork" not in inputs
    assert any("compute" in title for title in make.waits_for(found, address))


def test_an_internal_address_is_one_of_the_subnet() -> None:
    inputs = make.only(make.captured(build(public=False)), "Address").inputs
    assert (inputs["addressType"], inputs["subnetwork"]) == ("INTERNAL", make.SUBNET)
    assert inputs["purpose"] == "GCE_ENDPOINT"
    assert "networkTier" not in inputs


@pytest.mark.parametrize("zone", ["example.com.", "llm.example.com.", "com."])
def test_a_zone_that_holds_the_domain(zone: str) -> None:
    assert make.only(in_zone(zone), "RecordSet").inputs["name"] == f"{DOMAIN}."


@pytest.mark.parametrize("zone", ["example.org.", "ample.com."])
def test_a_zone_that_does_not_is_refused(zone: str) -> None:
    said = rf"{ZONE} is the zone of {zone.rstrip('.')}, and {DOMAIN} is not inside it"
    with pytest.raises(pulumi.RunError, match=said):
        in_zone(zone)
