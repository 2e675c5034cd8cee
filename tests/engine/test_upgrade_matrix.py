"""Every ordered pair of sizes on every cloud: the engine plans, and does, what docs/upgrades.md says of it.

The page is made from ``gateway upgrade`` without an engine; here a stack is up at one size and gets another.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from infra.upgrade import Upgrade, plan_upgrade
from sizing.guide.cells import Tier
from tests.engine.conftest import Life
from tests.engine.simulator.cloud import Operation
from tests.engine.stack import EngineStack, stack_config
from tests.engine.upgrade import ACTIONS, Plan, carry_out, plan
from tests.infra import upgrades_page
from tests.infra.test_upgrades import STATEFUL
from tools import docs_upgrades

NEIGHBOURS = tuple(pairwise(Tier))
COMPONENT = "ai-gateway:"
"""Components of the program's own are in Pulumi's state only; nothing in a cloud is created for them."""


def params(pairs: Iterable[tuple[str, Tier, Tier]]) -> list[object]:
    """The stack that runs stands first: pairs of one are tested by one worker."""
    return [pytest.param(pair, id=f"{pair[0]}-{pair[1].value}-to-{pair[2].value}") for pair in pairs]


ALL = params(docs_upgrades.PAIRS)
UP_BY_ONE = params(pair for pair in docs_upgrades.PAIRS if pair[1:] in NEIGHBOURS)


@functools.cache
def offline(head: Tier, cloud: str, stack: str) -> Graph:
    """A stack at another size, as ``gateway preview`` shows it."""
    return preview_graph(load(stack_config(head.value, cloud), where="the stack file"), stack)


class Pair:
    """A stack that is up at one size, and the plan that ``gateway upgrade`` makes for another."""

    def __init__(self, life: Life, cloud: str, head: Tier) -> None:
        assert life.up.code == 0
        self.now, self.config = life.config, stack_config(head.value, cloud)
        self.graphs = (life.graph, offline(head, cloud, life.stack.name))
        self.stack: EngineStack = life.stack

    @functools.cached_property
    def upgrade(self) -> Upgrade:
        return plan_upgrade(*self.graphs)

    @functools.cached_property
    def owners(self) -> Mapping[str, str]:
        """Children of remote components to their component: the offline graphs know those by it."""
        return {c.urn: r.urn for graph in self.graphs for r in graph.resources for c in r.creates}

    def sets(self) -> dict[str, set[str]]:
        """Action to URNs, as ``gateway upgrade`` says."""
        found: dict[str, set[str]] = {action: set() for action in ACTIONS.values()}
        for planned in self.upgrade.changes:
            found[planned.change.action].add(planned.change.urn)
        return found

    def engine_sets(self, planned: Plan) -> dict[str, set[str]]:
        """Action to URNs, as the engine plans it."""
        return {a: {self.owners.get(i.urn, i.urn) for i in planned.of(a)} for a in set(ACTIONS.values())}


@pytest.fixture
def pair(request: pytest.FixtureRequest, lives: Callable[[str, str], Life]) -> Pair:
    cloud, base, head = request.param
    return Pair(lives(base.value, cloud), cloud, head)


@pytest.fixture
def twin(pair: Pair, tmp_path: Path) -> Iterator[EngineStack]:
    """The stack in the state that it has at the smaller size; nobody else sees what happens to it."""
    with pair.stack.twin(tmp_path / "twin") as stack:
        yield stack


@pytest.fixture
def asked(pair: Pair) -> Iterator[EngineStack]:
    """The stack itself, for a preview, which changes nothing but the stack file."""
    before = pair.stack.state_file.read_bytes()
    yield pair.stack
    pair.stack.configure(pair.now)
    assert pair.stack.state_file.read_bytes() == before


@pytest.mark.parametrize("pair", ALL, indirect=True)
def test_the_engine_plans_what_the_page_says(
    pair: Pair, asked: EngineStack, request: pytest.FixtureRequest
) -> None:
    planned = plan(asked, pair.config)
    # The engine refuses what is protected and would go, and plans no deletion of what that needs; a disk
    # that shrinks it does not know of.
    gone = {i.urn for action in ("replace", "delete") for i in planned.of(action) if i.protect}
    assert bool(planned.refused) is bool(gone)
    expected, found = pair.sets(), pair.engine_sets(planned)
    expected["delete"] -= needs(pair.graphs[0], gone) - found["delete"]
    assert differences(expected, found) == []
    page = upgrades_page.row(*request.node.callspec.params["pair"])
    assert page.counts == [pair.upgrade.count(action) for action in upgrades_page.ACTIONS]
    assert page.refused is pair.upgrade.refused
    assert gone <= {planned.change.urn for planned in pair.upgrade.changes if planned.change.protected}
    if not pair.upgrade.refused:
        assert gone == set()
        lost = [i for action in ("replace", "delete") for i in planned.of(action) if i.type in STATEFUL]
        assert lost == []


@pytest.mark.parametrize("pair", UP_BY_ONE, indirect=True)
def test_the_engine_does_what_the_page_says(pair: Pair, twin: EngineStack) -> None:
    done, operations = carry_out(twin, pair.config)
    done.checked()
    expected = pair.sets()
    clouds = {action: {urn for urn in urns if in_a_cloud(urn)} for action, urns in expected.items()}
    assert did(pair, operations, "create") == clouds["create"] | clouds["replace"]
    assert did(pair, operations, "delete") == clouds["delete"] | clouds["replace"]
    assert did(pair, operations, "update") == clouds["update"]
    assert set(twin.up("--json", "--expect-no-changes").checked().changes) == {"same"}


def needs(graph: Graph, urns: Iterable[str]) -> set[str]:
    """What these depend on, and what that depends on."""
    resources, found, waiting = graph.by_urn(), set[str](), list(urns)
    while waiting:
        for urn in resources[waiting.pop()].depends_on:
            if urn not in found:
                found.add(urn)
                waiting.append(urn)
    return found


def differences(upgrade: Mapping[str, set[str]], engine: Mapping[str, set[str]]) -> list[str]:
    """One line for each thing that only one of them does."""
    sides = (("only gateway upgrade", upgrade, engine), ("only the engine", engine, upgrade))
    return [
        f"{who}: {action} {urn}"
        for who, one, other in sides
        for action in sorted(one)
        for urn in sorted(one[action] - other[action])
    ]


def in_a_cloud(urn: str) -> bool:
    type_ = urn.split("::")[2].rpartition("$")[2]
    return not type_.startswith((COMPONENT, "pulumi:providers:"))


def did(pair: Pair, operations: Iterable[Operation], kind: str) -> set[str]:
    return {pair.owners.get(entry.urn, entry.urn) for entry in operations if entry.kind == kind}
