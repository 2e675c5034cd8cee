"""VPC endpoints: AWS services reached without leaving the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.base import Component, merge_tags

HTTPS = 443

GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})
"""Services with a free gateway endpoint. An interface endpoint of theirs would cost and, for S3, take the
gateway's private DNS name, so they are refused as interface endpoints."""


@dataclass(frozen=True)
class EndpointsArgs:
    """``services``: short names of interface endpoints ("ecr.api", "sts"), as in
    com.amazonaws.<region>.<name>."""

    services: tuple[str, ...]
    cluster_name: str
    region: str
    vpc_id: Text
    cidr: str
    subnet_ids: Sequence[Text]
    route_table_ids: Sequence[Text]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Endpoints(Component):
    """The S3 gateway endpoint, always, and interface endpoints with private DNS as ordered.

    No endpoint has a policy of its own. The gateway takes all S3 traffic of the region, also anonymous
    downloads of image layers that public registries keep in buckets of theirs, which a policy of "our buckets
    only" would break; the roles' policies say what workloads may do. Interface endpoints answer the VPC's
    addresses on port 443 and nothing else. They do not replace NAT: charts, images and external model
    providers are outside AWS (D25).

    Attributes:
        s3: the gateway endpoint.
        interfaces: short name -> interface endpoint.
    """

    TYPE = "ai-gateway:aws:Endpoints"

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        _refuse_conflicts(args.services)
        self.s3 = aws.ec2.VpcEndpoint(
            f"{self.prefix}-s3",
            vpc_id=args.vpc_id,
            service_name=self._service("s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=list(args.route_table_ids),
            tags=self._tags("s3"),
            opts=self.child(),
        )
        self.interfaces: dict[str, aws.ec2.VpcEndpoint] = self._interfaces() if args.services else {}
        self.register_outputs({})

    def _service(self, short: str) -> str:
        return f"com.amazonaws.{self._args.region}.{short}"

    def _tags(self, part: str) -> dict[str, str]:
        return merge_tags(self._args.tags, Name=f"{self._args.cluster_name}-{part}")

    def _interfaces(self) -> dict[str, aws.ec2.VpcEndpoint]:
        group = self._security_group()
        return {
            short: aws.ec2.VpcEndpoint(
                f"{self.prefix}-{short.replace('.', '-')}",
                vpc_id=self._args.vpc_id,
                service_name=self._service(short),
                vpc_endpoint_type="Interface",
                subnet_ids=list(self._args.subnet_ids),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._tags(short),
                opts=self.child(),
            )
            for short in self._args.services
        }

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """HTTPS from the VPC; no way out, since an endpoint only answers."""
        group = aws.ec2.SecurityGroup(
            self.prefix,
            description="Interface endpoints: HTTPS from the VPC",
            vpc_id=self._args.vpc_id,
            tags=self._tags("endpoints"),
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.prefix}-https",
            security_group_id=group.id,
            description="HTTPS from nodes and pods",
            cidr_ipv4=self._args.cidr,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=self._tags("endpoints"),
            opts=self.child(),
        )
        return group


def _refuse_conflicts(services: tuple[str, ...]) -> None:
    """Two endpoints of one service fight for one private DNS name: EC2 refuses the second.

    Raises:
        ValueError: a service appears twice, or has the gateway endpoint.
    """
    twice = sorted({short for short in services if services.count(short) > 1})
    if twice:
        raise ValueError(f"interface endpoints listed twice: {', '.join(twice)}; list each once")
    free = sorted(GATEWAY_SERVICES.intersection(services))
    if free:
        raise ValueError(
            f"{', '.join(free)}: reached through a gateway endpoint; remove it from the interfaces"
        )
