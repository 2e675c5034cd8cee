"""How long one creation takes: a table with sources (``infra/data/latencies.csv``; its head explains it)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final, Literal, cast, get_args

from pydantic import JsonValue

from infra.graph import Graph, GraphError, Resource

Basis = Literal["measured", "published", "estimate", "none"]
COLUMNS: Final = ["type", "where", "seconds", "basis", "source", "note"]


@dataclass(frozen=True, slots=True)
class Latency:
    """One row.

    Attributes:
        type: a type token, or a pattern of it.
        where: ``name~PATTERN`` or ``PATH=VALUE`` of an input, "" for all of the type.
        seconds: from the first call until the provider says that the thing is there.
        basis: what the figure rests on; see the table's head.
        source: URL, "" where there is none.
    """

    type: str
    where: str
    seconds: int
    basis: Basis
    source: str
    note: str

    def fits(self, type_: str, name: str, inputs: JsonValue) -> bool:
        """Whether the row speaks of such a resource."""
        if not fnmatchcase(type_, self.type):
            return False
        if not self.where:
            return True
        left, operator, right = self.where.partition("~" if self.where.startswith("name~") else "=")
        if operator == "~":
            return fnmatchcase(name, right)
        return _text(_at(inputs, left)) == right


def latency_of(table: Sequence[Latency], type_: str, name: str, inputs: JsonValue = None) -> Latency:
    """The first row that fits.

    Raises:
        GraphError: no row fits; a package that the table does not know.
    """
    for row in table:
        if row.fits(type_, name, inputs):
            return row
    raise GraphError(f"infra/data/latencies.csv has no row for {type_} ({name}): add one with its source")


def seconds_by_urn(graph: Graph, table: Sequence[Latency] | None = None) -> dict[str, int]:
    """How long each resource of a graph takes. Components take no time, nor does what is only read."""
    rows = load_latencies() if table is None else table
    return {resource.urn: _seconds(resource, rows) for resource in graph.resources}


def _seconds(resource: Resource, table: Sequence[Latency]) -> int:
    if resource.creates:
        # Its children of one type are made side by side, one type after the other: a cluster, then add-ons.
        kinds: dict[str, int] = {}
        for child in resource.creates:
            if not child.type.startswith(f"{resource.type.partition(':')[0]}:index:"):
                one = latency_of(table, child.type, child.name, {**child.inputs}).seconds
                kinds[child.type] = max(one, kinds.get(child.type, 0))
        return sum(kinds.values())
    if resource.external or not (resource.custom or resource.remote):
        return 0
    return latency_of(table, resource.type, resource.name, {**resource.inputs}).seconds


def _at(inputs: JsonValue, path: str) -> JsonValue:
    value = inputs
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def load_latencies() -> tuple[Latency, ...]:
    """The table that comes with the program. Raises GraphError when it is damaged."""
    return parse_latencies((files("infra") / "data" / "latencies.csv").read_text(encoding="utf-8"))


def parse_latencies(text: str) -> tuple[Latency, ...]:
    """Rows from CSV text; lines that begin with ``#`` are remarks. Raises GraphError."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    reader = csv.DictReader(lines)
    if list(reader.fieldnames or ()) != COLUMNS:
        raise GraphError(f"the latencies have the columns {reader.fieldnames}, expected {COLUMNS}")
    rows: list[Latency] = []
    for row in reader:
        if None in row or row["basis"] not in get_args(Basis) or not row["seconds"].isdigit():
            raise GraphError(f"the latency {row} has a cell too many, no seconds or an unknown basis")
        basis = cast(Basis, row["basis"])
        rows.append(
            Latency(row["type"], row["where"], int(row["seconds"]), basis, row["source"], row["note"])
        )
    return tuple(rows)
