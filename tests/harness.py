"""Whole stacks for tests: each is planned and captured once per process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from infra.clouds import CLOUDS
from infra.graph import Graph, Resource
from infra.planning import plan_of, relocated
from infra.preview import preview_graph
from infra.settings import Settings
from infra.stackfile import read
from sizing.guide.cells import Tier
from sizing.plan import Plan

ROOT = Path(__file__).resolve().parent.parent
STACKS = tuple(tier.value for tier in Tier)
CASES = tuple((stack, cloud) for cloud in CLOUDS for stack in STACKS)
"""Every shipped stack on every cloud."""


def settings(stack: str, cloud: str = "aws") -> Settings:
    """A shipped stack file, moved to ``cloud``."""
    return relocated(read(ROOT, stack), cloud, None)


@functools.cache
def plan(stack: str, cloud: str = "aws") -> Plan:
    """The plan of a shipped stack file."""
    return plan_of(settings(stack, cloud))


@functools.cache
def captured(stack: str, cloud: str = "aws", *, preview: bool = True) -> Graph:
    """The graph of a shipped stack file, as a preview or as an update with made-up outputs."""
    return preview_graph(settings(stack, cloud), stack, preview=preview)


def of_type(graph: Graph, token: str) -> list[Resource]:
    """Resources of one type token, in the graph's order."""
    return [resource for resource in graph.resources if resource.type == token]


def releases(graph: Graph) -> Mapping[str, Mapping[str, object]]:
    """Helm release name -> its inputs."""
    found: dict[str, Mapping[str, object]] = {}
    for resource in of_type(graph, "kubernetes:helm.sh/v3:Release"):
        found[str(resource.inputs["name"])] = resource.inputs
    return found


def at(values: object, path: str) -> object:
    """The value at a dotted path; ``[name]`` picks the list entry with that name, ``[0]`` by place."""
    for part in path.replace("[", ".[").split("."):
        if part.startswith("["):
            key = part[1:-1]
            assert isinstance(values, list), f"{path}: not a list"
            values = values[int(key)] if key.isdigit() else next(v for v in values if v["name"] == key)
        else:
            assert isinstance(values, Mapping), f"{path}: nothing below {part}"
            values = values[part]
    return values
