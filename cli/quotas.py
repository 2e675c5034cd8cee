"""``gateway quotas``: what a stack takes of the provider's quotas, what to ask for first. Loads no Pulumi."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli import options, output
from infra.planning import plan_of, quotas_of
from sizing.plan import Plan
from sizing.quotas import Increase, QuotaNeed

UNVERIFIED = "?"
_STYLE = {Increase.FIRST_UP: "red", Increase.MAXIMUM: "yellow", Increase.UNKNOWN: "yellow"}
_MEASURES = ("vCPU", "TiB", "GiB", "GB")
"""Units that a quota's name does not tell."""
_CODE_WIDTH = 27
_NARROW = 80
"""Columns up to which the name of a quota stands below its code, not beside it."""


def quotas(
    stack: options.Stack,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    as_json: options.Json = False,
) -> None:
    """What a stack takes of the provider's quotas: at the first `up`, at its maximum, and while nodes are
    replaced.

    "Default" is what a new account or project gets; one that nobody publishes is empty and worth a look at
    yours. What else runs there comes on top. Takes about a second; needs no cloud account.
    """
    plan = plan_of(options.settings_for(project, stack, cloud, region))
    found = quotas_of(plan)
    if as_json:
        output.show_json(quota_report(stack, plan, found))
    else:
        output.show(*_sheet(stack, plan, found))


def quota_report(stack: str, plan: Plan, found: Sequence[QuotaNeed]) -> dict[str, Any]:
    """The JSON of ``gateway quotas``."""
    return {
        "stack": stack,
        "tier": plan.requirements.tier.value,
        "cloud": plan.order.cloud,
        "region": plan.order.region,
        "quotas": [need.model_dump(mode="json") for need in found],
        "summary": {when.name.lower(): [n.code for n in found if n.increase is when] for when in Increase},
    }


def _sheet(stack: str, plan: Plan, found: Sequence[QuotaNeed]) -> Iterator[RenderableType]:
    order = plan.order
    yield Text.assemble(
        (stack, "bold"), f"  tier {plan.requirements.tier.value} on {order.cloud}, {order.region}\n"
    )
    yield _table(found)
    unverified = any(not need.verified for need in found)
    yield Text(
        "\nNow: the first `up`. Most: autoscaling at its maximum, disks at their limit; +N while every node"
        " group is updated at once."
        + (f" {UNVERIFIED}: no public page could be read for it." if unverified else ""),
        "dim",
    )
    for when in (Increase.FIRST_UP, Increase.MAXIMUM):
        asked = [need for need in found if need.increase is when]
        if asked:
            yield Text(f"\nAsk for a raise {when}:", _STYLE[when])
            for need in asked:
                yield Text(f"  {need.code}  {_amount(need.most + need.update)} {need.unit}  {need.why}")
                yield output.Command(f"    {raise_of(plan, need)}", "dim")


def _table(found: Sequence[QuotaNeed]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    wide = output.width() > _NARROW
    longest = max(len(need.code) + 2 * (not need.verified) for need in found)
    table.add_column("Quota", overflow="fold", width=min(_CODE_WIDTH, longest) if wide else _CODE_WIDTH)
    if wide:
        table.add_column("", overflow="fold")
    for title in ("Now", "Most", "Default"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Raise", no_wrap=True)
    for need in found:
        most = f"{_amount(need.most)}{f' +{_amount(need.update)}' if need.update else ''}"
        default = "" if need.default is None else _amount(need.default)
        name = f"{need.name}, {need.unit}" if need.unit in _MEASURES else need.name
        code = f"{need.code}{'' if need.verified else f' {UNVERIFIED}'}"
        table.add_row(
            *([code, name] if wide else [Text.assemble(code, "\n", (name, "dim"))]),
            _amount(need.now),
            most,
            default,
            Text(need.increase.value, _STYLE.get(need.increase, "dim")),
        )
    return table


def _amount(value: float) -> str:
    return f"{round(value, 2):,}"


def raise_of(plan: Plan, need: QuotaNeed) -> str:
    """How a raise is asked for: the cloud's command, or where its console has it."""
    wanted = -(-(need.most + need.update) // 1)
    return plan.order.notes.raise_quota.format(
        service=need.service, code=need.code, region=plan.order.region, value=int(wanted)
    )
