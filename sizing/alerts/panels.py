"""A panel and a dashboard as data. Limits on a panel are those of its alert."""

from __future__ import annotations

from collections.abc import Mapping

from sizing.alerts.model import Alert
from sizing.alerts.rules import alerts
from sizing.plan import Plan
from sizing.specs.dashboards import DashboardSpec, MarkSpec, PanelSpec, PanelUnit, QuerySpec, RowSpec


def board(name: str, title: str, *rows: tuple[str, tuple[PanelSpec, ...]]) -> DashboardSpec:
    made = tuple(RowSpec(title=heading, panels=panels) for heading, panels in rows)
    return DashboardSpec(uid=f"ai-gateway-{name}", title=title, rows=made)


def _marks(alert: Alert | None) -> tuple[tuple[MarkSpec, ...], bool]:
    """The alert's levels as marks, ascending, and whether it is bad to be below them."""
    if alert is None:
        return (), False
    values = [level.value for level in alert.levels if level.value is not None]
    if alert.op == "<":
        warning, critical = values[0], values[-1]
        first = () if warning == critical else (MarkSpec(value=critical, color="orange"),)
        return (*first, MarkSpec(value=warning, color="green")), True
    colors = ("orange", "red") if len(values) > 1 else ("red",)
    return tuple(MarkSpec(value=v, color=c) for v, c in zip(values, colors, strict=True)), False


class Panels:
    """Makes panels that know the alerts of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.alerts: Mapping[str, Alert] = {alert.name: alert for alert in alerts(plan)}

    def panel(
        self,
        title: str,
        unit: PanelUnit,
        queries: Mapping[str, str],
        alert: str = "",
        description: str = "",
    ) -> PanelSpec:
        """A panel of ``legend -> expression``. Marks come from the alert, if the plan has it."""
        marks, low_is_bad = _marks(self.alerts.get(alert))
        return PanelSpec(
            title=title,
            unit=unit,
            queries=tuple(QuerySpec(expr=expr, legend=legend) for legend, expr in queries.items()),
            marks=marks,
            base="red" if low_is_bad else "green",
            description=description,
        )
