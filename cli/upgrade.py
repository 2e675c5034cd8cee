"""``gateway upgrade``: the steps from one stack's settings to another's, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from cli import options, output
from cli.errors import ANSWER_NO
from cli.operands import Place, read_operand
from infra.files import exists
from infra.upgrade import Downtime, PlannedChange, Refusal, Step, Upgrade, plan_upgrade

_From = Annotated[
    str,
    typer.Argument(
        metavar="FROM",
        help="What runs: a stack, REVISION:STACK, or a file saved by `gateway preview STACK --json`.",
        autocompletion=options.complete_operand,
        show_default=False,
    ),
]
_To = Annotated[
    str,
    typer.Argument(
        metavar="TO",
        help="Whose settings it gets, in any of the same forms.",
        autocompletion=options.complete_operand,
        show_default=False,
    ),
]
_STYLES: dict[Downtime, str] = {
    "none": "dim", "rolling": "", "degraded": "yellow", "failover": "yellow", "outage": "bold yellow",
}  # fmt: skip
_MEANINGS: dict[Downtime, str] = {
    "none": "nothing that anybody notices",
    "rolling": "pods move one after the other",
    "degraded": "slower for a while",
    "failover": "seconds to two minutes without the database or the cache",
    "outage": "minutes without the database",
}

_VERBS = {
    "shrinks": "would have to shrink",
    "older version": "would have to go back to an older version",
    "may be replaced": "may be replaced",
}


def upgrade(
    base: _From,
    head: _To,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """The steps that turn the running stack FROM into what TO describes, and what they interrupt.

    FROM keeps its name and gets TO's settings. Every resource is listed in the order in which `pulumi up`
    changes it, with what its provider says about the change; what has to be done by hand is a step of its
    own. Computed from both previews and the providers' rules: drift is not in it.

    Exit status 1 when data would be lost: a resource that holds it would be replaced or deleted, or a disk
    would have to shrink. Then no step is shown; docs/runbooks/move-down.md moves the data instead.
    """
    place = Place(cloud, region)
    old = read_operand(base, project, place)
    new = read_operand(head, project, place, named=old.stack)
    stack = head if ":" not in head and not exists(Path(head), "preview") else new.stack
    plan = plan_upgrade(old, new, stack)
    if as_json:
        output.show_json({"from": base, "to": head, "cloud": new.cloud, **plan.to_dict()})
    else:
        output.show(*_page(base, head, plan))
    if plan.refused:
        raise typer.Exit(ANSWER_NO)


def _page(base: str, head: str, plan: Upgrade) -> Iterator[RenderableType]:
    verdict = ("refused", "bold red") if plan.refused else ("in place", "bold green")
    counts = ", ".join(
        f"{plan.count(action)} {action}d" for action in ("create", "update", "replace", "delete")
    )
    yield Text.assemble((f"{base} to {head}", "bold"), "  ", verdict)
    yield Text(f"{counts}, {plan.unchanged} unchanged")
    if not plan.refused:
        yield Text(
            f"Longest interruption: {plan.downtime}, {_MEANINGS[plan.downtime]}, if `pulumi up` came alone"
        )
    for refusal in plan.refusals:
        yield from _refusal(refusal)
    for step in plan.steps:
        yield from _step(step)
    if plan.changes:
        yield Text("\nEvery change, in order", "bold")
    for planned in plan.changes:
        yield from _change(planned)


def _refusal(refusal: Refusal) -> Iterator[RenderableType]:
    if refusal.kind == "does not fit":
        yield Text(f"\n{refusal.name} does not fit", "bold red")
        yield _below(f"{refusal.reason}. `{refusal.remedy}` says which.")
        return
    if refusal.kind == "other cloud":
        yield Text(f"\n{refusal.name} would change its cloud", "bold red")
    else:
        yield Text(f"\n{refusal.name} {_verb(refusal)}", "bold red")
    values = "" if refusal.old == refusal.new else f"{refusal.path}: {refusal.old} to {refusal.new}. "
    yield _below(f"{values}{refusal.reason}. Move the data: {refusal.remedy}")


def _verb(refusal: Refusal) -> str:
    return f"({refusal.type}) {_VERBS.get(refusal.kind, f'would be {refusal.kind}')}"


def _step(step: Step) -> Iterator[RenderableType]:
    yield Text(f"\n{step.number}. {step.title}", "bold")
    yield _below(step.text)
    for command in step.commands:
        yield from (output.Command(f"{' ' * 6}{line}", "cyan") for line in command.splitlines())
    if step.source:
        yield _below(step.source, style="dim")


def _change(planned: PlannedChange) -> Iterator[RenderableType]:
    change = planned.change
    yield Text.assemble(
        f"  {planned.order:>3} {change.action:<7} {change.name} ",
        (f"({change.type})", "dim"),
        (f"  {planned.downtime}" if planned.notes else "", _STYLES[planned.downtime]),
        ("  holds data" if change.data else "", "bold"),
    )
    for path in planned.figures:
        old, new = ("none" if value is None else str(value) for value in (path.old, path.new))
        yield _below(f"{path.path}: {old} to {new}", indent=14)
    for note in dict.fromkeys([planned.data_note, *(note.text for note in planned.notes)]):
        if note:
            yield _below(note, indent=14, style="dim")


def _below(text: str, *, indent: int = 3, style: str = "") -> RenderableType:
    return Padding(Text(text, style, overflow="fold"), (0, 0, 0, indent))
