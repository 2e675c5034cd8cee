"""A component gets another name: with an alias nothing is replaced, in ``gateway diff`` and on the engine."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from components.base import Component
from infra.graph import Graph, diff
from infra.preview import preview_graph
from infra.settings import load
from tests.engine.conftest import Life
from tests.engine.stack import EngineStack, stack_config
from tests.engine.upgrade import carry_out, plan

OLD, NEW = "cloud-storage", "cloud-buckets"
Rename = Callable[[bool], None]


@pytest.fixture
def rename(monkeypatch: pytest.MonkeyPatch) -> Rename:
    """Renames the component that makes the buckets, which hold data; its old name becomes an alias or not.

    Both the language host and the offline preview run the program in this process.
    """
    original = Component.__init__

    def switch(aliased: bool) -> None:
        def init(self: Component, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
            if name == OLD:
                more = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=OLD)] if aliased else [])
                name, opts = NEW, pulumi.ResourceOptions.merge(opts, more)
            original(self, name, opts)

        monkeypatch.setattr(Component, "__init__", init)

    return switch


def shown(life: Life) -> Graph:
    return preview_graph(
        load(stack_config(life.stack.name, life.cloud), where="the stack file"), life.stack.name
    )


def test_with_an_alias_nothing_is_replaced(small: Life, small_deployed: EngineStack, rename: Rename) -> None:
    before, cloud = small.graph, {record.urn: record.id for record in small_deployed.cloud.records()}
    rename(True)
    after = shown(small)
    assert any(resource.name == NEW for resource in after.resources)
    found = diff(before, after)
    assert (found.created, found.replaced, found.deleted) == ((), (), ())
    config = stack_config(small.stack.name, small.cloud)
    planned = plan(small_deployed, config)
    assert planned.refused == ""
    assert {i.urn for i in planned.resources.values() if i.action != "update"} == set()
    assert {i.urn for i in planned.resources.values()} == {change.urn for change in found.updated}
    done, operations = carry_out(small_deployed, config)
    done.checked()
    assert {entry.kind for entry in operations} <= {"update"}
    assert {record.id for record in small_deployed.cloud.records()} == set(cloud.values())
    assert not any(urn.endswith(f"::{OLD}") for urn in small_deployed.resources())


def test_without_one_the_buckets_would_go(small: Life, small_deployed: EngineStack, rename: Rename) -> None:
    before = small.graph
    rename(False)
    lost = {change.urn for change in diff(before, shown(small)).data_loss}
    assert lost
    planned = plan(small_deployed, stack_config(small.stack.name, small.cloud))
    assert "because it is protected" in planned.refused
    assert f"::{OLD}-" in planned.refused, planned.refused
