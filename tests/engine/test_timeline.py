"""The first ``up`` on the real engine in the time that ``gateway preview --timeline`` says, to the second.

The clock is virtual: nothing is slept, and no time of this machine is measured.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from infra.clouds import CLOUDS
from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from infra.timeline import Timeline, needed_waits, seconds_by_urn, timeline, waits
from infra.timeline.waits import Waits
from tests.engine.stack import EngineStack, Run, stack_config
from tests.engine.virtual_time import VirtualCloud, spans
from tests.harness import CASES, STACKS

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

    def run(
        tier: str, cloud: str, graph: Graph, found: Timeline, patience_s: float
    ) -> tuple[VirtualCloud, Run]:
        time = VirtualCloud(spans(graph, found), patience_s)
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
    time, done = up(tier, cloud, graph, found, PATIENCE_S)
    assert time.problems == []
    done.checked()
    assert time.now == found.total
    assert time.now <= MORE * needed.total
    created = {entry.urn for entry in time.log}
    assert set(spans(graph, found)) <= created


def _without(edges: Waits, graph: Graph, name: str, other: str) -> Mapping[str, frozenset[str]]:
    urns = {r.name: r.urn for r in graph.resources if r.custom or r.remote}
    assert urns[other] in edges[urns[name]]
    return {**edges, urns[name]: edges[urns[name]] - {urns[other]}}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_wait_too_many_is_noticed(up: Up, cloud: str) -> None:
    """The program waits for the roles before it migrates; by this timeline it would not have to."""
    tier = STACKS[0]
    graph = _graph(tier, cloud)
    edges = _without(waits(graph), graph, "litellm-migrate", "database-bootstrap")
    time, done = up(tier, cloud, graph, timeline(graph, edges, _seconds(graph)), patience_s=10.0)
    (problem,) = time.problems
    assert "::litellm-migrate has not started at" in problem
    done.checked()
