"""Rewrite tests/contracts: which Helm values and custom resource fields exist, and of which type.

    python -m tools.refresh_contracts --charts DIR --crds DIR

`--charts` holds one directory per chart (Chart.yaml, values.yaml, values.schema.json where the chart has
one) and a README.md whose table names repository, version, licence and source of each. `--crds` holds
`<group>/<Kind>_<version>.json` schemas and such a table. Neither is part of this project: a contract file
lists names and types only, in our own form. The output depends on the input alone, so that a refresh shows
in a diff exactly what a new chart version changed.

Corrections that no values file can give (keys that templates read and values.yaml only shows in a comment)
are written by hand in tests/contracts/charts/extra.toml, each with its reason and source.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from tools.contract_charts import ChartFacts, Extra, chart_fields, load_extras, read_yaml
from tools.contract_crds import FRAGMENTS, CrdFacts, fragments, kind_fields, load_schema
from tools.contract_fields import Fields, as_list, as_mapping

CHARTS = (
    "agentgateway",
    "agentgateway-crds",
    "aws-load-balancer-controller",
    "cert-manager",
    "cluster-autoscaler",
    "dcgm-exporter",
    "eck-elasticsearch",
    "eck-operator",
    "eck-operator-crds",
    "external-secrets",
    "grafana",
    "jaeger",
    "keda",
    "kube-prometheus-stack",
    "litellm",
    "metrics-server",
    "nvidia-device-plugin",
    "opentelemetry-collector",
    "pgbouncer",
    "prometheus-operator-crds",
    "thanos",
    "vault",
    "vllm-stack",
)
"""The charts this project installs, and grafana, which kube-prometheus-stack brings along."""

KINDS = (
    "agentgateway.dev/AgentgatewayBackend_v1alpha1.json",
    "agentgateway.dev/AgentgatewayParameters_v1alpha1.json",
    "agentgateway.dev/AgentgatewayPolicy_v1alpha1.json",
    "cert-manager.io/Certificate_v1.json",
    "cert-manager.io/Issuer_v1.json",
    "cert-manager.io/ClusterIssuer_v1.json",
    "elasticsearch.k8s.elastic.co/Elasticsearch_v1.json",
    "external-secrets.io/ExternalSecret_v1.json",
    "external-secrets.io/SecretStore_v1.json",
    "external-secrets.io/ClusterSecretStore_v1.json",
    "gateway.networking.k8s.io/GatewayClass_v1.json",
    "gateway.networking.k8s.io/Gateway_v1.json",
    "gateway.networking.k8s.io/HTTPRoute_v1.json",
    "gateway.networking.k8s.io/ReferenceGrant_v1.json",
    "keda.sh/ScaledObject_v1alpha1.json",
    "keda.sh/TriggerAuthentication_v1alpha1.json",
    "monitoring.coreos.com/PodMonitor_v1.json",
    "monitoring.coreos.com/PrometheusRule_v1.json",
    "monitoring.coreos.com/ServiceMonitor_v1.json",
)
"""The custom resources this project creates. A kind whose fields equal an earlier one's refers to it."""


def render(document: Mapping[str, object]) -> str:
    """Write a document as sorted JSON with one line per path: one changed key is one changed line."""
    blocks: list[str] = []
    for key, value in sorted(document.items()):
        if isinstance(value, Mapping) and value:
            entries = sorted(as_mapping(cast("object", value)).items())
            lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries)
            blocks.append(f" {json.dumps(key)}: {{\n{lines}\n }}")
        elif isinstance(value, list) and value:
            lines = ",\n".join(f"  {json.dumps(entry)}" for entry in as_list(cast("object", value)))
            blocks.append(f" {json.dumps(key)}: [\n{lines}\n ]")
        else:
            blocks.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def chart_document(
    directory: Path, facts: ChartFacts, extras: list[Extra], shapes: Fields
) -> dict[str, object]:
    """Build the contract of the chart in `directory`.

    Raises ValueError when Chart.yaml and the table disagree on the version, unless the table says that the
    file in git holds a placeholder.
    """
    chart = read_yaml(directory / "Chart.yaml")
    version, _, remark = facts.version.partition(" ")
    if str(chart.get("version")) != version and "placeholder" not in remark:
        raise ValueError(
            f"{facts.chart}: Chart.yaml has {chart.get('version')}, the table {version}: correct it"
        )
    fields = chart_fields(directory, [extra for extra in extras if extra.chart == facts.chart], shapes)
    names = {str(entry.get("alias") or entry["name"]): str(entry["name"]) for entry in _dependencies(chart)}
    return {
        "chart": facts.chart,
        "version": version,
        "app_version": facts.app_version,
        "repository": facts.repository,
        "licence": facts.licence,
        "source": facts.source,
        "subcharts": {alias: name for alias, name in names.items() if name in CHARTS},
        "paths": fields.types,
        "enums": fields.enums,
        "required": sorted(fields.required),
    }


