"""The engine's view of a stack becomes the graph that the rules read: proxies, unknown values, options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from infra.configured import settings_from
from infra.graph import UNKNOWN, Graph
from infra.settings import ConfigError
from policy.adapter import OncePerStack, graph_from, plain
from policy.rules import check
from tests.harness import captured
from tests.policy.mutations import GONE, Change, changed


class UnknownValueError(Exception):
    """What pulumi-policy raises on reading a value that a preview does not know."""


class _Table(Mapping[str, Any]):
    """A mapping as pulumi-policy hands it out: no dict, and unknown members raise."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self._target = target

    def __getitem__(self, key: str) -> Any:
        return _checked(self._target[key])

    def __len__(self) -> int:
        return len(self._target)

    def __iter__(self) -> Iterator[str]:
        return iter(self._target)


class _List(Sequence[Any]):
    def __init__(self, target: Sequence[Any]) -> None:
        self._target = target

    def __getitem__(self, index: Any) -> Any:
        return _checked(self._target[index])

    def __len__(self) -> int:
        return len(self._target)


def _checked(value: Any) -> Any:
    if value == UNKNOWN:
        raise UnknownValueError
    if isinstance(value, dict):
        return _Table(value)
    if isinstance(value, list):
        return _List(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _engine(graph: Graph, ignored: Sequence[str] = ()) -> list[Any]:
    """The graph as the engine would hand it to a pack: numbers are floats, parents are objects."""
    made: dict[str, Any] = {}
    for resource in graph.resources:
        made[resource.urn] = SimpleNamespace(
            urn=resource.urn,
            resource_type=resource.type,
            name=resource.name,
            props=_Table(resource.inputs),
            opts=SimpleNamespace(protect=resource.protect, ignore_changes=ignored),
            provider=SimpleNamespace(urn=resource.provider) if resource.provider else None,
            parent=made.get(resource.parent or ""),
        )
    for resource in graph.resources:
        made[resource.urn].property_dependencies = {
            name: [made[urn] for urn in urns if urn in made]
            for name, urns in resource.property_depends_on.items()
        }
    return list(made.values())


def _adapted(graph: Graph, asked: Mapping[str, Any] | None = None, ignored: Sequence[str] = ()) -> Graph:
    return graph_from(
        _engine(graph, ignored),
        stack=graph.stack,
        project=graph.project,
        unknown=UnknownValueError,
        sizing=graph.sizing,
        asked=asked,
    )


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_engines_stack_is_the_captured_one(cloud: str) -> None:
    graph = captured("medium", cloud)
    adapted = _adapted(graph)
    assert (adapted.stack, adapted.cloud, adapted.sizing) == ("medium", cloud, graph.sizing)
    for mine, theirs in zip(adapted.resources, graph.resources, strict=True):
        assert (mine.urn, mine.parent, mine.protect) == (theirs.urn, theirs.parent, theirs.protect)
        assert mine.inputs == theirs.inputs
    assert check(adapted) == ()


def test_what_the_engine_does_not_tell_was_asked_for() -> None:
    """Before there is a cluster the engine shows nothing of what goes into it; what it shows comes first."""
    graph = captured("small")
    silent = [
        r.model_copy(update={"inputs": {}}) if r.type.startswith("kubernetes:") else r
        for r in graph.resources
    ]
    shown = graph.model_copy(update={"resources": tuple(silent)})
    assert "pinned-charts" in {finding.rule.id for finding in check(_adapted(shown))}
    asked = {resource.urn: {**resource.inputs, "multiAz": "asked"} for resource in graph.resources}
    adapted = _adapted(shown, asked)
    assert check(adapted) == ()
    database = next(r for r in adapted.resources if r.type == "aws:rds/instance:Instance")
    assert database.inputs["multiAz"] is False


def test_a_property_whose_changes_are_ignored_is_not_judged_in_the_engine() -> None:
    """There it is what it was: a durability that is raised by a call of its own must not stop the update."""
    change = Change("aws:elasticache/replicationGroup:ReplicationGroup", "durability", GONE, ())
    graph, _ = changed(captured("medium"), change)
    assert {finding.rule.id for finding in check(_adapted(graph))} == {"sizes-from-guide"}
    assert check(_adapted(graph, ignored=["durability", 'tags["x"]'])) == ()


def test_violations_are_found_in_the_engines_stack_too() -> None:
    change = Change("aws:rds/instance:Instance", "multiAz", False, (), "cloud-postgres")
    graph, hit = changed(captured("medium"), change)
    found = check(_adapted(graph))
    assert [(f.rule.id, f.violation.urn) for f in found] == [("multi-az", urn) for urn in hit]


def test_values_that_only_the_deployment_can_tell_are_marked_and_pass() -> None:
    value = plain(_Table({"a": UNKNOWN, "b": [1, UNKNOWN, {"c": 2.5}], "d": object()}), UnknownValueError)
    assert value == {"a": UNKNOWN, "b": [1, UNKNOWN, {"c": 2.5}], "d": UNKNOWN}


def test_another_error_while_reading_is_not_swallowed() -> None:
    with pytest.raises(UnknownValueError):
        plain(_Table({"a": UNKNOWN}), KeyError)


def test_a_plugins_component_is_judged_by_its_children() -> None:
    """The engine knows what pulumi-eks made, and its component carries no inputs there."""
    graph = captured("small")
    component = next(r for r in graph.resources if r.type == "eks:index:Cluster")
    child = component.model_copy(
        update={
            "urn": component.urn.replace(
                "::cloud-cluster", "$aws:eks/cluster:Cluster::cloud-cluster-eksCluster"
            ),
            "type": "aws:eks/cluster:Cluster",
            "name": "cloud-cluster-eksCluster",
            "parent": component.urn,
            "custom": True,
            "inputs": {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}},
        }
    )
    empty = component.model_copy(update={"inputs": {}})
    rest = tuple(empty if r.urn == component.urn else r for r in graph.resources)
    found = check(graph.model_copy(update={"resources": (*rest, child)}))
    assert {finding.violation.urn for finding in found} == {child.urn}
    assert {finding.rule.id for finding in found} == {"own-keys", "api-allow-listed", "deletion-protection"}


def test_settings_come_from_pulumis_configuration() -> None:
    config = {"ai-gateway:tier": "small", "ai-gateway:redis": '{"replicasPerShard": 1}', "aws:region": "x"}
    settings = settings_from(config, "mine")
    assert (settings.tier, settings.redis.replicas_per_shard) == ("small", 1)
    with pytest.raises(ConfigError, match=r"Pulumi\.mine\.yaml"):
        settings_from({"ai-gateway:teir": "small"}, "mine")


def test_the_rules_of_one_stack_share_its_graph_and_the_next_stack_has_its_own() -> None:
    """A rule may be switched off for one of them: any that asks again tells that the stack is another."""
    graphs = [captured(tier) for tier in ("small", "medium", "large")]
    left, shared = iter(graphs), OncePerStack()
    asked = ["tls", "tags", "backups", "tags", "tls", "tags"]
    found = [shared.graph(rule, lambda: next(left)) for rule in asked]
    assert found == [graphs[0]] * 3 + [graphs[1]] * 2 + [graphs[2]]


def test_a_stack_that_cannot_be_read_leaves_nothing_of_the_one_before() -> None:
    shared = OncePerStack()
    before, after = captured("small"), captured("medium")
    assert shared.graph("tls", lambda: before) is before

    def refuse() -> Graph:
        raise ConfigError("tier", "huge", "no tier", "Use another.")

    with pytest.raises(ConfigError):
        shared.graph("tls", refuse)
    assert shared.graph("tags", lambda: after) is after
