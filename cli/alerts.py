"""``gateway alerts``: what is watched in a stack, from which figure on somebody is told, what to do then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import options, output
from cli.errors import InputError

_STYLE = {"critical": "red", "warning": "yellow", "info": "cyan"}
_Rules = Annotated[
    bool, typer.Option("--rules", help="Print the rule file for Prometheus (YAML), and nothing else.")
]


def alerts(
    stack: options.Stack,
    rules: _Rules = False,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """The alerts of a stack, with thresholds from its sizing.

    Each has its levels, how long they must last, what to do, and where the figure comes from; the runbook has
    a section for each. `--rules` prints what Prometheus evaluates, for promtool.
    """
    if rules and as_json:
        raise InputError("--rules", True, "--rules prints YAML and --json prints JSON", "Choose one of them.")
    from infra.planning import plan_of
    from sizing.alerts.report import alert_report, rule_file

    settings = options.settings_for(project, stack, cloud, region)
    plan = plan_of(settings)
    if rules:
        output.show_text(_yaml(rule_file(plan)))
        return
    report = {"stack": stack, **alert_report(plan)}
    if as_json:
        output.show_json(report)
    else:
        output.show(*_page(report))


def _yaml(document: object) -> str:
    """Block style, keys as they come, strings on one line: what promtool and people read."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # pyright: ignore[reportAttributeAccessIssue]
    yaml.width = 100_000
    text = StringIO()
    yaml.dump(document, text)  # pyright: ignore[reportUnknownMemberType]
    return text.getvalue().rstrip("\n")


def _page(report: dict[str, Any]) -> Iterator[RenderableType]:
    where = f"{report['stack']}  tier {report['tier']} on {report['cloud']}, {report['region']}"
    yield Text(where, "bold")
    for group in dict.fromkeys(alert["group"] for alert in report["alerts"]):
        members = [alert for alert in report["alerts"] if alert["group"] == group]
        yield Text(f"\n{group.removeprefix('ai-gateway.')} ({len(members)})", "bold")
        yield from (part for alert in members for part in _entry(alert))
    yield Text()
    yield from _routes(report["routes"], report["receivers"])


def _entry(alert: dict[str, Any]) -> Iterator[RenderableType]:
    """A line of name and levels, then in full width what it means, what to do, and the figure's origin."""
    line = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    line.add_column(min_width=28)
    line.add_column()
    line.add_row(Text(f"  {alert['name']}", "bold"), _levels(alert["levels"], alert["for"]))
    yield line
    yield Padding(Text(_without_templates(alert["summary"])), (0, 0, 0, 6))
    yield Padding(Text(alert["action"]), (0, 0, 0, 6))
    yield Padding(Text(f"{alert['source']}; {alert['runbook']}", "dim", overflow="fold"), (0, 0, 0, 6))


def _levels(levels: Sequence[dict[str, Any]], for_: str) -> Text:
    parts = [
        Text.assemble((level["severity"], _STYLE[level["severity"]]), f" {level['threshold'] or 'if so'}")
        for level in levels
    ]
    return Text.assemble(Text(", ").join(parts), f" for {for_}")


def _without_templates(summary: str) -> str:
    """The summary with the names of labels in place of their values."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"<\1>", summary)
    return re.sub(r"\{\{ \$value \}\}", "<value>", text)


def _routes(routes: dict[str, str], receivers: Sequence[dict[str, Any]]) -> Iterator[RenderableType]:
    if not routes:
        yield Text(
            "Nobody is told: observability.alerts has no receivers; Alertmanager shows alerts only.", "red"
        )
        return
    types = {receiver["name"]: receiver["type"] for receiver in receivers}
    for severity in ("critical", "warning", "info"):
        name = routes.get(severity)
        to = f"{name} ({types[name]})" if name else "shown, not sent"
        yield Text.assemble((f"{severity:<9}", _STYLE[severity]), to)
