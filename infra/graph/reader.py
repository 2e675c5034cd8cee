"""Reading a saved preview: strict, and with one message that says what to do."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue, ValidationError

from infra.graph.errors import GraphError
from infra.graph.model import Graph, Resource
from infra.graph.saved import Annotations
from infra.urns import parse_urn

REMEDY = "save a new one with `gateway preview STACK --json > FILE`"
_SHOWN = 60
"""Characters of an offending value that a message quotes."""
_DEEPEST = 60
"""Levels of nesting; a chart's values have some 15."""
_LARGEST = 2**63
"""Whole numbers of this size and above are no figure of anything that a cloud provider takes."""


def read_graph(text: str) -> Graph:
    """Parse and check a saved preview.

    Raises:
        GraphError: see :meth:`infra.graph.Graph.from_json`.
    """
    data = _parse(text)
    summary = data.pop("summary", None)
    try:
        graph = Graph.model_validate(data)
        Annotations.model_validate(data)
    except ValidationError as error:
        raise GraphError(_explain(error)) from None
    if summary is None:
        raise GraphError(f"the saved preview has no `summary`: {REMEDY}")
    if summary != graph.summary:
        raise GraphError(
            f"the saved preview contradicts itself: `summary` says {_quote(summary)}, "
            f"its resources say {_quote(graph.summary)}: {REMEDY}"
        )
    for problem in (*_foreign(graph), *_dangling(graph)):
        raise GraphError(f"the saved preview contradicts itself: {problem}: {REMEDY}")
    return graph


def _parse(text: str) -> dict[str, JsonValue]:
    try:
        data: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_finite,
        )
        _refuse_depth(data)
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


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) >= _LARGEST:
        raise ValueError(f"the number {_quote(digits)} is too large")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {_quote(text)} is too large")
    return value


def _refuse_depth(data: object) -> None:
    level = [data]
    for _ in range(_DEEPEST):
        level = [item for value in level for item in _items(value)]
    if level:
        raise ValueError(f"nested more than {_DEEPEST} levels deep")


def _items(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []


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


def _foreign(graph: Graph) -> Iterator[str]:
    """A capture has the stack itself, and nothing of another stack."""
    if not graph.resources:
        yield "it has no resources, not even the stack itself"
    for resource in graph.resources:
        urn = parse_urn(resource.urn)
        if (urn.stack, urn.project) != (graph.stack, graph.project):
            yield f"{resource.urn!r} is of another stack than {graph.stack!r} of {graph.project!r}"


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
