"""A stack that is up gets other settings: the plan, and what is done. The table of pairs builds on this."""

from __future__ import annotations

from infra.graph import diff
from infra.preview import preview_graph
from infra.settings import load
from tests.engine.conftest import SMALLEST, Life
from tests.engine.stack import EngineStack, stack_config
from tests.engine.upgrade import carry_out, plan
from tests.harness import STACKS

NEXT = STACKS[1]


def test_the_next_size_is_planned_and_made(small: Life, deployed: EngineStack) -> None:
    config = {**stack_config(NEXT, small.cloud)}
    wanted = preview_graph(load(config, where="the stack file"), deployed.name)
    expected = diff(small.graph, wanted)
    planned = plan(deployed, config)
    assert planned.refused == ""
    children = {child.urn for graph in (small.graph, wanted) for r in graph.resources for child in r.creates}
    created = {item.urn for item in planned.of("create")} - children
    assert created == {change.urn for change in expected.created}
    assert {item.urn for item in planned.of("delete")} - children == {c.urn for c in expected.deleted}
    replaced = {item.urn for item in planned.of("replace")} - children
    assert replaced <= {c.urn for c in (*expected.replaced, *expected.updated)}
    done, operations = carry_out(deployed, config)
    done.checked()
    assert (
        created - {urn for urn in created if ":providers:" in urn}
        >= {entry.urn for entry in operations if entry.kind == "create"} - replaced - children
    )
    assert deployed.up("--json", "--expect-no-changes").checked().changes.keys() == {"same"}


def test_the_same_size_plans_nothing(small: Life, deployed: EngineStack) -> None:
    assert plan(deployed, stack_config(SMALLEST, small.cloud)).resources == {}
