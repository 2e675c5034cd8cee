"""Dashboards as ConfigMaps that Grafana's sidecar picks up, written with Grafana's own SDK.

https://grafana.github.io/grafana-foundation-sdk/
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.grafana import FOLDER_ANNOTATION
from components.kubernetes.grafana_sdk import (
    Dashboard,
    DataSourceRef,
    DatasourceVariable,
    GraphThresholdsStyleConfig,
    GraphThresholdsStyleMode,
    JSONEncoder,
    Row,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    prometheus,
    timeseries,
)
from components.kubernetes.labels import own_labels
from sizing.specs.dashboards import DashboardSpec, PanelSpec, PanelUnit

LABEL = {"grafana_dashboard": "1"}
FOLDER = "ai-gateway"
SOURCE_VARIABLE = "datasource"
SOURCE = DataSourceRef(type_val="prometheus", uid=f"${{{SOURCE_VARIABLE}}}")

WIDTH, HEIGHT = 8, 8
"""Three panels a row on Grafana's grid of 24."""

UNITS: dict[PanelUnit, str] = {
    "ratio": "percentunit",
    "percent": "percent",
    "seconds": "s",
    "count": "short",
    "requests/s": "reqps",
    "operations/s": "ops",
    "bytes": "bytes",
    "usd/h": "currencyUSD",
    "tokens/s": "short",
    "tokens": "short",
}
"""Grafana's names (https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/)."""

LARGEST = 1024 * 1024
"""Bytes of a ConfigMap (https://kubernetes.io/docs/concepts/configuration/configmap/)."""


def dashboard_json(spec: DashboardSpec) -> str:
    """The dashboard as Grafana reads it; the same bytes for the same specification."""
    board = (
        Dashboard(spec.title)
        .uid(spec.uid)
        .tags(["ai-gateway"])
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .with_variable(DatasourceVariable(SOURCE_VARIABLE).label("Data source").type("prometheus"))
    )
    for row in spec.rows:
        board.with_row(Row(row.title))
        for panel in row.panels:
            board.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=1).encode(board.build())


def _panel(spec: PanelSpec) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(spec.title)
        .description(spec.description)
        .unit(UNITS[spec.unit])
        .datasource(SOURCE)
        .span(WIDTH)
        .height(HEIGHT)
        .min(0)
    )
    for index, query in enumerate(spec.queries):
        panel.with_target(
            prometheus.Dataquery()
            .expr(query.expr)
            .legend_format(query.legend)
            .ref_id(chr(ord("A") + index))
            .datasource(SOURCE)
        )
    if spec.marks:
        steps = [Threshold(color=spec.base, value=None)]
        steps += [Threshold(color=mark.color, value=mark.value) for mark in spec.marks]
        panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
    return panel


def dashboard_maps(
    component: Component,
    specs: Sequence[DashboardSpec],
    *,
    namespace: str,
    depends_on: Sequence[pulumi.Resource],
) -> list[k8s.core.v1.ConfigMap]:
    """A ConfigMap per dashboard, which the sidecar loads into our folder.

    Raises:
        ValueError: one would be larger than a ConfigMap may be.
    """
    return [_map(component, spec, namespace, depends_on) for spec in specs]


def _map(
    component: Component, spec: DashboardSpec, namespace: str, depends_on: Sequence[pulumi.Resource]
) -> k8s.core.v1.ConfigMap:
    text = dashboard_json(spec)
    if len(text.encode()) >= LARGEST:
        raise ValueError(
            f"dashboard {spec.uid} has {len(text.encode())} bytes, and a ConfigMap holds {LARGEST}"
        )
    return k8s.core.v1.ConfigMap(
        f"{component.prefix}-dashboard-{spec.uid}",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=f"dashboard-{spec.uid}",
            namespace=namespace,
            labels=own_labels(**LABEL),
            annotations={FOLDER_ANNOTATION: FOLDER},
        ),
        data={f"{spec.uid}.json": text},
        opts=component.child(depends_on=list(depends_on)),
    )
