"""Namespaces and priority classes: what is enforced where, what is protected, who goes first."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components.kubernetes.platform import Namespace, Platform, PlatformArgs, namespaces_of
from infra.graph.model import Graph
from tests.factories_platform import PLATFORM_WORKLOADS
from tests.factories_workloads import WORKLOADS, Build, Stand, captured, resources

LABEL = "pod-security.kubernetes.io"


def build(opts: pulumi.ResourceOptions) -> object:
    spaces = (*namespaces_of(PLATFORM_WORKLOADS), *namespaces_of(WORKLOADS))
    return Platform("platform", PlatformArgs(spaces, "1.35", (Stand("cluster", opts),)), opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build)


def labels(graph: Graph, namespace: str) -> dict[str, str]:
    metadata = resources(graph, "Namespace")[f"platform-{namespace}"].inputs["metadata"]
    return cast(dict[str, Any], metadata)["labels"]


def test_every_namespace_of_the_workloads_and_no_system_namespace(graph: Graph) -> None:
    expected = {w.namespace for w in (*PLATFORM_WORKLOADS.items, *WORKLOADS.items)} - {"kube-system"}
    assert set(resources(graph, "Namespace")) == {f"platform-{name}" for name in expected}
    assert "kube-system" in {w.namespace for w in PLATFORM_WORKLOADS.items}


@pytest.mark.parametrize(
    ("namespace", "level"),
    [
        ("gpu", "privileged"),
        ("monitoring", "privileged"),
        ("agentgateway-system", "restricted"),
        ("keda", "restricted"),
        ("cert-manager", "restricted"),
        ("external-secrets", "restricted"),
        ("elastic-system", "restricted"),
        ("tracing", "restricted"),
        ("vault", "restricted"),
        ("vllm", "restricted"),
        ("litellm", "baseline"),
    ],
)
def test_level_is_enforced_at_the_clusters_version(graph: Graph, namespace: str, level: str) -> None:
    found = labels(graph, namespace)
    assert found[f"{LABEL}/enforce"] == level
    assert {found[f"{LABEL}/{mode}-version"] for mode in ("enforce", "warn", "audit")} == {"v1.35"}
    strictest = "privileged" if level == "privileged" else "restricted"
    assert found[f"{LABEL}/warn"] == found[f"{LABEL}/audit"] == strictest


def test_only_namespaces_with_volumes_are_protected(graph: Graph) -> None:
    protected = {name for name, found in resources(graph, "Namespace").items() if found.protect}
    assert protected == {"platform-monitoring", "platform-tracing"}
    assert not any(found.protect for found in resources(graph, "PriorityClass").values())


def test_priorities_are_ordered_and_batch_waits_its_turn(graph: Graph) -> None:
    found = {
        name.removeprefix("platform-"): r.inputs for name, r in resources(graph, "PriorityClass").items()
    }
    assert set(found) == {"gateway-critical", "gateway-platform", "gateway-batch"}
    values = {name: cast(int, inputs["value"]) for name, inputs in found.items()}
    assert 1_000_000_000 > values["gateway-critical"] > values["gateway-platform"] > values["gateway-batch"]
    # below -10 the autoscaler would not add a node for it
    assert values["gateway-batch"] >= -10
    assert found["gateway-batch"]["preemptionPolicy"] == "Never"
    assert found["gateway-critical"]["preemptionPolicy"] == "PreemptLowerPriority"
    assert [name for name, inputs in found.items() if inputs["globalDefault"]] == ["gateway-platform"]


def test_objects_have_our_labels_parent_and_provider(graph: Graph) -> None:
    ours = [*resources(graph, "Namespace").values(), *resources(graph, "PriorityClass").values()]
    by_urn = graph.by_urn()
    for resource in ours:
        metadata = cast(dict[str, Any], resource.inputs["metadata"])
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "ai-gateway"
        assert metadata["name"] == resource.name.removeprefix("platform-")
        assert by_urn[str(resource.parent)].type == Platform.TYPE
        assert resource.provider is not None
        assert any(by_urn[urn].name == "cluster-map" for urn in resource.depends_on if urn in by_urn)


def test_namespaces_hold_no_data_unless_said() -> None:
    assert not Namespace("own", "baseline").holds_data


def test_the_same_in_preview_and_update() -> None:
    again: Build = build
    assert captured(again).to_json() == captured(again).to_json()
    assert {r.urn for r in captured(again).resources} == {
        r.urn for r in captured(again, preview=False).resources
    }


def test_an_explicit_list_is_taken_as_it_is() -> None:
    def one(opts: pulumi.ResourceOptions) -> object:
        return Platform("p", PlatformArgs((Namespace("own", "restricted", holds_data=True),), "1.36"), opts)

    graph = captured(one)
    found = resources(graph, "Namespace")["p-own"]
    assert found.protect
    assert cast(dict[str, Any], found.inputs["metadata"])["labels"][f"{LABEL}/enforce-version"] == "v1.36"
