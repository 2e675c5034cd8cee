"""The VPC network: one subnet in the region, the way out, private access to Google's services, flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component, safe_name
from components.gcp import services as api
from components.gcp.endpoints import Endpoints, EndpointsArgs
from components.gcp.labels import labels
from components.gcp.logs import RetainedLogs, RetainedLogsArgs
from components.gcp.services import Services
from sizing.specs import NetworkSpec

POD_RANGE, SERVICE_RANGE = "pods", "services"

ANYWHERE = "0.0.0.0/0"

LAST_PRIORITY = 65534
"""The lowest but one: the implied rule, which cannot log, is 65535."""

PRIVATE_SERVICES_PREFIX = 20
"""Cloud SQL takes a /24 per region from the range of private services; /20 leaves room for other services
and cannot be enlarged in place
(https://cloud.google.com/vpc/docs/configure-private-services-access#allocating-range)."""

REDIS_SERVICE_CLASS = "gcp-memorystore-redis"

FLOW_SAMPLING = 0.5
FLOW_INTERVAL = "INTERVAL_10_MIN"
"""Half of the flows, a record per connection and ten minutes: Google's default share, and the same interval
as on other clouds; 5 seconds, the default, writes a hundred times as many records."""

MIN_PORTS, MAX_PORTS = 256, 8192
"""Connections of one node to one destination through NAT. Each address has 64,512 ports, so 252 nodes fit
with the minimum; a busy node gets more when it needs them
(https://cloud.google.com/nat/docs/ports-and-addresses)."""

LOG_NAME_LIMIT = 90
"""A log bucket's id has at most 100 characters, of which the suffix takes 9."""


@dataclass(frozen=True)
class NetworkArgs:
    """``services`` enables the APIs."""

    spec: NetworkSpec
    cluster_name: str
    project: str
    region: str
    services: Services
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Network(Component):
    """A VPC network with one regional subnet for nodes, and secondary ranges for pods and Services.

    - Nodes have no public address; they leave through Cloud NAT, which is regional and survives a zone. Its
      addresses (``nat_gateways`` of them) are reserved, so that others can allow-list them.
    - Google's APIs are reached without public addresses (Private Google Access); where the specification
      asks for it, through an endpoint inside the network.
    - Managed services come in two ways: Cloud SQL over a peering with Google's network, in a range of its
      own; Memorystore over endpoints that a connection policy lets Google make in the subnet. Both must be
      there before the service is.
    - Nothing comes in but what GKE's own rules let in. The rule that says so logs when flows are logged.

    Does not create anything that holds data.

    Attributes:
        network_id, subnet_id: full names.
        egress: what must exist before a node reaches the internet and Google's APIs, and must outlive it.
        private_services: the peering; Cloud SQL depends on it.
        redis_policy: Memorystore depends on it.
    """

    TYPE = "ai-gateway:gcp:Network"

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        if len(args.spec.private_cidrs) != 1 or not args.spec.pod_cidr:
            raise ValueError("the network needs one range for nodes (private_cidrs) and one for pods")
        if args.spec.nat_gateways < 1:
            raise ValueError("nodes without public addresses need at least one NAT address")
        self.network = self._network()
        self.network_id: pulumi.Output[str] = self.network.id
        self.subnet = self._subnet()
        self.subnet_id: pulumi.Output[str] = self.subnet.id
        self.egress: list[pulumi.Resource] = [self._nat()]
        self.private_services = self._private_services()
        self.redis_policy = self._redis_policy()
        self._deny_the_rest()
        self.egress += self._endpoints()
        self._flow_logs()
        self.register_outputs({"network_id": self.network_id, "subnet_id": self.subnet_id})

    def _network(self) -> gcp.compute.Network:
        return gcp.compute.Network(
            self.prefix,
            project=self._args.project,
            description=f"{self._args.cluster_name}: network",
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            opts=self.child(depends_on=[*self._args.services.of(api.COMPUTE)]),
        )

    def _subnet(self) -> gcp.compute.Subnetwork:
        spec, secondary = self._args.spec, gcp.compute.SubnetworkSecondaryIpRangeArgs
        log = gcp.compute.SubnetworkLogConfigArgs(
            aggregation_interval=FLOW_INTERVAL,
            flow_sampling=FLOW_SAMPLING,
            metadata="INCLUDE_ALL_METADATA",
        )
        return gcp.compute.Subnetwork(
            self.prefix,
            project=self._args.project,
            region=self._args.region,
            network=self.network_id,
            ip_cidr_range=spec.private_cidrs[0],
            secondary_ip_ranges=[
                secondary(range_name=POD_RANGE, ip_cidr_range=spec.pod_cidr),
                secondary(range_name=SERVICE_RANGE, ip_cidr_range=spec.service_cidr),
            ],
            private_ip_google_access=True,
            log_config=None if spec.flow_log_retention_days is None else log,
            opts=self.child(),
        )

    def _nat(self) -> gcp.compute.RouterNat:
        args = self._args
        addresses = [
            gcp.compute.Address(
                f"{self.prefix}-nat-{number}",
                project=args.project,
                region=args.region,
                address_type="EXTERNAL",
                labels=labels(args.tags),
                opts=self.child(depends_on=[*args.services.of(api.COMPUTE)]),
            )
            for number in range(1, args.spec.nat_gateways + 1)
        ]
        router = gcp.compute.Router(
            self.prefix,
            project=args.project,
            region=args.region,
            network=self.network_id,
            opts=self.child(),
        )
        return gcp.compute.RouterNat(
            self.prefix,
            project=args.project,
            region=args.region,
            router=router.name,
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[address.self_link for address in addresses],
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            enable_dynamic_port_allocation=True,
            enable_endpoint_independent_mapping=False,  # dynamic ports exclude it
            min_ports_per_vm=MIN_PORTS,
            max_ports_per_vm=MAX_PORTS,
            log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
            opts=self.child(),
        )

    def _private_services(self) -> gcp.servicenetworking.Connection:
        """Google chooses the range, so the subnet's must be taken before."""
        args = self._args
        reserved = gcp.compute.GlobalAddress(
            f"{self.prefix}-private-services",
            project=args.project,
            network=self.network_id,
            address_type="INTERNAL",
            purpose="VPC_PEERING",
            prefix_length=PRIVATE_SERVICES_PREFIX,
            labels=labels(args.tags),
            opts=self.child(depends_on=[self.subnet]),
        )
        return gcp.servicenetworking.Connection(
            f"{self.prefix}-private-services",
            network=self.network_id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[reserved.name],
            deletion_policy="REMOVE_PEERING",  # a deleted database holds the connection for days
            opts=self.child(depends_on=[*args.services.of(api.PRIVATE_SERVICES)]),
        )

    def _redis_policy(self) -> gcp.networkconnectivity.ServiceConnectionPolicy:
        """https://cloud.google.com/memorystore/docs/cluster/networking"""
        args, module = self._args, gcp.networkconnectivity
        return module.ServiceConnectionPolicy(
            f"{self.prefix}-redis",
            project=args.project,
            location=args.region,
            network=self.network_id,
            service_class=REDIS_SERVICE_CLASS,
            description=f"{args.cluster_name}: endpoints of the cache",
            psc_config=module.ServiceConnectionPolicyPscConfigArgs(subnetworks=[self.subnet_id]),
            labels=labels(args.tags),
            opts=self.child(depends_on=[*args.services.of(api.PRIVATE_CONNECTIONS, api.PRIVATE_CONSUMERS)]),
        )

    def _deny_the_rest(self) -> None:
        logged = self._args.spec.flow_log_retention_days is not None
        gcp.compute.Firewall(
            f"{self.prefix}-deny",
            project=self._args.project,
            network=self.network_id,
            description="Everything that no other rule lets in",
            direction="INGRESS",
            priority=LAST_PRIORITY,
            source_ranges=[ANYWHERE],
            denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="EXCLUDE_ALL_METADATA") if logged else None,
            opts=self.child(),
        )

    def _endpoints(self) -> list[pulumi.Resource]:
        args, spec = self._args, self._args.spec
        if not spec.interface_endpoints:
            return []
        [bundle] = spec.interface_endpoints  # one address answers for all APIs
        endpoints = Endpoints(
            f"{self.prefix}-endpoints",
            EndpointsArgs(
                bundle=bundle,
                project=args.project,
                cluster_name=args.cluster_name,
                network_id=self.network_id,
                ranges=tuple(
                    cidr
                    for cidr in (spec.cidr, spec.pod_cidr, spec.service_cidr, spec.control_plane_cidr)
                    if cidr
                ),
                before=args.services.of(api.DNS, api.DIRECTORY),
                tags=args.tags,
            ),
            self.child(),
        )
        return endpoints.ready

    def _flow_logs(self) -> None:
        args = self._args
        if args.spec.flow_log_retention_days is None:
            return
        selected = pulumi.Output.concat(
            'log_id("compute.googleapis.com/vpc_flows") AND resource.labels.subnetwork_name="',
            self.subnet.name,
            '"',
        )
        RetainedLogs(
            f"{self.prefix}-flow-logs",
            RetainedLogsArgs(
                project=args.project,
                region=args.region,
                name=safe_name(f"{args.cluster_name}-flows", LOG_NAME_LIMIT),
                description=f"{args.cluster_name}: flows of the network",
                filter=selected,
                retention_days=args.spec.flow_log_retention_days,
                before=args.services.of(api.LOGGING),
            ),
            self.child(),
        )
