"""``gateway fit``'s verdict: every tier fits, what must not fit does not, and the verdict is sound."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.planning import plan_of
from infra.settings import load
from sizing import capacity
from sizing.capacity import Demand
from sizing.clouds.aws.machines import machines
from sizing.errors import SizingError
from sizing.fit import check_fit, fit
from sizing.fit_cases import POOLS, Case, demands, nodes_of, pods_in, shares_of
from sizing.fit_report import fit_report
from sizing.guide import ch2_components
from sizing.placement import NodeShape, Placement
from sizing.plan import Plan
from sizing.quantities import parse_cpu, parse_memory
from tests import harness
from tests.sizing.random_demands import a_pod, random_demand

ZONES = ("a", "b", "c")
EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), harness.CASES)


def _held(tier: str, **nodes: int) -> Plan:
    return plan_of(load({"tier": tier, "nodes": {"cpu": nodes}}))


def _machine(name: str) -> NodeShape:
    found = machines()[name]
    return NodeShape(found.allocatable_cpu_m, found.allocatable_memory_mib, found.max_pods, found.gpus)


# --------------------------------------------------------------------------------------------- tiers


@EVERY_CASE
def test_every_tier_fits_in_all_cases_with_the_guides_counts_as_desired(stack: str, cloud: str) -> None:
    plan = harness.plan(stack, cloud)
    found = fit(plan)
    assert found.verdict == "fits"
    assert [(c.case, c.node_group) for c in found.cases] == [(c, p) for c in Case for p in POOLS]
    assert found.remedies == ()
    for case in found.cases:
        assert case.nodes_needed is not None
        assert 0 < case.nodes_needed <= case.nodes
        for percent in (case.cpu_percent, case.memory_percent):
            assert percent is not None
            assert 0 < percent <= 100
    order = plan.order.cpu
    assert (order.min, order.desired) == (found.cases[0].nodes,) * 2
    check_fit(plan)


@EVERY_CASE
def test_nodes_and_pods_of_a_case_are_what_its_demands_say(stack: str, cloud: str) -> None:
    """Two ways to the same nodes: the groups' own counts, and the search's round-robin."""
    plan = harness.plan(stack, cloud)
    for case in Case:
        for pool in POOLS:
            nodes = [zone for zone, _ in nodes_of(plan, pool, case)]
            searched = [
                zone
                for share, demand in demands(plan, pool, case)
                for zone, _ in demand.nodes(share.desired if case.at_desired else share.max)
            ]
            assert nodes == searched
            if cloud == "aws" and not case.zone_lost:
                groups = {
                    g.zones[0]: 0 for g in plan.groups(pool)
                } | {  # counts of the groups that are ordered
                    zone: sum(
                        g.desired if case.at_desired else g.max
                        for g in plan.groups(pool)
                        if g.zones == (zone,)
                    )
                    for zone in plan.order.zones
                }
                assert {zone: nodes.count(zone) for zone in groups} == groups
            if case.zone_lost:
                assert plan.order.zones[0] not in nodes
                assert all(pod.zone != plan.order.zones[0] for pod in pods_in(plan, pool, case))


@EVERY_CASE
def test_any_zone_may_be_lost(stack: str, cloud: str) -> None:
    plan = harness.plan(stack, cloud)
    for pool in POOLS:
        nodes, pods = nodes_of(plan, pool, Case.HPA_MAXIMUM), pods_in(plan, pool, Case.MINIMUM)
        daemons = capacity.daemons(plan.workloads.items, pool)
        free = [(zone, capacity.free_shape(shape, daemons)) for zone, shape in nodes]
        for lost in plan.order.zones:
            left = [pod for pod in pods if pod.zone != lost]
            assert capacity.place_all(capacity.surviving(free, lost), left) == ()


def left_out(plan: Plan, trials: Iterable[int]) -> list[tuple[Case, str, int]]:
    """Arrival orders that nobody tried when the maximum was chosen, and that leave a pod out."""
    return [
        (case, pool, trial)
        for case in Case
        for pool in POOLS
        for share, demand in demands(plan, pool, case)
        for trial in trials
        if Placement(demand.nodes(share.desired if case.at_desired else share.max)).place_all(
            random.Random(f"unseen {trial}").sample(pods := demand.pods(trial % 3), len(pods))
        )
    ]


@EVERY_CASE
def test_a_plan_does_not_fit_by_luck(stack: str, cloud: str) -> None:
    assert left_out(harness.plan(stack, cloud), range(40)) == []


@EVERY_CASE
def test_what_goes_with_a_zone_leaves_every_quorum(stack: str, cloud: str) -> None:
    plan = harness.plan(stack, cloud)
    for case in fit(plan).cases:
        for lost in case.lost_with_zone:
            workload = plan.workloads[lost.pod]
            assert workload.volumes
            assert lost.count + lost.remaining == workload.replicas
            assert lost.count == -(-workload.replicas // len(plan.order.zones))
            assert lost.needed == (workload.quorum or 0)
            assert lost.quorum


@EVERY_CASE
def test_the_report_has_every_workload_and_the_figures_behind_the_verdict(stack: str, cloud: str) -> None:
    plan = harness.plan(stack, cloud)
    report = fit_report(plan)
    names = [pod["name"] for pod in report["pods"]]
    assert names == [w.name for w in plan.workloads.items]
    assert len(set(names)) == len(names)
    for pod in report["pods"]:
        running = sum(c["cpu_m"] for c in pod["containers"])
        assert pod["cpu_m"] == max([running, *(c["cpu_m"] for c in pod["init_containers"])])
        assert (pod["replicas"] == 0) == (pod["kind"] == "DaemonSet")
    for engine in report["gpu"]:
        assert 0 < engine["needed_mib"] <= engine["available_mib"]
    for pool in POOLS:
        assert report["nodes"][pool]["would_do"] <= report["nodes"][pool]["max"]
        assert sum(share.max for share in shares_of(plan, pool)) == plan.pool_max(pool)


def test_it_is_said_how_few_nodes_would_do() -> None:
    for stack in ("large", "enterprise"):
        found = fit_report(harness.plan(stack))["nodes"]["cpu_nodes"]
        assert found["would_do_at_minimum"] < found["desired"]
    assert found["would_do"] < found["max"]


# ---------------------------------------------------------------------------------- negative controls


def test_a_maximum_held_at_the_guides_count_does_not_survive_a_zone() -> None:
    """3 x m5.xlarge at the HPA maximum, one zone lost."""
    plan = _held("small", max=3)
    found = fit(plan)
    assert found.verdict == "does not fit"
    failing = {c.case for c in found.cases if not c.fits and c.node_group == "cpu_nodes"}
    assert failing >= {Case.HPA_MAXIMUM, Case.ZONE_LOST_HPA_MAXIMUM}
    lost = next(
        c for c in found.cases if c.case is Case.ZONE_LOST_HPA_MAXIMUM and c.node_group == "cpu_nodes"
    )
    assert (lost.nodes, lost.nodes_left) == (3, 2)
    assert sum(u.count for u in lost.unplaced) > 0
    [remedy] = found.remedies
    assert remedy.path == "nodes.cpu.max"
    assert remedy.at_least == plan.cpu_nodes_needed
    assert fit(_held("small", max=plan.cpu_nodes_needed)).fits
    assert not fit(_held("small", max=plan.cpu_nodes_needed - 1)).fits
    with pytest.raises(SizingError, match=r"nodes\.cpu\.max: 3: does not fit"):
        check_fit(plan)


@pytest.mark.parametrize("machine", ["g4dn.xlarge", "g4dn.2xlarge"])
def test_the_guides_engine_pod_never_runs_on_its_node(machine: str) -> None:
    asked = ch2_components.PRODUCTION_STACK.resources
    cpu_m, memory_mib = parse_cpu(asked.cpu_request), parse_memory(asked.memory_request)
    engine = a_pod("engine", cpu_m, memory_mib, 1, gpus=1)
    demand = Demand((engine,), _machine(machine), ZONES, at_maximum=False, zone_lost=False)
    assert capacity.needed(demand) is None
    assert [u.pod for u in capacity.failure(demand, 100)] == ["engine"]


def test_five_vault_pods_do_not_run_on_four_nodes() -> None:
    vault = harness.plan("enterprise").workloads["vault"]
    shape = _machine(harness.plan("enterprise").order.cpu.machine.name)
    demand = Demand((vault,), shape, ZONES, at_maximum=False, zone_lost=False)
    assert [(u.pod, u.count) for u in capacity.failure(demand, 4)] == [("vault", 1)]
    assert capacity.failure(demand, 5) == ()


def test_pods_of_lower_priority_are_those_that_stay_out() -> None:
    plan = _held("small", max=3)
    out = {u.pod for case in fit(plan).cases for u in case.unplaced}
    assert out
    assert all(plan.workloads[name].priority < plan.workloads["coredns"].priority for name in out)


# ----------------------------------------------------------------------------------------- properties


def test_a_thousand_random_plans_short_in_total_never_fit_and_order_does_not_matter() -> None:
    fitting = 0
    for seed in range(1000):
        demand, count = random_demand(seed)
        missing = capacity.failure(demand, count)
        if capacity.short(demand.nodes(count), demand.pods()):
            assert missing
        turned = Demand(
            demand.workloads[::-1], demand.shape, ZONES, demand.at_maximum, demand.zone_lost, demand.start
        )
        assert bool(capacity.failure(turned, count)) == bool(missing)
        fitting += not missing
    assert 200 < fitting < 900


@settings(max_examples=20)
@given(st.integers(3, 12))
def test_a_higher_maximum_never_makes_a_fitting_stack_unfit(most: int) -> None:
    if fit(_held("small", max=most)).fits:
        assert fit(_held("small", max=most + 1)).fits


def test_placing_is_what_a_scan_over_all_nodes_would_do() -> None:
    """The heaps against the definition: highest score, first of equal ones, on every node at every step."""
    for seed in range(60):
        demand, count = random_demand(seed)
        nodes, pods = demand.nodes(count + 2), capacity.shuffled(capacity.canonical(demand.pods()), 1)
        fast, free = Placement(nodes), [[s.cpu_m, s.memory_mib, s.pods] for _, s in nodes]
        running: list[dict[str, int]] = [{} for _ in nodes]
        zones: dict[str, dict[str, int]] = {}
        for pod in pods:
            name = pod.workload.name
            counts = zones.setdefault(name, dict.fromkeys({zone for zone, _ in nodes}, 0))
            most = max(counts.values(), default=0) or 1
            scored = [
                (
                    -200.0 * counts[zone] / most - 200.0 * running[i].get(name, 0)
                    + 50.0 * (free[i][0] / shape.cpu_m + free[i][1] / shape.memory_mib),
                    -i,
                )
                for i, (zone, shape) in enumerate(nodes)
                if pod.zone in (None, zone)
                and pod.cpu_m <= free[i][0]
                and pod.memory_mib <= free[i][1]
                and free[i][2] > 0
                and not (pod.workload.spread_hosts == "hard" and running[i].get(name))
            ]  # fmt: skip
            assert (fast.place(pod) is None) == bool(scored)
            if scored:
                best = -max(scored)[1]
                free[best][0] -= pod.cpu_m
                free[best][1] -= pod.memory_mib
                free[best][2] -= 1
                running[best][name] = running[best].get(name, 0) + 1
                counts[nodes[best][0]] += 1
