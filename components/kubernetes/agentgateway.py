"""The agent gateway: controller, data plane and the way in. Guide 2.2, D1.

Names of the APIs: https://agentgateway.dev/docs/kubernetes/latest and https://gateway-api.sigs.k8s.io.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts
from components.kubernetes.certificates import private_authority, server_certificate
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.gateway_address import reached_by
from components.kubernetes.gateway_objects import (
    GATEWAY_API,
    Traffic,
    gateway_spec,
    policy_spec,
    redirect_spec,
    reference_grant_spec,
    route_spec,
    traffic_spec,
)
from components.kubernetes.gateway_parameters import parameters_spec
from components.kubernetes.labels import own_labels
from components.kubernetes.placement import labels_of, spread_by_affinity
from components.kubernetes.release import helm_release
from components.kubernetes.security import SECCOMP
from sizing.specs import AgentGatewaySpec, Workloads

RELEASE = "agentgateway"
GATEWAY = "edge"

GATEWAY_API_VERSION = "v1.6.1"
"""Standard channel; agentgateway 1.4 supports 1.4 to 1.6
(https://agentgateway.dev/docs/kubernetes/latest/reference/versions/)."""

GATEWAY_API_URL = f"https://github.com/kubernetes-sigs/gateway-api/releases/download/{GATEWAY_API_VERSION}/standard-install.yaml"
"""There is no chart of it. The Kubernetes provider fetches the file when it previews or deploys."""

XDS_CERTIFICATE = "kgateway-xds-cert"
"""The name is fixed in the controller (controller/api/settings). With a certificate of cert-manager in it
the controller does not issue its own, which lives for 24 hours and was not renewed in 1.4.1, so that new
proxies could not start after a day: https://github.com/agentgateway/agentgateway/issues/3166."""

TLS_CERTIFICATE = "edge-tls"

WAIT_PROGRAMMED = {"pulumi.com/waitFor": "condition=Programmed"}
"""The Gateway has an address: the load balancer exists."""


@dataclass(frozen=True)
class AgentGatewayArgs:
    """Inputs of ``AgentGateway``.

    Attributes:
        spec: autoscaler, domain, drain times.
        workloads: holds ``agentgateway`` (data plane) and ``agentgateway-controller``.
        bindings: annotations and class of the load balancer. They also carry what ``spec.public`` and
            its certificate mean to a cloud (scheme, certificate on the listener).
        litellm: the Service behind the gateway.
        request_timeout_s: the longest answer LiteLLM may take.
        otlp: where traces go (OTLP over gRPC).
        trace_sampling_percent: share of the requests that are traced.
        cert_manager: the cert-manager release.
        cluster_issuer: a ClusterIssuer that signs for ``spec.domain``; None takes a private authority.
        install_gateway_api: False where the cluster brings the Gateway API's kinds itself.
        ready: namespaces, monitoring CRDs, the load balancer controller, LiteLLM's namespace.
        backend_ready: LiteLLM's release. Only the route waits for it: everything else, the load balancer
            above all, takes minutes of its own.
    """

    spec: AgentGatewaySpec
    workloads: Workloads
    bindings: Bindings
    litellm: ServiceEndpoint
    request_timeout_s: int
    otlp: ServiceEndpoint
    trace_sampling_percent: int
    cert_manager: pulumi.Resource
    cluster_issuer: str | None = None
    install_gateway_api: bool = True
    ready: tuple[pulumi.Resource, ...] = ()
    backend_ready: tuple[pulumi.Resource, ...] = ()


class AgentGateway(Component):
    """One Gateway with a load balancer in front and LiteLLM behind it.

    With a domain the way in is HTTPS, and HTTP redirects to it. TLS ends at the load balancer when it holds
    the certificate, else in the gateway with a certificate of ``cluster_issuer`` or of a private authority,
    whose ``ca.crt`` clients must be given (Secret ``edge-tls``). Without a domain there is HTTP only, which
    is accepted for an internal load balancer and refused for a public one: API keys
    would travel in the clear.

    The route passes requests on as they are; keys, budgets and models are LiteLLM's business. A token of an
    issuer, and a limit of requests, can be asked for in front of that. Streams are not buffered. It makes no
    DNS record: the cloud's ``Dns`` points the domain at ``address``, people at ``address_command``'s output.

    Attributes:
        url: where clients call, or ``http://<address>`` when there is no domain.
        address_command: prints the load balancer's address.
        address: host name or IP address of the load balancer; None when nobody makes a record of it.

    Raises:
        ValueError: public without a domain.
    """

    TYPE = "ai-gateway:kubernetes:AgentGateway"

    def __init__(self, name: str, args: AgentGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        if args.spec.public and args.spec.domain is None:
            raise ValueError(
                "ingress.domain is not set, but the gateway is public: without a domain there is no "
                "certificate and API keys would travel unencrypted; set ingress.domain or make the load "
                "balancer internal"
            )
        self.args = args
        self.workload = args.workloads["agentgateway"]
        self.namespace = self.workload.namespace
        self.url = f"https://{args.spec.domain}" if args.spec.domain else "http://<address>"
        self.address_command = (
            f"kubectl -n {self.namespace} get gateway {GATEWAY} -o jsonpath='{{.status.addresses[0].value}}'"
        )
        self.crds = self._crds()
        self.controller = self._controller()
        self.gateway = self._gateway()
        self._routes()
        self.address = None if args.spec.dns is None else self._address()
        self.register_outputs({"url": self.url, "address_command": self.address_command})

    def _crds(self) -> list[pulumi.Resource]:
        """Kinds first and apart: Helm neither upgrades nor orders them."""
        api: list[pulumi.Resource] = []
        if self.args.install_gateway_api:
            api.append(
                k8s.yaml.v2.ConfigFile(
                    f"{self.prefix}-gateway-api",
                    file=GATEWAY_API_URL,
                    opts=self.child(depends_on=list(self.args.ready)),
                )
            )
        own = helm_release(
            self,
            charts.AGENTGATEWAY_CRDS,
            name="agentgateway-crds",
            namespace=self.namespace,
            values={},
            depends_on=self.args.ready,
        )
        return [*api, own]

    def _controller(self) -> k8s.helm.v3.Release:
        workload = self.args.workloads["agentgateway-controller"]
        labels = labels_of("agentgateway", RELEASE)
        controller: dict[str, object] = {
            "replicaCount": workload.replicas,
            "priorityClassName": workload.priority_class,
        }
        if workload.max_unavailable is not None and workload.replicas > 1:
            controller["podDisruptionBudget"] = {"maxUnavailable": workload.max_unavailable}
        values: dict[str, object] = {
            "controller": controller,
            "resources": workload.container("controller").resources(),
            "affinity": spread_by_affinity(workload, labels),
            "podSecurityContext": dict(SECCOMP),
            # Its dashboard would lie in a namespace where nobody looks for one; ours shows the same.
            "monitoring": {"enabled": True, "grafanaDashboard": {"enabled": False}},
        }
        return helm_release(
            self,
            charts.AGENTGATEWAY,
            name=RELEASE,
            namespace=self.namespace,
            values=values,
            depends_on=[*self.crds, self._xds_certificate(), *self.args.ready],
        )

    def _xds_certificate(self) -> pulumi.Resource:
        issuer = private_authority(
            self,
            namespace=self.namespace,
            name="agentgateway-xds",
            ready=[self.args.cert_manager, *self.args.ready],
        )
        host = f"{RELEASE}.{self.namespace}"
        return server_certificate(
            self,
            namespace=self.namespace,
            name=XDS_CERTIFICATE,
            issuer={"kind": "Issuer", "name": "agentgateway-xds-ca"},
            dns_names=[host, f"{host}.svc", f"{host}.svc.cluster.local"],
            ready=[issuer],
        )

    def _gateway(self) -> k8s.apiextensions.CustomResource:
        args = self.args
        parameters = self._object(
            "agentgateway.dev/v1alpha1",
            "AgentgatewayParameters",
            parameters_spec(args.spec, self.workload, args.bindings, GATEWAY),
            [self.controller],
        )
        tls_secret = TLS_CERTIFICATE if self._terminates_tls else None
        certificate = [self._edge_certificate(args.spec.domain)] if tls_secret and args.spec.domain else []
        return self._object(
            GATEWAY_API,
            "Gateway",
            gateway_spec(args.spec, GATEWAY, tls_secret),
            [parameters, *certificate],
            annotations=WAIT_PROGRAMMED,
        )

    @property
    def _terminates_tls(self) -> bool:
        return self.args.spec.domain is not None and not self.args.spec.tls_at_load_balancer

    def _address(self) -> pulumi.Output[str]:
        """Read from the Service, to which the controller gives the Gateway's name and so its id.

        That id is unknown until there is a Gateway: a preview before does not look for the Service.
        """
        service = k8s.core.v1.Service.get(
            f"{self.prefix}-service-{GATEWAY}", self.gateway.id, self.child(depends_on=[self.gateway])
        )
        return service.status.apply(reached_by)

    def _edge_certificate(self, domain: str) -> pulumi.Resource:
        if self.args.cluster_issuer is not None:
            issuer = {"kind": "ClusterIssuer", "name": self.args.cluster_issuer}
            ready: list[pulumi.Resource] = [self.args.cert_manager, *self.args.ready]
        else:
            issuer = {"kind": "Issuer", "name": f"{GATEWAY}-ca"}
            ready = [
                private_authority(
                    self,
                    namespace=self.namespace,
                    name=GATEWAY,
                    ready=[self.args.cert_manager, *self.args.ready],
                )
            ]
        return server_certificate(
            self,
            namespace=self.namespace,
            name=TLS_CERTIFICATE,
            issuer=issuer,
            dns_names=[domain],
            ready=ready,
        )

    def _routes(self) -> None:
        args = self.args
        grant = self._object(
            GATEWAY_API,
            "ReferenceGrant",
            reference_grant_spec(self.namespace, args.litellm.name),
            [*self.crds, *args.ready],
            namespace=args.litellm.namespace,
        )
        traffic = Traffic(args.litellm, args.request_timeout_s, args.otlp, args.trace_sampling_percent)
        self._object(
            GATEWAY_API,
            "HTTPRoute",
            route_spec(args.spec, GATEWAY, traffic),
            [self.gateway, grant, *args.backend_ready],
        )
        if args.spec.domain is not None:
            self._object(
                GATEWAY_API, "HTTPRoute", redirect_spec(args.spec.domain, GATEWAY), [self.gateway], "redirect"
            )
        self._object(
            "agentgateway.dev/v1alpha1",
            "AgentgatewayPolicy",
            policy_spec(GATEWAY, traffic),
            [self.controller],
        )
        limits = traffic_spec(GATEWAY, args.spec)
        if limits is not None:
            self._object(
                "agentgateway.dev/v1alpha1", "AgentgatewayPolicy", limits, [self.controller], "traffic"
            )

    def _object(
        self,
        api_version: str,
        kind: str,
        spec: dict[str, object],
        depends_on: Sequence[pulumi.Resource],
        suffix: str | None = None,
        *,
        namespace: str | None = None,
        annotations: dict[str, str] | None = None,
    ) -> k8s.apiextensions.CustomResource:
        name = f"{GATEWAY}-{suffix}" if suffix else GATEWAY
        return k8s.apiextensions.CustomResource(
            f"{self.prefix}-{kind.lower()}-{name}",
            api_version=api_version,
            kind=kind,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=name,
                namespace=namespace or self.namespace,
                labels=own_labels(),
                annotations=annotations,
            ),
            spec=spec,
            opts=self.child(depends_on=list(depends_on)),
        )
