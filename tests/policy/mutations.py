"""Graphs with one thing changed, as if a component had stopped asking for it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.graph import Graph, Resource

GONE = object()
"""Instead of a value: the property is taken away."""


@dataclass(frozen=True)
class Change:
    """A property set to a value wherever type and name agree, and the policies that must notice.

    ``path`` is dotted, ``0`` picks an element; ``protect`` and the like of the options stand under ``@``;
    "" removes the resource.
    """

    type: str
    path: str
    value: Any
    trips: tuple[str, ...]
    name: str = "*"
    stack: str = "small"

    def __str__(self) -> str:
        value = getattr(self.value, "__name__", None) or repr(
            self.value
        )  # a function's repr differs by process
        shown = "" if self.value is GONE else f"={value}"[:40]
        return f"{self.type.split(':')[-1]}.{self.path}{shown}"


def changed(graph: Graph, change: Change) -> tuple[Graph, set[str]]:
    """The changed graph, and the URNs of what was changed; refuses a change that hits nothing."""
    hit: set[str] = set()
    found: list[Resource] = []
    for resource in graph.resources:
        if resource.type != change.type or not fnmatchcase(resource.name, change.name):
            found.append(resource)
            continue
        hit.add(resource.urn)
        if change.path:
            found.append(_altered(resource, change.path, change.value))
    assert hit, f"nothing is a {change.type} named {change.name}"
    return graph.model_copy(update={"resources": tuple(found)}), hit


def _altered(resource: Resource, path: str, value: Any) -> Resource:
    if path.startswith("@"):
        return resource.model_copy(update={path[1:]: value})
    inputs = copy.deepcopy(resource.inputs)
    _set(inputs, path.split("/"), value)
    assert inputs != resource.inputs, f"{resource.name}: {path} is that already"
    return resource.model_copy(update={"inputs": inputs})


def _set(container: Any, steps: list[str], value: Any) -> None:
    step: Any = int(steps[0]) if isinstance(container, list) else steps[0]
    if len(steps) > 1:
        _set(container[step], steps[1:], value)
    elif value is GONE:
        del container[step]
    else:
        container[step] = value(container.get(step)) if isinstance(value, Callable) else value
