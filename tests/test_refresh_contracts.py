"""The contract files are complete and licensed, and the tool that writes them depends on its input alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest
import yaml

from components.kubernetes import charts as pinned
from tests.contracts.checker import HERE, charts, kinds
from tools.contract_charts import ChartFacts, Extra, load_extras
from tools.contract_crds import kind_fields
from tools.contract_fields import Fields
from tools.refresh_contracts import CHARTS, KINDS, chart_document, chart_table, main, render

CONTRACT_FILES = sorted(HERE.rglob("*.json"))
MAXIMUM_BYTES = 1_500_000
"""The files are reviewed as diffs: beyond this they are a copy of something, not a contract."""

SHAPES = Fields(
    {"Affinity": "object", "Probe": "object", "Probe.httpGet": "object", "Probe.periodSeconds": "int"}
)
FACTS = ChartFacts(
    "tiny", "https://charts.example.org", "1.2.3", "4.5", "MIT", "example/tiny @ 0123 charts/tiny"
)
VALUES: dict[str, object] = {
    "replicas": 1,
    "ratio": 0.5,
    "image": {"tag": "", "pullPolicy": "Always"},
    "podAnnotations": {"example.org/scrape": "true"},
    "affinity": {},
    "livenessProbe": {"httpGet": {"path": "/"}},
    "readinessProbe": {"periodSeconds": 3},
    "args": ["a"],
    "sidecars": [{"name": "example"}],
    "podDisruptionBudget": {"enabled": False, "minAvailable": ""},
    "config": {"anything": 1},
    "dead": {"key": True},
    "nothing": None,
}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "replicas": {"type": ["integer", "null"]},
        "config": {"type": "object"},
        "image": {"$ref": "#/definitions/image"},
        "hosts": {
            "type": "array",
            "items": {"type": "object", "properties": {"port": {"$ref": "#/definitions/port"}}},
        },
        "forbidden": False,
    },
    "definitions": {
        "port": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        "image": {
            "additionalProperties": False,
            "properties": {"tag": {"type": "string"}, "pullPolicy": {"enum": ["Never", "Always"]}},
        },
    },
}
EXTRA = Extra(
    "tiny", {"nothing": "string", "podDisruptionBudget.maxUnavailable": "int|string"}, ("dead",), ("nothing",)
)


def _chart(directory: Path, *, backwards: bool = False) -> Path:
    """Write the tiny chart; `backwards` orders its keys the other way round."""
    directory.mkdir()
    order = -1 if backwards else 1
    chart = {
        "name": "tiny",
        "version": "1.2.3",
        "dependencies": [{"name": "grafana", "condition": "grafana.enabled"}],
    }
    for name, document in (("Chart.yaml", chart), ("values.yaml", VALUES), ("values.schema.json", SCHEMA)):
        text = yaml.safe_dump(dict(list(document.items())[::order]), sort_keys=False)
        _ = (directory / name).write_text(json.dumps(yaml.safe_load(text)) if name.endswith("json") else text)
    return directory


def test_the_output_depends_on_the_content_alone(tmp_path: Path) -> None:
    there = render(chart_document(_chart(tmp_path / "a"), FACTS, [EXTRA], SHAPES))
    back = render(chart_document(_chart(tmp_path / "b", backwards=True), FACTS, [EXTRA], SHAPES))
    assert there == back
    assert there.count("\n") > len(VALUES), "one line per path"


def test_defaults_schema_and_corrections_are_merged(tmp_path: Path) -> None:
    document = chart_document(_chart(tmp_path / "tiny"), FACTS, [EXTRA], SHAPES)
    assert document["paths"] == {
        "affinity": "k8s:Affinity",
        "args": "list",
        "args[]": "string",
        "config": "object*",
        "grafana.enabled": "bool",
        "hosts": "list",
        "hosts[]": "object",
        "hosts[].port": "int|string",
        "image": "object",
        "image.pullPolicy": "string",
        "image.tag": "string",
        "livenessProbe": "k8s:Probe",
        "nothing": "string",
        "podAnnotations": "map",
        "podAnnotations.*": "string",
        "podDisruptionBudget": "object",
        "podDisruptionBudget.enabled": "bool",
        "podDisruptionBudget.maxUnavailable": "int|string",
        "podDisruptionBudget.minAvailable": "int|string",
        "ratio": "number",
        "readinessProbe": "object",
        "readinessProbe.periodSeconds": "int",
        "replicas": "int|null",
        "sidecars": "list*",
    }
    assert document["enums"] == {"image.pullPolicy": ["Always", "Never"]}
    assert document["required"] == ["nothing"]
    assert document["subcharts"] == {"grafana": "grafana"}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (Extra("tiny", {}, ("absent",), ()), "tiny has no absent"),
        (Extra("tiny", {"image.digest": "string"}, (), ()), "the schema of tiny refuses image.digest"),
    ],
)
def test_a_correction_that_contradicts_the_chart_is_refused(
    tmp_path: Path, extra: Extra, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _ = chart_document(_chart(tmp_path / "tiny"), FACTS, [extra], SHAPES)


def test_a_table_that_contradicts_the_chart_is_refused(tmp_path: Path) -> None:
    other = ChartFacts("tiny", "https://charts.example.org", "1.2.4", "4.5", "MIT", "example/tiny")
    with pytest.raises(ValueError, match=re.escape("Chart.yaml has 1.2.3, the table 1.2.4")):
        _ = chart_document(_chart(tmp_path / "tiny"), other, [], SHAPES)


def test_a_correction_needs_a_reason_and_a_source(tmp_path: Path) -> None:
    path = tmp_path / "extra.toml"
    _ = path.write_text('[[entry]]\nchart = "tiny"\nreason = "because"\n')
    with pytest.raises(ValueError, match="no reason or no source"):
        _ = load_extras(path)


def test_a_kind_keeps_what_its_user_writes() -> None:
    spec = {
        "type": "object",
        "required": ["size", "mode"],
        "properties": {
            "size": {"x-kubernetes-int-or-string": True},
            "mode": {"type": "string", "default": "a"},
        },
    }
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    fields = kind_fields({"properties": {"spec": spec, "status": labels, "metadata": labels, "data": labels}})
    assert fields.types == {
        "data": "map",
        "data.*": "string",
        "metadata": "k8s:ObjectMeta",
        "spec": "object",
        "spec.mode": "string",
        "spec.size": "int|string",
    }
    assert fields.required == {"spec.size"}, "a field with a default may be left out"


def test_the_table_of_sources_is_read(tmp_path: Path) -> None:
    table = tmp_path / "README.md"
    row = (
        "| tiny | oci://example.org/tiny ; https://example.org | 1.2.3 | 4.5 | MIT | a/b @ 0123 charts/tiny |"
    )
    _ = table.write_text(f"# Charts\n\n| Chart | a | b | c | d | e |\n| --- | - | - | - | - | - |\n{row}\n")
    assert [facts.repository for facts in chart_table(table)] == ["oci://example.org/tiny"]


def test_missing_input_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--charts", str(tmp_path), "--crds", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_every_chart_and_kind_has_a_contract() -> None:
    assert charts() == sorted(CHARTS)
    assert [f"{group}/{kind}" for group, kind in kinds()] == sorted(name.rpartition("_")[0] for name in KINDS)


def test_pinned_charts_are_those_of_the_contracts() -> None:
    for chart in (value for value in vars(pinned).values() if isinstance(value, pinned.Chart)):
        contract = json.loads((HERE / "charts" / f"{chart.name}.json").read_text(encoding="utf-8"))
        assert (contract["version"], contract["repository"]) == (chart.version, chart.repository), chart.name


@pytest.mark.parametrize("path", CONTRACT_FILES, ids=lambda path: path.stem)
def test_a_contract_names_source_commit_version_and_licence(path: Path) -> None:
    contract = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
    assert re.search(r"^\S+/\S+ @ [0-9a-f]{40} ", str(contract["source"]))
    assert contract["licence"]
    assert contract.get("release") or contract.get("version")
    assert path.read_text(encoding="utf-8") == render(contract), "written by tools/refresh_contracts.py alone"


def test_the_contracts_stay_small() -> None:
    assert sum(path.stat().st_size for path in CONTRACT_FILES) < MAXIMUM_BYTES
