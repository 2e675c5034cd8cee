"""Grafana's SDK, imported once: it warns of its own newer models while it is being loaded, and tests here
take warnings for errors."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import prometheus, timeseries
    from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig
    from grafana_foundation_sdk.builders.dashboard import (
        Dashboard,
        DatasourceVariable,
        Row,
        ThresholdsConfig,
    )
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.common import DataSourceRef, GraphThresholdsStyleMode
    from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

__all__ = [
    "Dashboard",
    "DataSourceRef",
    "DatasourceVariable",
    "GraphThresholdsStyleConfig",
    "GraphThresholdsStyleMode",
    "JSONEncoder",
    "Row",
    "Threshold",
    "ThresholdsConfig",
    "ThresholdsMode",
    "prometheus",
    "timeseries",
]
