"""The agent gateway: kinds first, a data plane of the plan's size, TLS or an internal address."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.agentgateway import AgentGateway, AgentGatewayArgs
from components.kubernetes.endpoints import ServiceEndpoint
from infra.graph.model import Graph
from sizing.specs import JwtSpec, RateLimitSpec
from tests.factories_workloads import (
    OTLP,
    WORKLOADS,
    Build,
    Stand,
    agent_gateway_spec,
    bindings,
    captured,
    check_contract,
    hpa,
    manifests,
    resources,
    spec,
    values,
    waits_for,
)

LITELLM = ServiceEndpoint("litellm", "litellm", 4000)
INTERNAL = agent_gateway_spec(domain=None, public=False)


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": agent_gateway_spec(),
            "workloads": WORKLOADS,
            "bindings": bindings(),
            "litellm": LITELLM,
            "request_timeout_s": 610,
            "otlp": OTLP,
            "trace_sampling_percent": 15,
            "cert_manager": Stand("cert-manager", opts),
            "ready": (Stand("controller", opts),),
        }
        return AgentGateway("gateway", AgentGatewayArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def parameters(graph: Graph) -> dict[str, Any]:
    return spec(graph, "AgentgatewayParameters", "edge")


def listeners(graph: Graph) -> dict[str, dict[str, Any]]:
    return {listener["name"]: listener for listener in spec(graph, "Gateway", "edge")["listeners"]}


def test_contract() -> None:
    check_contract(build())
    check_contract(build(spec=INTERNAL))


def test_the_autoscaler_is_the_specifications(graph: Graph) -> None:
    found = parameters(graph)["horizontalPodAutoscaler"]["spec"]
    expected = hpa(min_replicas=2, max_replicas=8)
    assert (found["minReplicas"], found["maxReplicas"]) == (2, 8)
    targets = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in found["metrics"]}
    assert targets == {"cpu": expected.cpu_percent, "memory": expected.memory_percent}
    assert found["behavior"] == expected.behavior()
    assert "replicas" not in parameters(graph)["deployment"]["spec"]


def test_without_a_memory_target_cpu_alone_scales() -> None:
    found = captured(build(spec=agent_gateway_spec(hpa=hpa(memory_percent=None))))
    (metric,) = parameters(found)["horizontalPodAutoscaler"]["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"


def test_the_data_plane_is_the_plans(graph: Graph) -> None:
    found = parameters(graph)
    assert found["resources"] == WORKLOADS["agentgateway"].container("agentgateway").resources()
    assert found["podDisruptionBudget"] == {"spec": {"maxUnavailable": 1}}
    rollout = found["deployment"]["spec"]
    assert rollout["minReadySeconds"] >= 60, "the load balancer takes longer than the pod"
    pod = rollout["template"]["spec"]
    assert pod["priorityClassName"] == "gateway-critical"
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    selectors = [c["labelSelector"]["matchLabels"] for c in pod["topologySpreadConstraints"]]
    assert selectors == [{"gateway.networking.k8s.io/gateway-name": "edge"}] * 2
    assert found["shutdown"] == {"min": 16, "max": 620}


def test_the_load_balancer_is_the_clouds(graph: Graph) -> None:
    service = parameters(graph)["service"]
    assert service["metadata"]["annotations"] == {"lb/scheme": "internal"}
    assert service["spec"] == {"type": "LoadBalancer", "loadBalancerClass": "lb-class"}
    plain = captured(build(bindings=bindings(load_balancer_class=None, load_balancer_annotations={})))
    assert parameters(plain)["service"] == {"spec": {"type": "LoadBalancer"}}


def test_the_controller_is_the_plans(graph: Graph) -> None:
    found, plan = values(graph, "agentgateway"), WORKLOADS["agentgateway-controller"]
    assert found["controller"]["replicaCount"] == plan.replicas
    assert found["controller"]["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert found["resources"] == plan.container("controller").resources()
    assert found["monitoring"]["enabled"] is True
    assert found["monitoring"]["grafanaDashboard"]["enabled"] is False  # Grafana looks in its own namespace


def test_kinds_come_first(graph: Graph) -> None:
    (api,) = resources(graph, "ConfigFile").values()
    assert str(api.inputs["file"]).endswith("/v1.6.1/standard-install.yaml")
    assert waits_for(graph, "gateway-agentgateway", "gateway-gateway-api")
    assert waits_for(graph, "gateway-agentgateway", "gateway-agentgateway-crds")
    assert waits_for(graph, "gateway-gateway-edge", "gateway-agentgateway")
    assert waits_for(graph, "gateway-gateway-edge", "gateway-agentgatewayparameters-edge")
    assert waits_for(graph, "gateway-httproute-edge", "gateway-gateway-edge")
    assert waits_for(graph, "gateway-agentgateway", "controller-map")


def test_a_cluster_that_has_the_gateway_api_keeps_its_own() -> None:
    found = captured(build(install_gateway_api=False))
    assert resources(found, "ConfigFile") == {}
    check_contract(build(install_gateway_api=False))


def test_new_proxies_can_start_after_a_day(graph: Graph) -> None:
    """The controller's own certificate lives for 24 hours; ours, in the Secret it looks for, is renewed."""
    certificate = spec(graph, "Certificate", "kgateway-xds-cert")
    assert certificate["secretName"] == "kgateway-xds-cert"
    assert "isCA" not in certificate
    assert "agentgateway.agentgateway-system.svc" in certificate["dnsNames"]
    assert waits_for(graph, "gateway-agentgateway", "gateway-kgateway-xds-cert-certificate")


