"""What a refusal tells people to write makes the plan fit, or says that nothing would."""

from __future__ import annotations

import random
from typing import Any

import pytest

from infra.planning import plan_of
from infra.settings import load
from sizing import remedies
from sizing.errors import SizingError
from sizing.fit import Fit, check_fit, fit
from sizing.node_groups import shared_out
from sizing.plan import Plan, replanned
from tests.sizing.plans import merged, planned
from tests.sizing.strategies import at_path

TWO_ENGINES = {"engines": [{"minReplicas": 2, "maxReplicas": 6}, {}]}
GCP = {"cloud": "gcp", "gcpProject": "my-project-1"}


def applied(config: dict[str, Any], found: Fit) -> Plan:
    """The stack file with every remedy written into it."""
    for remedy in found.remedies:
        assert remedy.value is not None, remedy.text
        config = merged(config, at_path(remedy.path.split("."), remedy.value))
    return plan_of(load(config))


def random_pool(chosen: random.Random, *, machines: tuple[str, ...], most: int) -> dict[str, Any]:
    pool: dict[str, Any] = {}
    if chosen.random() < 0.4:
        pool["machineType"] = chosen.choice(machines)
    if chosen.random() < 0.4:
        pool["desired"] = chosen.randint(1, most)
        pool["min"] = chosen.randint(0, pool["desired"])
    if chosen.random() < 0.8:
        pool["max"] = chosen.randint(max(3, pool.get("desired", 3)), most + 4)
    return pool


def random_stack(seed: int) -> dict[str, Any]:
    """A stack file with few nodes for many replicas."""
    chosen = random.Random(seed)
    config: dict[str, Any] = {"tier": chosen.choice(("small", "small", "medium", "enterprise"))}
    config["nodes"] = {
        "cpu": random_pool(chosen, machines=("m5.xlarge", "m5.2xlarge", "c5.4xlarge"), most=6),
        "gpu": random_pool(chosen, machines=("g4dn.2xlarge", "g5.4xlarge", "g5.12xlarge"), most=5),
    }
    if config["tier"] == "enterprise":  # one engine on a card, one on a whole node
        config["nodes"]["gpu"]["machineType"] = "p4d.24xlarge"
    if chosen.random() < 0.4:
        config["litellm"] = {"replicas": (least := chosen.randint(1, 8)), "maxReplicas": least + 12}
    if chosen.random() < 0.5:
        config["vllm"] = {"engines": [{"minReplicas": (n := chosen.randint(1, 4)), "maxReplicas": n + 3}]}
        if config["tier"] == "enterprise":
            config["vllm"]["engines"].append({})
    return config


def test_every_remedy_of_random_stacks_makes_them_fit() -> None:
    unfit = 0
    for seed in range(40):
        config = random_stack(seed)
        try:
            plan = plan_of(load(config))
        except SizingError:
            continue
        found = fit(plan)
        if found.fits:
            assert found.remedies == ()
            continue
        unfit += 1
        for remedy in found.remedies:
            assert remedy.text.startswith(f"Set {remedy.path} to at least {remedy.at_least}"), config
            assert isinstance(remedy.now, int)
            assert remedy.at_least is not None
            assert remedy.at_least > remedy.now
        assert fit(applied(config, found)).fits, (config, found.remedies)
    assert unfit >= 12


@pytest.mark.parametrize(
    "config",
    [
        {"nodes": {"gpu": {"max": 6}}, "vllm": TWO_ENGINES},
        {"nodes": {"gpu": {"desired": 3, "min": 1, "max": 4}}, "litellm": {"replicas": 3, "maxReplicas": 15}},
        {"nodes": {"gpu": {"desired": 2, "min": 2, "max": 2}}, "vllm": TWO_ENGINES},
        {"nodes": {"cpu": {"max": 10, "machineType": "c5.4xlarge"}, "gpu": {"desired": 2, "max": 2}}},
        {"nodes": {"gpu": {"machineType": "a2-highgpu-8g", "desired": 3, "min": 3, "max": 4}}, **GCP},
    ],
)  # fmt: skip
def test_engines_with_nodes_of_their_own_get_a_remedy_that_is_enough(config: dict[str, Any]) -> None:
    """The total is shared out by need: what the engines need together is enough, and never what there is."""
    config = {"tier": "enterprise", **config}
    found = fit(plan_of(load(config)))
    for case in found.cases:
        assert case.fits == (case.nodes_needed is not None and case.nodes_needed <= case.nodes)
    for remedy in found.remedies:
        assert isinstance(remedy.now, int)
        assert remedy.at_least is not None
        assert remedy.at_least > remedy.now
    assert fit(applied(config, found)).fits


def test_a_maximum_that_is_enough_in_total_is_shared_out_by_need() -> None:
    """Six nodes: five hold the larger engine at its maximum, and one the smaller."""
    plan = planned(
        "enterprise",
        nodes={"gpu": {"min": 2, "desired": 2, "max": 6}},
        vllm={"engines": [{"minReplicas": 1, "maxReplicas": 8}, {"minReplicas": 1, "maxReplicas": 4}]},
    )
    assert fit(plan).fits


