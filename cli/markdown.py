"""The comparison as Markdown, for a terminal or a pull request's comment; what loses data comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from cli.comparison import Comparison, FigureChange, Finding
from cli.figures import figure
from cli.findings import values
from cli.violations import Violations, resource_of
from infra.graph import GraphDiff, render_markdown
from policy.rules import Finding as Broken

_LONGEST = 160
"""Characters of a table's cell."""
_MOST_PENDING = 5
"""Workloads without a node that are named; `gateway fit` names all."""
_ORDER = "order."
"""Prefix of what is bought; everything else of a report is what the guide speaks of."""


def document(
    base: str, head: str, sizing: Comparison, resources: GraphDiff, violations: Violations | None = None
) -> str:
    """The whole comparison. ``base`` and ``head`` are the operands as the user wrote them."""
    title = f"## `{base}` → `{head}`\n"
    if sizing.empty and resources.empty and not (violations and violations.changed):
        return f"{title}\nNo changes.\n"
    # The title of the resources' own document is replaced; its summary and warning belong to the top.
    overview, _, changes = render_markdown(resources).partition("\n\n")[2].partition("### ")
    parts = [title, overview.strip(), "", *_fit(sizing), *_refused(violations)]
    parts += [*_sizing(sizing), *_findings(sizing), *_policies(violations)]
    if changes:
        parts.append(f"### {changes.rstrip()}\n")
    parts += _verdicts(sizing, violations)
    return "\n".join(parts).rstrip() + "\n"


def _fit(sizing: Comparison) -> Iterator[str]:
    """A verdict that turns, or stays bad; nothing while everything fits."""
    base, head = sizing.fit
    if head is None or head == "fits":
        if sizing.fit_changed:
            yield "**It fits again**: every pod finds a node (`gateway fit`).\n"
        return
    still = "It still does not fit" if base == head else "It does not fit any more"
    yield f"> **{still}: `pulumi up` refuses it.**"
    yield from (f"> {_escaped(line)}  " for line in sizing.pending[:_MOST_PENDING])
    if len(sizing.pending) > _MOST_PENDING:
        yield f"> and {len(sizing.pending) - _MOST_PENDING} more (`gateway fit`)"
    yield ""


def _refused(violations: Violations | None) -> Iterator[str]:
    """The policy pack would refuse it; nothing while it passes."""
    refused = violations.refused if violations else ()
    if not refused:
        return
    rules = ", ".join(f"`{rule}`" for rule in dict.fromkeys(finding.rule.id for finding in refused))
    yield f"> **A mandatory policy is violated: {rules}.** `pulumi up` with the policy pack refuses it.\n"


def _policies(violations: Violations | None) -> Iterator[str]:
    if violations is None:
        yield "_A preview names a tier, cloud or region that the policies of this version do not know._\n"
        return
    for heading, found in (
        ("Policies violated by this", violations.appeared),
        ("Policies no longer violated", violations.disappeared),
    ):
        if found:
            yield f"### {heading} ({len(found)})\n"
            yield from _table(("Policy", "Level", "Resource", "Why", "Remedy"), [_broken(f) for f in found])


def _broken(finding: Broken) -> tuple[str, str, str, str, str]:
    violation = finding.violation
    place = f"`{resource_of(finding)}`"
    return f"`{finding.rule.id}`", finding.level, place, violation.message, violation.remedy


def _verdicts(sizing: Comparison, violations: Violations | None) -> Iterator[str]:
    """The last line, so that silence is no question: what was looked at and found in order, or as before."""
    said = ["every pod finds a node"] if sizing.fit[1] == "fits" else []
    if violations is not None and not violations.appeared:
        stayed = len(violations.stayed)
        said.append(f"policies are violated as before ({stayed})" if stayed else "no policy is violated")
    if said:
        yield f"_After it {' and '.join(said)}._"


def _sizing(sizing: Comparison) -> Iterator[str]:
    if not sizing.sized:
        yield "_A preview was saved without its sizing: the figures of the guide cannot be compared._\n"
    guide = [change for change in sizing.figures if not change.path.startswith(_ORDER)]
    order = [change for change in sizing.figures if change.path.startswith(_ORDER)]
    for heading, changes in (("Sizing", guide), ("Ordered", order)):
        if changes:
            yield f"### {heading} ({len(changes)})\n"
            yield from _table(("Figure", "Base", "Head"), [_row(change) for change in changes])


def _row(change: FigureChange) -> tuple[str, str, str]:
    base, head = (_cell(change.path, value) for value in (change.base, change.head))
    return f"`{change.path}`", base, head


def _cell(path: str, value: object) -> str:
    """One figure, or the figures of a whole entry that comes or goes, as many as a reader takes in."""
    if value is None:
        return "-"
    if not isinstance(value, dict):
        return figure(path, value)
    entry = cast("dict[str, object]", value)
    texts = [
        f"{key} {figure(key, item)}"
        for key, item in entry.items()
        if not isinstance(item, dict) and key != "name"
    ]
    whole = ", ".join(texts)
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST].rsplit(',', 1)[0]}, ..."


def _findings(sizing: Comparison) -> Iterator[str]:
    for heading, found in (("New findings", sizing.appeared), ("Findings that go away", sizing.disappeared)):
        if found:
            yield f"### {heading} ({len(found)})\n"
            yield from _table(
                ("Finding", "Kind", "Path", "Guide → actual", "Reason"), [_finding(f) for f in found]
            )


def _finding(finding: Finding) -> tuple[str, str, str, str, str]:
    place = f"`{finding['path']}`" if finding["path"] else "-"
    return (
        f"{finding['id']} (guide {finding['section']})",
        finding["kind"],
        place,
        values(finding),
        finding["reason"],
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(_escaped(cell) for cell in row)} |"
    yield ""


def _escaped(cell: str) -> str:
    """No cell can end its column, its line, or open HTML."""
    return " ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
