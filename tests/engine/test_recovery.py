"""What goes wrong in the life of a stack: drift, a failed creation, a killed engine, a state cut short."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from tests.engine.conftest import Life
from tests.engine.stack import ROOT, TIMEOUT_S, EngineStack
from tests.engine.test_refusals import WARNED, pattern

RUNBOOK = (ROOT / "docs" / "runbooks" / "interrupted.md").read_text(encoding="utf-8")
DATABASE = {"aws": "aws:rds/instance:Instance::", "gcp": "gcp:sql/databaseInstance:DatabaseInstance::"}
ROLE = {"aws": "aws:iam/rolePolicy:RolePolicy::cloud-identity-vault", "gcp": "cloud-identity-vault-snapshot"}
DRIFTING: dict[str, tuple[str, dict[str, Any]]] = {
    "aws": ("aws:cloudwatch/logGroup:LogGroup::cloud-cluster-control-plane", {"retentionInDays": 1.0}),
    "gcp": ("gcp:compute/subnetwork:Subnetwork::", {"privateIpGoogleAccess": False}),
}


def adopt(stack: EngineStack) -> None:
    """The runbook's ``jq`` program: pending creations of what exists become resources, the others go."""
    for part in ("pulumi cancel", "pulumi stack export", "pulumi stack import", "pulumi refresh"):
        assert part in RUNBOOK
    assert ".pending_operations[]?.resource | select($ids[.urn]) | .id = $ids[.urn]" in RUNBOOK
    exists = {record.urn: record.id for record in stack.cloud.records()}
    state = json.loads(stack.run("stack", "export").checked().stdout)
    pending = state["deployment"].pop("pending_operations")
    found = [item["resource"] for item in pending if item["resource"]["urn"] in exists]
    state["deployment"]["resources"] += [{**item, "id": exists[item["urn"]]} for item in found]
    mended = stack.directory / "mended.json"
    mended.write_text(json.dumps(state), encoding="utf-8")
    stack.run("stack", "import", "--file", str(mended)).checked()


def test_drift_is_found_and_put_right(life: Life, deployed: EngineStack) -> None:
    match, values = DRIFTING[life.cloud]
    before = dict(deployed.cloud.find(match).inputs)
    deployed.cloud.change(match, **values)
    lost = next(r for r in deployed.cloud.records() if ROLE[life.cloud] in r.urn and "Member" not in r.token)
    deployed.cloud.lose(lost.urn)
    found = deployed.run("refresh", "--yes", "--skip-preview", "--json").checked()
    assert {op: n for op, n in found.changes.items() if op != "same"} == {"update": 1, "delete": 1}
    repaired = deployed.up("--json").checked()
    assert repaired.changes["create"] == 1
    assert repaired.changes["update"] >= 1
    assert deployed.cloud.find(match).inputs == before
    again = deployed.cloud.find(lost.urn)
    assert again.inputs["role"] == lost.inputs["role"] if "role" in lost.inputs else again.id == lost.id


def fail_halfway(life: Life, fresh: EngineStack) -> None:
    """A first ``up`` whose database cannot be made: what does not wait for it is there afterwards."""
    refusal = "InsufficientCapacity: no such machine in this zone today"
    fresh.cloud.fail("create", DATABASE[life.cloud], refusal)
    failed = fresh.up()
    assert failed.code != 0
    assert refusal in failed.text
    assert fresh.pending() == []
    made = {entry.urn for entry in fresh.cloud.log if not entry.error}
    database = next(entry.urn for entry in fresh.cloud.log if entry.error)
    waiting = {r.urn for r in life.graph.resources if database in r.depends_on and r.custom}
    assert waiting
    assert not waiting & made, "something was made that waits for what failed"


def kill_halfway(life: Life, stack: EngineStack) -> None:
    """An ``up`` whose engine dies while the database is made."""
    with stack.cloud.hold("create", DATABASE[life.cloud]) as hold:
        engine = stack.start("up", "--yes", "--skip-preview")
        assert hold.reached.wait(TIMEOUT_S), "the database was never reached"
        stack.kill(engine)


def test_a_failed_creation_resumes_and_a_killed_engine_recovers(life: Life, fresh: EngineStack) -> None:
    """The run that resumes is the one that is killed; then docs/runbooks/interrupted.md, step by step."""
    assert life.up.code == 0
    fail_halfway(life, fresh)
    kill_halfway(life, fresh)
    before = fresh.state_file.read_bytes()
    locked = fresh.up()
    assert locked.code != 0
    assert fresh.state_file.read_bytes() == before
    assert "currently locked" in locked.text
    assert "pulumi cancel" in locked.text
    fresh.run("cancel", "--yes").checked()
    pending = [item["resource"]["urn"] for item in fresh.pending()]
    assert any(DATABASE[life.cloud] in urn for urn in pending)
    adopt(fresh)
    fresh.run("refresh", "--yes", "--skip-preview").checked()
    assert fresh.pending() == []
    fresh.up().checked()
    assert len([entry for entry in fresh.cloud.log if entry.error]) == 1, "only the creation that had to fail"
    assert set(fresh.resources()) == set(life.stack.resources())
    created = [entry.urn for entry in fresh.cloud.log if entry.kind == "create" and not entry.error]
    assert sorted(set(created)) == sorted(created), "what was there was made again"


def test_without_adoption_the_cloud_refuses_a_second_database(small: Life, small_fresh: EngineStack) -> None:
    """Why the runbook has the step: a plain ``up`` makes again what the dead engine had made."""
    kill_halfway(small, small_fresh)
    small_fresh.run("cancel", "--yes").checked()
    again = small_fresh.up()
    assert again.code != 0
    assert re.search(pattern(WARNED), again.text)
    assert "AlreadyExists" in again.text


def test_a_state_cut_short_is_restored_from_its_backup(small_deployed: EngineStack) -> None:
    """docs/runbooks/interrupted.md, the file backend's half-written state."""
    whole = small_deployed.state_file.read_bytes()
    assert small_deployed.up().checked()
    small_deployed.state_file.write_bytes(whole[:0])
    refused = small_deployed.run("preview")
    assert refused.code != 0
    assert "failed to load checkpoint" in refused.text
    shutil.copy(f"{small_deployed.state_file}.bak", small_deployed.state_file)
    small_deployed.run("preview", "--expect-no-changes").checked()