def test_a_domain_is_served_over_tls_and_http_redirects(graph: Graph) -> None:
    found = listeners(graph)
    assert (found["https"]["port"], found["https"]["protocol"]) == (443, "HTTPS")
    assert found["https"]["hostname"] == "llm.example.com"
    (reference,) = found["https"]["tls"]["certificateRefs"]
    assert reference["name"] == spec(graph, "Certificate", "edge-tls")["secretName"]
    route = spec(graph, "HTTPRoute", "edge")
    assert [p["sectionName"] for p in route["parentRefs"]] == ["https"]
    assert route["hostnames"] == ["llm.example.com"]
    redirect = spec(graph, "HTTPRoute", "edge-redirect")
    assert [p["sectionName"] for p in redirect["parentRefs"]] == ["http"]
    assert redirect["rules"][0]["filters"][0]["requestRedirect"]["scheme"] == "https"
    assert "backendRefs" not in redirect["rules"][0]
    assert waits_for(graph, "gateway-gateway-edge", "gateway-edge-tls-certificate")


def test_the_certificate_comes_from_the_issuer_that_is_named(graph: Graph) -> None:
    assert spec(graph, "Certificate", "edge-tls")["issuerRef"] == {"kind": "Issuer", "name": "edge-ca"}
    found = captured(build(cluster_issuer="letsencrypt"))
    expected = {"kind": "ClusterIssuer", "name": "letsencrypt"}
    assert spec(found, "Certificate", "edge-tls")["issuerRef"] == expected
    assert "edge-ca" not in manifests(found, "Issuer")


def test_a_load_balancer_with_the_certificate_ends_tls_itself() -> None:
    found = captured(build(spec=agent_gateway_spec(certificate_arn="arn:cert")))
    secure = listeners(found)["https"]
    assert (secure["port"], secure["protocol"]) == (443, "HTTP")
    assert "tls" not in secure
    assert "edge-tls" not in manifests(found, "Certificate")
    assert "edge-redirect" in manifests(found, "HTTPRoute")


def test_without_a_domain_there_is_one_plain_listener() -> None:
    found = captured(build(spec=INTERNAL))
    assert list(listeners(found)) == ["http"]
    route = spec(found, "HTTPRoute", "edge")
    assert [p["sectionName"] for p in route["parentRefs"]] == ["http"]
    assert "hostnames" not in route
    assert list(manifests(found, "HTTPRoute")) == ["edge"]


