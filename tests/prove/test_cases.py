"""Every stack on every cloud in its four cases: the model and the scheduler say the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from sizing.capacity import needed, round_robin, surviving
from sizing.fit_cases import POOLS, Case, demands, node_shape, pods_in
from tests import harness
from tests.prove.cases import Node, cluster_case
from tests.prove.compare import answer_of, differences
from tests.prove.conftest import Ask


@pytest.mark.parametrize("case", list(Case))
@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_the_scheduler_agrees(stack: str, cloud: str, case: Case, ask: Ask) -> None:
    plan = harness.plan(stack, cloud)
    asked = cluster_case(plan, case, f"{stack} {cloud} {case.value}")
    assert asked.placed() == Counter(pod.workload.name for pool in POOLS for pod in pods_in(plan, pool, case))
    assert differences(asked, ask(asked), answer_of(plan, case)) == []


@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_the_fewest_nodes_of_the_model_hold(stack: str, cloud: str, ask: Ask) -> None:
    """``nodes_needed`` is no guess: so few nodes hold everything at its maximum with a zone lost."""
    plan, case = harness.plan(stack, cloud), Case.ZONE_LOST_HPA_MAXIMUM
    nodes: list[Node] = []
    for pool in POOLS:
        for share, demand in demands(plan, pool, case):
            count = needed(demand)
            assert count is not None
            every = round_robin(count, node_shape(share), plan.order.zones, share.start)
            nodes += surviving(every, plan.order.zones[0])
    name = f"{stack} {cloud} {case.value}, fewest nodes"
    assert ask(replace(cluster_case(plan, case, name), nodes=tuple(nodes))).unplaced == {}


@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_the_nodes_are_those_of_the_node_groups(stack: str, cloud: str) -> None:
    """All that are desired, all that may be, in the groups' own zones; a lost zone takes its nodes along."""
    plan = harness.plan(stack, cloud)
    zones = {case: Counter(zone for zone, _ in cluster_case(plan, case).nodes) for case in Case}
    for case, end in ((Case.MINIMUM, "desired"), (Case.HPA_MAXIMUM, "max")):
        counts = [(group, getattr(group, end)) for group in plan.node_groups]
        assert sum(zones[case].values()) == sum(n for _, n in counts)
        for zone in plan.order.zones:
            least = sum(n // len(g.zones) for g, n in counts if zone in g.zones)
            most = sum(-(-n // len(g.zones)) for g, n in counts if zone in g.zones)
            assert least <= zones[case][zone] <= most
    left = {zone: n for zone, n in zones[Case.HPA_MAXIMUM].items() if zone != plan.order.zones[0]}
    assert zones[Case.ZONE_LOST_MINIMUM] == zones[Case.ZONE_LOST_HPA_MAXIMUM] == left
