"""Listeners, routes and policy of the agent gateway, as plain specifications."""

from __future__ import annotations

from dataclasses import dataclass

from components.kubernetes.endpoints import ServiceEndpoint
from sizing.specs import AgentGatewaySpec

GATEWAY_API = "gateway.networking.k8s.io/v1"
GATEWAY_GROUP = "gateway.networking.k8s.io"
GATEWAY_CLASS = "agentgateway"

HTTP, HTTPS = "http", "https"
HTTP_PORT, HTTPS_PORT = 80, 443

API_PATH = "/v1"
"""Of every call of OpenAI's API, and of Anthropic's messages."""

ROUTE_MARGIN_S = 30
"""The gateway gives up later than LiteLLM, so that the client gets LiteLLM's answer, not a bare 504."""

IDLE_TIMEOUT = "300s"
"""Shorter than a network load balancer's (350 s on AWS, 600 s on Google Cloud): the side that closes an idle
connection first must be the one that clients can see."""

KEEPALIVE: dict[str, object] = {"time": "60s", "interval": "30s", "retries": 4}
"""A stream that is silent while the model thinks stays known to the load balancer."""

TLS_MIN_VERSION = "1.2"


@dataclass(frozen=True)
class Traffic:
    """Where requests go, how long they may take, and which of them are traced."""

    backend: ServiceEndpoint
    request_timeout_s: int
    otlp: ServiceEndpoint
    trace_sampling_percent: int


def gateway_spec(spec: AgentGatewaySpec, parameters: str, tls_secret: str | None) -> dict[str, object]:
    """Listeners. ``tls_secret`` None with a domain: the load balancer ends TLS and speaks HTTP to port 443.

    Only routes of the gateway's own namespace attach: whoever may create routes there decides what is public.
    """
    listeners = [_listener(HTTP, HTTP_PORT, "HTTP", None)]
    if spec.domain is not None:
        secure = _listener(HTTPS, HTTPS_PORT, "HTTPS" if tls_secret else "HTTP", spec.domain)
        if tls_secret is not None:
            reference = {"kind": "Secret", "group": "", "name": tls_secret}
            secure["tls"] = {"mode": "Terminate", "certificateRefs": [reference]}
        listeners.append(secure)
    return {
        "gatewayClassName": GATEWAY_CLASS,
        "infrastructure": {
            "parametersRef": {
                "group": "agentgateway.dev",
                "kind": "AgentgatewayParameters",
                "name": parameters,
            }
        },
        "listeners": listeners,
    }


def _listener(name: str, port: int, protocol: str, hostname: str | None) -> dict[str, object]:
    listener: dict[str, object] = {
        "name": name,
        "port": port,
        "protocol": protocol,
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }
    return {**listener, "hostname": hostname} if hostname else listener


def route_spec(spec: AgentGatewaySpec, gateway: str, traffic: Traffic) -> dict[str, object]:
    """The API for models to LiteLLM, on the secure listener when there is one.

    LiteLLM answers more at the same port: keys, budgets, its settings and their pages. Those are for people
    who reach the cluster, so no route leads there.
    """
    limit = f"{traffic.request_timeout_s + ROUTE_MARGIN_S}s"
    route: dict[str, object] = {
        "parentRefs": [_parent(gateway, HTTPS if spec.domain else HTTP)],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": API_PATH}}],
                "backendRefs": [
                    {
                        "name": traffic.backend.name,
                        "namespace": traffic.backend.namespace,
                        "port": traffic.backend.port,
                    }
                ],
                "timeouts": {"request": limit},
            }
        ],
    }
    return {**route, "hostnames": [spec.domain]} if spec.domain else route


def redirect_spec(domain: str, gateway: str) -> dict[str, object]:
    """HTTP to HTTPS, for the domain only."""
    redirect = {"scheme": "https", "statusCode": 301}
    return {
        "parentRefs": [_parent(gateway, HTTP)],
        "hostnames": [domain],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}],
    }


def _parent(gateway: str, section: str) -> dict[str, object]:
    return {"group": GATEWAY_GROUP, "kind": "Gateway", "name": gateway, "sectionName": section}


def reference_grant_spec(gateway_namespace: str, service: str) -> dict[str, object]:
    """Routes of the gateway's namespace may name this one Service of another namespace."""
    return {
        "from": [{"group": GATEWAY_GROUP, "kind": "HTTPRoute", "namespace": gateway_namespace}],
        "to": [{"group": "", "kind": "Service", "name": service}],
    }


def policy_spec(gateway: str, traffic: Traffic) -> dict[str, object]:
    """Connections and traces of the whole Gateway.

    Both kinds of sampling take the same share: unset, callers could have every request of theirs traced.
    The collector needs no ReferenceGrant: the controller asks for one from routes only.
    """
    share = str(traffic.trace_sampling_percent / 100)
    return {
        "targetRefs": [{"group": GATEWAY_GROUP, "kind": "Gateway", "name": gateway}],
        "frontend": {
            "http": {"http1IdleTimeout": IDLE_TIMEOUT},
            "tcp": {"keepalive": KEEPALIVE},
            "tls": {"minProtocolVersion": TLS_MIN_VERSION},
            "tracing": {
                "backendRef": {
                    "name": traffic.otlp.name,
                    "namespace": traffic.otlp.namespace,
                    "port": traffic.otlp.port,
                },
                "protocol": "GRPC",
                "randomSampling": share,
                "clientSampling": share,
            },
        },
    }


def traffic_spec(route: str, spec: AgentGatewaySpec) -> dict[str, object] | None:
    """Who may call, and how often; None when the specification says neither.

    The token has a header of its own: the policy takes away the one it read, and Authorization holds the API
    key, which LiteLLM judges (https://github.com/agentgateway/agentgateway/issues/944). Every replica counts
    requests for itself. On the route and not on the Gateway, whose redirect needs no token.
    """
    traffic: dict[str, object] = {}
    if spec.jwt is not None:
        provider: dict[str, object] = {"issuer": spec.jwt.issuer, "jwks": {"inline": spec.jwt.jwks}}
        if spec.jwt.audiences:
            provider["audiences"] = list(spec.jwt.audiences)
        traffic["jwtAuthentication"] = {
            "mode": "Strict",
            "location": {"header": {"name": spec.jwt.header}},
            "providers": [provider],
        }
    if spec.rate_limit is not None:
        limit = {
            "requests": spec.rate_limit.requests_per_second,
            "unit": "Seconds",
            "burst": spec.rate_limit.burst,
        }
        traffic["rateLimit"] = {"local": [limit]}
    if not traffic:
        return None
    return {"targetRefs": [{"group": GATEWAY_GROUP, "kind": "HTTPRoute", "name": route}], "traffic": traffic}
