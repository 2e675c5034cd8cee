"""What a rule is: a check over a whole graph, its level and its configuration. No Pulumi here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from infra.graph import Graph, Resource

Level = Literal["mandatory", "advisory", "disabled"]
"""Refuses the change, only says so, or does not look."""
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One resource that breaks a rule: what is wrong, and what puts it right."""

    urn: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A graph with what a rule may ask about it.

    Attributes:
        options: the rule's own configuration, its defaults included.
        guide: what ``gateway size --json`` says for this tier, cloud and region when nothing is overridden;
            empty when the graph does not say what it was sized for.
        children: parents' URNs.
    """

    graph: Graph
    guide: Mapping[str, object] = field(default_factory=dict[str, object])
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def subjects(self, *types: str) -> Iterator[Resource]:
        """Resources of the stack's own; without ``types`` all of them.

        What is only read is not the stack's to change. A component of another plugin is judged by its
        children where the graph has them (the engine's), by its own inputs where it has not (the preview's).
        """
        exempt = self.options.get("exempt", ())
        parents = {resource.parent for resource in self.graph.resources if resource.custom}
        for resource in self.graph.resources:
            if resource.external or (types and resource.type not in types):
                continue
            if resource.type.startswith("eks:index:") and resource.urn in parents:
                continue
            if not any(fnmatchcase(resource.name, pattern) for pattern in exempt):
                yield resource

    def companions(self, owner: Resource, type_: str, through: str = "bucket") -> list[Resource]:
        """Resources of a type whose property ``through`` names ``owner``."""
        return [
            resource
            for resource in self.graph.resources
            if resource.type == type_ and owner.urn in resource.property_depends_on.get(through, ())
        ]


Check = Callable[[Scope], Iterable[Violation]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy.

    Attributes:
        level: what happens when nothing is configured.
        options: option name to its default; each is a list of texts.
    """

    id: str
    description: str
    severity: Severity
    find: Check
    level: Level = "mandatory"
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def defaults(self) -> dict[str, tuple[str, ...]]:
        """Every option with its default; each rule can exempt resources by their logical name."""
        return {"exempt": (), **self.options}

    def check(
        self,
        graph: Graph,
        *,
        guide: Mapping[str, object] | None = None,
        options: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Violation, ...]:
        """Every violation in the graph, in its order."""
        scope = Scope(graph, guide or {}, {**self.defaults(), **(options or {})})
        return tuple(self.find(scope))
