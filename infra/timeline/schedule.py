"""When each creation of a first ``up`` starts and ends, what the whole takes, and what it waits for."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from infra.graph import Graph, GraphError
from infra.timeline.latencies import seconds_by_urn
from infra.timeline.waits import Waits, waits


@dataclass(frozen=True, slots=True)
class Operation:
    """One creation; all times in seconds.

    Attributes:
        start: as early as what it waits for allows.
        slack: how much later it could end without the whole taking longer.
        after: of what it waits for, the one that ends last; None when it waits for nothing that takes time.
    """

    urn: str
    type: str
    name: str
    seconds: int
    start: int
    finish: int
    slack: int
    after: str | None


@dataclass(frozen=True)
class Timeline:
    """A first ``up`` with as many operations at once as want to run.

    Attributes:
        operations: what takes time, by start, then end, then URN.
        total: seconds from the first to the last.
        path: the operations that decide ``total``, from first to last; each waits for the one before.
        at_once: most operations under way at a time.
    """

    operations: tuple[Operation, ...]
    total: int
    path: tuple[Operation, ...]
    at_once: int

    def tightest(self, number: int) -> tuple[Operation, ...]:
        """Operations beside the path that have the least slack; the longest of equals first."""
        path = {operation.urn for operation in self.path}
        others = [operation for operation in self.operations if operation.urn not in path]
        return tuple(sorted(others, key=lambda o: (o.slack, -o.seconds, o.urn))[:number])


def timeline(graph: Graph, edges: Waits | None = None, seconds: Mapping[str, int] | None = None) -> Timeline:
    """Earliest start and end of everything.

    Args:
        edges: what waits for what; the graph's own waits when left out.
        seconds: how long each resource takes; by the table of latencies when left out.

    Raises:
        GraphError: a circle of waits, or a type that the table does not know.
    """
    before = waits(graph) if edges is None else edges
    takes = seconds_by_urn(graph) if seconds is None else seconds
    order = _ordered(before)
    finish: dict[str, int] = {}
    for urn in order:
        finish[urn] = max((finish[b] for b in before[urn]), default=0) + takes[urn]
    total = max(finish.values(), default=0)
    latest = dict.fromkeys(order, total)
    for urn in reversed(order):
        for b in before[urn]:
            latest[b] = min(latest[b], latest[urn] - takes[urn])
    known = graph.by_urn()
    last = _last_awaited(order, before, finish, takes)
    found = {
        urn: Operation(
            urn, known[urn].type, known[urn].name, takes[urn], finish[urn] - takes[urn], finish[urn],
            latest[urn] - finish[urn], last[urn],
        )
        for urn in order
        if takes[urn]
    }  # fmt: skip
    operations = tuple(sorted(found.values(), key=lambda o: (o.start, o.finish, o.urn)))
    return Timeline(operations, total, _path(found, total), _at_once(operations))


def _ordered(before: Waits) -> list[str]:
    """Each after what it waits for; among equals by URN, so that the same graph gives the same order."""
    sorter: TopologicalSorter[str] = TopologicalSorter({urn: sorted(before[urn]) for urn in sorted(before)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise GraphError(f"resources wait for each other: {' <- '.join(error.args[1])}") from None


def _last_awaited(
    order: list[str], before: Waits, finish: Mapping[str, int], takes: Mapping[str, int]
) -> dict[str, str | None]:
    """Of what each waits for, over steps that take no time, what ends last."""
    last: dict[str, str | None] = {}
    for urn in order:
        candidates = [b if takes[b] else last[b] for b in before[urn]]
        ends = [(finish[c], c) for c in candidates if c is not None]
        last[urn] = max(ends)[1] if ends else None
    return last


def _path(found: Mapping[str, Operation], total: int) -> tuple[Operation, ...]:
    ends = sorted(urn for urn, operation in found.items() if operation.finish == total)
    urn, path = (ends[0] if ends else None), list[Operation]()
    while urn is not None:
        path.append(found[urn])
        urn = found[urn].after
    return tuple(reversed(path))


def _at_once(operations: tuple[Operation, ...]) -> int:
    changes = sorted([(o.start, 1) for o in operations] + [(o.finish, -1) for o in operations])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


def limited(
    graph: Graph, parallel: int, edges: Waits | None = None, seconds: Mapping[str, int] | None = None
) -> int:
    """Seconds with at most ``parallel`` operations under way, as with ``pulumi up --parallel``.

    Who may start first starts first, as the engine takes registrations: it does not know what is urgent.
    """
    before = waits(graph) if edges is None else edges
    takes = seconds_by_urn(graph) if seconds is None else seconds
    sorter: TopologicalSorter[str] = TopologicalSorter({urn: sorted(before[urn]) for urn in sorted(before)})
    sorter.prepare()
    now, waiting, running = 0, list[str](), list[tuple[int, str]]()
    while sorter.is_active():
        for urn in sorted(sorter.get_ready()):
            if takes[urn]:
                waiting.append(urn)
            else:
                running.append((now, urn))
        heapq.heapify(running)
        while waiting and sum(1 for _, urn in running if takes[urn]) < parallel:
            urn = waiting.pop(0)
            heapq.heappush(running, (now + takes[urn], urn))
        now, urn = heapq.heappop(running)
        sorter.done(urn)
    return now
