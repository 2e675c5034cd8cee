"""What waits for what in a first ``up``, and which of these waits are needed.

The engine makes a resource when what it refers to is there: its parent, its provider, the resources that its
inputs come from, and what the program lists (``depends_on``). The first three cannot be otherwise. Of the
program's own, those are needed for which ``infra/data/needed_waits.csv`` gives a reason.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final

from infra.graph import Graph, GraphError, Resource

Waits = Mapping[str, frozenset[str]]
"""URN to the URNs that must be there before."""

COLUMNS: Final = ["waits", "for", "reason"]


@dataclass(frozen=True, slots=True)
class NeededWait:
    """A wait that no input tells of, and why it is needed.

    ``waits`` and ``for_`` are patterns of ``TYPE NAME``.
    """

    waits: str
    for_: str
    reason: str

    def covers(self, after: str, before: str) -> bool:
        """Whether it speaks of these two; both as ``TYPE NAME``."""
        return fnmatchcase(after, self.waits) and fnmatchcase(before, self.for_)


def label(resource: Resource) -> str:
    """``TYPE NAME``: what the patterns of the table are matched with."""
    return f"{resource.type} {resource.name}"


def waits(graph: Graph) -> dict[str, frozenset[str]]:
    """Everything that each resource of the graph waits for directly."""
    known = graph.by_urn()
    return {
        urn: frozenset((_implied(resource) | set(resource.depends_on)) & known.keys() - {urn})
        for urn, resource in known.items()
    }


def needed_waits(graph: Graph, table: Sequence[NeededWait] | None = None) -> dict[str, frozenset[str]]:
    """The needed ones among them."""
    spare = unneeded_waits(graph, table)
    return {urn: before - spare.get(urn, frozenset()) for urn, before in waits(graph).items()}


def unneeded_waits(graph: Graph, table: Sequence[NeededWait] | None = None) -> dict[str, frozenset[str]]:
    """The program's own waits for which the table has no reason; resources without any are left out."""
    rows = load_needed_waits() if table is None else table
    known = graph.by_urn()
    labels = {urn: label(resource) for urn, resource in known.items()}
    found: dict[str, frozenset[str]] = {}
    for urn, resource in known.items():
        mine = [row for row in rows if fnmatchcase(labels[urn], row.waits)]
        own = (set(resource.depends_on) & known.keys()) - _implied(resource)
        spare = {before for before in own if not any(fnmatchcase(labels[before], row.for_) for row in mine)}
        if spare:
            found[urn] = frozenset(spare)
    return found


def _implied(resource: Resource) -> set[str]:
    """Parent, provider, and what the inputs come from."""
    found = {urn for urns in resource.property_depends_on.values() for urn in urns}
    return found | {urn for urn in (resource.parent, resource.provider) if urn is not None}


@cache
def load_needed_waits() -> tuple[NeededWait, ...]:
    """The table that comes with the program. Raises GraphError when it is damaged."""
    return parse_needed_waits((files("infra") / "data" / "needed_waits.csv").read_text(encoding="utf-8"))


def parse_needed_waits(text: str) -> tuple[NeededWait, ...]:
    """Rows from CSV text; lines that begin with ``#`` are remarks. Raises GraphError."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    reader = csv.DictReader(lines)
    if list(reader.fieldnames or ()) != COLUMNS:
        raise GraphError(f"the needed waits have the columns {reader.fieldnames}, expected {COLUMNS}")
    rows = list(reader)
    for row in rows:
        if None in row or not all(row.get(column) for column in COLUMNS):
            raise GraphError(f"the needed wait {row} lacks a cell or has one too many")
    return tuple(NeededWait(row["waits"], row["for"], row["reason"]) for row in rows)
