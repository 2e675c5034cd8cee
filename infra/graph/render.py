"""A comparison as Markdown, for a pull request's comment: what loses data stands first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from infra.graph.changes import GraphDiff, PathChange, ResourceChange

MAX_VALUE = 120
"""Characters of a value that are shown: a policy document or a chart's values would drown the rest."""

_EFFECTS = {
    "update": "",
    "restart": "restarts",
    "may_replace": "**may replace**",
    "replace": "**replaces**",
}


_FATES = {"replace": "is replaced", "delete": "is deleted"}


def render_markdown(diff: GraphDiff) -> str:
    """The comparison as Markdown: a summary, then replaced, deleted, updated and created resources.

    Replaced and deleted resources that hold data come first in their lists, in bold. Equal comparisons give
    equal text.
    """
    title = diff.head if diff.base == diff.head else f"{diff.base} to {diff.head}"
    lines = [f"## Preview of {_code(title)}", "", _summary(diff), ""]
    if diff.data_loss:
        lines += [f"> **Data would be lost: {_count(len(diff.data_loss), 'resource')}.**"]
        lines += [f"> - **{_code(c.name)} ({_code(c.type)}) {_FATES[c.action]}**" for c in diff.data_loss]
        lines.append("")
    for heading, changes in (
        ("Replaced", _data_first(diff.replaced)),
        ("Deleted", _data_first(diff.deleted)),
        ("Updated", diff.updated),
        ("Created", diff.created),
    ):
        if changes:
            lines += [f"### {heading} ({len(changes)})", ""]
            lines += [line for change in changes for line in _resource(change)]
            lines.append("")
    return "\n".join(lines)


def _summary(diff: GraphDiff) -> str:
    if diff.empty:
        return f"No changes ({_count(diff.unchanged, 'resource')})."
    counts = {
        "created": diff.created,
        "updated": diff.updated,
        "replaced": diff.replaced,
        "deleted": diff.deleted,
    }
    parts = [f"{len(changes)} {name}" for name, changes in counts.items()]
    return f"{', '.join(parts)}, {diff.unchanged} unchanged."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _data_first(changes: Sequence[ResourceChange]) -> list[ResourceChange]:
    return sorted(changes, key=lambda change: (not change.data, change.urn))


def _resource(change: ResourceChange) -> Iterator[str]:
    lost = change.data and change.action in ("replace", "delete")
    name = f"{_code(change.name)} ({_code(change.type)})"
    remarks = [
        "holds data" if lost else "",
        "protected: Pulumi refuses this until the protection is removed"
        if change.protected and _gone(change)
        else "",
        f"was {_code(change.old_urn)}" if change.old_urn is not None else "",
    ]
    text = "; ".join(remark for remark in remarks if remark)
    yield f"- {f'**{name}**' if lost else name}{f': {text}' if text else ''}"
    for path in change.paths:
        yield f"  - {_path(path)}"


def _gone(change: ResourceChange) -> bool:
    return change.action in ("replace", "delete")


def _path(path: PathChange) -> str:
    values = "" if path.old == path.new else f": {_values(path.old, path.new)}"
    remarks = ", ".join(part for part in (_EFFECTS[path.effect], path.note) if part)
    return f"{_code(path.path)}{values}{f' ({remarks})' if remarks else ''}"


def _values(old: JsonValue, new: JsonValue) -> str:
    """Both values. Where they are too long, both begin shortly before they differ."""
    texts = [
        "(none)" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
        for value in (old, new)
    ]
    differs = (place for place, pair in enumerate(zip(*texts, strict=False)) if len(set(pair)) > 1)
    same = next(differs, min(map(len, texts))) if max(map(len, texts)) > MAX_VALUE else 0
    return " → ".join(text if text == "(none)" else _code(_cut(text, same)) for text in texts)


def _cut(text: str, same: int) -> str:
    start = max(0, same - MAX_VALUE // 3)
    end = start + MAX_VALUE
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"


def _code(text: str) -> str:
    """Inline code that no content can break out of: line ends become spaces, backticks a longer fence."""
    flat = " ".join(text.split("\n"))
    if "`" not in flat:
        return f"`{flat}`"
    fence = "`" * (max(len(run) for run in _runs(flat)) + 1)
    return f"{fence} {flat} {fence}"


def _runs(text: str) -> list[str]:
    return [run for run in "".join(char if char == "`" else " " for char in text).split() if run]
