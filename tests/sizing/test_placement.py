"""Placement: filters, spreading, arrival orders, and a group maximum that is the smallest that holds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import capacity
from sizing.capacity import Demand, place_all, round_robin
from sizing.placement import NodeShape, Placement, Pod
from sizing.specs import Container, SpreadRule, Volume, Workload

ZONES = ("a", "b", "c")
SHAPE = NodeShape(cpu_m=4000, memory_mib=16_384, pods=20)


def workload(
    name: str = "web",
    cpu_m: int = 1000,
    memory_mib: int = 1024,
    replicas: int = 1,
    *,
    zones: SpreadRule = "none",
    hosts: SpreadRule = "none",
    gpus: int = 0,
    volume: bool = False,
) -> Workload:
    return Workload(
        name=name,
        release=name,
        namespace="test",
        kind="StatefulSet" if volume else "Deployment",
        node_group="cpu_nodes",
        replicas=replicas,
        containers=(Container(name="main", cpu_request_m=cpu_m, memory_request_mib=memory_mib, gpus=gpus),),
        volumes=(Volume(name="data", size_gib=1),) if volume else (),
        spread_zones=zones,
        spread_hosts=hosts,
        source="test",
    )


def pods(*workloads: Workload) -> list[Pod]:
    return capacity.pods_of(workloads, ZONES, at_maximum=False)


def unplaced(nodes: list[tuple[str, NodeShape]], listed: list[Pod]) -> dict[str, tuple[int, str]]:
    return {u.pod: (u.count, u.reason) for u in place_all(nodes, listed)}


SPREADS = st.sampled_from(("none", "soft", "hard"))
WORKLOADS = st.builds(
    workload,
    cpu_m=st.sampled_from((100, 250, 500, 1000, 2000, 3000)),
    memory_mib=st.sampled_from((128, 512, 1024, 4096, 8192)),
    replicas=st.integers(1, 5),
    zones=SPREADS,
    hosts=SPREADS,
    volume=st.booleans(),
)
SHAPES = st.builds(
    NodeShape,
    cpu_m=st.sampled_from((2000, 3900, 7900)),
    memory_mib=st.sampled_from((8192, 14_000, 29_000)),
    pods=st.sampled_from((4, 10, 58)),
)


def _several(listed: list[Workload]) -> list[Pod]:
    return pods(*(w.model_copy(update={"name": f"w{i}"}) for i, w in enumerate(listed)))


# ------------------------------------------------------------------------------------------ properties


@settings(max_examples=150)
@given(st.lists(WORKLOADS, min_size=1, max_size=5), SHAPES, st.integers(1, 9))
def test_capacity_short_in_total_is_never_called_fitting(
    listed: list[Workload], shape: NodeShape, count: int
) -> None:
    every, nodes = _several(listed), round_robin(count, shape, ZONES)
    short = (
        sum(p.workload.cpu_m for p in every) > count * shape.cpu_m
        or sum(p.workload.memory_mib for p in every) > count * shape.memory_mib
        or len(every) > count * shape.pods
    )
    missing = place_all(nodes, every)
    assert missing or not short
    assert sum(u.count for u in missing) <= len(every)


@settings(max_examples=100)
@given(st.lists(WORKLOADS, min_size=1, max_size=5), SHAPES, st.integers(1, 9), st.integers(0, 99))
def test_the_verdict_does_not_depend_on_the_order_of_the_input(
    listed: list[Workload], shape: NodeShape, count: int, seed: int
) -> None:
    every = _several(listed)
    other = random.Random(seed).sample(every, len(every))
    assert place_all(round_robin(count, shape, ZONES), every) == place_all(
        round_robin(count, shape, ZONES), other
    )


@settings(max_examples=100)
@given(WORKLOADS, SHAPES, st.integers(3, 9))
def test_adding_a_node_never_makes_equal_pods_unfit(one: Workload, shape: NodeShape, count: int) -> None:
    every = pods(one)
    if not place_all(round_robin(count, shape, ZONES), every):
        assert place_all(round_robin(count + 1, shape, ZONES), every) == ()


def _demand(listed: list[Workload], shape: NodeShape, *, zone_lost: bool = True) -> Demand:
    named = tuple(w.model_copy(update={"name": f"w{i}"}) for i, w in enumerate(listed))
    return Demand(named, shape, ZONES, at_maximum=True, zone_lost=zone_lost)


def _fits(demand: Demand, count: int) -> bool:
    """The verdict on a number of nodes, as ``gateway fit`` gives it."""
    fewest = capacity.needed(demand)
    return fewest is not None and count >= fewest


@settings(max_examples=40)
@given(st.lists(WORKLOADS, min_size=1, max_size=4), SHAPES, st.booleans())
def test_from_what_is_needed_on_every_count_holds_and_the_one_before_does_not(
    listed: list[Workload], shape: NodeShape, zone_lost: bool
) -> None:
    demand = _demand(listed, shape, zone_lost=zone_lost)
    fewest, end = capacity.needed(demand), capacity.certain(demand)
    large = any(w.cpu_m > shape.cpu_m or w.memory_mib > shape.memory_mib for w in listed)
    assert (fewest is None) == (end is None) == large
    if fewest is not None and end is not None:
        for count in range(fewest, end + 2):
            assert capacity.failure(demand, count) == ()
        if fewest > 1:
            assert capacity.failure(demand, fewest - 1)


@settings(max_examples=60)
@given(st.lists(WORKLOADS, min_size=1, max_size=5), SHAPES, st.booleans(), st.integers(1, 30))
def test_adding_a_node_never_makes_a_fitting_plan_unfit(
    listed: list[Workload], shape: NodeShape, zone_lost: bool, count: int
) -> None:
    demand = _demand(listed, shape, zone_lost=zone_lost)
    if _fits(demand, count):
        assert not capacity.failure(demand, count)
        assert not capacity.failure(demand, count + 1)
        assert _fits(demand, count + 1)


@settings(max_examples=60)
@given(st.lists(WORKLOADS, min_size=1, max_size=5), SHAPES, st.integers(0, 2), st.integers(0, 99))
def test_from_the_certain_count_on_no_order_of_arrival_can_fail(
    listed: list[Workload], shape: NodeShape, first_zone: int, seed: int
) -> None:
    demand = _demand(listed, shape, zone_lost=False)
    end = capacity.certain(demand)
    if end is not None:
        every, unseen = demand.pods(first_zone), random.Random(seed)
        for count in (end, end + 1, end + 4):
            shuffled = unseen.sample(every, len(every))
            assert Placement(demand.nodes(count)).place_all(shuffled) == ()


@pytest.mark.parametrize("replicas", [2, 5, 9])
def test_the_certain_count_is_no_larger_than_it_has_to_be(replicas: int) -> None:
    """Pods of which no two share a node take a node each: with one fewer a pod stays out."""
    shape = NodeShape(cpu_m=3000, memory_mib=14_000, pods=58)
    whole = _demand([workload(cpu_m=2000, replicas=replicas)], shape, zone_lost=False)
    assert capacity.certain(whole) == capacity.needed(whole) == replicas
    assert Placement(whole.nodes(replicas - 1)).place_all(whole.pods()) != ()
    lost = replace(whole, zone_lost=True)
    end = capacity.certain(lost)
    assert end is not None
    assert len(lost.nodes(end)) >= replicas > len(lost.nodes(end - len(ZONES)))
    assert Placement(lost.nodes(end)).place_all(lost.pods()) == ()


@settings(max_examples=60)
@given(st.lists(WORKLOADS, min_size=1, max_size=4), SHAPES, st.integers(3, 9))
def test_one_pod_fewer_still_fits_when_the_pods_are_equal(
    listed: list[Workload], shape: NodeShape, count: int
) -> None:
    plain = {
        "containers": listed[0].containers,
        "spread_zones": "none",
        "spread_hosts": "none",
        "volumes": (),
    }
    same = [w.model_copy(update=plain) for w in listed]
    every, nodes = _several(same), round_robin(count, shape, ZONES)
    if not place_all(nodes, every):
        assert place_all(nodes, every[1:]) == ()


def test_a_larger_group_may_hold_less_which_is_why_larger_counts_are_tried() -> None:
    """Spreading over one more node leaves pieces too small for what comes late, as a real scheduler does."""
    every = pods(
        workload("w0", 100, 8192, 1, zones="hard"),
        workload("w1", 250, 4096, 4, zones="hard"),
        workload("w2", 3000, 1024, 3, hosts="soft"),
        workload("w3", 250, 4096, 1, zones="hard", hosts="soft"),
        workload("w4", 100, 1024, 3),
    )
    shape = NodeShape(cpu_m=3900, memory_mib=14_000, pods=58)
    arrived = capacity.shuffled(capacity.canonical(every), 4)
    full = [n for n in range(3, 10) if Placement(round_robin(n, shape, ZONES)).place_all(arrived)]
    assert full == [3, 5]
    assert place_all(round_robin(4, shape, ZONES), every), "with many orders 4 is known to fit by luck"


@pytest.mark.parametrize(("unlucky", "expected"), [((), 1), ((5,), 6), ((6,), 7), ((3, 5, 8), 9)])
def test_a_count_that_holds_by_luck_is_passed_over(
    unlucky: tuple[int, ...], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "failure", lambda _, count: count in unlucky)
    monkeypatch.setattr(capacity, "certain", lambda _: 20)
    demand = Demand((workload(f"luck-{expected}"),), SHAPE, ZONES, at_maximum=True, zone_lost=False)
    assert capacity.needed(demand) == expected


def test_larger_counts_are_the_same_ones_wherever_the_search_begins() -> None:
    every = capacity.larger_counts(1, 500)
    assert every[: capacity.EVERY_COUNT_TO] == list(range(1, capacity.EVERY_COUNT_TO + 1))
    for least in (1, 40, 70, 333):
        found = capacity.larger_counts(least, 500)
        assert found[0] == least
        assert set(found[1:]) == {count for count in every if count > least}


# --------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (workload(cpu_m=4001), "insufficient cpu"),
        (workload(memory_mib=16_385), "insufficient memory"),
        (workload(gpus=1), "insufficient nvidia.com/gpu"),
        (workload(cpu_m=1, memory_mib=1, replicas=61), "too many pods"),
        (workload(cpu_m=1, memory_mib=1, replicas=4, hosts="hard"), "anti-affinity: one per node"),
    ],
)
def test_reasons_are_the_schedulers(one: Workload, reason: str) -> None:
    assert unplaced(round_robin(3, SHAPE, ZONES), pods(one)) == {"web": (1, reason)}


def test_node_labels_must_match() -> None:
    one = workload().model_copy(update={"node_labels": {"pool": "big"}})
    labelled = NodeShape(4000, 16_384, 20, labels={"pool": "big"})
    assert unplaced(round_robin(3, SHAPE, ZONES), pods(one)) == {"web": (1, "node labels do not match")}
    assert unplaced([("a", SHAPE), ("b", labelled)], pods(one)) == {}


def test_hard_zone_spread_keeps_within_one_of_the_emptiest_zone() -> None:
    three = workload(cpu_m=1500, replicas=6, zones="hard")
    assert unplaced(round_robin(3, SHAPE, ZONES), pods(three)) == {}
    nodes = [("a", SHAPE), ("b", SHAPE), ("c", NodeShape(1000, 16_384, 20))]
    assert unplaced(nodes, pods(three)) == {
        "web": (4, "zone spread: more than one pod ahead of the emptiest zone")
    }
    assert unplaced(nodes, pods(workload(cpu_m=1500, replicas=4, zones="soft"))) == {}


def test_pods_are_bound_to_the_zone_of_their_volume() -> None:
    five = pods(workload(cpu_m=100, replicas=5, volume=True))
    assert [pod.zone for pod in five] == ["a", "b", "c", "a", "b"]
    lost = capacity.surviving(round_robin(6, SHAPE, ZONES), "a")
    assert unplaced(lost, five) == {"web": (2, "its volume is in another zone")}
    assert unplaced(lost, [pod for pod in five if pod.zone != "a"]) == {}


def test_a_lost_zone_is_the_first_and_takes_its_bound_pods_with_it() -> None:
    bound = Demand((workload("db", cpu_m=4000, replicas=3, volume=True),), SHAPE, ZONES, True, True)
    assert [pod.zone for pod in bound.pods()] == ["b", "c"]
    assert [zone for zone, _ in bound.nodes(4)] == ["b", "c"]
    assert capacity.needed(bound) == 3
    free = Demand((workload("web", cpu_m=4000, replicas=3),), SHAPE, ZONES, True, True)
    assert capacity.failure(free, 3)
    assert capacity.needed(free) == 5


def test_daemons_leave_their_share_of_every_node() -> None:
    daemon = workload("agent", 500, 384).model_copy(update={"kind": "DaemonSet", "node_group": "all"})
    elsewhere = daemon.model_copy(update={"node_group": "gpu_nodes"})
    found = capacity.daemons([daemon, elsewhere, workload()], "cpu_nodes")
    assert found == [daemon]
    assert capacity.free_shape(SHAPE, found) == NodeShape(3500, 16_000, 19)
    assert capacity.placed_in([daemon, workload()], "gpu_nodes") == ()


def test_the_hpa_maximum_counts_when_asked_for() -> None:
    scaled = workload(replicas=2).model_copy(update={"max_replicas": 8})
    counts = [len(capacity.pods_of([scaled], ZONES, at_maximum=at_maximum)) for at_maximum in (False, True)]
    assert counts == [2, 8]


def test_what_no_group_can_hold_is_known_without_placing() -> None:
    def alone(one: Workload) -> Demand:
        return Demand((one,), SHAPE, ZONES, at_maximum=True, zone_lost=False)

    huge = workload(replicas=10**12)
    assert capacity.hopeless(alone(huge))
    assert capacity.needed(alone(huge)) is None
    assert not capacity.hopeless(alone(workload(replicas=100)))
    assert capacity.needed(alone(workload(cpu_m=4000, replicas=1000))) is None
    assert capacity.needed(alone(workload(cpu_m=4001))) is None
