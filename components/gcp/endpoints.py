"""Private Service Connect for Google's APIs: one address inside the network that answers for all of them."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.gcp.labels import Text, labels

BUNDLES = ("all-apis", "vpc-sc")
"""What one endpoint can stand for: every API, or those that VPC Service Controls can fence."""

DOMAINS = ("googleapis.com", "gcr.io", "pkg.dev")
"""Domains whose names all resolve to the endpoint: APIs, and both registries of images."""

CANDIDATES = ("100.100.100.105", "192.168.255.253", "172.31.255.253", "10.255.255.253")
"""Addresses of which one lies outside every range of the network, as the endpoint's must
(https://cloud.google.com/vpc/docs/configure-private-service-connect-apis#ip-address-requirements)."""

RULE_NAME_HASH = 12
"""The endpoint's name is 1 to 20 lower case letters and digits (same source) and unique in the project, so
it is a hash of the cluster's name."""

DNS_TTL_S = 300


@dataclass(frozen=True)
class EndpointsArgs:
    """``bundle``: one of ``BUNDLES``. ``ranges``: all ranges of the network. ``before``: the APIs of DNS and
    of Service Directory, where Google registers the endpoint."""

    bundle: str
    project: str
    cluster_name: str
    network_id: Text
    ranges: tuple[str, ...]
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Endpoints(Component):
    """The endpoint and private zones that lead every name of Google's APIs and registries to it.

    It does not replace NAT: charts, images and external model providers are outside Google (D25).

    Attributes:
        address: the endpoint's address, plain.
        ready: the endpoint and its names. A name that leads to no endpoint yet is worse than none: whoever
            calls Google's APIs waits for these.
    """

    TYPE = "ai-gateway:gcp:Endpoints"

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        if args.bundle not in BUNDLES:
            raise ValueError(f"no such bundle of Google APIs: {args.bundle}; use {' or '.join(BUNDLES)}")
        self.address = free_address(args.ranges)
        rule = self._endpoint()
        self.ready: list[pulumi.Resource] = [rule]
        for domain in DOMAINS:
            self.ready += self._zone(domain, rule)
        self.register_outputs({"address": self.address})

    def _endpoint(self) -> gcp.compute.GlobalForwardingRule:
        args = self._args
        address = gcp.compute.GlobalAddress(
            self.prefix,
            project=args.project,
            network=args.network_id,
            address_type="INTERNAL",
            purpose="PRIVATE_SERVICE_CONNECT",
            address=self.address,
            labels=labels(args.tags),
            opts=self.child(),
        )
        return gcp.compute.GlobalForwardingRule(
            self.prefix,
            name=rule_name(args.cluster_name),
            project=args.project,
            network=args.network_id,
            target=args.bundle,
            ip_address=address.id,
            load_balancing_scheme="",  # any other value makes it a load balancer
            opts=self.child(depends_on=[*args.before]),  # the API refuses labels here
        )

    def _zone(self, domain: str, rule: gcp.compute.GlobalForwardingRule) -> list[gcp.dns.RecordSet]:
        args, name = self._args, f"{self.prefix}-{domain.replace('.', '-')}"
        visible = gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=args.network_id)
        zone = gcp.dns.ManagedZone(
            name,
            project=args.project,
            dns_name=f"{domain}.",
            description=f"{domain} inside the network of {args.cluster_name}",
            visibility="private",
            private_visibility_config=gcp.dns.ManagedZonePrivateVisibilityConfigArgs(networks=[visible]),
            labels=labels(args.tags),
            opts=self.child(depends_on=[*args.before]),
        )
        return [
            gcp.dns.RecordSet(
                f"{name}-{kind.lower()}",
                project=args.project,
                managed_zone=zone.name,
                name=f"{record}{domain}.",
                type=kind,
                ttl=DNS_TTL_S,
                rrdatas=[target],
                opts=self.child(depends_on=[rule]),
            )
            for record, kind, target in (("", "A", self.address), ("*.", "CNAME", f"{domain}."))
        ]


def rule_name(cluster_name: str) -> str:
    """The endpoint's name."""
    return f"psc{hashlib.sha256(cluster_name.encode()).hexdigest()[:RULE_NAME_HASH]}"


def free_address(ranges: Iterable[str]) -> str:
    """The first candidate in none of ``ranges``.

    Raises:
        ValueError: the network takes all of them.
    """
    taken = [ipaddress.ip_network(cidr) for cidr in ranges]
    for candidate in CANDIDATES:
        if not any(ipaddress.ip_address(candidate) in network for network in taken):
            return candidate
    raise ValueError(f"{', '.join(CANDIDATES)} are all inside the network; use a narrower network.cidr")
