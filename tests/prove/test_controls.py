"""Negative controls: what must not fit does not, for the scheduler and the model alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sizing.clouds.aws.machines import machines
from sizing.engines import POOL_LABEL
from sizing.fit import fit
from sizing.fit_cases import Case
from sizing.guide.cells import Tier
from sizing.guide.ch2_components import PRODUCTION_STACK
from sizing.placement import NodeShape
from sizing.plan import Plan
from sizing.specs import Container, Workload
from tests import harness
from tests.prove.cases import ClusterCase, cluster_case, pods_of, some
from tests.prove.compare import answer_for, answer_of, differences
from tests.prove.conftest import Ask
from tests.sizing.cloud_plans import plan_with

ZONES = ("a", "b", "c")
EVICTION_MIB = 100
"""Memory the kubelet keeps free by default (``--eviction-hard memory.available<100Mi``)."""


def shape_of(machine_type: str) -> NodeShape:
    """A node of the catalogue, labelled as our node groups are."""
    machine = machines()[machine_type]
    return NodeShape(
        machine.allocatable_cpu_m,
        machine.allocatable_memory_mib,
        machine.max_pods,
        machine.gpus,
        {POOL_LABEL: "gpu" if machine.gpus else "cpu"},
    )


def daemons() -> list[Workload]:
    return [w for w in harness.plan("small").workloads.items if w.kind == "DaemonSet"]


def hand_made(name: str, shape: NodeShape, nodes: int, workload: Workload, replicas: int) -> ClusterCase:
    """Equal nodes with the DaemonSets of every cluster of ours, and one workload."""
    return ClusterCase(
        name,
        tuple((ZONES[i % len(ZONES)], shape) for i in range(nodes)),
        (*(some(w, 0, ZONES) for w in daemons()), some(workload, replicas, ZONES)),
    )


@pytest.mark.parametrize("machine_type", ["g4dn.xlarge", "g4dn.2xlarge"])
def test_the_guides_engine_fits_no_t4_node_of_the_guide(machine_type: str, ask: Ask) -> None:
    """D3: 8 cpu and 32Gi on nodes of 4 and 8 vCPU."""
    guide = PRODUCTION_STACK.resources
    container = Container(
        name="vllm",
        cpu_request_m=guide.cpu_request_m,
        memory_request_mib=guide.memory_request_mib,
        gpus=PRODUCTION_STACK.gpus,
    )
    engine = next(w for w in harness.plan("small").workloads.items if w.gpus)
    engine = engine.model_copy(update={"containers": (container,)})
    most = PRODUCTION_STACK.max_replicas
    case = hand_made(f"guide's engine on {machine_type}", shape_of(machine_type), most, engine, most)
    outcome = ask(case)
    assert outcome.unplaced == {engine.name: most}
    assert differences(case, outcome, answer_for(case)) == []


def small_held() -> Plan:
    """The guide's three nodes, and no more of them (D2)."""
    plan = plan_with("aws", Tier.SMALL, {"nodes": {"cpu": {"max": 3}}})
    assert {g.machine_type for g in plan.groups("cpu_nodes")} == {"m5.xlarge"}
    return plan


@pytest.mark.parametrize("case", [Case.MINIMUM, Case.ZONE_LOST_HPA_MAXIMUM])
def test_small_held_at_three_nodes_starts_and_does_not_hold_its_maximum_with_a_zone_lost(
    case: Case, ask: Ask
) -> None:
    plan = small_held()
    asked = cluster_case(plan, case, f"small held at 3 x m5.xlarge, {case.value}")
    outcome = ask(asked, ranked=True)
    assert bool(outcome.unplaced) == (case is not Case.MINIMUM)
    assert differences(asked, outcome, answer_of(plan, case)) == []


def test_small_held_at_three_nodes_does_not_hold_its_maximum_with_every_zone(ask: Ask) -> None:
    """The same verdict, and the platform's critical pods run. Which others stay out is open here: between
    nodes of the same score the scheduler's choice depends on what it did before, and the one node that
    Prometheus is bound to fills up first or last."""
    plan, case = small_held(), Case.HPA_MAXIMUM
    asked = cluster_case(plan, case, "small held at 3 x m5.xlarge, hpa_maximum")
    outcome, answer = ask(asked, ranked=True), answer_of(plan, case)
    assert not answer.fits
    critical = min(w.priority for w in plan.workloads.items if w.priority_class == "gateway-critical")
    for unplaced in (outcome.unplaced, answer.unplaced):
        assert unplaced
        assert all(plan.workloads[name].priority < critical for name in unplaced)