def test_nodes_are_shared_out_in_steps_that_never_take_one_back() -> None:
    assert shared_out(8, [(1, 4), (1, 4)]) == [4, 4]
    assert shared_out(5, [(1, 1), (1, 6)]) == [1, 4]
    assert shared_out(9, [(1, 1), (1, 6)]) == [2, 7]
    assert shared_out(1, [(1, 1), (3, 6)]) == [1, 0]
    chosen = random.Random(1)
    for _ in range(200):
        needs = [(start, start + chosen.randint(0, 9)) for start in chosen.choices(range(1, 6), k=3)]
        before = [0, 0, 0]
        for total in range(60):
            counts = shared_out(total, needs)
            assert sum(counts) == total
            assert all(now >= then for now, then in zip(counts, before, strict=True))
            before = counts
            if total >= sum(most for _, most in needs):
                assert all(count >= most for count, (_, most) in zip(counts, needs, strict=True))


def test_a_remedy_that_is_not_enough_is_raised_before_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Re-planning decides: here every number below nine is said not to do, whatever a case asks for."""
    judged = remedies.judge
    plan = planned("small", nodes={"cpu": {"max": 3}})
    failing = fit(plan).cases

    def strict(tried: Plan) -> Any:
        return judged(tried) if tried.pool_max("cpu_nodes") >= 9 else failing

    monkeypatch.setattr(remedies, "judge", strict)
    assert [remedy.value for remedy in remedies.remedies(plan, failing)] == [9]
    monkeypatch.setattr(remedies, "TRIES", 2)
    assert [remedy.value for remedy in remedies.remedies(plan, failing)] != [8], (
        "what does not do is not said"
    )


def test_leaving_a_maximum_out_is_offered_where_the_models_own_does() -> None:
    [remedy] = fit(planned("small", nodes={"cpu": {"max": 3}})).remedies
    assert remedy.text.endswith(", or leave it out.")
    assert fit(planned("small")).fits


def test_the_models_own_maximum_of_engines_survives_a_zone() -> None:
    engines = {"engines": [{"minReplicas": 4, "maxReplicas": 4}]}
    plan = planned("small", vllm=engines, nodes={"gpu": {"desired": 4}})
    assert plan.pool_max("gpu_nodes") == 6
    assert fit(plan).fits
    assert not fit(replanned(plan, {"nodes.gpu.max": 5})).fits


@pytest.mark.parametrize("most", [100, 400])
def test_where_no_number_of_nodes_does_a_larger_machine_is_named(most: int) -> None:
    """500 replicas on one card each are more nodes than one group has; four cards a node do. As many of those
    as the stack's larger maximum would take too many addresses."""
    config: dict[str, Any] = {
        "tier": "small",
        "nodes": {"gpu": {"machineType": "g4dn.2xlarge", "max": most}},
        "vllm": {"engines": [{"minReplicas": 500, "maxReplicas": 500}]},
    }
    found = fit(plan_of(load(config)))
    assert not found.fits
    assert found.remedies[0].path == "nodes.gpu.machineType"
    assert found.remedies[0].value == "g4dn.12xlarge"
    assert fit(applied(config, found)).fits


def test_what_no_number_and_no_machine_helps_is_said() -> None:
    config: dict[str, Any] = {
        "tier": "small",
        "nodes": {"gpu": {"machineType": "g5.48xlarge", "max": 100}},
        "vllm": {"engines": [{"minReplicas": 4000, "maxReplicas": 4000}]},
    }
    [remedy] = fit(plan_of(load(config))).remedies
    assert (remedy.at_least, remedy.value) == (None, None)
    assert "Lower the replicas or the requests of vllm-llama-3-1-8b." in remedy.text
    with pytest.raises(SizingError, match="Lower the replicas"):
        check_fit(plan_of(load(config)))


def test_a_rule_that_refuses_the_nodes_needed_is_said() -> None:
    """The pods would fit 15 nodes, and a /22 has no addresses for them."""
    plan = planned(
        "small",
        network={"cidr": "10.0.0.0/22"},
        nodes={"cpu": {"max": 3}, "gpu": {"max": 1}},
        litellm={"replicas": 30, "maxReplicas": 40},
    )
    [remedy] = fit(plan).remedies
    assert remedy.value is None
    assert "network.cidr: each private subnet holds" in remedy.text
    assert "Use /" in remedy.text


def test_a_desired_number_that_grows_takes_its_maximum_with_it() -> None:
    plan = planned("enterprise", nodes={"cpu": {"min": 5, "desired": 5, "max": 5}})
    found = fit(plan)
    assert {r.path: r.value for r in found.remedies}.keys() == {"nodes.cpu.desired", "nodes.cpu.max"}
    assert fit(replanned(plan, {r.path: r.value for r in found.remedies})).fits
