"""The VPC: three kinds of subnets in every zone, the way out, private access to AWS services, flow logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.endpoints import Endpoints, EndpointsArgs
from components.aws.flow_logs import FlowLogs, FlowLogsArgs
from components.aws.iam import Text
from components.base import Component, merge_tags
from sizing.specs import NetworkSpec

ANYWHERE = "0.0.0.0/0"

INTERNAL_LOAD_BALANCERS = {"kubernetes.io/role/internal-elb": "1"}
INTERNET_LOAD_BALANCERS = {"kubernetes.io/role/elb": "1"}
"""Tags by which the load balancer controller finds subnets
(https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/)."""


@dataclass(frozen=True)
class NetworkArgs:
    """``log_key_arn`` encrypts the flow logs; its policy must let CloudWatch Logs use it."""

    spec: NetworkSpec
    cluster_name: str
    account_id: Text
    region: str
    partition: Text
    log_key_arn: Text
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Network(Component):
    """A VPC with private (nodes, pods), public (load balancers, NAT) and isolated data subnets in every zone.

    Private subnets reach the internet through NAT gateways (one, or one per zone), data subnets reach nothing
    outside the VPC. S3 is reached through the free gateway endpoint. The default security group allows
    nothing. Does not create security groups of workloads, subnet groups, or anything that holds data.

    Attributes:
        vpc_id: the VPC.
        cidr: its address range.
        private_subnet_ids, public_subnet_ids, data_subnet_ids: in the order of the specification's zones.
        zone_names: this account's names of those zones, for services that take no zone id.
        egress: what must exist before a node in a private subnet reaches the internet, and must outlive it:
            let the cluster depend on these, since a subnet's id alone does not order it after its routes.
    """

    TYPE = "ai-gateway:aws:Network"

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        spec = args.spec
        if not 1 <= spec.nat_gateways <= len(spec.zones):
            raise ValueError(
                f"{spec.nat_gateways} NAT gateways for {len(spec.zones)} zones: order one, or one per zone"
            )
        self.cidr = spec.cidr
        self.vpc = self._vpc()
        self.vpc_id: pulumi.Output[str] = self.vpc.id
        self.egress: list[pulumi.Resource] = []
        private = self._subnets("private", spec.private_cidrs, INTERNAL_LOAD_BALANCERS)
        public = self._subnets("public", spec.public_cidrs, INTERNET_LOAD_BALANCERS)
        data = self._subnets("data", spec.data_cidrs, {})
        gateway = self._public_routes(public)
        private_tables = self._private_routes(private, self._nat_gateways(public, gateway))
        self._data_routes(data)
        self.private_subnet_ids: list[pulumi.Output[str]] = [subnet.id for subnet in private]
        self.public_subnet_ids: list[pulumi.Output[str]] = [subnet.id for subnet in public]
        self.data_subnet_ids: list[pulumi.Output[str]] = [subnet.id for subnet in data]
        self.zone_names: list[pulumi.Output[str]] = [subnet.availability_zone for subnet in data]
        self.endpoints = self._endpoints(private_tables)
        self._flow_logs()
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "public_subnet_ids": self.public_subnet_ids,
                "data_subnet_ids": self.data_subnet_ids,
            }
        )

    def _tags(self, part: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return merge_tags(self._args.tags, Name=f"{self._args.cluster_name}-{part}", **(extra or {}))

    def _vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            self.prefix,
            cidr_block=self._args.spec.cidr,
            enable_dns_hostnames=True,  # private DNS of interface endpoints needs both
            enable_dns_support=True,
            tags=self._tags("vpc"),
            opts=self.child(),
        )
        # adopts the group that every VPC has, and removes its rules: what forgets its own group reaches
        # nothing
        aws.ec2.DefaultSecurityGroup(
            f"{self.prefix}-default", vpc_id=vpc.id, tags=self._tags("default-unused"), opts=self.child()
        )
        return vpc

    def _subnets(self, kind: str, cidrs: tuple[str, ...], extra: Mapping[str, str]) -> list[aws.ec2.Subnet]:
        """One subnet per zone, named after the zone so that another order of zones replaces nothing."""
        cluster = {f"kubernetes.io/cluster/{self._args.cluster_name}": "shared"} if extra else {}
        return [
            aws.ec2.Subnet(
                f"{self.prefix}-{kind}-{zone}",
                vpc_id=self.vpc_id,
                cidr_block=cidr,
                availability_zone=zone if self._is_zone_name(zone) else None,
                availability_zone_id=None if self._is_zone_name(zone) else zone,
                map_public_ip_on_launch=False,
                tags=self._tags(f"{kind}-{zone}", {**extra, **cluster}),
                opts=self.child(),
            )
            for zone, cidr in zip(self._args.spec.zones, cidrs, strict=True)
        ]

    def _is_zone_name(self, zone: str) -> bool:
        """Whether ``zone`` is a name (us-east-1a), which differs between accounts, not an id (use1-az1)."""
        return re.fullmatch(rf"{re.escape(self._args.region)}[a-z]", zone) is not None

    def _table(self, part: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self.prefix}-{part}", vpc_id=self.vpc_id, tags=self._tags(part), opts=self.child()
        )

    def _associate(
        self, part: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self.prefix}-{part}", subnet_id=subnet.id, route_table_id=table.id, opts=self.child()
        )

    def _public_routes(self, public: list[aws.ec2.Subnet]) -> aws.ec2.InternetGateway:
        gateway = aws.ec2.InternetGateway(
            self.prefix, vpc_id=self.vpc_id, tags=self._tags("internet"), opts=self.child()
        )
        table = self._table("public")
        route = aws.ec2.Route(
            f"{self.prefix}-public",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self.child(),
        )
        zones = zip(self._args.spec.zones, public, strict=True)
        self.egress += [route, *(self._associate(f"public-{zone}", subnet, table) for zone, subnet in zones)]
        return gateway

    def _nat_gateways(
        self, public: list[aws.ec2.Subnet], gateway: aws.ec2.InternetGateway
    ) -> list[aws.ec2.NatGateway]:
        """NAT gateways in the first zones. They and their addresses need the internet gateway, and go before
        it."""
        count = self._args.spec.nat_gateways
        gateways: list[aws.ec2.NatGateway] = []
        for zone, subnet in list(zip(self._args.spec.zones, public, strict=True))[:count]:
            address = aws.ec2.Eip(
                f"{self.prefix}-nat-{zone}",
                domain="vpc",
                tags=self._tags(f"nat-{zone}"),
                opts=self.child(depends_on=[gateway]),
            )
            gateways.append(
                aws.ec2.NatGateway(
                    f"{self.prefix}-{zone}",
                    allocation_id=address.id,
                    subnet_id=subnet.id,
                    tags=self._tags(f"nat-{zone}"),
                    opts=self.child(depends_on=[gateway]),
                )
            )
        return gateways

    def _private_routes(
        self, private: list[aws.ec2.Subnet], gateways: list[aws.ec2.NatGateway]
    ) -> list[aws.ec2.RouteTable]:
        """A table per zone; with fewer NAT gateways than zones, zones share them in turn."""
        tables: list[aws.ec2.RouteTable] = []
        for index, (zone, subnet) in enumerate(zip(self._args.spec.zones, private, strict=True)):
            table = self._table(f"private-{zone}")
            route = aws.ec2.Route(
                f"{self.prefix}-private-{zone}",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateways[index % len(gateways)].id,
                opts=self.child(),
            )
            self.egress += [route, self._associate(f"private-{zone}", subnet, table)]
            tables.append(table)
        return tables

    def _data_routes(self, data: list[aws.ec2.Subnet]) -> None:
        """One table with nothing in it but the VPC itself: databases neither reach the internet nor are
        reached."""
        table = self._table("data")
        for zone, subnet in zip(self._args.spec.zones, data, strict=True):
            self._associate(f"data-{zone}", subnet, table)

    def _endpoints(self, private_tables: list[aws.ec2.RouteTable]) -> Endpoints:
        return Endpoints(
            f"{self.prefix}-endpoints",
            EndpointsArgs(
                services=self._args.spec.interface_endpoints,
                cluster_name=self._args.cluster_name,
                region=self._args.region,
                vpc_id=self.vpc_id,
                cidr=self.cidr,
                subnet_ids=self.private_subnet_ids,
                route_table_ids=[table.id for table in private_tables],
                tags=self._args.tags,
            ),
            self.child(),
        )

    def _flow_logs(self) -> None:
        args = self._args
        if args.spec.flow_log_retention_days is None:
            return
        FlowLogs(
            f"{self.prefix}-flow-logs",
            FlowLogsArgs(
                vpc_id=self.vpc_id,
                account_id=args.account_id,
                region=args.region,
                partition=args.partition,
                retention_days=args.spec.flow_log_retention_days,
                key_arn=args.log_key_arn,
                tags=args.tags,
            ),
            self.child(),
        )
