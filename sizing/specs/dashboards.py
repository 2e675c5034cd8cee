"""Dashboards as the components see them: rows of panels, each with its questions and the figures to mark."""

from __future__ import annotations

from typing import Literal

from sizing.specs.base import Spec

PanelUnit = Literal[
    "ratio",
    "percent",
    "seconds",
    "count",
    "requests/s",
    "operations/s",
    "bytes",
    "usd/h",
    "tokens/s",
    "tokens",
]


class QuerySpec(Spec):
    """An expression, and how its series are called (Grafana's ``{{label}}``)."""

    expr: str
    legend: str


class MarkSpec(Spec):
    """A figure from which on a panel changes colour."""

    value: float
    color: Literal["green", "orange", "red"]


class PanelSpec(Spec):
    """One graph. ``marks`` ascend; ``base`` is the colour below the first of them."""

    title: str
    unit: PanelUnit
    queries: tuple[QuerySpec, ...]
    marks: tuple[MarkSpec, ...] = ()
    base: Literal["green", "red"] = "green"
    description: str = ""


class RowSpec(Spec):
    """Panels under one heading."""

    title: str
    panels: tuple[PanelSpec, ...]


class DashboardSpec(Spec):
    """A dashboard; ``uid`` is fixed, so that links to it stay."""

    uid: str
    title: str
    rows: tuple[RowSpec, ...]
