"""The table of charts and their pods itself: of the pinned charts, and read so that an omission is found."""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes import charts as pinned
from components.kubernetes.charts import Chart
from tests.contracts.checker import chart_contract
from tests.contracts.pods import HOST, ZONE, Source, claimed, spread, table, unclaimed


def test_the_table_was_read_from_the_charts_that_are_installed() -> None:
    versions = {c.name: c.version for c in vars(pinned).values() if isinstance(c, Chart)}
    assert {name: entry["version"] for name, entry in table()["charts"].items()} == versions
    assert all(entry["source"].startswith("https://") for entry in table()["charts"].values())


@pytest.mark.parametrize("chart", sorted(table()["charts"]))
def test_keys_of_the_table_are_keys_of_the_chart(chart: str) -> None:
    """A switch that the chart does not have would be off for ever."""
    types, entry = chart_contract(chart).types, table()["charts"][chart]
    paths = [*entry.get("off", ()), *entry.get("quiet", ()), *entry.get("opaque", ())]
    assert [path for path in paths if path not in types] == []


def _source(chart: str, values: dict[str, Any]) -> Source:
    return Source(chart, chart, values, table()["charts"][chart])


def test_an_uncounted_sidecar_is_found() -> None:
    values = {"resources": {}, "proxy": {"resources": {"requests": {"cpu": "1"}}}, "list": [{"replicas": 2}]}
    assert unclaimed(_source("keda", values)) == ["proxy.resources", "list[0].replicas"]
    sidecars = [{"name": name, "resources": {"requests": {"cpu": "1"}}} for name in ("audit-rotate", "agent")]
    assert unclaimed(_source("vault", {"server": {"extraContainers": sidecars}})) == [
        "server.extraContainers[agent].resources"
    ]
    init = {"server": {"extraInitContainers": [{"name": "chown"}]}}
    assert unclaimed(_source("vault", init)) == ["server.extraInitContainers"]


def test_configuration_of_the_program_itself_is_not_searched() -> None:
    index = {"backends": {"main": {"replicas": 1}}}
    assert unclaimed(_source("jaeger", {"userconfig": index})) == []
    assert unclaimed(_source("jaeger", {"other": index})) == ["other.backends.main.replicas"]


def test_both_ways_of_spreading_are_read() -> None:
    own = {"labelSelector": {"matchLabels": {"app": "x"}}}
    constraints = [{"topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", **own}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOST, **own}]}
    assert spread(constraints, {"podAntiAffinity": required}) == {ZONE: "soft", HOST: "hard"}
    preferred = [{"weight": 1, "podAffinityTerm": {"topologyKey": ZONE, **own}}]
    both = {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
    assert spread([{**constraints[0], "whenUnsatisfiable": "DoNotSchedule"}], {"podAntiAffinity": both}) == {
        ZONE: "hard"
    }
    assert spread(None, None) == {}


def test_the_operators_reloader_is_claimed_for_both_of_its_pods() -> None:
    source = _source("kube-prometheus-stack", {})
    assert "prometheusOperator.prometheusConfigReloader.resources" in claimed(source)