def test_small_held_at_three_nodes_survives_a_zone_by_luck_only(ask: Ask) -> None:
    """With the volumes in the lost zone their pods are gone and the others fit; with them elsewhere they ask
    for room too, and the scheduler leaves pods out. Hence ``by_luck``."""
    plan, case = small_held(), Case.ZONE_LOST_MINIMUM
    [result] = [r for r in fit(plan).cases if (r.case, r.node_group) == (case, "cpu_nodes")]
    assert result.by_luck
    assert not result.fits
    lucky = cluster_case(plan, case, "small held at 3 x m5.xlarge, volumes in the lost zone")
    assert ask(lucky, ranked=True).unplaced == {}
    zones = (*plan.order.zones[1:], plan.order.zones[0])
    elsewhere = tuple(pods_of(w, zones, case) for w in plan.workloads.items)
    asked = replace(lucky, name="small held at 3 x m5.xlarge, volumes in the next zone", pods=elsewhere)
    assert ask(asked, ranked=True).unplaced


LARGE_POD = {"observability": {"prometheus": {"memory": {"request": "105Gi", "limit": "110Gi"}}}}


@pytest.mark.parametrize("case", list(Case))
def test_a_pod_nearly_as_large_as_a_node_runs_in_every_case(case: Case, ask: Ask) -> None:
    """It runs only where next to nothing else does: the maximum grows to 38 nodes for it, and is enough."""
    plan = plan_with("aws", Tier.ENTERPRISE, LARGE_POD)
    room = plan.order.cpu.machine.allocatable_memory_mib
    assert 0.9 * room < plan.workloads["prometheus"].memory_mib < room
    assert plan.pool_max("cpu_nodes") > harness.plan("enterprise").pool_max("cpu_nodes")
    asked = cluster_case(plan, case, f"enterprise with a pod of 105Gi, {case.value}")
    assert answer_of(plan, case).fits
    assert differences(asked, ask(asked), answer_of(plan, case)) == []


def test_five_vault_servers_need_five_nodes(ask: Ask) -> None:
    vault = harness.plan("large").workloads["vault"]
    assert vault.replicas == 5
    assert vault.spread_hosts == "hard"
    shape = shape_of("m5.4xlarge")
    four = hand_made("five Vault servers on four nodes", shape, 4, vault, vault.replicas)
    outcome = ask(four)
    assert outcome.unplaced == {"vault": 1}
    assert differences(four, outcome, answer_for(four)) == []
    five = hand_made("five Vault servers on five nodes", shape, 5, vault, vault.replicas)
    outcome = ask(five)
    assert outcome.unplaced == {}
    assert differences(five, outcome, answer_for(five)) == []


def test_a_formula_without_eviction_reserve_is_caught(ask: Ask) -> None:
    """Pods that fit only if the reserve is forgotten: the wrong model says yes, the scheduler says no."""
    right = shape_of("m5.xlarge")
    wrong = replace(right, memory_mib=right.memory_mib + EVICTION_MIB)
    taken = sum(w.memory_mib for w in daemons() if w.node_group == "all")
    largest = Container(
        name="main", cpu_request_m=100, memory_request_mib=right.memory_mib - taken + EVICTION_MIB // 2
    )
    pod = harness.plan("small").workloads["litellm"].model_copy(update={"containers": (largest,)})
    asked = hand_made("pods as large as a node without eviction reserve", right, 3, pod, 3)
    imagined = hand_made("", wrong, 3, pod, 3)
    outcome = ask(asked)
    assert outcome.unplaced == {pod.name: 3}
    assert differences(asked, outcome, answer_for(asked)) == []
    assert answer_for(imagined).fits
    reported = differences(asked, outcome, answer_for(imagined))
    assert reported[0] == "verdict: model fits, scheduler does not fit"
    assert reported[1].startswith("unplaced: litellm: model 0, scheduler 3 (")
    assert "Insufficient memory" in reported[1]
