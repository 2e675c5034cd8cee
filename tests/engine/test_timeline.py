"""The first ``up`` on the real engine in the time that ``gateway preview --timeline`` says, to the second.

The clock is virtual: nothing is slept, and no time of this machine is measured.
"""

from __future__ import annotations

import threading

from infra.timeline import needed_waits, timeline
from tests.engine.conftest import Life
from tests.engine.virtual_time import PATIENCE_S, Span, VirtualCloud, seconds_of, spans

MORE = 1.05
"""What a first ``up`` may take over what it needs."""


def test_everything_starts_when_what_it_waits_for_is_there(life: Life) -> None:
    assert life.up.code == 0
    assert life.clock.problems == []
    assert life.clock.now == life.timeline.total
    needed = timeline(life.graph, needed_waits(life.graph), seconds_of(life.graph))
    assert life.clock.now <= MORE * needed.total
    created = {entry.urn for entry in life.clock.log}
    assert set(spans(life.graph, life.timeline)) <= created


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
