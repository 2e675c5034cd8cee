"""The gateway's name in Route 53, and the certificate that a record in its zone proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.base import Component, merge_tags
from components.domains import RECORD_TTL_S, inside
from sizing.specs import DnsSpec


@dataclass(frozen=True)
class DnsArgs:
    """``region`` is the load balancer's: its certificate must be there, and its names are in a zone of it."""

    spec: DnsSpec
    region: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Dns(Component):
    """The record of the gateway's domain in a hosted zone that exists, and its certificate.

    ACM issues the certificate once a record in the zone proves the domain, and renews it as long as that
    record stays. It looks from outside: the zone must be public, and the domain's registrar must point to it.
    Makes no zone.

    Attributes:
        certificate_arn: of the issued certificate; None when none is asked for.
    """

    TYPE = "ai-gateway:aws:Dns"

    def __init__(self, name: str, args: DnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        zone = aws.route53.get_zone_output(
            zone_id=args.spec.zone, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        self._domain = zone.apply(lambda found: _checked(args.spec, found))
        self.certificate_arn = self._certificate() if args.spec.certificate else None
        self.register_outputs({"certificate_arn": self.certificate_arn})

    def publish(self, address: pulumi.Output[str]) -> None:
        """An alias of the network load balancer: it follows the balancer's addresses, also at the zone's top.

        There is one target, so its health would change no answer.
        """
        balancers = aws.lb.get_hosted_zone_id_output(
            region=self._args.region,
            load_balancer_type="network",
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        alias = aws.route53.RecordAliasArgs(name=address, zone_id=balancers.id, evaluate_target_health=False)
        aws.route53.Record(
            f"{self.prefix}-gateway",
            zone_id=self._args.spec.zone,
            name=self._domain,
            type="A",
            aliases=[alias],
            opts=self.child(),
        )

    def _certificate(self) -> pulumi.Output[str]:
        """ARN of the certificate as soon as it is issued: a listener takes no other."""
        certificate = aws.acm.Certificate(
            f"{self.prefix}-gateway",
            domain_name=self._domain,
            validation_method="DNS",
            region=self._args.region,
            tags=merge_tags(self._args.tags, Name=self._args.spec.domain),
            opts=self.child(),
        )
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{self.prefix}-proof",
            zone_id=self._args.spec.zone,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=RECORD_TTL_S,
            # of account and domain alone: an earlier certificate of the domain has left the same one
            allow_overwrite=True,
            opts=self.child(),
        )
        return aws.acm.CertificateValidation(
            f"{self.prefix}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=self._args.region,
            opts=self.child(),
        ).certificate_arn


def _checked(spec: DnsSpec, zone: aws.route53.GetZoneResult) -> str:
    """The domain. Raises RunError where its certificate would wait for a proof that nobody can see."""
    if spec.certificate and zone.private_zone:
        raise pulumi.RunError(
            f"ingress.dnsZone: {spec.zone} is private, and ACM proves a domain in public zones only."
            " Set ingress.certificateArn to a certificate that exists, or name a public zone."
        )
    return inside(spec.domain, zone.name, spec.zone)
