"""Levels and options, refusals, and ``gateway preview --policy``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import infra.preview
from infra.graph import Graph
from infra.stackfile import read_text
from policy.rules import RULES, PolicyConfigError, check, parse_config, read_config
from tests.cli.conftest import Run, assert_refused
from tests.cli.conftest import gateway as gateway
from tests.harness import captured
from tests.policy.mutations import Change, changed

OPEN = Change("aws:rds/instance:Instance", "publiclyAccessible", True, ("private-services",))


@pytest.mark.parametrize(
    ("document", "fragment"),
    [
        ([], "object of policies"),
        ({"own-key": "advisory"}, "own-keys"),
        ({"tags": "off"}, "not a level"),
        ({"tags": 3}, "level, or an object"),
        ({"tags": {"enforcementLevel": "warn"}}, "not a level"),
        ({"tags": {"require": ["x"]}}, "required"),
        ({"tags": {"required": "x"}}, "list of texts"),
        ({"all": {"required": ["x"]}}, "not an option"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused(document: Any, fragment: str) -> None:
    with pytest.raises(PolicyConfigError, match=fragment):
        parse_config(document, RULES)


def test_a_policy_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    twice = tmp_path / "levels.json"
    twice.write_text('{"tags": "advisory", "tags": "mandatory"}', encoding="utf-8")
    with pytest.raises(PolicyConfigError, match="twice"):
        read_config(twice, RULES)


def test_levels_and_options() -> None:
    graph, _ = changed(captured("small"), OPEN)
    for document, levels in (
        ({}, ["mandatory"]),
        ({"all": "advisory"}, ["advisory"]),
        ({"all": "disabled", "private-services": "mandatory"}, ["mandatory"]),
        ({"private-services": "disabled"}, []),
        ({"private-services": {"enforcementLevel": "advisory"}}, ["advisory"]),
        ({"private-services": {"exempt": ["cloud-post*"]}}, []),
        ({"private-services": {"exempt": ["post*"]}}, ["mandatory"]),
    ):
        assert [finding.level for finding in check(graph, parse_config(document, RULES))] == levels


def test_more_tags_can_be_required() -> None:
    config = parse_config({"tags": {"required": ["cost-centre"]}}, RULES)
    found = check(captured("small"), config)
    assert found
    assert all("without cost-centre" in finding.violation.message for finding in found)


@pytest.mark.parametrize(
    ("tier", "text", "trips"),
    [
        ("medium", "postgres: {multiAz: false}", {"multi-az"}),
        ("small", "postgres: {backupRetentionDays: 1}", {"backups"}),
        ("medium", "redis: {snapshotRetentionDays: 1}", {"backups"}),
        ("medium", "redis: {replicasPerShard: 0}", {"multi-az", "sizes-from-guide"}),
        ("medium", "vault: {replicas: 1}", {"sizes-from-guide"}),
        ("small", "network: {apiAllowedCidrs: [203.0.113.0/24]}", set()),
        ("small", "postgres: {memoryGib: 8}", set()),
    ],
)
def test_a_protection_turned_off_in_a_stack_file(tier: str, text: str, trips: set[str]) -> None:
    stack_file = f"config:\n  ai-gateway:tier: {tier}\n  ai-gateway:{text}\n"
    graph = infra.preview.preview_graph(read_text(stack_file, "Pulumi.mine.yaml"), "mine")
    assert {finding.rule.id for finding in check(graph)} == trips


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Graph]:
    """The graph that the command finds."""
    graphs = {"now": captured("small")}
    monkeypatch.setattr(
        infra.preview, "preview_graph", lambda settings, stack, *, preview=True: graphs["now"]
    )
    return graphs


def test_a_stack_that_passes(gateway: Run, shown: dict[str, Graph]) -> None:
    result = gateway("preview", "small", "--policy")
    assert (result.status, result.err) == (0, "")
    assert f"{len(RULES)} policies ({len(RULES)} mandatory): passes" in " ".join(result.out.split())


def test_a_violation_is_printed_and_ends_with_one(
    gateway: Run, shown: dict[str, Graph], tmp_path: Path
) -> None:
    shown["now"], hit = changed(shown["now"], OPEN)
    result = gateway("preview", "small", "--policy")
    assert (result.status, result.err) == (1, "")
    for text in ("violated", "private-services", "cloud-postgres: has a public address"):
        assert text in result.out
    result = gateway("preview", "small", "--policy", "--json")
    assert result.status == 1
    data = json.loads(result.out)
    assert data["verdict"] == "violated"
    assert [(v["policy"], v["level"], v["urn"]) for v in data["violations"]] == [
        ("private-services", "mandatory", urn) for urn in hit
    ]
    file = tmp_path / "policy.json"
    file.write_text('{"private-services": "advisory"}', encoding="utf-8")
    result = gateway("preview", "small", "--policy", "--policy-config", str(file), "--json")
    assert result.status == 0
    assert json.loads(result.out)["policies"]["private-services"] == "advisory"


def test_options_that_would_do_nothing_are_refused(
    gateway: Run, shown: dict[str, Graph], tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    assert_refused(gateway("preview", "small", "--policy", "--all"), "--all", "does nothing")
    assert_refused(gateway("preview", "small", "--policy-config", str(file)), "--policy-config", "--policy")
    lost = gateway("preview", "small", "--policy", "--policy-config", str(file))
    assert_refused(lost, "--policy-config", "cannot be read")
    file.write_text("{", encoding="utf-8")
    assert_refused(gateway("preview", "small", "--policy", "--policy-config", str(file)), "not JSON")
