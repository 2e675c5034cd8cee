"""``gateway upgrade``: steps, refusals with the runbook, exit status, and JSON either way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import infra.preview
from infra.graph import Graph
from infra.settings import Settings
from tests.cli.conftest import Run, assert_refused
from tests.harness import ROOT
from tests.infra.graphs import graph, resource

RDS = "aws:rds/instance:Instance"


def _database(storage: int, **options: Any) -> Graph:
    inputs = {"identifier": "shop-db", "allocatedStorage": storage, "multiAz": True}
    return graph(resource(RDS, "db", inputs=inputs, protect=True), **options)


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Write a graph where the command can read it; the name of the file."""

    def save(name: str, contents: Graph) -> str:
        path = tmp_path / name
        path.write_text(contents.to_json(), encoding="utf-8")
        return str(path)

    return save


def test_an_upgrade_in_place_has_numbered_steps(gateway: Run, saved: Any) -> None:
    result = gateway("upgrade", saved("a.json", _database(400)), saved("b.json", _database(500)))
    assert (result.status, result.err) == (0, "")
    assert "in place" in result.out
    for number, title in enumerate(
        ("Save what there is", "Put the settings", "Let the services follow", "See that all of it"), start=1
    ):
        assert f"\n{number}. {title}" in result.out
    assert "pulumi up --stack dev" in result.out
    changed = "    1 update  db (aws:rds/instance:Instance)  degraded  holds data\n"
    assert f"{changed}{' ' * 14}allocatedStorage: 400 to 500\n" in result.out


def test_a_shrinking_disk_is_status_1_and_names_the_runbook(gateway: Run, saved: Any) -> None:
    base, head = saved("a.json", _database(500)), saved("b.json", _database(400))
    result = gateway("upgrade", base, head)
    assert (result.status, result.err) == (1, "")
    assert "db (aws:rds/instance:Instance) would have to shrink" in result.out
    assert "allocatedStorage: 500 to 400" in result.out
    assert "docs/runbooks/move-down.md" in result.out
    assert "1. " not in result.out
    found = gateway("upgrade", base, head, "--json")
    assert found.status == 1
    plan = json.loads(found.out)
    assert (plan["from"], plan["to"], plan["verdict"], plan["steps"]) == (base, head, "refused", [])
    (refusal,) = plan["refusals"]
    assert (refusal["name"], refusal["old"], refusal["new"]) == ("db", 500, 400)
    assert refusal["remedy"] == "docs/runbooks/move-down.md"
    assert (ROOT / refusal["remedy"]).is_file()


def test_a_replaced_database_is_status_1(gateway: Run, saved: Any) -> None:
    base, head = (
        graph(resource(RDS, "db", inputs={"kmsKeyId": key}, protect=True)) for key in ("one", "two")
    )
    result = gateway("upgrade", saved("a.json", base), saved("b.json", head), "--json")
    assert result.status == 1
    (refusal,) = json.loads(result.out)["refusals"]
    assert (refusal["kind"], refusal["path"]) == ("replaced", "kmsKeyId")


def test_a_head_that_does_not_fit_is_status_1(gateway: Run, saved: Any) -> None:
    head = _database(500, fit={"verdict": "does not fit", "cases": []})
    result = gateway("upgrade", saved("a.json", _database(400)), saved("b.json", head))
    assert result.status == 1
    assert "gateway fit dev" in result.out


def test_another_cloud_is_refused_by_name(gateway: Run, saved: Any) -> None:
    head = saved("b.json", _database(500).annotated(cloud="gcp"))
    result = gateway("upgrade", saved("a.json", _database(400)), head)
    assert result.status == 1
    assert "dev would change its cloud\n   cloud: aws to gcp. a stack stays on its cloud" in result.out


def test_nothing_to_do(gateway: Run, saved: Any) -> None:
    same = saved("a.json", _database(400))
    result = gateway("upgrade", same, same)
    assert result.status == 0
    assert "0 created, 0 updated, 0 replaced, 0 deleted, 2 unchanged" in result.out
    plan = json.loads(gateway("upgrade", same, same, "--json").out)
    assert (plan["verdict"], plan["steps"], plan["changes"], plan["downtime"]) == ("in place", [], [], "none")


def test_the_running_stack_keeps_its_name(gateway: Run, saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """TO is previewed under FROM's name, or every name that derives from it would count as a change."""
    asked: list[tuple[str, str]] = []

    def preview(settings: Settings, stack: str) -> Graph:
        asked.append((settings.tier.value, stack))
        return _database(500)

    monkeypatch.setattr(infra.preview, "preview_graph", preview)
    result = gateway("upgrade", saved("a.json", _database(400)), "large", "--json")
    assert result.status == 0
    assert asked == [("large", "dev")]
    commands = [c for step in json.loads(result.out)["steps"] for c in step["commands"]]
    assert "pulumi up --stack dev" in commands


@pytest.mark.parametrize("operands", [("nowhere.json", "large"), ("large", "no-such-revision:large")])
def test_operands_that_do_not_exist_are_refused(
    gateway: Run, monkeypatch: pytest.MonkeyPatch, operands: tuple[str, str]
) -> None:
    monkeypatch.setattr(infra.preview, "preview_graph", lambda settings, stack: _database(400))
    assert_refused(gateway("upgrade", *operands), next(o for o in operands if o != "large"))
