"""Placement: filters, spreading, arrival orders, and a group maximum that is the smallest that holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing import placement
from sizing.engines import POOL_LABEL
from sizing.guide.cells import Tier
from sizing.placement import NodeShape, Pod, place_all, round_robin, smallest_maximum
from sizing.specs import Container, SpreadRule, Volume, Workload
from tests import harness

ZONES = ("a", "b", "c")
TIERS = [tier.value for tier in Tier]
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
    return placement.pods_of(workloads, "cpu_nodes", ZONES, at_maximum=False)


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


@settings(max_examples=60)
@given(st.lists(WORKLOADS, min_size=1, max_size=4), SHAPES)
def test_the_smallest_maximum_holds_and_so_do_the_next_counts_but_not_the_one_before(
    listed: list[Workload], shape: NodeShape
) -> None:
    every = _several(listed)
    if any(p.workload.cpu_m > shape.cpu_m or p.workload.memory_mib > shape.memory_mib for p in every):
        return
    found = smallest_maximum(3, shape, every, ZONES)
    assert found is not None
    for count in range(found, found + placement.LARGER_COUNTS + 1):
        assert placement.fits_with_zone_lost(count, shape, every, ZONES)
    if found > 3:
        assert not placement.fits_with_zone_lost(found - 1, shape, every, ZONES)


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
    verdicts = {count: not place_all(round_robin(count, shape, ZONES), every) for count in range(3, 10)}
    assert [count for count, fits in verdicts.items() if not fits] == [3, 5]


@pytest.mark.parametrize(("unlucky", "expected"), [((), 3), ((5,), 6), ((6,), 7), ((3, 5, 8), 9)])
def test_a_count_that_holds_by_luck_is_passed_over(
    unlucky: tuple[int, ...], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "fits_with_zone_lost", lambda count, *_: count not in unlucky)
    assert smallest_maximum(3, SHAPE, [], ZONES) == expected


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
    lost = placement.surviving(round_robin(6, SHAPE, ZONES), "a")
    assert unplaced(lost, five) == {"web": (2, "its volume is in another zone")}
    assert unplaced(lost, [pod for pod in five if pod.zone != "a"]) == {}


def test_a_lost_zone_is_the_first_and_takes_its_bound_pods_with_it() -> None:
    full = pods(workload("db", cpu_m=4000, replicas=3, volume=True))
    assert placement.fits_with_zone_lost(3, SHAPE, full, ZONES)
    free = pods(workload("web", cpu_m=4000, replicas=3))
    assert not placement.fits_with_zone_lost(3, SHAPE, free, ZONES)
    assert smallest_maximum(3, SHAPE, free, ZONES) == 5


def test_daemons_leave_their_share_of_every_node() -> None:
    daemon = workload("agent", 500, 384).model_copy(update={"kind": "DaemonSet", "node_group": "all"})
    elsewhere = daemon.model_copy(update={"node_group": "gpu_nodes"})
    found = placement.daemons([daemon, elsewhere, workload()], "cpu_nodes")
    assert found == [daemon]
    assert placement.free_shape(SHAPE, found) == NodeShape(3500, 16_000, 19)
    assert placement.pods_of([daemon, workload()], "gpu_nodes", ZONES, at_maximum=True) == []


def test_the_hpa_maximum_counts_when_asked_for() -> None:
    scaled = workload(replicas=2).model_copy(update={"max_replicas": 8})
    counts = [
        len(placement.pods_of([scaled], "cpu_nodes", ZONES, at_maximum=at_maximum))
        for at_maximum in (False, True)
    ]
    assert counts == [2, 8]


def test_what_no_group_can_hold_is_known_without_placing() -> None:
    huge = workload(replicas=10**12)
    assert placement.hopeless([huge], "cpu_nodes", SHAPE)
    assert not placement.hopeless([huge], "gpu_nodes", SHAPE)
    assert not placement.hopeless([workload(replicas=100)], "cpu_nodes", SHAPE)
    assert smallest_maximum(3, SHAPE, pods(workload(cpu_m=4000, replicas=1000)), ZONES) is None


# ----------------------------------------------------------------------------------------------- tiers


@pytest.mark.parametrize("tier", TIERS)
def test_the_groups_maximum_is_the_smallest_that_holds_a_lost_zone(tier: str) -> None:
    plan = harness.plan(tier)
    machine = plan.order.cpu.machine
    shape = placement.free_shape(
        NodeShape(
            machine.allocatable_cpu_m,
            machine.allocatable_memory_mib,
            machine.max_pods,
            0,
            {POOL_LABEL: "cpu"},
        ),
        placement.daemons(plan.workloads.items, "cpu_nodes"),
    )
    every = placement.pods_of(plan.workloads.items, "cpu_nodes", plan.order.zones, at_maximum=True)
    needed = plan.cpu_nodes_needed
    assert needed == plan.pool_max("cpu_nodes")
    for count in (needed, needed + 1, needed + 5):
        assert placement.fits_with_zone_lost(count, shape, every, plan.order.zones)
    if needed > plan.order.cpu.desired:
        assert not placement.fits_with_zone_lost(needed - 1, shape, every, plan.order.zones)
    else:
        assert needed == plan.order.cpu.desired
    fewest = smallest_maximum(3, shape, every, plan.order.zones)
    assert fewest is not None
    assert fewest <= needed
    assert not placement.fits_with_zone_lost(fewest - 1, shape, every, plan.order.zones)


def test_small_and_medium_need_more_than_the_guides_nodes_and_the_others_do_not() -> None:
    """D2: negative control for a placement that would let everything fit."""
    grown = {
        tier: harness.plan(tier).cpu_nodes_needed - harness.plan(tier).order.cpu.desired for tier in TIERS
    }
    assert grown["small"] > 0
    assert grown["medium"] > 0
    assert grown["large"] == 0
    assert grown["enterprise"] == 0
