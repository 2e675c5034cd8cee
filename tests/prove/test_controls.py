"""Negative controls: what must not fit does not, for the scheduler and the model alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sizing.clouds.aws.machines import machines
from sizing.engines import POOL_LABEL
from sizing.fit_cases import Case
from sizing.guide.cells import Tier
from sizing.guide.ch2_components import PRODUCTION_STACK
from sizing.placement import NodeShape
from sizing.specs import Container, Workload
from tests import harness
from tests.prove.cases import ClusterCase, cluster_case, some
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


def test_small_held_at_three_nodes_does_not_hold_its_maximum_with_a_zone_lost(ask: Ask) -> None:
    """D2: why the maximum is more than the guide's nodes."""
    plan = plan_with("aws", Tier.SMALL, {"nodes": {"cpu": {"max": 3}}})
    assert {g.machine_type for g in plan.groups("cpu_nodes")} == {"m5.xlarge"}
    case = cluster_case(plan, Case.ZONE_LOST_HPA_MAXIMUM, "small held at 3 x m5.xlarge, zone lost")
    outcome = ask(case, ranked=True)
    assert outcome.unplaced
    assert differences(case, outcome, answer_of(plan, Case.ZONE_LOST_HPA_MAXIMUM)) == []


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
