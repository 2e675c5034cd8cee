"""The engine's resources as the graph that the rules read.

Knows the shape of pulumi-policy's types and imports none of them, so that it can be tested without.

What a property holds is its input in a preview and its output after an update; the names are the same.
A property whose changes are ignored is what it was before, not what is asked for, so it counts as not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from infra.graph import UNKNOWN, Graph, Resource
from infra.urns import parse_urn


class Options(Protocol):
    """pulumi_policy.PolicyResourceOptions"""

    protect: bool
    ignore_changes: Sequence[str]


class Analyzed(Protocol):
    """pulumi_policy.PolicyResource

    Attributes:
        provider: None for components, providers and the stack itself.
    """

    urn: str
    props: Mapping[str, object]
    opts: Options
    provider: object
    parent: Analyzed | None
    property_dependencies: Mapping[str, Sequence[Analyzed]]


class OncePerStack:
    """The graph of the stack that the rules are asked about one after the other, made once for all of them.

    A rule that asks a second time has another stack before it.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._asked: set[str] = set()

    def graph(self, rule: str, make: Callable[[], Graph]) -> Graph:
        """The graph for a rule, by the rule's id."""
        if self._graph is None or rule in self._asked:
            self._graph, self._asked = None, set()
            self._graph = make()
        self._asked.add(rule)
        return self._graph


def graph_from(
    resources: Iterable[Analyzed],
    *,
    stack: str,
    project: str,
    unknown: type[Exception],
    sizing: JsonValue = None,
    asked: Mapping[str, JsonValue] | None = None,
) -> Graph:
    """The graph of an engine's stack.

    Args:
        unknown: what reading a property raises when only the deployment can tell it.
        sizing: what ``gateway size --json`` says of the stack, if it is known.
        asked: URN to inputs, for what the engine does not tell of a resource.
    """
    known = {resource.urn: resource for resource in resources}
    inputs = asked or {}
    found = tuple(
        _resource(resource, known, unknown, inputs.get(resource.urn)) for resource in known.values()
    )
    cloud = sizing.get("cloud") if isinstance(sizing, dict) else ""
    return Graph(stack=stack, project=project, cloud=str(cloud or ""), resources=found, sizing=sizing)


def _resource(
    resource: Analyzed, known: Mapping[str, Analyzed], unknown: type[Exception], asked: JsonValue
) -> Resource:
    urn = parse_urn(resource.urn)
    parent = resource.parent.urn if resource.parent is not None else None
    told = plain(resource.props, unknown)
    inputs = dict(asked) if isinstance(asked, dict) else {}
    if isinstance(told, dict):  # nothing is shown of what is only written, such as a token
        inputs |= {key: value for key, value in told.items() if value is not None or key not in inputs}
    inputs |= {name: UNKNOWN for name in resource.opts.ignore_changes if name.isidentifier()}
    return Resource(
        urn=resource.urn,
        type=urn.type,
        name=urn.name,
        parent=parent if parent in known else None,
        provider=None,
        inputs=inputs,
        depends_on=(),
        protect=bool(resource.opts.protect),
        custom=resource.provider is not None,
        delete_before_replace=False,
        ignore_changes=(),
        property_depends_on={
            name: tuple(dict.fromkeys(other.urn for other in others))
            for name, others in resource.property_dependencies.items()
        },
    )


def plain(value: object, unknown: type[Exception]) -> JsonValue:
    """Plain JSON with the graph's mark where a value is not known; an asset counts as such."""
    if isinstance(value, Mapping):
        table: Mapping[object, object] = value  # pyright: ignore[reportUnknownVariableType]
        return {str(key): _member(table, key, unknown) for key in table}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items: Sequence[object] = value  # pyright: ignore[reportUnknownVariableType]
        return [_member(items, index, unknown) for index in range(len(items))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, str | int | float) else UNKNOWN


def _member(container: object, key: object, unknown: type[Exception]) -> JsonValue:
    try:
        value: object = container[key]  # pyright: ignore
    except unknown:
        return UNKNOWN
    return plain(value, unknown)  # pyright: ignore[reportUnknownArgumentType]
