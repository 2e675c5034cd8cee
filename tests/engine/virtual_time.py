"""A cloud in which time passes only when the engine has started all that it can: no second is slept.

Creations are held until the clock has come to their end. The clock moves on only when everything that should
be under way is; what does not come is the engine, or the program, waiting without need.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.graph import Graph
from infra.timeline import Timeline, seconds_by_urn
from tests.engine.simulator.cloud import Cloud, Record

SHORTEST_S: Final = 10
"""Quicker creations take no time here: there are hundreds, and together they would be most of the test."""
PARALLEL: Final = 256
"""More than want to run at once: this is about what waits for what, not about free places."""
PATIENCE_S: Final = 120.0
"""After which an operation that should have started will not: far more than the busiest machine needs."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a creation should be under way, in seconds of the clock."""

    start: int
    finish: int


def spans(graph: Graph, found: Timeline) -> dict[str, Span]:
    """By the URN that a cloud sees: of a component of a plugin, the child that takes longest."""
    resources = graph.by_urn()
    spans: dict[str, Span] = {}
    for operation in found.operations:
        resource = resources[operation.urn]
        children = [c.urn for c in resource.creates if c.type in ("aws:eks/cluster:Cluster", _GROUP)]
        (urn,) = children or [operation.urn]
        spans[urn] = Span(operation.start, operation.finish)
    return spans


_GROUP = "aws:eks/nodeGroup:NodeGroup"


def seconds_of(graph: Graph) -> dict[str, int]:
    """URN to seconds; a component whose plugin alone knows what it makes takes no time either."""
    remote = {r.urn for r in graph.resources if r.remote and not r.creates}
    return {
        urn: 0 if seconds < SHORTEST_S or urn in remote else seconds
        for urn, seconds in seconds_by_urn(graph).items()
    }


class VirtualCloud(Cloud):
    """A cloud whose creations take the time of their spans; those without one take none.

    Args:
        planned: when each should be under way, by URN.
        patience_s: real seconds after which what has not come does not come any more.
    """

    def __init__(self, planned: Mapping[str, Span] | None = None, patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._planned, self._patience = dict(planned or {}), patience_s
        self._change = threading.Condition()
        self._running: set[str] = set()
        self._done: set[str] = set()
        self._open = False
        self.now = 0
        self.problems: list[str] = []

    def create(self, urn: str, token: str, inputs: Mapping[str, Any], provider: Mapping[str, Any]) -> Record:
        """As any cloud, but in the clock's time."""
        self._under_way(urn)
        return super().create(urn, token, inputs, provider)

    def _under_way(self, urn: str) -> None:
        span = self._planned.get(urn)
        if span is None:
            return
        with self._change:
            if span.start > self.now and not self._open:
                self.problems.append(
                    f"{urn} starts at {self.now} s, before what it waits for: {span.start} s"
                )
            self._running.add(urn)
            self._change.notify_all()
            self._change.wait_for(lambda: self._open or urn in self._done)

    def plan(self, planned: Mapping[str, Span]) -> None:
        """Say when each should be under way, before anything is."""
        self._planned = dict(planned)

    def run(self) -> None:
        """Let time pass until everything is done, or something does not come."""
        try:
            for moment in sorted({t for s in self._planned.values() for t in (s.start, s.finish)}):
                if not self._pass(moment):
                    return
        finally:
            with self._change:
                self._open = True
                self._change.notify_all()

    def _pass(self, moment: int) -> bool:
        """What ends now ends, and what starts now has started; whether it has."""
        with self._change:
            self.now = moment
            self._done |= {urn for urn, span in self._planned.items() if span.finish <= moment}
            self._change.notify_all()
            due = {urn for urn, span in self._planned.items() if span.start <= moment}
            if self._change.wait_for(lambda: due <= self._running, self._patience):
                return True
            self.problems += [f"{urn} has not started at {moment} s" for urn in sorted(due - self._running)]
            return False
