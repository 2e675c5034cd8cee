"""A component of the program renamed with an alias: nothing of a running stack is replaced."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

import infra.program
from infra.graph import diff
from infra.preview import preview_graph
from tests.harness import captured, settings

CLOUDS = ("aws", "gcp")
COMPONENTS = ("Pgbouncer", "Vault", "Observability", "Vllm")


def _rename(monkeypatch: pytest.MonkeyPatch, component: str, *, alias: bool) -> None:
    original = getattr(infra.program, component)

    def renamed(name: str, args: object, opts: pulumi.ResourceOptions) -> Any:
        known = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)] if alias else None)
        return original(f"other-{name}", args, pulumi.ResourceOptions.merge(opts, known))

    monkeypatch.setattr(infra.program, component, renamed)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_renamed_component_with_an_alias_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, component: str, cloud: str
) -> None:
    before = captured("small", cloud)
    _rename(monkeypatch, component, alias=True)
    after = preview_graph(settings("small", cloud), "small")
    found = diff(before, after)
    assert (found.created, found.deleted, found.replaced) == ((), (), ())
    assert [(c.urn, c.paths) for c in found.updated] == []
    assert {r.urn for r in after.resources} != {r.urn for r in before.resources}


def test_without_an_alias_it_would_be_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = captured("small")
    _rename(monkeypatch, "Vault", alias=False)
    found = diff(before, preview_graph(settings("small"), "small"))
    assert {change.name for change in found.data_loss} == {"vault-vault"}
    assert found.created
