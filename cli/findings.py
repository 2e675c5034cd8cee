"""``gateway findings``: every difference between the guide and a stack, with its reason and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import options, output
from cli.figures import figure
from cli.report import heading, report_of
from sizing.findings import Kind

Finding = Mapping[str, Any]
"""A finding as ``gateway size --json`` prints it."""

OVERRIDE = "override"
"""Id of a finding about a figure that the stack itself sets: no decision stands behind it."""

_MEANING = {
    Kind.CHANGED: "ordered otherwise: refused, cannot run, or overridden",
    Kind.INTERPRETED: "the guide is open or ambiguous: what was taken",
    Kind.RISK: "ordered as the guide says, though there is evidence that it will hurt",
    Kind.CONFLICT: "two of the guide's figures disagree: which one was taken",
}
_STYLE = {Kind.CHANGED: "yellow", Kind.INTERPRETED: "cyan", Kind.RISK: "red", Kind.CONFLICT: "magenta"}

_WIDTHS = (8, 7, 38)
"""Columns of id, section and path; what is guided and actual follows, or has a line of its own."""

_KindOption = Annotated[
    Kind | None,
    typer.Option(
        "--kind", metavar="KIND", help=f"Only findings of this kind: {', '.join(Kind)}.", show_default=False
    ),
]


def findings(
    stack: options.Stack,
    kind: _KindOption = None,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """Where and why a stack differs from the sizing guide.

    Each finding has the decision's id, the guide's section, the path in `gateway size --json`, the guide's
    figure and the actual one, the reason, and the source of that reason. Takes about a second; needs no cloud
    account.
    """
    report = report_of(project, stack, cloud, region)
    found = [finding for finding in report["findings"] if kind is None or finding["kind"] == kind]
    if as_json:
        where = {key: report[key] for key in ("tier", "cloud", "region")}
        output.show_json({"stack": stack, **where, "findings": found})
    else:
        output.show(heading(stack, report), *_listing(found, kind))


def _listing(found: Sequence[Finding], kind: Kind | None) -> Iterator[RenderableType]:
    if not found:
        yield Text(f"\nNo findings{f' of the kind {kind}' if kind else ''}.")
        return
    yield _columns(*(Text(title, "dim") for title in ("  Id", "Section", "Path", "Guide → actual")))
    for one in Kind:
        members = [finding for finding in found if finding["kind"] == one]
        if members:
            yield Text.assemble(
                "\n", (f"{one} ({len(members)})", f"bold {_STYLE[one]}"), (f"  {_MEANING[one]}", "dim")
            )
            yield from (part for finding in members for part in _entry(finding))


def _columns(*cells: RenderableType) -> Table:
    """One line of the listing: id, section, path, values."""
    line = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for width in _WIDTHS:
        line.add_column(min_width=width)
    line.add_column(overflow="fold")
    line.add_row(*cells)
    return line


def _entry(finding: Finding) -> Iterator[RenderableType]:
    """A head line in columns, then reason and source in full width so that addresses stay whole."""
    name = Text(f"  {finding['id']}", _STYLE[Kind(finding["kind"])])
    place = Text(finding["path"] or "(no single figure)", "bold" if finding["path"] else "dim")
    both = values(finding)
    beside = sum(_WIDTHS[:2]) + max(_WIDTHS[2], len(place)) + 2 * len(_WIDTHS) + len(both) <= output.width()
    yield _columns(name, finding["section"], place, both if beside else "")
    if not beside:
        yield Padding(Text(both, overflow="fold"), (0, 0, 0, 10))
    yield Padding(Text(finding["reason"]), (0, 0, 0, 10))
    yield Padding(Text(finding["source"], "dim", overflow="fold"), (0, 0, 0, 10))


def values(finding: Finding) -> str:
    """The guide's figure and the actual one; one of them where both are the same or the guide has none."""
    guide, actual = (figure(finding["path"], finding[key]) for key in ("guide", "actual"))
    if finding["guide"] is None or guide == actual:
        return actual
    return f"{guide} → {actual}"


def marks(found: Iterable[Finding], *, kinds: bool = True) -> Text:
    """Findings in a narrow column: each once, by id and, if there is room, kind."""
    unique = dict.fromkeys((finding["id"], Kind(finding["kind"])) for finding in found)
    return Text(", ").join(
        Text(f"{name} {kind}" if kinds and name != OVERRIDE else name, _STYLE[kind]) for name, kind in unique
    )


def summary(stack: str, found: Sequence[Finding]) -> tuple[RenderableType, ...]:
    """How many findings of each kind, and where to read them."""
    counts = Counter(finding["kind"] for finding in found)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for kind in Kind:
        if counts[kind]:
            table.add_row(f"  {counts[kind]:>3}", Text(kind, _STYLE[kind]), _MEANING[kind])
    title = Text(f"\nFindings: {len(found)} differences from the guide or doubts about it", "bold")
    return title, table, Text(f"`gateway findings {stack}` gives the reason and source of each.", "dim")
