"""``gateway preview --timeline``: how long the first ``pulumi up`` takes, and what it waits for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli import output
from infra.graph import Graph
from infra.timeline import Operation, Timeline, limited, timeline

Option = Annotated[
    bool,
    typer.Option(
        "--timeline", help="Show instead how long the first `pulumi up` takes, and its longest path."
    ),
]
TIGHTEST: Final = 10
"""Operations beside the path that are listed."""
PARALLEL: Final = (8, 16, 32)
"""Limits that are tried: Pulumi's default is 4 times the processors of the machine that runs it
(``defaultParallel``, https://github.com/pulumi/pulumi/blob/master/pkg/cmd/pulumi/operations/up.go)."""


def report(graph: Graph, *, as_json: bool) -> None:
    """Print the timeline of a first ``up``."""
    found = timeline(graph)
    limits = {parallel: limited(graph, parallel) for parallel in PARALLEL}
    if not as_json:
        output.show(*_page(graph, found, limits))
        return
    output.show_json(
        {
            "stack": graph.stack,
            "cloud": graph.cloud,
            "seconds": found.total,
            "at_once": found.at_once,
            "parallel": [{"parallel": limit, "seconds": seconds} for limit, seconds in limits.items()],
            "path": [asdict(operation) for operation in found.path],
            "tightest": [asdict(operation) for operation in found.tightest(TIGHTEST)],
        }
    )


def clock(seconds: int) -> str:
    """Minutes and seconds: ``19:51``."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _page(graph: Graph, found: Timeline, limits: dict[int, int]) -> Iterator[RenderableType]:
    yield Text.assemble(
        (graph.stack, "bold"),
        f"  {graph.cloud}: the first `pulumi up` takes about {math.ceil(found.total / 60)} minutes",
    )
    yield Text("Typical times of the clouds, minutes:seconds; docs/timeline.md has their sources.", "dim")
    yield Text("\nThe longest path", "bold")
    yield _table(found.path, "ends")
    yield Text(f"\nThe {TIGHTEST} others with the least slack", "bold")
    yield _table(found.tightest(TIGHTEST), "slack")
    shown = ", ".join(f"{clock(seconds)} with {limit}" for limit, seconds in limits.items())
    yield Text(
        f"\nUp to {found.at_once} operations at once. `pulumi up` runs 4 for each processor of its machine; "
        f"`--parallel` sets another limit: {shown}."
    )


def _table(operations: Iterable[Operation], last: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(*(Text(title, "dim") for title in ("  starts", "takes", last, "resource")))
    for one in operations:
        end = one.finish if last == "ends" else one.slack
        name = Text.assemble(one.name, "  ", (one.type, "dim"))
        table.add_row(clock(one.start), clock(one.seconds), clock(end), name)
    return table
