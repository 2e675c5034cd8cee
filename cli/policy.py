"""``gateway preview --policy``: the rules that ``pulumi preview --policy-pack policy`` enforces, offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from cli import output
from infra.graph import Graph
from infra.urns import parse_urn
from policy.rules import LEVELS, RULES, Finding, PolicyConfig, check, read_config

Option = Annotated[
    bool, typer.Option("--policy", help="Check the policies instead: print what the stack violates.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--policy-config",
        metavar="FILE",
        help="Levels and options of the policies, as for `pulumi --policy-pack-config`.",
        show_default=False,
    ),
]
_STYLE = {"mandatory": "bold red", "advisory": "yellow", "disabled": "dim"}


def configured(file: Path | None) -> PolicyConfig:
    """The configuration of the policies; the defaults without a file. Raises PolicyConfigError."""
    return PolicyConfig() if file is None else read_config(file, RULES)


def report(graph: Graph, config: PolicyConfig, *, as_json: bool) -> bool:
    """Print every violation; whether none is of a mandatory policy."""
    found = check(graph, config)
    passed = not any(finding.level == "mandatory" for finding in found)
    if as_json:
        levels = {rule.id: config.level(rule) for rule in RULES}
        output.show_json(
            {
                "stack": graph.stack,
                "cloud": graph.cloud,
                "verdict": "passes" if passed else "violated",
                "policies": levels,
                "violations": [finding.to_dict() for finding in found],
            }
        )
    else:
        output.show(*_page(graph, config, found, passed=passed))
    return passed


def _page(
    graph: Graph, config: PolicyConfig, found: Sequence[Finding], *, passed: bool
) -> Iterator[RenderableType]:
    counts = Counter(config.level(rule) for rule in RULES)
    said = ", ".join(f"{counts[level]} {level}" for level in LEVELS if counts[level])
    yield Text.assemble(
        (graph.stack, "bold"),
        f"  {graph.cloud}: {len(graph.resources)} resources, {len(RULES)} policies ({said}): ",
        ("passes", "bold green") if passed else ("violated", "bold red"),
    )
    for rule in RULES:
        mine = [finding for finding in found if finding.rule == rule]
        if not mine:
            continue
        level = mine[0].level
        yield Text.assemble(
            "\n", (rule.id, _STYLE[level]), f"  {level}, {rule.severity}: ", (rule.description, "dim")
        )
        for finding in mine:
            kind = parse_urn(finding.violation.urn).type
            yield Padding(Text(f"{finding.violation.message}", overflow="fold"), (0, 0, 0, 2))
            yield Padding(Text(f"{kind}. {finding.violation.remedy}", "dim", overflow="fold"), (0, 0, 0, 6))
