"""The gateway's name in Cloud DNS, and the address that is reserved for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.domains import RECORD_TTL_S, inside
from components.gcp.labels import labels
from sizing.specs import DnsSpec


@dataclass(frozen=True)
class DnsArgs:
    """``public`` False reserves an address of ``subnet_id`` for the internal load balancer. ``before``: the
    APIs of Compute Engine and Cloud DNS."""

    spec: DnsSpec
    project: str
    region: str
    subnet_id: pulumi.Output[str]
    public: bool
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Dns(Component):
    """The record of the gateway's domain in a managed zone that exists, and a reserved address.

    The address outlives the Service: a load balancer that is made anew has the same, and clients with a
    cached answer still find it. Makes no zone and no certificate: TLS ends in the gateway.

    Attributes:
        address: of the gateway's Service.
    """

    TYPE = "ai-gateway:gcp:Dns"

    def __init__(self, name: str, args: DnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        # the zone exists, so the API was on before this stack
        zone = gcp.dns.get_managed_zone_output(
            name=args.spec.zone, project=args.project, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        self._record_name = zone.dns_name.apply(
            lambda found: f"{inside(args.spec.domain, found, args.spec.zone)}."
        )
        self.address = self._reserved().address
        self.register_outputs({"address": self.address})

    def publish(self, address: pulumi.Output[str]) -> None:
        """The address that the load balancer has, which is the reserved one."""
        gcp.dns.RecordSet(
            f"{self.prefix}-gateway",
            project=self._args.project,
            managed_zone=self._args.spec.zone,
            name=self._record_name,
            type="A",
            ttl=RECORD_TTL_S,
            rrdatas=[address],
            opts=self.child(depends_on=list(self._args.before)),
        )

    def _reserved(self) -> gcp.compute.Address:
        """Regional as the passthrough load balancer, in whose tier an external one must be
        (https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer-parameters)."""
        args = self._args
        return gcp.compute.Address(
            f"{self.prefix}-gateway",
            project=args.project,
            region=args.region,
            address_type="EXTERNAL" if args.public else "INTERNAL",
            network_tier="PREMIUM" if args.public else None,
            subnetwork=None if args.public else args.subnet_id,
            purpose=None if args.public else "GCE_ENDPOINT",
            labels=labels(args.tags),
            opts=self.child(depends_on=list(args.before)),
        )
