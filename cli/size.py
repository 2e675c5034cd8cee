"""``gateway size``: the guide's tables for a stack, with what is ordered beside them. Loads no Pulumi."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli import options, output
from cli.figures import ABSENT, figure, lookup
from cli.findings import Finding, marks, summary
from cli.report import Report, heading, report_of
from cli.sheet import Row, sections
from sizing.cells import Cell, guide_cells
from sizing.guide.cells import Tier


def size(
    stack: options.Stack,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """What a stack needs in the guide's terms, and what is ordered where that differs.

    "Guide" is the sizing guide's figure, "Ordered" what is bought or runs instead (empty: the same), and
    "Finding" the decision behind it. Takes about a second; needs no cloud account.
    """
    report = report_of(project, stack, cloud, region)
    if as_json:
        output.show_json(report)
    else:
        output.show(heading(stack, report), *_sheet(report), *summary(stack, report["findings"]))


@dataclass(frozen=True)
class _Cells:
    """What the table shows of one path."""

    guide: str
    ordered: str
    finding: Finding | None


_TITLES = ("", "Guide", "Ordered", "Finding")
_WIDE = (26, 22, 31, 15)
"""Widths of the columns; with two spaces between them the 100 columns of piped output."""
_NARROW = (26, 17, 23, 8)
"""The same for a terminal of 80 columns: findings are there without their kinds."""


def _sheet(report: Report) -> Iterator[RenderableType]:
    """A table for each section of the guide; all with the same columns."""
    guide = guide_cells(Tier(report["tier"]))
    findings = {f["path"]: f for f in report["findings"] if f["path"] is not None}
    yield _table(header=True)
    for section in sections(report):
        yield Text(f"\n{section.number}  {section.title}", "bold")
        table = _table(header=False)
        for row in section.rows:
            paths = [path for path in row.paths if lookup(report, path) is not ABSENT]
            cells = [_cells(path, report, guide, findings, alone=len(paths) == 1) for path in paths]
            if any(cell.guide or cell.ordered for cell in cells):
                table.add_row(f"  {row.label}", *_joined(row, cells))
        yield table


def _is_wide() -> bool:
    return output.width() >= output.WIDTH


def _table(*, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header, header_style="dim")
    for title, width in zip(_TITLES, _WIDE if _is_wide() else _NARROW, strict=True):
        table.add_column(title, width=width, overflow="fold")
    return table


def _cells(
    path: str,
    report: Report,
    guide: Mapping[str, tuple[str, Cell]],
    findings: Mapping[str, Finding],
    *,
    alone: bool,
) -> _Cells:
    """The guide's figure where it has one, and what is ordered: a finding knows better than the report.

    A finding's own words for what the guide says need a row ``alone``; among figures they would mislead.
    """
    finding = findings.get(path)
    said: object = guide[path][1] if path in guide else None
    if finding and (alone or path in guide) and finding["guide"] is not None:
        said = finding["guide"]
    ordered: object = finding["actual"] if finding else lookup(report, path)
    return _Cells("" if said is None else figure(path, said), figure(path, ordered), finding)


def _joined(row: Row, cells: Sequence[_Cells]) -> tuple[str, str, Text]:
    guide = row.joined([cell.guide or "-" for cell in cells]) if any(cell.guide for cell in cells) else ""
    ordered = row.joined([cell.ordered for cell in cells])
    found = marks((cell.finding for cell in cells if cell.finding), kinds=_is_wide())
    return guide, "" if guide == ordered else ordered, found
