"""``gateway fit``: whether every pod of a stack finds a node, in four cases, before anything is ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import options, output
from cli.errors import ANSWER_NO
from infra.planning import plan_of
from sizing.fit_report import fit_report

Report = Mapping[str, Any]
"""``gateway fit --json``."""

_CASES = {
    "minimum": "at the start, desired nodes",
    "hpa_maximum": "autoscalers at their maximum",
    "zone_lost_minimum": "a zone lost",
    "zone_lost_hpa_maximum": "a zone lost, autoscalers at their maximum",
}
_POOLS = {"cpu_nodes": "CPU", "gpu_nodes": "GPU"}
_Pods = Annotated[bool, typer.Option("--pods", help="Also list every workload with what a pod requests.")]


def fit(
    stack: options.Stack,
    pods: _Pods = False,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """Whether every pod finds a node: at the start, at every maximum, and with a zone lost.

    Places every pod that will exist (system pods, add-ons, Jobs) on what the nodes leave for pods, as the
    scheduler does, for several orders of arrival. Also says how few nodes would do, whether models fit their
    GPUs, and whether the connection pool fits the database.

    Exit status 1 when something stays pending, with the smallest change that helps.
    """
    report = fit_report(plan_of(options.settings_for(project, stack, cloud, region)))
    if as_json:
        output.show_json({"stack": stack, **report})
    else:
        output.show(*_page(stack, report, pods=pods))
    if report["verdict"] != "fits":
        raise typer.Exit(ANSWER_NO)


def _page(stack: str, report: Report, *, pods: bool) -> Iterator[RenderableType]:
    yield Text.assemble(
        (stack, "bold"),
        f"  tier {report['tier']} on {report['cloud']}, {report['region']}: ",
        (report["verdict"], "bold green" if report["verdict"] == "fits" else "bold red"),
    )
    yield Text()
    yield cases_table(report["cases"])
    yield from problems(report)
    yield from _fewest(report["nodes"])
    yield from _volumes(report["cases"])
    yield from _gpu(report["gpu"])
    yield from _connections(report["connections"])
    if pods:
        yield Text("\nPods", "bold")
        yield output.Whole(_pods_table(report["pods"]))


def cases_table(cases: Sequence[Report]) -> RenderableType:
    """A line for each case and pool: nodes there are and needed, and how full they get."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("Case", "Pool", "Nodes", "Needed", "CPU", "Memory", "GPU", ""):
        table.add_column(
            title, justify="right" if title in ("Nodes", "Needed", "CPU", "Memory", "GPU") else "left"
        )
    for case in cases:
        left = "" if case["nodes_left"] == case["nodes"] else f"{case['nodes_left']} of "
        verdict = Text("fits", "green") if case["fits"] else Text("does not fit", "red")
        table.add_row(
            _CASES[case["case"]],
            _POOLS[case["node_group"]],
            f"{left}{case['nodes']}",
            "-" if case["nodes_needed"] is None else str(case["nodes_needed"]),
            *(_percent(case[f"{part}_percent"]) for part in ("cpu", "memory", "gpu")),
            verdict,
        )
    return Padding(table, (0, 0, 0, 2))


def problems(report: Report) -> Iterator[RenderableType]:
    """What stays pending in each failing case, and what would help."""
    for case in report["cases"]:
        if case["fits"]:
            continue
        yield Text(f"\n{_CASES[case['case']]}, {_POOLS[case['node_group']]} nodes", "bold red")
        for one in case["unplaced"]:
            yield Text(f"  {one['count']} x {one['pod']} pending: {one['reason']}")
        for lost in case["lost_with_zone"]:
            if not lost["quorum"]:
                yield Text(f"  {lost['pod']}: {lost['remaining']} remain, {lost['needed']} are needed")
        if case["by_luck"]:
            yield Text(
                f"  {case['nodes']} nodes hold by luck only: other arrival orders, or a node more, leave"
                " pods out"
            )
    if report["remedies"]:
        yield Text("\nWhat would help", "bold")
        yield from (Text(f"  {remedy['text']}") for remedy in report["remedies"])


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}%"


def _fewest(nodes: Mapping[str, Report]) -> Iterator[RenderableType]:
    yield Text("\nHow few nodes would do", "bold")
    for pool, found in nodes.items():
        few, start = found["would_do"], found["would_do_at_minimum"]
        said = "no number of them" if few is None else f"{few} of the maximum of {found['max']}"
        begin = "none" if start is None else f"{start} of {found['desired']}"
        yield Text(f"  {_POOLS[pool]}  {found['machine_type']}: {said}; at the start {begin}")


def _volumes(cases: Sequence[Report]) -> Iterator[RenderableType]:
    lost = {
        one["pod"]: one for case in cases for one in case["lost_with_zone"] if case["case"].startswith("zone")
    }
    if lost:
        yield Text("\nGone with a zone, since their volumes are in it", "bold")
    for one in lost.values():
        remain = f"{one['remaining']} remain" if one["remaining"] else "none remains until the zone is back"
        quorum = f", quorum {one['needed']}" if one["needed"] else ""
        yield Text(f"  {one['count']} x {one['pod']}: {remain}{quorum}")


def _gpu(engines: Sequence[Report]) -> Iterator[RenderableType]:
    yield Text("\nGPU memory of each card", "bold")
    for one in engines:
        cards = f"{one['tensor_parallel_size']} x {one['gpu_model']}"
        yield Text(
            f"  {one['engine']} {one['precision']} on {cards}, context {one['max_model_len']:,}:"
            f" {one['needed_mib']:,} of {one['available_mib']:,} MiB",
            overflow="fold",
        )


def _connections(found: Report) -> Iterator[RenderableType]:
    yield Text("\nDatabase connections at the maximum", "bold")
    yield Text(
        f"  {found['clients']:,} clients; with one pool pod lost the others take"
        f" {found['client_limit_one_pod_lost']:,}"
    )
    yield Text(
        f"  {found['servers']:,} server connections of {found['max_connections']:,} less {found['reserved']}"
        " kept free"
    )


def _pods_table(pods: Sequence[Report]) -> RenderableType:
    """A line for each workload; a terminal without room for it goes without the release."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    wide = output.width() >= output.WIDTH
    for title in (
        "Workload",
        *(["Release"] if wide else []),
        "Kind",
        "Where",
        "Pods",
        "CPU",
        "Memory",
        "GPUs",
    ):
        right = title in ("Pods", "CPU", "Memory", "GPUs")
        named = title in ("Workload", "Release")
        table.add_column(title, justify="right" if right else "left", no_wrap=not named, overflow="fold")
    for pod in pods:
        most = "" if pod["max_replicas"] is None else f"-{pod['max_replicas']}"
        count = "a node" if pod["kind"] == "DaemonSet" else f"{pod['replicas']}{most}"
        table.add_row(
            pod["name"], *([pod["release"]] if wide else []), pod["kind"],
            _POOLS.get(pod["node_group"], "all"), count,
            f"{pod['cpu_m']}m", f"{pod['memory_mib']}Mi", str(pod["gpus"] or ""),
        )  # fmt: skip
    return Padding(table, (0, 0, 0, 2))
