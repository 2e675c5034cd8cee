"""What the engine does when a stack's settings change: planned by a preview, or carried out.

``gateway upgrade`` and the table of upgrades are checked against this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.engine.simulator.cloud import Operation
from tests.engine.stack import EngineStack, Run

Action = Literal["create", "update", "replace", "delete"]

ACTIONS: Final[Mapping[str, Action]] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
}
"""The engine's steps to what they do to a resource; a replacement is three steps."""


OTHERS: Final = ("same", "read")
"""Steps that change nothing."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a preview says of one resource.

    Attributes:
        changed: input paths that differ; a value that is unknown until ``up`` may turn out the same.
        replaces: those that replace it.
        deleted_first: the old one goes before the new one comes: an outage.
        protect: Pulumi refuses the deletion.
    """

    urn: str
    type: str
    action: Action
    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    deleted_first: bool = False
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of settings as the engine plans it; ``refused`` is its message when it will not do it."""

    resources: Mapping[str, Planned]
    refused: str = ""

    def of(self, action: Action) -> list[Planned]:
        """Resources with one action, by URN."""
        return [self.resources[urn] for urn in sorted(self.resources) if self.resources[urn].action == action]


def plan(stack: EngineStack, config: Mapping[str, Any]) -> Plan:
    """Preview a stack that is up with other settings; its stack file keeps them afterwards.

    A protected resource that would be replaced or deleted makes the engine refuse; the plan still has it.
    """
    stack.configure(config)
    done = stack.run("preview", "--json")
    preview = stack.json_of(done)
    found: dict[str, Planned] = {}
    order: dict[str, list[str]] = {}
    for step in _steps(preview):
        order.setdefault(step["urn"], []).append(step["op"])
        before = found.get(step["urn"])
        found[step["urn"]] = _planned(step, before)
    first = {urn for urn, ops in order.items() if ops[0] == "delete-replaced"}
    resources = {
        urn: Planned(**{**_fields(item), "deleted_first": urn in first}) for urn, item in found.items()
    }
    messages = [
        item["message"] for item in preview.get("diagnostics") or () if item.get("severity") == "error"
    ]
    return Plan(resources, "\n".join(messages) if done.code else "")


def carry_out(stack: EngineStack, config: Mapping[str, Any]) -> tuple[Run, list[Operation]]:
    """Bring a stack to other settings; the engine's answer and what it did to the clouds, in order."""
    stack.configure(config)
    before = len(stack.cloud.log)
    done = stack.up("--json")
    return done, stack.cloud.log[before:]


def _steps(preview: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    unknown = {step["op"] for step in preview["steps"]} - {*ACTIONS, *OTHERS}
    assert not unknown, f"the engine plans {unknown}"
    return (step for step in preview["steps"] if step["op"] in ACTIONS)


def _planned(step: Mapping[str, Any], before: Planned | None) -> Planned:
    state = step.get("oldState") or step.get("newState") or {}
    detail, reasons = step.get("detailedDiff") or {}, step.get("replaceReasons") or ()
    changed = {*detail, *(step.get("diffReasons") or ())} if not detail else set(detail)
    replaces = {path for path, item in detail.items() if str(item["kind"]).endswith("replace")} or set(
        reasons
    )
    if before is not None:
        changed |= set(before.changed)
        replaces |= set(before.replaces)
    return Planned(
        urn=step["urn"],
        type=step["urn"].split("::")[2].rpartition("$")[2],
        action=ACTIONS[step["op"]],
        changed=tuple(sorted(changed)),
        replaces=tuple(sorted(replaces)),
        protect=bool(state.get("protect")),
    )


def _fields(item: Planned) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Planned.__dataclass_fields__}
