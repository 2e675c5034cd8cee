"""Every ordered pair of sizes on every cloud: what docs/upgrades.md states holds for the program as it is."""

from __future__ import annotations

import pytest

from infra.upgrade import RUNBOOK
from sizing.guide.cells import Tier
from tests.harness import ROOT
from tests.infra.test_upgrades import STATEFUL
from tests.infra.upgrades_page import ACTIONS, row
from tools.docs_upgrades import PAIRS, graph, upgrade, upwards

UP = tuple(pair for pair in PAIRS if upwards(*pair[1:]))
DOWN = tuple(pair for pair in PAIRS if not upwards(*pair[1:]))

DATABASE = {"aws": "allocatedStorage", "gcp": "settings.diskSize"}
"""The disk that never shrinks, on every cloud."""


def test_every_ordered_pair_is_there() -> None:
    assert len(UP) == len(DOWN) == len(set(PAIRS)) / 2 == len(DATABASE) * len(Tier) * (len(Tier) - 1) / 2


@pytest.mark.parametrize(("cloud", "base", "head"), UP)
def test_upwards_nothing_stateful_is_replaced_or_deleted(cloud: str, base: Tier, head: Tier) -> None:
    plan = upgrade(cloud, base, head)
    assert plan.refusals == ()
    gone = [p.change for p in plan.changes if p.change.action in ("replace", "delete")]
    assert [change.urn for change in gone if change.type in STATEFUL] == []
    # What else holds data and goes must say why it may: traces, which no later size keeps in that place.
    assert all(p.data_note for p in plan.changes if p.change in gone and p.change.data)
    assert not any(p.change.data for p in plan.changes if p.change.action == "replace")


@pytest.mark.parametrize(("cloud", "base", "head"), DOWN)
def test_downwards_is_refused_because_the_database_cannot_shrink(cloud: str, base: Tier, head: Tier) -> None:
    plan = upgrade(cloud, base, head)
    assert plan.steps == ()
    shrinking = {(r.name, r.path) for r in plan.refusals if r.kind == "shrinks"}
    assert ("cloud-postgres", DATABASE[cloud]) in shrinking
    assert {r.remedy for r in plan.refusals} == {RUNBOOK}
    assert (ROOT / RUNBOOK).is_file()
    # Nothing is replaced that holds data: a refusal names disks and what a smaller size does not have.
    assert [r for r in plan.refusals if r.kind == "replaced"] == []


@pytest.mark.parametrize(("cloud", "base", "head"), PAIRS)
def test_the_order_respects_what_waits_for_what(cloud: str, base: Tier, head: Tier) -> None:
    plan = upgrade(cloud, base, head)
    place = {p.change.urn: p.order for p in plan.changes if p.change.action != "delete"}
    for resource in graph(head, cloud).resources:
        needs = [urn for urn in (*resource.depends_on, resource.parent) if urn in place]
        assert all(place[urn] < place[resource.urn] for urn in needs if resource.urn in place), resource.urn
    kinds = [p.change.action == "delete" for p in plan.changes]
    assert kinds == sorted(kinds)


def test_names_that_derive_from_the_stacks_name_are_no_change() -> None:
    """On Google Cloud an account's id ends in a hash of the stack's name; an upgraded stack keeps its own."""
    for cloud, base, head in PAIRS:
        changes = upgrade(cloud, base, head).changes
        assert not [p for p in changes if p.change.type.endswith(":Account") and p.change.action == "replace"]


def test_durability_is_planned_apart_where_it_changes() -> None:
    """D15: Small gets it, Medium and Large keep it, Enterprise raises it; on Google Cloud it is in place."""
    titles = {pair: [s.title for s in upgrade(*pair).steps if "durability" in s.title] for pair in UP}
    changed = {pair for pair, found in titles.items() if found}
    kept = {("aws", Tier.MEDIUM, Tier.LARGE)}
    assert changed == {pair for pair in UP if pair[0] == "aws"} - kept


@pytest.mark.parametrize(("cloud", "base", "head"), PAIRS)
def test_the_page_says_the_same(cloud: str, base: Tier, head: Tier) -> None:
    page, plan = row(cloud, base, head), upgrade(cloud, base, head)
    assert page.refused is plan.refused
    assert page.refused is not upwards(base, head)
    assert page.counts == [plan.count(action) for action in ACTIONS]
