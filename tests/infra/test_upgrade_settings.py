"""``plan_upgrade`` on whole stacks of which one setting changes: what a size's own steps never show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.clouds import CLOUDS
from infra.preview import preview_graph
from infra.settings import load
from infra.upgrade import Upgrade, plan_upgrade

CLUSTERS = {"aws": "eks:index:Cluster", "gcp": "gcp:container/cluster:Cluster"}


def upgrade(
    cloud: str, before: Mapping[str, Any], after: Mapping[str, Any], tier: str = "medium", name: str = "mine"
) -> Upgrade:
    """The plan between two stack files of one size that differ in these settings."""
    graphs = (
        preview_graph(load({"tier": tier, "cloud": cloud, **settings}), name) for settings in (before, after)
    )
    return plan_upgrade(*graphs)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_another_range_of_addresses_replaces_the_cluster_and_is_refused(cloud: str) -> None:
    plan = upgrade(cloud, {}, {"network": {"cidr": "10.9.0.0/16"}})
    assert plan.steps == ()
    assert CLUSTERS[cloud] in {r.type for r in plan.refusals if r.kind == "replaced"}


def test_nodes_of_gke_are_made_anew_in_their_pool_and_without_a_spare_gpu() -> None:
    plan = upgrade("gcp", {}, {"nodes": {"cpu": {"diskGib": 120}, "gpu": {"diskGib": 400}}})
    pools = {p.change.name: p for p in plan.changes if p.change.type == "gcp:container/nodePool:NodePool"}
    assert {p.change.action for p in pools.values()} == {"update"}
    assert {name: p.downtime for name, p in pools.items() if "gpu" in name} == {
        name: "degraded" for name in pools if "gpu" in name
    }
    assert {p.downtime for p in pools.values()} == {"rolling", "degraded"}
    assert any(step.title == "Ask for quotas" for step in plan.steps)


def test_a_new_launch_template_version_is_a_roll_of_every_group_that_uses_it() -> None:
    plan = upgrade("aws", {}, {"nodes": {"cpu": {"diskGib": 120}}})
    groups = [p for p in plan.changes if p.change.type == "eks:index:ManagedNodeGroup"]
    templates = [p for p in plan.changes if p.change.type == "aws:ec2/launchTemplate:LaunchTemplate"]
    assert len(groups) == len(templates) > 0
    assert {path.path for p in groups for path in p.change.paths} == {"launchTemplate.version"}
    assert all(p.change.restarts for p in groups)
    assert plan.downtime == "rolling"
