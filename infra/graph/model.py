"""The graph of a stack as plain data: resources, their options, and a text form that is the same bytes every
time.

No Pulumi here: the offline capture fills this model, policy rules and comparisons read it, and
``gateway preview --json`` prints it. Two graphs of the same configuration are equal byte for byte: resources
stand parent first and by URN, keys are sorted, whole numbers are integers, secrets and unknown values are
the two marks below. A changed secret is therefore not visible in a comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, StrictBool, field_validator, model_validator

from infra.urns import parse_urn

SECRET: Final = "[secret]"  # noqa: S105 (a mark, not a secret)
"""Stands for a secret value, at any depth."""

UNKNOWN: Final = "[unknown]"
"""Stands for a value that only the deployment itself can tell."""

Json = JsonValue
Inputs = dict[str, JsonValue]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Child(_Frozen):
    """A resource that a remote component makes: known by name, not captured itself.

    Attributes:
        inputs: only what the program's own transforms add to it; everything else is the component's business.
    """

    urn: str
    type: str
    name: str
    inputs: Inputs = {}


class Resource(_Frozen):
    """One resource with the options the engine would see.

    Attributes:
        provider: URN of the provider resource, or None (components, providers themselves, built-in types).
        inputs: wire names (camelCase); see the module's text for secrets and unknown values.
        depends_on: URNs, explicit dependencies and those that come from inputs.
        protect: inherited from the parent when not set, as the engine does.
        remote: a component whose children its own plugin makes; ``creates`` names them where that is known.
        external: only read (``Type.get``), never created or deleted.
        aliases: URNs it may have had before, its parents' aliases multiplied in.
        property_depends_on: input name to the URNs its value derives from or refers to.
        providers: package to provider URN, handed down by a component.
        custom_timeouts: operation to a Go duration ("30m").
        additional_secret_outputs: outputs that the state keeps encrypted, whatever the provider says of them.
    """

    urn: str
    type: str
    name: str
    parent: str | None
    provider: str | None
    inputs: Inputs
    depends_on: tuple[str, ...]
    protect: StrictBool
    custom: StrictBool
    delete_before_replace: StrictBool
    ignore_changes: tuple[str, ...]
    remote: StrictBool = False
    external: StrictBool = False
    aliases: tuple[str, ...] = ()
    property_depends_on: dict[str, tuple[str, ...]] = {}
    providers: dict[str, str] = {}
    replace_on_changes: tuple[str, ...] = ()
    import_id: str | None = None
    custom_timeouts: dict[str, str] = {}
    retain_on_delete: StrictBool = False
    additional_secret_outputs: tuple[str, ...] = ()
    creates: tuple[Child, ...] = ()

    @model_validator(mode="after")
    def _named_by_urn(self) -> Resource:
        parts = parse_urn(self.urn)
        if (parts.type, parts.name) != (self.type, self.name):
            raise ValueError(
                f"type {self.type!r} and name {self.name!r} do not agree with the URN {self.urn!r}"
            )
        return self

    def to_dict(self) -> Inputs:
        """The resource as JSON: the required keys always, every further key only where it says something."""
        data: Inputs = self.model_dump(mode="json", exclude_defaults=True)
        return data


class Graph(_Frozen):
    """A stack's resources and outputs, with what the sizing model has to say about them.

    Attributes:
        findings: the sizing model's findings as JSON objects.
        sizing: what ``gateway size STACK --json`` prints, so that a saved preview can be compared in the
            guide's terms; None when the graph was made without it.
        fit: the verdict of ``gateway fit STACK --json`` with its cases; None when the graph was made without.
        warnings: what the program and its SDKs logged as warnings.
    """

    stack: str
    cloud: str
    resources: tuple[Resource, ...]
    outputs: Inputs = {}
    findings: tuple[Inputs, ...] = ()
    project: str = ""
    sizing: JsonValue = None
    fit: JsonValue = None
    warnings: tuple[str, ...] = ()

    @field_validator("resources", mode="after")
    @classmethod
    def _canonical(cls, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return _parent_first(resources)

    @property
    def summary(self) -> dict[str, JsonValue]:
        """``{"total": n, "by_type": {type: n}}``."""
        counts: dict[str, JsonValue] = {}
        for kind in sorted(resource.type for resource in self.resources):
            before = counts.get(kind, 0)
            counts[kind] = (before if isinstance(before, int) else 0) + 1
        return {"total": len(self.resources), "by_type": counts}

    def by_urn(self) -> dict[str, Resource]:
        """URN to resource, in the graph's order."""
        return {resource.urn: resource for resource in self.resources}

    def annotated(
        self,
        *,
        cloud: str | None = None,
        findings: Sequence[Mapping[str, JsonValue]] | None = None,
        sizing: JsonValue = None,
        fit: JsonValue = None,
    ) -> Graph:
        """A copy with what the capture itself cannot know; an argument left out keeps its value."""
        changes: dict[str, object] = {}
        if cloud is not None:
            changes["cloud"] = cloud
        if findings is not None:
            changes["findings"] = tuple(dict(finding) for finding in findings)
        if sizing is not None:
            changes["sizing"] = sizing
        if fit is not None:
            changes["fit"] = fit
        return self.model_copy(update=changes)

    def to_dict(self) -> Inputs:
        """The JSON object of ``gateway preview --json``."""
        data: Inputs = self.model_dump(mode="json", exclude={"resources"})
        data["resources"] = [resource.to_dict() for resource in self.resources]
        data["summary"] = self.summary
        return data

    def to_json(self) -> str:
        """That object as ASCII text with sorted keys: the same graph, the same bytes, on every machine."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> Graph:
        """Read a saved preview.

        Raises:
            GraphError: the text is damaged, incomplete, contradicts itself, or has content this version does
            not know.
        """
        from infra.graph.reader import read_graph

        return read_graph(text)


def tree(graph: Graph) -> dict[str | None, tuple[Resource, ...]]:
    """Children by parent URN, in the graph's order; the roots stand under None."""
    children: dict[str | None, list[Resource]] = {}
    for resource in graph.resources:
        children.setdefault(resource.parent, []).append(resource)
    return {parent: tuple(found) for parent, found in children.items()}


def _parent_first(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Depth first from the roots, siblings by URN.

    Raises:
        ValueError: a duplicate URN, a parent that is not there, or a circle of parents.
    """
    known: dict[str, Resource] = {}
    for resource in resources:
        if resource.urn in known:
            raise ValueError(f"the URN {resource.urn!r} stands there twice")
        known[resource.urn] = resource
    children: dict[str | None, list[Resource]] = {}
    for urn in sorted(known):
        parent = known[urn].parent
        if parent is not None and parent not in known:
            raise ValueError(f"{urn!r} has the parent {parent!r}, which is not in the graph")
        children.setdefault(parent, []).append(known[urn])
    ordered: list[Resource] = []
    pending = children.get(None, [])[::-1]
    while pending:
        resource = pending.pop()
        ordered.append(resource)
        pending.extend(children.get(resource.urn, [])[::-1])
    if len(ordered) != len(known):
        lost = min(set(known) - {resource.urn for resource in ordered})
        raise ValueError(f"{lost!r} is its own ancestor")
    return tuple(ordered)
