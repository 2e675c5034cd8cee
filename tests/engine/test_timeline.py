"""The first ``up`` on the real engine in the time that ``gateway preview --timeline`` says, to the second.

The clock is virtual: nothing is slept, and no time of this machine is measured.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from infra.timeline import Timeline, needed_waits, seconds_by_urn, timeline, waits
from tests.engine.stack import EngineStack, Run, stack_config
from tests.engine.virtual_time import Span, VirtualCloud, spans
from tests.harness import CASES

SHORTEST_S = 10
"""Quicker creations take no time here: there are hundreds, and together they would be most of the test."""
PARALLEL = 256
"""More than want to run at once: this is about what waits for what, not about free places."""
PATIENCE_S = 120.0
"""After which an operation that should have started will not: far more than the busiest machine needs."""
MORE = 1.05


def _graph(tier: str, cloud: str) -> Graph:
    return preview_graph(load(stack_config(tier, cloud), where="the stack file"), tier)


def _seconds(graph: Graph) -> dict[str, int]:
    """A component whose plugin alone knows what it makes takes no time either."""
    remote = {r.urn for r in graph.resources if r.remote and not r.creates}
    return {
        urn: 0 if seconds < SHORTEST_S or urn in remote else seconds
        for urn, seconds in seconds_by_urn(graph).items()
    }


Up = Callable[..., tuple[VirtualCloud, Run]]


@pytest.fixture
def up(pulumi: Path, tmp_path: Path) -> Iterator[Up]:
    """Run a first ``up`` in virtual time, with the times that are given."""
    stacks: list[EngineStack] = []

    def run(tier: str, cloud: str, graph: Graph, found: Timeline) -> tuple[VirtualCloud, Run]:
        time = VirtualCloud(spans(graph, found), PATIENCE_S)
        stack = EngineStack(pulumi, tmp_path / "stack", tier, stack_config(tier, cloud), time)
        stacks.append(stack)
        clock = threading.Thread(target=time.run)
        clock.start()
        done = stack.up("--json", "--parallel", str(PARALLEL))
        clock.join()
        return time, done

    yield run
    for stack in stacks:
        stack.stop()


@pytest.mark.parametrize(
    ("tier", "cloud"), [pytest.param(tier, cloud, id=f"{cloud}-{tier}") for tier, cloud in CASES]
)
def test_everything_starts_when_what_it_waits_for_is_there(up: Up, tier: str, cloud: str) -> None:
    graph = _graph(tier, cloud)
    seconds = _seconds(graph)
    found, needed = (timeline(graph, edges, seconds) for edges in (waits(graph), needed_waits(graph)))
    time, done = up(tier, cloud, graph, found)
    assert time.problems == []
    done.checked()
    assert time.now == found.total
    assert time.now <= MORE * needed.total
    created = {entry.urn for entry in time.log}
    assert set(spans(graph, found)) <= created


KIND = "random:index/randomId:RandomId"
A, B = (f"urn:pulumi:dev::shop::{KIND}::{name}" for name in "ab")


def _in_turn(time: VirtualCloud, *urns: str) -> threading.Thread:
    """An engine that makes each only when the one before is there."""

    def make() -> None:
        for urn in urns:
            time.create(urn, KIND, {"byteLength": 2}, {})

    thread = threading.Thread(target=make)
    thread.start()
    return thread


def test_in_turn_is_what_was_planned() -> None:
    time = VirtualCloud({A: Span(0, 10), B: Span(10, 15)}, PATIENCE_S)
    engine = _in_turn(time, A, B)
    time.run()
    engine.join()
    assert (time.problems, time.now) == ([], 15)


def test_a_wait_too_many_is_noticed() -> None:
    """Both should be under way at once, and the second cannot come before the first has ended."""
    time = VirtualCloud({A: Span(0, 10), B: Span(0, 15)}, patience_s=0.1)
    engine = _in_turn(time, A, B)
    time.run()
    engine.join()
    assert time.problems == [f"{B} has not started at 0 s"]


def test_a_wait_that_is_missing_is_noticed() -> None:
    time = VirtualCloud({A: Span(0, 10), B: Span(10, 15)}, PATIENCE_S)
    engines = [_in_turn(time, B)]
    while not time.problems:
        engines[0].join(0.01)
    engines.append(_in_turn(time, A))
    time.run()
    for engine in engines:
        engine.join()
    assert time.problems == [f"{B} starts at 0 s, before what it waits for: 10 s"]
