"""Nothing is left out of the fit: a captured preview makes exactly the pods that the plan counts.

The table of charts and their pods is tests/contracts/chart_pods.toml; every release, add-on, Job and object
of every shipped stack is compared with the plan, in both directions.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from sizing.quantities import format_storage
from sizing.specs import Container, Workload
from tests.contracts.pods import (
    GPU,
    HOST,
    RELEASE,
    ZONE,
    Pods,
    get,
    named,
    object_kinds,
    own_pods,
    plain,
    pods_of,
    selectors,
    sources,
    spread,
    table,
    unclaimed,
)
from tests.harness import CASES, captured, of_type, plan

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}

every_stack = pytest.mark.parametrize(("stack", "cloud"), CASES)


def all_pods(stack: str, cloud: str) -> list[Pods]:
    return [pods for source in sources(captured(stack, cloud)) for pods in pods_of(source)]


def chart_pods(stack: str, cloud: str) -> list[tuple[Pods, Workload]]:
    """Pods of Helm releases and the workloads they are; add-ons decide spread and priority themselves."""
    workloads = plan(stack, cloud).workloads
    return [(p, workloads[p.workload]) for p in all_pods(stack, cloud) if not p.source.addon]


def figures(container: Container) -> dict[str, dict[str, str]]:
    return plain(container.resources())


def rules(workload: Workload) -> dict[str, str]:
    wanted = {ZONE: workload.spread_zones, HOST: workload.spread_hosts}
    return {key: rule for key, rule in wanted.items() if rule != "none"}


@every_stack
def test_every_pod_is_counted_once_and_every_counted_pod_exists(stack: str, cloud: str) -> None:
    graph, workloads = captured(stack, cloud), plan(stack, cloud).workloads.items
    system = table()["system"][cloud]
    made = [p.workload for p in all_pods(stack, cloud)]
    made += [name for name, _, _ in own_pods(graph)]
    made += [w.name for w in workloads if w.release in system]
    made += [w.name for w in workloads if w.release in {_name(g.inputs) for g in _gateways(stack, cloud)}]
    assert Counter(made) == Counter(w.name for w in workloads)


def _gateways(stack: str, cloud: str) -> list[Any]:
    return of_type(captured(stack, cloud), "kubernetes:gateway.networking.k8s.io/v1:Gateway")


def _name(inputs: Any) -> str:
    return str(inputs["metadata"]["name"])


@every_stack
def test_every_release_and_addon_is_the_release_of_its_pods(stack: str, cloud: str) -> None:
    graph, workloads = captured(stack, cloud), plan(stack, cloud).workloads
    assert len(sources(graph)) == len({s.name for s in sources(graph)})
    for source in sources(graph):
        found = {w.name for w in workloads.items if w.release == source.name}
        assert found == {p.workload for p in pods_of(source)}, source.name
        assert found or not source.entry.get("pods"), source.name
    namespaces = {str(r.inputs["name"]): r.inputs["namespace"] for r in of_type(graph, RELEASE)}
    for workload in workloads.items:
        if workload.release in namespaces:
            assert workload.namespace == namespaces[workload.release], workload.name


@every_stack
def test_names_are_unique_labels_and_kinds_are_the_charts(stack: str, cloud: str) -> None:
    workloads = plan(stack, cloud).workloads.items
    assert len({w.name for w in workloads}) == len(workloads)
    assert [w.name for w in workloads if not DNS_LABEL.fullmatch(w.name)] == []
    kinds = {p.workload: p.entry["kind"] for p in all_pods(stack, cloud)}
    kinds |= {name: kind for name, kind, _ in own_pods(captured(stack, cloud))}
    assert {w.name: w.kind for w in workloads if w.name in kinds} == kinds


@every_stack
def test_containers_and_their_figures_are_the_values(stack: str, cloud: str) -> None:
    workloads = plan(stack, cloud).workloads
    for pods in all_pods(stack, cloud):
        workload, values = workloads[pods.workload], pods.source.values
        fixed = set(pods.entry.get("fixed", ()))
        for part, counted in (("containers", workload.containers), ("init", workload.init_containers)):
            paths = pods.containers(part)
            assert set(paths) == {c.name for c in counted} - fixed, (workload.name, part)
            for name, path in paths.items():
                given, expected = get(values, path), workload.container(name)
                assert given is not None, (workload.name, path)
                assert plain(given) == figures(expected), (workload.name, path)
                assert int(given.get("limits", {}).get(GPU, 0)) == expected.gpus, (workload.name, path)
        assert fixed <= {c.name for c in (*workload.containers, *workload.init_containers)}


@every_stack
def test_replicas_and_maxima_are_the_values(stack: str, cloud: str) -> None:
    graph, workloads = captured(stack, cloud), plan(stack, cloud).workloads
    for pods in all_pods(stack, cloud):
        workload = workloads[pods.workload]
        most = pods.value("max")
        if pods.path("scaled"):
            spec: Any = named(graph, "ScaledObject", str(pods.path("scaled"))).inputs["spec"]
            assert spec["minReplicaCount"] == workload.replicas, workload.name
            most = spec["maxReplicaCount"]
        if pods.path("replicas"):
            assert pods.value("replicas") == workload.replicas, workload.name
        elif workload.kind != "DaemonSet":
            assert workload.replicas == 1, workload.name
        assert most == workload.max_replicas, workload.name


@every_stack
def test_volumes_are_the_values(stack: str, cloud: str) -> None:
    """Jaeger's chart mounts a claim that stands beside it."""
    graph, workloads = captured(stack, cloud), plan(stack, cloud).workloads
    claims = of_type(graph, "kubernetes:core/v1:PersistentVolumeClaim")
    sizes = [get(claim.inputs, "spec.resources.requests.storage") for claim in claims]
    for pods in all_pods(stack, cloud):
        workload, paths = workloads[pods.workload], pods.entry.get("volumes", {})
        counted = {v.name: format_storage(v.size_gib) for v in workload.volumes}
        if workload.name == "jaeger":
            assert sizes == list(counted.values())
        else:
            assert {n: get(pods.source.values, path) for n, path in paths.items()} == counted, workload.name


