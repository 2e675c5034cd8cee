"""What the guide asks of a graph's tier: the plan of the same tier, cloud and region without any override."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import JsonValue

from infra import clouds
from infra.graph import Graph
from infra.planning import plan_of
from infra.settings import load
from sizing.clouds.base import Machine
from sizing.errors import SizingError
from sizing.report import size_report


def guide_of(graph: Graph) -> Mapping[str, object]:
    """``gateway size --json`` of the tier as the guide has it; empty for a graph that names no tier.

    Raises:
        SizingError: a saved preview that names a tier, cloud or region this version does not know.
    """
    if not isinstance(graph.sizing, dict):
        return {}
    tier, cloud, region = (_text(graph.sizing.get(key)) for key in ("tier", "cloud", "region"))
    return guide_for(tier, cloud, region) if tier and cloud else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


@cache
def guide_for(tier: str, cloud: str, region: str) -> Mapping[str, object]:
    """A region that lacks the tier's own machines is measured by the cloud's default one."""
    values = {"tier": tier, "cloud": cloud, "region": region or None}
    try:
        return size_report(plan_of(load(values, where="the guide's own figures")))
    except SizingError:
        if not region:
            raise
        return guide_for(tier, cloud, "")


def machine_of(cloud: str, name: str) -> Machine | None:
    """A machine type of the cloud's catalogue; None when it has no such type."""
    return clouds.model(cloud).machines().get(name) if cloud in clouds.CLOUDS else None
