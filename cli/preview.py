"""``gateway preview``: every resource that a first ``pulumi up`` of a stack would create."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli import options, output
from cli import policy as policies
from cli import timeline as timelines
from cli.details import STACK, kind
from cli.errors import ANSWER_NO, InputError
from cli.figures import ABSENT, lookup
from cli.findings import summary
from cli.fit import cases_table, problems
from cli.tree import render
from infra.files import unusable
from infra.graph import Graph, Resource

_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Also save the JSON, for `gateway diff`.", show_default=False),
]
_AllowUnfit = Annotated[
    bool, typer.Option("--allow-unfit", help="Show a plan also when some of its pods would find no node.")
]
_All = Annotated[
    bool, typer.Option("--all", help="A line for each resource, also for those without figures.")
]


def preview(
    stack: options.Stack,
    everything: _All = False,
    allow_unfit: _AllowUnfit = False,
    out: _Out = None,
    policy: policies.Option = False,
    policy_config: policies.ConfigFile = None,
    timeline: timelines.Option = False,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """Every resource of a stack, as a tree of components with the figures that matter.

    Runs the stack's own program without Pulumi's engine, a cloud account or the network; takes some seconds.
    "protected" resources are refused deletion by Pulumi. A component that its own plugin builds (eks.Cluster)
    is one resource here, and the preview names what it creates.

    Exit status 1 when pods would stay pending (`gateway fit` says which), as `pulumi up` refuses such a plan,
    and with `--policy` when a mandatory policy is violated.
    """
    tree_only = (("--out", out is not None), ("--all", everything), ("--allow-unfit", allow_unfit))
    if policy:
        _refuse_together(*tree_only, ("--timeline", timeline))
        config = policies.configured(policy_config)
        graph = graph_of(project, stack, cloud, region, preview=False)
        if not policies.report(graph, config, as_json=as_json):
            raise typer.Exit(ANSWER_NO)
        return
    _refuse_together(("--policy-config", policy_config is not None), without="--policy")
    if timeline:
        _refuse_together(*tree_only, beside="--timeline")
        timelines.report(graph_of(project, stack, cloud, region), as_json=as_json)
        return
    _refuse_together(("--all", everything and as_json), beside="--json")
    graph = graph_of(project, stack, cloud, region)
    unfit = fit_of(graph) if not fits(graph) else None
    text = graph.to_json()
    if out is not None:
        _save(out, text)
    if as_json:
        output.show_text(text)
    elif unfit is None or allow_unfit:
        output.show(render(graph, _title(graph), everything=everything), *_below(graph))
    if unfit is not None and not as_json:
        output.show(*_refusal(stack, unfit))
    if unfit is not None and not allow_unfit:
        raise typer.Exit(ANSWER_NO)


def fit_of(graph: Graph) -> Mapping[str, Any]:
    """The verdict that a preview carries; empty in one that was saved without."""
    return graph.fit if isinstance(graph.fit, dict) else {}


def fits(graph: Graph) -> bool:
    """Whether every pod finds a node; a preview without a verdict is not refused."""
    return fit_of(graph).get("verdict", "fits") == "fits"


def _refusal(stack: str, report: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text.assemble((stack, "bold"), "  ", ("does not fit: some pods would find no node", "bold red"))
    yield Text()
    yield cases_table(report["cases"])
    yield from problems(report)
    yield Text(
        f"\n`gateway fit {stack}` has the details; `--allow-unfit` shows the plan all the same.", "dim"
    )


def _refuse_together(*given: tuple[str, bool], without: str = "", beside: str = "--policy") -> None:
    """Options that would do nothing are refused."""
    for name, is_given in given:
        if is_given:
            limit = f"does nothing without {without}" if without else f"does nothing together with {beside}"
            raise InputError(
                name, None, limit, f"Leave {name} out, or {'add' if without else 'drop'} the other."
            )


def graph_of(
    project: Path,
    stack: str,
    cloud: str | None = None,
    region: str | None = None,
    named: str | None = None,
    *,
    preview: bool = True,
) -> Graph:
    """The preview of a stack by name; ``named`` gives its resources another stack's name.

    Args:
        preview: False makes up what only a deployment can tell, so that everything written down can be read.

    Raises:
        SizingError: the stack's settings cannot be met.
        OfflineError: the engine would refuse the program.
    """
    from infra.preview import preview_graph

    settings = options.settings_for(project, stack, cloud, region)
    with output.working(f"previewing {stack} ..."):
        if preview:
            return preview_graph(settings, named or stack)
        return preview_graph(settings, named or stack, preview=False)


def _save(out: Path, text: str) -> None:
    try:
        out.write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise unusable("--out", out, error, "written") from None


def _title(graph: Graph) -> Text:
    protected = sum(resource.protect for resource in graph.resources)
    region = lookup({"sizing": graph.sizing}, "sizing.region")
    where = graph.cloud if region is ABSENT else f"{graph.cloud}, {region}"
    return Text.assemble(
        (graph.stack, "bold"), f"  {where}: {len(graph.resources)} resources, {protected} protected"
    )


def _below(graph: Graph) -> Iterator[RenderableType]:
    yield Text("\nResources by type", "bold")
    yield _totals(graph)
    yield from _outputs(graph)
    yield from summary(graph.stack, graph.findings)
    if graph.warnings:
        yield Text("\nWarnings of the program", "bold yellow")
        yield from (Text(f"  {warning}", overflow="fold") for warning in graph.warnings)


def _totals(graph: Graph) -> RenderableType:
    """Two columns, read downwards; the most frequent type first, all components of ours as one."""
    counts = Counter(_kind(resource) for resource in graph.resources)
    lines = [
        f"  {count:>3} {name}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    half = -(-len(lines) // 2)
    table = Table.grid(padding=(0, 2, 0, 0))
    for index in range(half):
        table.add_row(*lines[index::half])
    return table


def _kind(resource: Resource) -> str:
    if resource.type == STACK:
        return "the stack itself"
    return kind(resource.type) if resource.custom or resource.remote else "components"


def _outputs(graph: Graph) -> Iterator[RenderableType]:
    """The outputs that are one value each; the others repeat what is printed elsewhere."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in graph.outputs.items():
        if isinstance(value, str | int | float):
            table.add_row(f"  {name}", str(value))
    if table.row_count:
        yield Text("\nOutputs", "bold")
        yield table
