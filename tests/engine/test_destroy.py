"""A protected stack is not destroyed; after the steps of docs/runbooks/destroy.md, read from there, it is."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.engine.conftest import Life
from tests.engine.stack import ROOT, EngineStack

RUNBOOK = (ROOT / "docs" / "runbooks" / "destroy.md").read_text(encoding="utf-8")


LEFT = {
    "aws": {"aws:iam/serviceLinkedRole:ServiceLinkedRole"},
    "gcp": {"gcp:kms/cryptoKey:CryptoKey", "gcp:sql/user:User"},
}
"""What stays: the account's own roles; keys, that backups can be read; a user goes with its database."""


def section(cloud: str) -> str:
    """The steps of one cloud."""
    aws, _, gcp = RUNBOOK.partition("\n## On Google Cloud\n")
    return {"aws": aws, "gcp": gcp}[cloud]


def commands(text: str) -> list[str]:
    """The runbook's commands that change something, in its order."""
    lines = r"^ +(?:pulumi .*|jq .*|(?:aws|gcloud) .*--no-deletion-protection.*)$"
    pattern = lines + r"|`(pulumi (?:destroy|stack rm)[^`]*)`"
    return [(found[1] or found[0]).strip() for found in re.finditer(pattern, text, re.MULTILINE)]


def off(stack: EngineStack, token: str, *path: str) -> None:
    """What the vendor's command line does: switch the flag off, on the service itself."""
    records = stack.cloud.records(token)
    assert records, f"the runbook speaks of {token}, and there is none"
    for record in records:
        for side in (record.inputs, record.outputs):
            place: Any = side
            for part in path[:-1]:
                place = place[part]
            place[path[-1]] = False


def service(command: str, stack: EngineStack) -> None:
    """Carry out a command of a vendor's command line."""
    if command.startswith("aws eks update-cluster-config"):
        off(stack, "aws:eks/cluster:Cluster", "deletionProtection")
    elif command.startswith("aws rds modify-db-instance"):
        off(stack, "aws:rds/instance:Instance", "deletionProtection")
    elif command.startswith("gcloud redis clusters update"):
        off(stack, "gcp:redis/cluster:Cluster", "deletionProtectionEnabled")
    elif command.startswith("gcloud sql instances patch"):
        off(stack, "gcp:sql/databaseInstance:DatabaseInstance", "settings", "deletionProtectionEnabled")
    else:
        raise AssertionError(f"the runbook has a command that this test does not know: {command}")


def edited(state: dict[str, Any], text: str) -> dict[str, Any]:
    """The state after the runbook's ``jq`` program, whose replacements are read from the text."""
    rules = re.findall(r"if \.(\w+) == (\S+) then \.(\w+) = (\S+)", text)
    assert rules, "the runbook no longer edits the state"
    for resource in state["deployment"]["resources"]:
        for side in (resource.get("inputs"), resource.get("outputs")):
            for key, value, again, wanted in rules:
                assert key == again
                if isinstance(side, dict) and side.get(key) == json.loads(value):
                    side[key] = json.loads(wanted)
    return state


def follow(stack: EngineStack, cloud: str) -> list[str]:
    """Do what the runbook says; returns the commands."""
    text, files = section(cloud), stack.directory
    done = commands(text)
    for command in done:
        words = command.replace("large", stack.name).split()
        if command.startswith("pulumi stack export"):
            exported = stack.run(*words[1 : words.index(">")]).checked().stdout
            (files / "state.json").write_text(exported, encoding="utf-8")
        elif command.startswith("jq "):
            state = json.loads((files / "state.json").read_text(encoding="utf-8"))
            (files / "open.json").write_text(json.dumps(edited(state, text)), encoding="utf-8")
        elif command.startswith("pulumi stack import"):
            stack.run(*words[1:-1], str(files / words[-1])).checked()
        elif command.startswith("pulumi "):
            stack.run(*words[1:], "--yes").checked()
        else:
            service(command, stack)
    return done


def test_a_protected_stack_is_not_destroyed(deployed: EngineStack) -> None:
    protected = {urn for urn, item in deployed.resources().items() if item.get("protect")}
    refused = deployed.run("destroy", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "protect" in refused.text
    assert protected
    assert protected <= set(deployed.resources())
    assert not {record.urn for record in deployed.cloud.records()}.isdisjoint(protected)


def test_the_services_refuse_too(small: Life, small_deployed: EngineStack) -> None:
    """Pulumi's own protection taken off is not enough."""
    small_deployed.run("state", "unprotect", "--all", "--yes").checked()
    refused = small_deployed.run("destroy", "--yes", "--skip-preview")
    assert refused.code != 0
    assert re.search("deletion.?protection", refused.text, re.IGNORECASE)
    database = {"aws": "aws:rds/instance:Instance", "gcp": "gcp:sql/databaseInstance:DatabaseInstance"}
    assert small_deployed.cloud.records(database[small.cloud])


def test_it_is_destroyed_after_the_documented_steps(life: Life, deployed: EngineStack) -> None:
    done = follow(deployed, life.cloud)
    assert any(command.startswith("pulumi state unprotect") for command in done)
    assert any(command.startswith("pulumi destroy") for command in done)
    kept = {record.token for record in deployed.cloud.records()}
    assert kept == LEFT[life.cloud]
    removed = any(command.startswith("pulumi stack rm") for command in done)
    assert (
        list(deployed.directory.glob(f"backend/.pulumi/stacks/*/{deployed.name}.json")) == [] or not removed
    )
    assert removed or deployed.resources() == {}
