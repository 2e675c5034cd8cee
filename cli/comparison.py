"""Two previews in the guide's terms: which figures of the sizing differ, which findings come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from infra.graph import Graph

Finding = Mapping[str, Any]

_PARTS = (
    *(
        "tier",
        "cloud",
        "region",
        "workload",
        "litellm",
        "agent_gateway",
        "vllm",
        "postgres",
        "pgbouncer",
        "redis",
    ),
    *("vault", "observability", "cluster", "network", "storage", "order"),
)
"""Parts of a sizing report in the guide's order; a saved preview has them in the alphabet's. ``findings`` are
compared apart."""


@dataclass(frozen=True)
class FigureChange:
    """One figure of the sizing report, or a whole entry of a list; None on a side that does not have it."""

    path: str
    base: object
    head: object


@dataclass(frozen=True)
class Comparison:
    """What differs in the guide's terms. ``sized`` is False when a preview was saved without its sizing.

    ``fit`` has the verdicts of ``gateway fit`` before and after; None where a preview was saved without.
    ``pending`` names what finds no node after it, once each, with the reason.
    """

    sized: bool
    figures: tuple[FigureChange, ...]
    appeared: tuple[Finding, ...]
    disappeared: tuple[Finding, ...]
    fit: tuple[str | None, str | None] = (None, None)
    pending: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing differs."""
        return not (self.figures or self.appeared or self.disappeared or self.fit_changed)

    @property
    def fit_changed(self) -> bool:
        """Whether both verdicts are known, and differ."""
        base, head = self.fit
        return base is not None and head is not None and base != head


def compare(base: Graph, head: Graph) -> Comparison:
    """Figures in the guide's order, findings in their own."""
    sized = isinstance(base.sizing, dict) and isinstance(head.sizing, dict)
    changes = _changes("", base.sizing, head.sizing) if sized else ()
    was, now = ({_identity(f): f for f in graph.findings} for graph in (base, head))
    return Comparison(
        sized,
        tuple(sorted(changes, key=lambda change: _part(change.path))),
        tuple(finding for key, finding in now.items() if key not in was),
        tuple(finding for key, finding in was.items() if key not in now),
        (_verdict(base), _verdict(head)),
        tuple(_pending(head)),
    )


def _fit(graph: Graph) -> Mapping[str, Any]:
    return graph.fit if isinstance(graph.fit, dict) else {}


def _verdict(graph: Graph) -> str | None:
    return _fit(graph).get("verdict")


def _pending(graph: Graph) -> Iterator[str]:
    found: dict[str, str] = {}
    for case in _fit(graph).get("cases", ()):
        for one in case.get("unplaced", ()):
            found.setdefault(one["pod"], one["reason"])
    yield from (f"{pod}: {reason}" for pod, reason in found.items())


def _part(path: str) -> int:
    part = path.split(".")[0]
    return _PARTS.index(part) if part in _PARTS else len(_PARTS)


def _changes(path: str, old: object, new: object) -> Iterator[FigureChange]:
    """Every figure that differs. What only one side has is one change, however much is in it."""
    left, right = _members(old), _members(new)
    if left is None or right is None:
        if _differ(old, new):
            yield FigureChange(path, old, new)
        return
    for key in dict.fromkeys([*right, *left]):
        if path or key != "findings":
            yield from _changes(
                f"{path}{key}" if key.startswith("[") else f"{path}.{key}".lstrip("."),
                left.get(key),
                right.get(key),
            )


def _members(value: object) -> Mapping[str, object] | None:
    """The parts of an object, or of a list of objects under their names; None for one figure or a range."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    items = cast("list[object]", value) if isinstance(value, list) else []
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return {f"[{key}]": item for key, item in zip(_keys(items), items, strict=True)}


def _differ(old: object, new: object) -> bool:
    return old != new or isinstance(old, bool) != isinstance(new, bool)


def _identity(finding: Finding) -> tuple[str, str, str]:
    return str(finding.get("id")), str(finding.get("path")), str(finding.get("kind"))


def _keys(items: Sequence[object]) -> list[str]:
    """Names where every entry has one of its own, else positions."""
    names = [
        cast("dict[str, object]", item).get("name") if isinstance(item, dict) else None for item in items
    ]
    unique = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return [str(name) for name in names] if unique else [str(index) for index in range(len(items))]