def crd_document(
    schema: Mapping[str, object], facts: CrdFacts, fields: Fields, same_as: str | None
) -> dict[str, object]:
    """Build the contract of one kind; with `same_as` it only refers to the file that lists the fields."""
    group, kind, version = _kind_of(facts.file)
    body: dict[str, object] = {"same_fields_as": same_as} if same_as else _body(fields)
    return {
        "group": group,
        "kind": kind,
        "version": version,
        "scope": str(schema.get("x-kubernetes-scope")),
        "release": facts.release,
        "licence": facts.licence,
        "source": facts.source,
        **body,
    }


def write_charts(charts: Path, out: Path, shapes: Fields) -> None:
    """Write `charts/<chart>.json` for every chart, using `charts/extra.toml` of the same directory."""
    table = {facts.chart: facts for facts in chart_table(charts / "README.md")}
    extras = load_extras(out / "charts" / "extra.toml")
    unknown = sorted({extra.chart for extra in extras} - set(CHARTS))
    if unknown:
        raise ValueError(f"extra.toml names charts that are not installed: {', '.join(unknown)}")
    for name in CHARTS:
        document = chart_document(charts / name, table[name], extras, shapes)
        _write(out / "charts" / f"{name}.json", document)


def write_crds(crds: Path, out: Path) -> None:
    """Write `crds/<group>_<Kind>.json` for every kind and `kubernetes.json` for the fragments charts copy."""
    table = {facts.file: facts for facts in crd_table(crds / "README.md")}
    written: dict[str, str] = {}
    for file in KINDS:
        schema = load_schema(crds, file)
        fields = kind_fields(schema)
        group, kind, _ = _kind_of(file)
        name = f"{group}_{kind}.json"
        first = written.setdefault(render(_body(fields)), name)
        document = crd_document(schema, table[file], fields, None if first == name else first)
        _write(out / "crds" / name, document)
    sources = sorted({file for file, _ in FRAGMENTS.values()})
    document = {
        "licence": " and ".join(sorted({table[file].licence for file in sources})),
        "release": ", ".join(table[file].release for file in sources),
        "source": ", ".join(table[file].source for file in sources),
        **_body(fragments(crds)),
    }
    _write(out / "kubernetes.json", document)


def chart_table(path: Path) -> Iterator[ChartFacts]:
    """Read the table of charts: chart, repository, version, appVersion, licence, source."""
    for cells in _table(path, 6):
        chart, repository, version, app_version, licence, source = cells
        yield ChartFacts(chart, re.split(r" [;(]", repository)[0], version, app_version, licence, source)


def crd_table(path: Path) -> Iterator[CrdFacts]:
    """Read the table of CRD schemas: file, scope, source repository, "version, commit", path, licence."""
    for file, _, repository, release, place, licence in _table(path, 6):
        version, _, commit = release.rpartition(", ")
        yield CrdFacts(file, version, f"{repository} @ {commit} {place}", licence)


def _table(path: Path, columns: int) -> Iterator[list[str]]:
    """Yield the rows of the first-level Markdown table with so many columns, without its heading."""
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == columns and not cells[0].startswith("-") and cells[0] not in {"Chart", "File"}:
            yield cells


def _write(path: Path, document: Mapping[str, object]) -> None:
    """Write one contract file."""
    _ = path.write_text(render(document), encoding="utf-8")


def _body(fields: Fields) -> dict[str, object]:
    """The part of a contract that lists fields."""
    return {"fields": fields.types, "enums": fields.enums, "required": sorted(fields.required)}


def _dependencies(chart: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The sub-charts a Chart.yaml names."""
    return [as_mapping(entry) for entry in as_list(chart.get("dependencies"))]


def _kind_of(file: str) -> tuple[str, str, str]:
    """Split `<group>/<Kind>_<version>.json`."""
    group, _, name = file.removesuffix(".json").partition("/")
    kind, _, version = name.rpartition("_")
    return group, kind, version


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh every contract file. Returns 0, or 2 with one line on stderr if an input is wrong."""
    parser = argparse.ArgumentParser(description="Rewrite tests/contracts from chart and CRD files.")
    _ = parser.add_argument("--charts", type=Path, required=True, help="directory of chart files")
    _ = parser.add_argument("--crds", type=Path, required=True, help="directory of CRD schemas")
    _ = parser.add_argument("--out", type=Path, default=Path("tests/contracts"), help="tests/contracts")
    options = parser.parse_args(arguments)
    out = cast("Path", options.out)
    for name in ("charts", "crds"):
        (out / name).mkdir(parents=True, exist_ok=True)
    try:
        write_crds(cast("Path", options.crds), out)
        write_charts(cast("Path", options.charts), out, fragments(cast("Path", options.crds)))
    except (OSError, KeyError, ValueError) as problem:
        print(f"refresh_contracts: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
