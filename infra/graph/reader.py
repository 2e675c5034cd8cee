"""Reading a saved preview: strict, and with one message that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue, ValidationError

from infra.graph.errors import GraphError
from infra.graph.model import Graph, Resource

REMEDY = "save a new one with `gateway preview STACK --json > FILE`"
_SHOWN = 60
"""Characters of an offending value that a message quotes."""


def read_graph(text: str) -> Graph:
    """Parse and check a saved preview.

    Raises:
        GraphError: see :meth:`infra.graph.Graph.from_json`.
    """
    data = _parse(text)
    summary = data.pop("summary", None)
    try:
        graph = Graph.model_validate(data)
    except ValidationError as error:
        raise GraphError(_explain(error)) from None
    if summary is None:
        raise GraphError(f"the saved preview has no `summary`: {REMEDY}")
    if summary != graph.summary:
        raise GraphError(
            f"the saved preview contradicts itself: `summary` says {_quote(summary)}, "
            f"its resources say {_quote(graph.summary)}: {REMEDY}"
        )
    for problem in _dangling(graph):
        raise GraphError(f"the saved preview contradicts itself: {problem}: {REMEDY}")
    return graph


def _parse(text: str) -> dict[str, JsonValue]:
    try:
        data: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"the saved preview is not readable as JSON ({error}): {REMEDY}") from None
    if not isinstance(data, dict):
        raise GraphError(f"the saved preview is {_quote(data)}, not a JSON object: {REMEDY}")
    return cast(dict[str, JsonValue], data)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return data


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


def _explain(error: ValidationError) -> str:
    """The first fault in the order of the file; a hundred more of the same kind help nobody."""
    fault = min(error.errors(include_url=False), key=lambda item: tuple(map(str, item["loc"])))
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    reason = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        reason = "this version of the program does not know that key"
    count = error.error_count() - 1
    more = f" (and {count} more faults)" if count else ""
    value = "" if fault["type"] == "missing" else f" is {_quote(fault['input'])}"
    return f"the saved preview cannot be used: `{where or 'the file'}`{value}: {reason}{more}: {REMEDY}"


def _quote(value: object) -> str:
    try:
        text = json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _dangling(graph: Graph) -> Iterator[str]:
    """References to resources that are not there: a capture never leaves one."""
    known = graph.by_urn()
    for resource in graph.resources:
        for key, urn in _references(resource):
            if urn not in known:
                yield f"{resource.urn!r} has {key} {urn!r}, which is not in the graph"


def _references(resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.provider is not None:
        yield "provider", resource.provider
    for urn in resource.depends_on:
        yield "depends_on", urn
    for urn in resource.providers.values():
        yield "providers", urn
