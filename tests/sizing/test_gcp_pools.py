"""Node pools of GKE begin per zone: near what is desired, never above the maximum, and said where below."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.clouds.gcp.provider import initial_per_zone
from sizing.guide.cells import Tier
from sizing.specs import NodeGroupSpec
from tests import factories_gcp
from tests.sizing.cloud_plans import TIERS, plan_on, plan_with


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (factories_gcp.node_group(desired=3, max=6), 1),
        (factories_gcp.node_group(desired=10, max=14), 4),
        (factories_gcp.node_group(desired=10, max=10), 3),  # twelve would be more than may run
        (factories_gcp.gpu_group(desired=3, max=8), 1),  # four GPU nodes would be one too many
        (factories_gcp.gpu_group(zones=factories_gcp.ZONES, desired=1, max=4), 0),
    ],
)
def test_pools_begin_near_what_is_desired(spec: NodeGroupSpec, expected: int) -> None:
    assert initial_per_zone(spec) == expected


@given(zones=st.integers(1, 4), desired=st.integers(0, 40), more=st.integers(0, 40), gpus=st.integers(0, 8))
def test_a_pool_never_begins_above_its_maximum(zones: int, desired: int, more: int, gpus: int) -> None:
    names = tuple(f"zone-{number}" for number in range(zones))
    spec = factories_gcp.node_group(zones=names, desired=desired, max=desired + more, gpus_per_node=gpus)
    total = initial_per_zone(spec) * zones
    assert total <= spec.max
    assert total > desired - zones
    if gpus:
        assert total <= desired


@pytest.mark.parametrize("tier", TIERS)
def test_a_pool_that_begins_below_the_guides_count_is_said(tier: Tier) -> None:
    plan = plan_on("gcp", tier)
    for pool, guide in (("cpu_nodes", plan.order.cpu.desired), ("gpu_nodes", plan.order.gpu.desired)):
        start = sum(group.start for group in plan.groups(pool))
        said = [f for f in plan.findings if f.path == f"cluster.{pool}.desired"]
        assert [(f.id, f.guide, f.actual) for f in said] == ([("D2", guide, start)] if start < guide else [])
    assert plan_on("aws", tier).order.gpu.desired == sum(
        g.start for g in plan_on("aws", tier).groups("gpu_nodes")
    )
    assert not [f for f in plan_on("aws", tier).findings if f.path == "cluster.gpu_nodes.desired"]


def test_a_cpu_pool_held_below_a_full_round_of_zones_is_said() -> None:
    plan = plan_with("gcp", Tier.LARGE, {"nodes": {"cpu": {"min": 10, "desired": 10, "max": 11}}})
    assert [f.actual for f in plan.findings if f.path == "cluster.cpu_nodes.desired"] == [9]