@every_stack
def test_no_figure_of_the_values_is_left_over(stack: str, cloud: str) -> None:
    """Requests, replicas or rules that the table does not map belong to a pod that nobody counts."""
    left = {source.name: unclaimed(source) for source in sources(captured(stack, cloud))}
    assert {name: paths for name, paths in left.items() if paths} == {}


@every_stack
def test_what_charts_could_make_besides_is_off(stack: str, cloud: str) -> None:
    for source in sources(captured(stack, cloud)):
        for path in source.entry.get("off", ()):
            assert get(source.values, path) is False, (source.name, path)
        for path in source.entry.get("quiet", ()):
            assert not get(source.values, path), (source.name, path)


@every_stack
def test_jobs_of_our_own_are_their_workloads(stack: str, cloud: str) -> None:
    workloads = plan(stack, cloud).workloads
    for name, _, pod in own_pods(captured(stack, cloud)):
        workload = workloads[name]
        assert pod["priorityClassName"] == workload.priority_class
        assert not pod.get("tolerations")
        for part, counted in (
            ("containers", workload.containers),
            ("initContainers", workload.init_containers),
        ):
            given = {c["name"]: plain(c["resources"]) for c in pod.get(part) or ()}
            assert given == {c.name: figures(c) for c in counted}, name


@every_stack
def test_no_object_makes_pods_unseen(stack: str, cloud: str) -> None:
    known = {*table()["objects"]["podless"], *table()["objects"]["gateway"]}
    assert object_kinds(captured(stack, cloud)) - known == set()