def test_public_without_a_domain_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ingress\.domain is not set.*unencrypted.*set ingress\.domain"):
        captured(build(spec=agent_gateway_spec(domain=None, public=True)))


def test_only_routes_of_the_gateways_namespace_attach(graph: Graph) -> None:
    for listener in listeners(graph).values():
        assert listener["allowedRoutes"] == {"namespaces": {"from": "Same"}}


def test_the_deployment_waits_for_the_load_balancer(graph: Graph) -> None:
    annotations = manifests(graph, "Gateway")["edge"]["metadata"]["annotations"]
    assert annotations == {"pulumi.com/waitFor": "condition=Programmed"}


def test_the_api_is_routed_and_the_proxy_s_administration_is_not(graph: Graph) -> None:
    (rule,) = spec(graph, "HTTPRoute", "edge")["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/v1"}}]


def test_one_service_of_the_other_namespace_may_be_named(graph: Graph) -> None:
    (rule,) = spec(graph, "HTTPRoute", "edge")["rules"]
    assert rule["backendRefs"] == [{"name": "litellm", "namespace": "litellm", "port": 4000}]
    grant = manifests(graph, "ReferenceGrant")["edge"]
    assert grant["metadata"]["namespace"] == "litellm"
    assert grant["spec"]["from"][0]["namespace"] == "agentgateway-system"
    assert grant["spec"]["to"] == [{"group": "", "kind": "Service", "name": "litellm"}]


def test_the_gateway_gives_up_after_litellm(graph: Graph) -> None:
    (rule,) = spec(graph, "HTTPRoute", "edge")["rules"]
    assert int(rule["timeouts"]["request"].removesuffix("s")) > 610


def test_traces_go_to_the_collector_in_the_configured_share(graph: Graph) -> None:
    policy = spec(graph, "AgentgatewayPolicy", "edge")
    tracing = policy["frontend"]["tracing"]
    assert tracing["backendRef"] == {"name": "otel-collector", "namespace": "monitoring", "port": 4317}
    assert (tracing["randomSampling"], tracing["clientSampling"]) == ("0.15", "0.15")
    assert policy["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}]


def test_where_to_call() -> None:
    seen: list[AgentGateway] = []

    def note(opts: pulumi.ResourceOptions) -> None:
        made = build()(opts)
        assert isinstance(made, AgentGateway)
        seen.append(made)

    captured(note)
    assert seen[0].url == "https://llm.example.com"
    assert "get gateway edge" in seen[0].address_command


GUARDED = agent_gateway_spec(
    rate_limit=RateLimitSpec(requests_per_second=50, burst=20),
    jwt=JwtSpec(
        issuer="https://login.example.com", audiences=("llm",), jwks='{"keys": []}', header="x-token"
    ),
)


def test_a_token_and_a_limit_stand_before_the_route() -> None:
    check_contract(build(spec=GUARDED))
    policy = spec(captured(build(spec=GUARDED)), "AgentgatewayPolicy", "edge-traffic")
    assert policy["targetRefs"] == [
        {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "edge"}
    ], "on the Gateway the redirect would ask for a token too"
    token = policy["traffic"]["jwtAuthentication"]
    assert token["mode"] == "Strict"
    assert token["location"] == {"header": {"name": "x-token"}}, "Authorization carries the API key"
    assert token["providers"] == [
        {"issuer": "https://login.example.com", "jwks": {"inline": '{"keys": []}'}, "audiences": ["llm"]}
    ]
    assert policy["traffic"]["rateLimit"]["local"] == [{"requests": 50, "unit": "Seconds", "burst": 20}]


def test_without_either_there_is_no_such_policy(graph: Graph) -> None:
    assert "gateway-agentgatewaypolicy-edge-traffic" not in resources(graph, "AgentgatewayPolicy")
    one = captured(build(spec=agent_gateway_spec(rate_limit=GUARDED.rate_limit)))
    assert set(spec(one, "AgentgatewayPolicy", "edge-traffic")["traffic"]) == {"rateLimit"}
