"""The captured policies, judged by an evaluator of their own: the table's edges pass, the rest does not."""

from __future__ import annotations

import functools
import ipaddress
import itertools
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.kubernetes import charts
from components.kubernetes.jobs import WORKLOAD_LABEL
from components.kubernetes.pod_labels import POD_LABELS
from infra.clouds import CLOUDS
from infra.planning import plan_of
from infra.settings import load
from sizing.network_edges import BEYOND, COMMON, EVERY, SYSTEM_NAMESPACE, group_of, table
from sizing.specs import Edge, NetworkPolicySpec
from tests.harness import CASES, ROOT, captured, of_type, plan
from tests.policies import End, Host, Pod, Policies, selects

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
CONTRACT: Mapping[str, Any] = tomllib.loads(
    (ROOT / "tests" / "contracts" / "pods.toml").read_text(encoding="utf-8")
)
OWN_JOBS = (
    "database-bootstrap", "litellm-keys", "litellm-migrate", "model-cache", "vault-init", "vault-snapshot",
)  # fmt: skip
LISTENING = {
    **{name: tuple(pod["ports"]) for name, pod in CONTRACT.items()},
    **dict.fromkeys(OWN_JOBS, (8080,)),
}
"""Ports to knock on. A Job listens on none: one stands for all."""

PORTS_PER_PEER = 24
"""https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html#cni-network-policy-considerations"""

BY_ADDRESS = {("vllm-router", "vllm-engine"): "the router takes the pods' own addresses from the API server"}
"""Connections that pass no Service although there is one with another port."""


def _spec(stack: str, cloud: str) -> NetworkPolicySpec:
    return plan(stack, cloud).network_policies


@functools.cache
def _policies(stack: str, cloud: str) -> Policies:
    found = of_type(captured(stack, cloud), "kubernetes:networking.k8s.io/v1:NetworkPolicy")
    assert found
    return Policies([resource.inputs for resource in found])


def _job_labels(stack: str, cloud: str) -> dict[str, Mapping[str, str]]:
    """Labels of our own Jobs' pods, as captured."""
    found: dict[str, Mapping[str, str]] = {}
    graph = captured(stack, cloud)
    specs = [job.inputs["spec"] for job in of_type(graph, "kubernetes:batch/v1:Job")]
    crons = of_type(graph, "kubernetes:batch/v1:CronJob")
    specs += [cron.inputs["spec"]["jobTemplate"]["spec"] for cron in crons]
    for spec in specs:
        labels = spec["template"]["metadata"]["labels"]
        workload = labels[WORKLOAD_LABEL]
        [name] = [group for group in OWN_JOBS if workload == group or workload.startswith(f"{group}-")]
        found[name] = labels
    return found


@functools.cache
def _pods(stack: str, cloud: str) -> tuple[Pod, ...]:
    """Two pods of every group, with the labels their charts give them and addresses of the cluster's."""
    model = plan(stack, cloud)
    room = ipaddress.ip_network(model.network.pod_cidr or model.network.private_cidrs[0])
    addresses = (str(address) for address in itertools.islice(room.hosts(), 500, None))
    labels = {name: pod["labels"] for name, pod in CONTRACT.items()} | _job_labels(stack, cloud)
    return tuple(
        Pod(group.name, group.namespace, labels[group.name], next(addresses))
        for group in model.network_policies.groups
        for _ in range(2)
    )


def _foreign(stack: str, cloud: str) -> dict[str, End]:
    """One address or pod behind every outside end, derived from the plan and not from the policies."""
    net = plan(stack, cloud).network
    pods = net.pod_cidr or net.private_cidrs[1]
    inside = str(ipaddress.ip_network(pods)[77])
    system = {
        name: Pod(name, SYSTEM_NAMESPACE, {"k8s-app": name}, inside)
        for name in ("kube-dns", "konnectivity-agent", "metrics")
    }
    shared: dict[str, End] = {"dns": system["kube-dns"], "system-pods": system["metrics"]}
    shared["internet"] = shared["cloud-apis"] = Host("provider", "104.18.7.192")
    node = Host("node", str(ipaddress.ip_network(net.private_cidrs[0])[9]))
    if cloud == "aws":
        data = Host("data", str(ipaddress.ip_network(net.data_cidrs[0])[20]))
        return shared | {
            "api-server": Host("api", str(ipaddress.ip_network(net.private_cidrs[2])[30])),
            "control-plane": Host("api", str(ipaddress.ip_network(net.private_cidrs[2])[30])),
            "credentials": Host("agent", "169.254.170.23"),
            "database": data,
            "cache": data,
            "nodes": node,
            "load-balancer": Host("balancer", str(ipaddress.ip_network(net.private_cidrs[0])[40])),
        }
    return shared | {
        "api-server": Host("api", str(ipaddress.ip_network(net.control_plane_cidr)[2])),
        "control-plane": system["konnectivity-agent"],
        "credentials": Host("metadata", "169.254.169.254"),
        "database": Host("sql", "10.201.0.3"),
        "cache": Host("redis", str(ipaddress.ip_network(net.private_cidrs[0])[44])),
        "nodes": node,
        "load-balancer": Host("client", "10.1.2.3"),
    }


