"""The sizing report of a stack by its name, and the line that says which stack it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from cli import options
from infra.planning import plan_of
from sizing.report import size_report

Report = dict[str, Any]


def report_of(project: Path, stack: str, cloud: str | None, region: str | None) -> Report:
    """The report of a stack by name. Raises SizingError for anything that cannot be met."""
    return size_report(plan_of(options.settings_for(project, stack, cloud, region)))


def heading(stack: str, report: Report) -> Text:
    """Which stack this is and where it would run."""
    return Text.assemble((stack, "bold"), f"  tier {report['tier']} on {report['cloud']}, {report['region']}")
