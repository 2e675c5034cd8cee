"""A planned upgrade as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from pydantic import JsonValue

from infra.graph import PathChange, ResourceChange

Downtime = Literal["none", "rolling", "degraded", "failover", "outage"]
"""From harmless to worst. ``rolling``: pods move or restart one after the other, within their budgets;
``degraded``: it serves, slower; ``failover``: seconds to two minutes without it; ``outage``: minutes."""

DOWNTIMES: Final[tuple[Downtime, ...]] = get_args(Downtime)

RUNBOOK: Final = "docs/runbooks/move-down.md"
"""How data gets into a stack that cannot be reached in place."""


def worst(kinds: Iterable[Downtime]) -> Downtime:
    """The worst of them; none without any."""
    found = set(kinds)
    for kind in DOWNTIMES[::-1]:
        if kind in found:
            return kind
    return "none"


@dataclass(frozen=True, slots=True)
class Note:
    """What one kind of change does to a service, as its provider says."""

    downtime: Downtime
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One resource in its place of the order. ``data_note`` says why it is safe to lose what it holds."""

    order: int
    change: ResourceChange
    notes: tuple[Note, ...] = ()
    data_note: str = ""

    @property
    def downtime(self) -> Downtime:
        """The worst of its notes."""
        return worst(note.downtime for note in self.notes)

    @property
    def figures(self) -> tuple[PathChange, ...]:
        """The single values that change in a resource that holds data: the service's own, and of a chart's
        values the disks."""
        return tuple(
            path
            for path in self.change.paths
            if self.change.data
            and not isinstance(path.old, dict | list)
            and not isinstance(path.new, dict | list)
            and (not path.path.startswith("values") or path.path.endswith((".size", ".requests.storage")))
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the upgrade must not run: what is named loses data, or cannot become what is asked.

    Attributes:
        path: the property that cannot change; "" when the whole resource goes.
        remedy: the runbook, or the command that says more.
    """

    kind: Literal[
        "replaced", "may be replaced", "deleted", "shrinks", "older version", "does not fit", "other cloud"
    ]
    urn: str
    type: str
    name: str
    path: str
    old: JsonValue
    new: JsonValue
    reason: str
    remedy: str = RUNBOOK


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step. ``changes`` counts what ``pulumi up`` does in it; commands are for a shell."""

    number: int
    title: str
    text: str
    commands: tuple[str, ...] = ()
    source: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The whole plan. There are no steps when it is refused."""

    base: str
    head: str
    changes: tuple[PlannedChange, ...]
    refusals: tuple[Refusal, ...]
    steps: tuple[Step, ...]
    unchanged: int

    @property
    def refused(self) -> bool:
        """Whether it must not run."""
        return bool(self.refusals)

    def count(self, action: str) -> int:
        """Number of resources with this action."""
        return sum(planned.change.action == action for planned in self.changes)

    @property
    def downtime(self) -> Downtime:
        """The worst of all changes."""
        return worst(planned.downtime for planned in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of ``gateway upgrade --json``."""
        return {
            "stack": self.base,
            "verdict": "refused" if self.refused else "in place",
            "downtime": self.downtime,
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "steps": [asdict(step) for step in self.steps],
            "changes": [
                {
                    "order": planned.order,
                    **asdict(planned.change),
                    "downtime": planned.downtime,
                    "notes": [asdict(note) for note in planned.notes],
                    "data_note": planned.data_note,
                }
                for planned in self.changes
            ],
            "summary": {
                **{f"{action}d": self.count(action) for action in ("create", "update", "replace", "delete")},
                "unchanged": self.unchanged,
            },
        }