def _ports(spec: NetworkPolicySpec, edge: Edge) -> tuple[int, ...]:
    if edge.ports or spec.group(edge.target):
        return edge.ports
    return spec.beyond(edge.target).ports or (6379, 11000, 13047)  # every port: the cache on Google Cloud


def _ends(stack: str, cloud: str, name: str) -> list[End]:
    ours: list[End] = [pod for pod in _pods(stack, cloud) if name in (pod.name, EVERY)]
    return ours or [_foreign(stack, cloud)[name]]


def _edges(stack: str, cloud: str) -> Iterator[tuple[Edge, End, End, int, str]]:
    spec = _spec(stack, cloud)
    for edge in spec.edges:
        for source, target in itertools.product(
            _ends(stack, cloud, edge.source), _ends(stack, cloud, edge.target)
        ):
            for port, protocol in itertools.product(_ports(spec, edge), edge.protocols):
                yield edge, source, target, port, protocol


@EVERY_CASE
def test_every_edge_passes(stack: str, cloud: str) -> None:
    policies, seen = _policies(stack, cloud), 0
    for edge, source, target, port, protocol in _edges(stack, cloud):
        assert policies.allows(source, target, port, protocol), (edge.source, edge.target, port)
        seen += 1
    assert seen > 200


def _unavoidable(cloud: str, source: str, target: str, port: int, spec: NetworkPolicySpec) -> bool:
    """On EKS pods, nodes, control plane and internal load balancers share the private subnets: a rule for one
    of these matches the others. What is left open so is an API that asks for credentials itself."""
    if cloud != "aws":
        return False
    calls_api = any(e.source == source and e.target in ("api-server", "cloud-apis") for e in spec.edges)
    gateway = target == "agentgateway" and port == 443 and calls_api
    webhook = source == "prometheus" and port == 10250
    return gateway or webhook


@EVERY_CASE
def test_everything_else_between_workloads_is_denied(stack: str, cloud: str) -> None:
    policies, spec, pods = _policies(stack, cloud), _spec(stack, cloud), _pods(stack, cloud)
    wanted = {
        (edge.source, edge.target, port)
        for edge in spec.edges
        for port in edge.ports
        if "TCP" in edge.protocols
    }
    denied = 0
    for source, target in itertools.permutations(pods, 2):
        for port in LISTENING[target.name]:
            passes = policies.allows(source, target, port)
            edge = (source.name, target.name, port) in wanted
            known = edge or _unavoidable(cloud, source.name, target.name, port, spec)
            assert passes <= known, f"{source.name} reaches {target.name}:{port}"
            denied += not passes
    assert denied > 3000


@EVERY_CASE
def test_nobody_comes_in_from_elsewhere(stack: str, cloud: str) -> None:
    """Neither a stranger's pod nor the internet reaches a port; the gateway aside."""
    policies = _policies(stack, cloud)
    net = plan(stack, cloud).network
    inside = str(ipaddress.ip_network(net.pod_cidr or net.private_cidrs[0])[99])
    stranger, internet = Pod("stranger", "default", {}, inside), Host("internet", "203.0.113.9")
    for target in _pods(stack, cloud):
        for port in LISTENING[target.name]:
            open_by_address = target.name == "agentgateway" or (
                cloud == "aws" and port in (6443, 9443, 10250)
            )
            if not open_by_address:
                assert not policies.allows(stranger, target, port), (target.name, port)
            if target.name != "agentgateway":
                assert not policies.allows(internet, target, port), (target.name, port)


@EVERY_CASE
def test_nobody_goes_out_but_by_an_edge(stack: str, cloud: str) -> None:
    policies, spec = _policies(stack, cloud), _spec(stack, cloud)
    ends = _foreign(stack, cloud)
    may = {(edge.source, edge.target) for edge in spec.edges}
    for pod in _pods(stack, cloud):
        internet = {(pod.name, "internet"), (pod.name, "cloud-apis")} & may
        assert policies.allows(pod, ends["internet"], 443) == bool(internet), pod.name
        assert not policies.allows(pod, ends["internet"], 80), pod.name
        assert not policies.allows(pod, Host("imds", "169.254.169.254"), 81), pod.name
        for name in ("database", "credentials"):
            port = spec.beyond(name).ports[0]
            assert policies.allows(pod, ends[name], port) == ((pod.name, name) in may), (pod.name, name)


