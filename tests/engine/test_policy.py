"""``--policy-pack policy`` on the engine says what ``gateway preview --policy`` says.

The second ``up`` of every stack is one such run: it changes nothing, and knows every value.
"""

from __future__ import annotations

import re
from typing import Any

from infra.preview import preview_graph
from infra.settings import load
from policy.rules import check
from tests.engine import policy
from tests.engine.conftest import Life
from tests.engine.stack import EngineStack

PASSED = re.compile(r"^ +✅ ai-gateway@v[0-9.]+ \(local: ", re.MULTILINE)
FAILED = re.compile(r"^ +❌ ai-gateway@v[0-9.]+ \(local: ", re.MULTILINE)
VIOLATION = re.compile(r"^ +- \[(\w+)\] +(?:\[severity: \w+\] +)?([a-z-]+) +\((\S+): (\S+)\)$", re.MULTILINE)
"""Level, policy, and the resource's type and name."""

OFF: dict[str, Any] = {"postgres": {"backupRetentionDays": 1}}
"""What a stack file of the smallest can turn off; those of the others: tests/policy/test_config.py."""


def test_a_second_up_changes_nothing_and_keeps_every_policy(life: Life) -> None:
    """The stack is up, so that the values which a first preview does not know are looked at too."""
    assert life.up.code == 0
    before = len(life.stack.cloud.log)
    done = policy.run(life.stack, "up", "--yes", "--skip-preview", "--expect-no-changes").checked()
    assert len(life.stack.cloud.log) == before
    assert re.search(r"^Resources:\n +\d+ unchanged\n\n", done.stdout, re.MULTILINE), done.stdout[-3000:]
    assert PASSED.search(done.stdout), done.stdout[-3000:]
    assert VIOLATION.findall(done.stdout) == []


def test_a_first_preview_keeps_every_policy(small_fresh: EngineStack) -> None:
    """Nothing is known then of what waits for the cluster but what was asked for."""
    done = policy.run(small_fresh, "preview").checked()
    assert PASSED.search(done.stdout), done.stdout[-3000:]
    assert VIOLATION.findall(done.stdout) == []


def test_a_protection_turned_off_is_found(small: Life, small_deployed: EngineStack) -> None:
    config = {**small.config, **OFF}
    small_deployed.configure(config)
    graph = preview_graph(load(config, where="the stack file"), small_deployed.name, preview=False)
    offline = {(f.rule.level, f.rule.id, f.violation.urn.rpartition("::")[2]) for f in check(graph)}
    assert {id_ for _, id_, _ in offline} == {"backups"}
    done = policy.run(small_deployed, "preview")
    assert done.code != 0
    assert FAILED.search(done.stdout), done.stdout[-3000:]
    assert {(level, id_, name) for level, id_, _, name in VIOLATION.findall(done.stdout)} == offline
