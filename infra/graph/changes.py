"""What a comparison of two graphs yields, as plain data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final, Literal

from pydantic import JsonValue

from infra.graph.rules import Effect

Action = Literal["create", "update", "replace", "delete"]

PROVIDER_PATH: Final = "(provider)"
"""Stands in the list of paths when it is the provider that replaces a resource."""


@dataclass(frozen=True, slots=True)
class PathChange:
    """One changed input: its path, both values (None = absent) and what the change does."""

    path: str
    old: JsonValue
    new: JsonValue
    effect: Effect = "update"
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that does not stay as it is.

    Attributes:
        urn: today's URN; for a deleted resource the old one.
        protected: the engine refuses to delete or replace it until ``protect`` is taken away.
        data: it holds data that is lost with it (databases, caches, buckets, keys, secrets, volumes).
        old_urn: the URN before, where an alias connects the two; else None.
    """

    action: Action
    urn: str
    type: str
    name: str
    protected: bool
    data: bool
    paths: tuple[PathChange, ...] = ()
    old_urn: str | None = None

    @property
    def may_replace(self) -> bool:
        """An update of which only the provider can tell whether it becomes a replacement."""
        return self.action == "update" and any(path.effect == "may_replace" for path in self.paths)

    @property
    def restarts(self) -> bool:
        """An update in place with downtime, a failover or replaced nodes."""
        return self.action == "update" and any(path.effect == "restart" for path in self.paths)


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """All changes, each list by URN; ``unchanged`` counts the rest."""

    base: str
    head: str
    created: tuple[ResourceChange, ...]
    updated: tuple[ResourceChange, ...]
    replaced: tuple[ResourceChange, ...]
    deleted: tuple[ResourceChange, ...]
    unchanged: int

    @property
    def data_loss(self) -> tuple[ResourceChange, ...]:
        """Replaced or deleted resources that hold data."""
        return tuple(change for change in (*self.replaced, *self.deleted) if change.data)

    @property
    def empty(self) -> bool:
        """Nothing changes."""
        return not (self.created or self.updated or self.replaced or self.deleted)

    def to_json(self) -> str:
        """The same as JSON with sorted keys: equal comparisons give equal bytes."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False)