@EVERY_CASE
def test_instance_metadata_is_out_of_reach_on_nodes_that_have_it(stack: str, cloud: str) -> None:
    """On AWS 169.254.169.254 would give the node's own role; on Google Cloud it is the pod's own identity."""
    policies = _policies(stack, cloud)
    for pod in _pods(stack, cloud):
        if cloud == "aws":
            assert not policies.allows(pod, Host("imds", "169.254.169.254"), 80), pod.name


@EVERY_CASE
def test_every_pod_is_closed_and_asks_for_names(stack: str, cloud: str) -> None:
    policies, dns = _policies(stack, cloud), _foreign(stack, cloud)["dns"]
    for pod in _pods(stack, cloud):
        assert policies.of(pod, "Ingress"), pod.name
        assert policies.of(pod, "Egress"), pod.name
        for protocol in ("UDP", "TCP"):
            assert policies.allows(pod, dns, 53, protocol), pod.name


@EVERY_CASE
def test_every_policy_selects_somebody_and_every_workload_is_selected(stack: str, cloud: str) -> None:
    pods = _pods(stack, cloud)
    for resource in of_type(captured(stack, cloud), "kubernetes:networking.k8s.io/v1:NetworkPolicy"):
        space, selector = resource.inputs["metadata"]["namespace"], resource.inputs["spec"]["podSelector"]
        chosen = {pod.name for pod in pods if pod.namespace == space and selects(selector, pod.labels)}
        assert chosen, resource.urn
        assert len(chosen) == 1 or not selector, f"{resource.urn} selects {chosen}"
    spec = _spec(stack, cloud)
    for workload in plan(stack, cloud).workloads.items:
        covered = spec.group(group_of(workload)) is not None
        apart = workload.namespace == SYSTEM_NAMESPACE or workload.name in spec.exempt
        assert covered != apart, workload.name


@EVERY_CASE
def test_policies_stay_within_the_agents_limit(stack: str, cloud: str) -> None:
    for resource in of_type(captured(stack, cloud), "kubernetes:networking.k8s.io/v1:NetworkPolicy"):
        spec = resource.inputs["spec"]
        for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
            assert len(rule["ports"]) <= PORTS_PER_PEER, resource.urn


def test_labels_are_what_charts_set_and_services_select_by() -> None:
    for name, labels in POD_LABELS.items():
        if name in OWN_JOBS:
            continue  # captured, see _job_labels
        assert labels.items() <= CONTRACT[name]["labels"].items(), name
        for selector in CONTRACT[name]["services"]:
            assert labels.items() <= selector.items(), f"{name}: a Service does not select by {labels}"


def test_the_contract_is_of_the_pinned_charts() -> None:
    pinned = {value.name: value.version for value in vars(charts).values() if isinstance(value, charts.Chart)}
    read = 0
    for name, pod in CONTRACT.items():
        words = str(pod["source"]).split()
        if words[0] == "chart":
            assert pinned[words[1]] == words[2], f"{name}: read {pod['source']} again"
            read += 1
    assert read > 25


def test_every_edge_of_the_table_has_both_ends_somewhere() -> None:
    """Of a shipped stack, or of one that uses a provider's key."""
    model = {"name": "gpt", "model": "openai/gpt-x", "apiKeySecret": "openai-key"}
    with_key = plan_of(load({"tier": "small", "litellm": {"externalModels": [model]}}))
    specs = [*(_spec(stack, cloud) for stack, cloud in CASES), with_key.network_policies]
    used = {(edge.source, edge.target) for spec in specs for edge in spec.edges}
    assert {(edge.source, edge.target) for edge in table()} <= used


@pytest.mark.parametrize("cloud", tuple(CLOUDS))
def test_every_cloud_describes_the_same_ends(cloud: str) -> None:
    spec = _spec("small", cloud)
    assert [end.name for end in spec.outside] == [*BEYOND, *(end.name for end in COMMON)]
    for end in spec.outside:
        assert end.why
        assert end.anyone != bool(end.blocks or end.pods), end.name


@EVERY_CASE
def test_ports_are_those_of_containers_and_services(stack: str, cloud: str) -> None:
    spec = _spec(stack, cloud)
    for edge in spec.edges:
        if spec.group(edge.target) is None:
            continue
        assert set(edge.ports) <= set(LISTENING[edge.target]), (edge.source, edge.target)
        renamed = {int(own): port for own, port in CONTRACT[edge.target].get("renamed", {}).items()}
        by_service = spec.group(edge.source) and edge.source != "prometheus"
        if by_service and (edge.source, edge.target) not in BY_ADDRESS:
            expected = {renamed[port] for port in edge.ports if port in renamed}
            assert expected == ({edge.service_port} - {None}), (edge.source, edge.target)
