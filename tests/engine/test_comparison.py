"""The comparison with the engine can fail: every change of the captured graph that matters is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from infra.graph import Graph, Resource
from tests.engine.compare import NOTES, UNKNOWN, differences, of_resource
from tests.engine.conftest import Life

OTHER = "urn:pulumi:other::ai-gateway::pulumi:pulumi:Stack::other"


def mutants(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of one resource, each of which the comparison has to find."""
    yield "protect", {"protect": not resource.protect}
    yield "custom", {"custom": not resource.custom}
    if resource.remote:
        return
    yield "provider", {"provider": OTHER}
    yield "import", {"import_id": "id-1"}
    yield "external", {"external": not resource.external}
    for key, urns in resource.property_depends_on.items():
        yield "property", {"property_depends_on": {**resource.property_depends_on, key: urns[1:]}}
    yield from _options(resource)
    yield from _inputs(resource)


LISTS = ("depends_on", "ignore_changes", "replace_on_changes", "additional_secret_outputs", "aliases")


def _options(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of what a program says of a resource beside its inputs."""
    yield "parent", {"parent": OTHER}
    yield "retain", {"retain_on_delete": not resource.retain_on_delete}
    yield "timeouts", {"custom_timeouts": {**resource.custom_timeouts, "delete": "1s"}}
    yield "order", {"delete_before_replace": not resource.delete_before_replace}
    for name in LISTS:
        before = getattr(resource, name)
        yield f"added to {name}", {name: (*before, OTHER)}
        for item in before:
            yield f"dropped from {name}", {name: tuple(other for other in before if other != item)}


def _inputs(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "added input", {"inputs": {**resource.inputs, "somethingElse": True}}
    for key, value in resource.inputs.items():
        if key in NOTES:
            continue
        yield f"changed {key}", {"inputs": {**resource.inputs, key: "something else"}}
        if value is not None and key != "name":
            rest = {name: item for name, item in resource.inputs.items() if name != key}
            yield f"dropped {key}", {"inputs": rest}
        for path, changed in _leaves(value):
            yield f"changed {key}{path}", {"inputs": {**resource.inputs, key: changed}}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one scalar changed at a time."""
    if isinstance(value, dict):
        for key, item in value.items():
            for where, changed in _leaves(item, f"{path}.{key}"):
                yield where, {**value, key: changed}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for where, changed in _leaves(item, f"{path}[{index}]"):
                yield where, [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, int | float):
        yield path, value + 1
    elif isinstance(value, str) and value != UNKNOWN:
        yield path, f"{value}-changed"


def test_everything_the_program_can_say_has_mutants(small: Life) -> None:
    """A new field of the graph gets a mutant here, or a reason why the engine cannot tell."""
    some = small.graph.resources[:50]
    changed = {key for resource in some for _, change in mutants(resource) for key in change}
    assert set(Resource.model_fields) - changed == {
        *("urn", "type", "name", "creates"),  # their absence is a resource too few or too many
        "remote",  # decides which of the two comparisons a resource gets
        "providers",  # EXCEPTIONS, "handed down"
    }


def test_every_mutant_of_every_resource_is_found(small: Life) -> None:
    hidden: list[tuple[str, str]] = []
    count = 0
    for resource in small.graph.resources:
        for what, change in mutants(resource):
            count += 1
            if not of_resource(resource.model_copy(update=change), small.engine):
                hidden.append((resource.urn, what))
    assert count > 10 * len(small.graph.resources)
    # What comes from a resource in a cluster that is not there yet (EXCEPTIONS, "not configured yet").
    assert [(urn, what) for urn, what in hidden if not what.endswith(".configMap.name")] == []


def test_mutants_of_components_are_found(small: Life) -> None:
    """A remote component is compared with what its plugin is asked for, once it is asked."""
    remotes = [r for r in small.graph.resources if r.remote and r.urn in small.engine.constructed]
    assert bool(remotes) is (small.cloud == "aws")
    for resource in remotes:
        for what, change in (*_options(resource), *_inputs(resource)):
            assert of_resource(resource.model_copy(update=change), small.engine), (resource.urn, what)


WRONG: Mapping[str, Callable[[Resource], dict[str, Any]]] = {
    "input": lambda r: {"inputs": {**r.inputs, "tags": {"mutated": "true"}}},
    "dependency": lambda r: {"depends_on": r.depends_on[1:]},
    "protection": lambda r: {"protect": False},
}


@pytest.mark.parametrize("part", WRONG)
def test_one_wrong_word_anywhere_makes_the_graphs_differ(small: Life, part: str) -> None:
    candidates = [r for r in small.graph.resources if r.protect and r.depends_on]
    assert len(candidates) > 10
    for resource in candidates:
        mutant = resource.model_copy(update=WRONG[part](resource))
        resources = tuple(mutant if r is resource else r for r in small.graph.resources)
        (line,) = differences(small.graph.model_copy(update={"resources": resources}), small.engine)
        assert line.startswith(f"{resource.urn}: ")


def test_what_a_transform_adds_to_a_components_child_is_compared(small: Life) -> None:
    makers = [r for r in small.graph.resources if any(child.inputs for child in r.creates)]
    assert bool(makers) is (small.cloud == "aws")
    for maker in makers:
        for child in maker.creates:
            for key in child.inputs:
                wrong = child.model_copy(update={"inputs": {**child.inputs, key: {"tier": "another"}}})
                made = tuple(wrong if c is child else c for c in maker.creates)
                mutant = maker.model_copy(update={"creates": made})
                resources = tuple(mutant if r is maker else r for r in small.graph.resources)
                graph = small.graph.model_copy(update={"resources": resources})
                (line,) = differences(graph, small.engine)
                assert line.startswith(f"{child.urn}: {key} is ")


@pytest.mark.parametrize("part", ["resource", "child"])
def test_a_resource_too_few_or_too_many_is_found(small: Life, part: str) -> None:
    graph = small.graph
    if part == "resource":
        last = graph.resources[-1]
        assert not [r for r in graph.resources if r.parent == last.urn]
        fewer = without(graph, last)
        assert differences(fewer, small.engine) == [f"only the engine has {last.urn}"]
        added = Resource(**{**last.model_dump(), "urn": f"{last.urn}-too", "name": f"{last.name}-too"})
        more = graph.model_copy(update={"resources": (*graph.resources, added)})
        assert differences(more, small.engine) == [f"only the offline preview has {last.urn}-too"]
    else:
        makers = [resource for resource in graph.resources if resource.creates]
        assert bool(makers) is (small.cloud == "aws")
        for maker in makers:
            poorer = maker.model_copy(update={"creates": maker.creates[1:]})
            swapped = tuple(poorer if r is maker else r for r in graph.resources)
            found = differences(graph.model_copy(update={"resources": swapped}), small.engine)
            assert f"only the engine has {maker.creates[0].urn}" in found


def without(graph: Graph, resource: Resource) -> Graph:
    """The graph without one resource."""
    rest = tuple(other for other in graph.resources if other is not resource)
    return graph.model_copy(update={"resources": rest})
