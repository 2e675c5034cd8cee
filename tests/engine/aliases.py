"""What a resource was called before, by the engine's own account of a registration.

Written from ``pkg/resource/deploy/step_generator.go`` of https://github.com/pulumi/pulumi
(``collapseAliasToUrn``, ``inheritedChildAlias``) and on purpose not from ``infra.urns``: they are
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STACK = "pulumi:pulumi:Stack"


def former(goals: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """URN to former URNs, sorted; ``goals`` are those of a saved plan, by URN."""
    found: dict[str, tuple[str, ...]] = {}
    for urn in sorted(goals, key=lambda urn: _depth(urn, goals)):
        goal = goals[urn]
        own = [_one(urn, goal, alias) for alias in goal.get("structuredAliases") or ()]
        own += goal.get("aliases") or ()
        above = found.get(goal.get("parent") or "", ())
        below = [_moved(each, goal, parent) for parent in above for each in (urn, *own)]
        found[urn] = tuple(sorted({*own, *below} - {urn}))
    return found


def former_of_request(urn: str, request: Any) -> tuple[str, ...]:
    """The same of a component, by the engine's wish to its plugin."""
    specs = [
        {
            "URN": alias.urn,
            "Name": alias.spec.name,
            "Type": alias.spec.type,
            "Stack": alias.spec.stack,
            "Project": alias.spec.project,
            "Parent": alias.spec.parentUrn,
            "NoParent": alias.spec.noParent,
        }
        for alias in request.aliases
    ]
    goal = {"type": request.type, "name": request.name, "parent": request.parent, "structuredAliases": specs}
    return former({urn: goal})[urn]


def _depth(urn: str, goals: Mapping[str, Mapping[str, Any]]) -> int:
    depth = 0
    while urn := goals.get(urn, {}).get("parent") or "":
        depth += 1
    return depth


def _one(urn: str, goal: Mapping[str, Any], alias: Mapping[str, Any]) -> str:
    if alias["URN"]:
        return alias["URN"]
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    parent = "" if alias["NoParent"] else alias["Parent"] or goal.get("parent", "")
    types = [*_types(parent), alias["Type"] or goal["type"]]
    return _urn(alias["Stack"] or stack, alias["Project"] or project, types, alias["Name"] or goal["name"])


def _moved(urn: str, goal: Mapping[str, Any], parent: str) -> str:
    """The child of a parent that had another name, which the child's own began with."""
    stack, project, types, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    now, before = (each.rpartition("::")[2] for each in (goal["parent"], parent))
    name = before + name.removeprefix(now) if name.startswith(now) else name
    return _urn(stack, project, [*_types(parent), types.rpartition("$")[2]], name)


def _types(urn: str) -> list[str]:
    chain = urn.split("::")[2] if urn else ""
    return [] if chain in ("", STACK) else chain.split("$")


def _urn(stack: str, project: str, types: Iterable[str], name: str) -> str:
    return f"urn:pulumi:{stack}::{project}::{'$'.join(types)}::{name}"
