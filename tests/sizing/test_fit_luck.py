"""A plan that fits must not do so by luck: pods that come late, volumes in other zones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sizing import capacity
from sizing.fit import fit
from sizing.fit_cases import Case, demands
from sizing.placement import Placement
from tests.sizing.plans import planned
from tests.sizing.random_demands import random_demand


def test_a_large_pod_that_comes_last_finds_room_however_empty_the_nodes_are() -> None:
    """Twenty nodes are less than a third full, and the others leave too little on each of them."""
    over = {"prometheus": {"memory": {"request": "105Gi", "limit": "110Gi"}}}
    plan = planned("enterprise", observability=over)
    [(share, demand)] = demands(plan, "cpu_nodes", Case.HPA_MAXIMUM)
    for seed in range(6):
        arrived = capacity.shuffled(capacity.canonical(demand.pods()), seed)
        last = sorted(arrived, key=lambda pod: pod.workload.name == "prometheus")
        assert Placement(demand.nodes(20)).place_all(last)
        assert Placement(demand.nodes(share.max)).place_all(last) == ()
    assert fit(plan).fits


@pytest.mark.parametrize("config", [{"cpu": {"max": 3}}, {"cpu": {"min": 5, "desired": 5, "max": 9}}])
def test_no_pod_is_both_lost_with_its_zone_and_pending(config: dict[str, Any]) -> None:
    large = (
        {} if "min" not in config["cpu"] else {"prometheus": {"memory": {"request": "11Gi", "limit": "12Gi"}}}
    )
    plan = planned("small", nodes=config, observability=large)
    for case in fit(plan).cases:
        counted = Counter({lost.pod: lost.count for lost in case.lost_with_zone})
        counted.update({pod.pod: pod.count for pod in case.unplaced})
        for name, count in counted.items():
            assert count <= plan.workloads[name].most_replicas


def test_a_workload_that_comes_late_is_tried_late() -> None:
    """Orders that nobody tried, with one workload after all others: what is called enough holds them."""
    broken = tried = 0
    for seed in range(40):
        demand, _ = random_demand(seed)
        count = capacity.needed(demand)
        if count is None:
            continue
        for trial in range(3):
            pods = capacity.shuffled(demand.pods(trial), seed=1000 + trial)
            for name in {p.workload.name for p in pods}:
                last = sorted(pods, key=lambda p: p.workload.name == name)
                broken += bool(Placement(demand.nodes(count)).place_all(last))
                tried += 1
    assert tried > 300
    assert broken <= tried * 0.02, "one in fifty is luck's share in what seeded shuffles can find"
