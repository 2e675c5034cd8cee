"""Findings: every difference between the guide and what is ordered, with its reason and source."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, model_validator

Scalar = str | int | float | bool | None


class Kind(StrEnum):
    """How a finding differs from the guide."""

    CHANGED = "changed"  # the guide's value is refused, cannot run, or was overridden
    INTERPRETED = "interpreted"  # the guide is ambiguous or open; this is what was taken
    RISK = "risk"  # ordered as the guide says, and there is evidence that it will hurt
    CONFLICT = "conflict"  # two of the guide's tables disagree; which one was taken


class Finding(BaseModel):
    """One difference. ``path`` is the JSON path in ``gateway size``, or None when it has none.

    ``guide`` and ``actual`` are JSON scalars in that path's unit. A ``changed`` finding whose two values are
    equal would be a false statement and cannot be built.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    section: str
    path: str | None
    kind: Kind
    guide: Scalar
    actual: Scalar
    reason: str
    source: str

    @model_validator(mode="after")
    def _states_a_difference(self) -> Finding:
        if self.kind is Kind.CHANGED and self.guide == self.actual:
            raise ValueError(
                f"finding {self.id} at {self.path} is 'changed' but both values are {self.guide!r}"
            )
        return self


def overridden(section: str, path: str, guide: Scalar, actual: Scalar) -> Finding:
    """The stack itself says something else than the guide, so that no cell ever differs in silence."""
    return Finding(
        id="override",
        section=section,
        path=path,
        kind=Kind.CHANGED,
        guide=guide,
        actual=actual,
        reason="set in the stack's configuration",
        source="stack file",
    )


def sort_key(finding: Finding) -> tuple[int, str, str]:
    """Order of the decisions (D1, D2, ... D10), then the path: stable in every output."""
    digits = "".join(c for c in finding.id if c.isdigit())
    return (int(digits) if digits else 10_000, finding.id, finding.path or "")
