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