@every_stack
def test_the_gateways_pods_are_their_workload(stack: str, cloud: str) -> None:
    graph, workload = captured(stack, cloud), plan(stack, cloud).workloads["agentgateway"]
    (gateway,) = _gateways(stack, cloud)
    assert _name(gateway.inputs) == workload.release
    spec: Any = named(graph, "AgentgatewayParameters", workload.release).inputs["spec"]
    assert plain(spec["resources"]) == figures(workload.container("agentgateway"))
    scaler, pod = spec["horizontalPodAutoscaler"]["spec"], spec["deployment"]["spec"]["template"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (workload.replicas, workload.max_replicas)
    assert pod["priorityClassName"] == workload.priority_class
    constraints, affinity = pod.get("topologySpreadConstraints"), pod.get("affinity")
    assert spread(constraints, affinity) == rules(workload)
    own = {"gateway.networking.k8s.io/gateway-name": workload.release}
    assert all(labels == own for labels in selectors(constraints, affinity))
    assert HOST in spread(None, affinity)
    assert "tolerations" not in pod


@every_stack
def test_priorities_are_the_workloads(stack: str, cloud: str) -> None:
    """Where a chart has no key, its pods have the cluster's default class, or a patch sets theirs."""
    graph = captured(stack, cloud)
    classes = of_type(graph, "kubernetes:scheduling.k8s.io/v1:PriorityClass")
    (default,) = (_name(c.inputs) for c in classes if c.inputs.get("globalDefault"))
    for pods, workload in chart_pods(stack, cloud):
        given = pods.value("priority")
        if pods.path("priority") == "default":
            given = default
        elif pods.path("priority") == "patch":
            patch: Any = named(graph, "DeploymentPatch", workload.release).inputs["spec"]
            given = patch["template"]["spec"]["priorityClassName"]
        assert given == workload.priority_class, workload.name


@every_stack
def test_spread_is_what_the_fit_assumes(stack: str, cloud: str) -> None:
    for pods, workload in chart_pods(stack, cloud):
        constraints, affinity = pods.value("spread"), pods.value("affinity")
        assert spread(constraints, affinity) == rules(workload), workload.name


@every_stack
def test_hosts_are_spread_by_an_affinity_too(stack: str, cloud: str) -> None:
    """What linters ask of every Deployment with replicas: they read no spread constraints."""
    for pods, workload in chart_pods(stack, cloud):
        asked = workload.spread_hosts != "none"
        assert (HOST in spread(None, pods.value("affinity"))) is asked, workload.name
        assert asked or workload.most_replicas < 2 or workload.kind == "DaemonSet", workload.name


@every_stack
def test_spread_counts_the_pods_own_siblings(stack: str, cloud: str) -> None:
    """A selector that matches no pod spreads nothing."""
    for pods, workload in chart_pods(stack, cloud):
        own = pods.entry.get("labels", {}).items()
        for labels in selectors(pods.value("spread"), pods.value("affinity")):
            assert labels, workload.name
            assert labels.items() <= own, workload.name


@every_stack
def test_pods_tolerate_the_taint_of_their_nodes_and_no_other(stack: str, cloud: str) -> None:
    """DaemonSets of all nodes run on tainted ones as well; pods of CPU nodes cannot land on a GPU node."""
    workloads = plan(stack, cloud).workloads
    for pods in all_pods(stack, cloud):
        workload, given = workloads[pods.workload], pods.value("tolerations") or []
        if workload.node_group == "cpu_nodes":
            assert given == [], workload.name
        elif workload.node_group == "gpu_nodes":
            assert any(_tolerates(toleration) for toleration in given), workload.name
        elif pods.source.addon:
            assert pods.value("tolerates_all") is not False, workload.name
        else:
            assert {"operator": "Exists"} in given, workload.name


def _tolerates(toleration: dict[str, str]) -> bool:
    same = {key: toleration[key] for key in ("value", "effect") if key in toleration}
    exists = toleration.get("operator") == "Exists"
    return toleration["key"] == TAINT["key"] and (exists or "value" in same) and same.items() <= TAINT.items()


@every_stack
def test_pods_of_gpu_nodes_insist_on_them(stack: str, cloud: str) -> None:
    for pods, workload in chart_pods(stack, cloud):
        terms, selector = pods.value("node_terms") or [], pods.value("node_selector") or {}
        expressions = [e for term in terms for e in term["matchExpressions"]]
        assert len(terms) <= 1, "terms are alternatives"
        wanted = {e["key"]: e["values"][0] for e in expressions} | selector
        if workload.node_group != "gpu_nodes":
            assert wanted == {}, workload.name
            continue
        assert wanted["ai-gateway/pool"] == "gpu", workload.name
        assert wanted == workload.node_labels or workload.kind == "DaemonSet", workload.name
