"""Every tier on every cloud on the real engine: preview, first ``up``, refresh (second: test_policy)."""

from __future__ import annotations

import json

from tests.engine.compare import UNKNOWN, differences, of_construction
from tests.engine.conftest import Life

CONFIG_FILE = "kubernetes:yaml/v2:ConfigFile"
"""The one remote component whose provider is not configured in a first preview."""


def test_the_preview_is_the_offline_preview(life: Life) -> None:
    assert differences(life.graph, life.engine) == []


def test_up_creates_each_resource_once(life: Life) -> None:
    done = life.up.changes
    state = life.stack.resources()
    defaults = {urn for urn in state if urn.rpartition("::")[2].startswith("default")}
    assert {urn.split("::")[2] for urn in defaults} <= {"pulumi:providers:eks", "pulumi:providers:pulumi"}
    assert done == {"create": len(state) - len(defaults)}
    late = set(state) - set(life.engine.resources) - defaults
    assert {urn.split("::")[2].rpartition("$")[0].rpartition("$")[2] for urn in late} <= {CONFIG_FILE}
    assert set(life.engine.resources) <= set(state)
    created = [entry.urn for entry in life.stack.cloud.log]
    assert {entry.kind for entry in life.stack.cloud.log} == {"create"}
    assert len(created) == len(set(created))


def test_up_asks_components_for_what_the_offline_preview_says(life: Life) -> None:
    assert life.up.code == 0
    remotes = [resource for resource in life.graph.resources if resource.remote]
    constructed = life.stack.providers.constructed
    assert {resource.urn for resource in remotes} == set(constructed)
    # With the cluster there, those that a preview could not construct are.
    late = [resource for resource in remotes if resource.urn not in life.engine.constructed]
    assert {resource.type for resource in late} <= {CONFIG_FILE}
    assert [line for r in late for line in of_construction(r, constructed[r.urn], life.engine)] == []


def test_outputs_are_those_of_the_offline_preview(life: Life) -> None:
    assert life.up.code == 0
    outputs = json.loads(life.stack.run("stack", "output", "--json").checked().stdout)
    assert set(outputs) == set(life.graph.outputs)
    for key, value in life.graph.outputs.items():
        if UNKNOWN not in json.dumps(value):
            assert outputs[key] == value


def test_refresh_finds_no_drift(life: Life) -> None:
    assert life.up.code == 0
    refreshed = life.stack.run(
        "refresh", "--yes", "--skip-preview", "--json", "--expect-no-changes"
    ).checked()
    assert set(refreshed.changes) == {"same"}


def test_no_generated_secret_stands_in_the_state(life: Life) -> None:
    assert life.up.code == 0
    text = life.stack.state_file.read_text(encoding="utf-8")
    passwords = life.stack.cloud.records("random:index/randomPassword:RandomPassword")
    assert len(passwords) >= 5
    for record in passwords:
        assert record.outputs["result"] not in text
        assert record.outputs["bcryptHash"] not in text
    assert life.stack.environment["PULUMI_CONFIG_PASSPHRASE"] not in text
