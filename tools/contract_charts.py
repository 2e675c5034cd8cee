"""The contract of one Helm chart: its values file, its schema if it has one, and our own corrections."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from tools.contract_fields import OPEN, Fields, Schema, as_list, as_mapping, child, schema_fields, union

_STRING_MAPS = re.compile(r"(^|[a-z])([aA]nnotations|[lL]abels)$|^nodeSelector$")
"""Keys that hold Kubernetes labels or annotations: any key, but the API refuses a value that is no string."""

_SHAPES: Mapping[str, tuple[str, ...]] = {
    "affinity": ("Affinity",),
    "resources": ("ResourceRequirements",),
    "podSecurityContext": ("PodSecurityContext",),
    "containerSecurityContext": ("SecurityContext",),
    "securityContext": ("PodSecurityContext", "SecurityContext"),
    "livenessProbe": ("Probe",),
    "readinessProbe": ("Probe",),
    "startupProbe": ("Probe",),
    "lifecycle": ("Lifecycle",),
    "lifecycleHooks": ("Lifecycle",),
    "strategy": ("DeploymentStrategy",),
    "deploymentStrategy": ("DeploymentStrategy",),
    "behavior": ("HPABehavior",),
}
"""Values that charts copy verbatim into a pod or an autoscaler, where the Kubernetes API sets the rules."""

_LIST_SHAPES: Mapping[str, str] = {
    "tolerations": "Toleration",
    "topologySpreadConstraints": "TopologySpreadConstraint",
    "extraEnv": "EnvVar",
    "extraEnvs": "EnvVar",
    "extraEnvVars": "EnvVar",
    "env": "EnvVar",
    "envFrom": "EnvFromSource",
    "volumes": "Volume",
    "extraVolumes": "Volume",
    "volumeMounts": "VolumeMount",
    "extraVolumeMounts": "VolumeMount",
    "containers": "Container",
    "extraContainers": "Container",
    "extraInitContainers": "Container",
    "initContainers": "Container",
}
"""The same for lists: the fragment is that of one element."""

_SCALARS = frozenset({"bool", "int", "number", "string", "null"})
_INT_OR_STRING = frozenset({"maxUnavailable", "minAvailable", "maxSurge", "targetPort"})
_NUMERIC_NAME = re.compile(r"(Seconds|Count|Replicas|Percentage|PerSecond|Ms|Port)$|^(port|replicas)$")


@dataclass(frozen=True)
class ChartFacts:
    """One row of the table that comes with the chart files: where they are from and under which licence."""

    chart: str
    repository: str
    version: str
    app_version: str
    licence: str
    source: str


@dataclass(frozen=True)
class Extra:
    """One entry of tests/contracts/charts/extra.toml: a correction from what the templates read."""

    chart: str
    paths: Mapping[str, str]
    unread: tuple[str, ...]
    required: tuple[str, ...]


def read_yaml(path: Path) -> Schema:
    """Read a YAML file that holds a mapping; an empty file counts as an empty one."""
    return as_mapping(cast("object", yaml.safe_load(path.read_text(encoding="utf-8"))))


def load_extras(path: Path) -> list[Extra]:
    """Read extra.toml. Raises ValueError for an entry without a reason or a source."""
    entries = as_list(cast("object", tomllib.loads(path.read_text(encoding="utf-8")).get("entry")))
    extras: list[Extra] = []
    for entry in map(as_mapping, entries):
        chart = str(entry.get("chart"))
        if not entry.get("reason") or not entry.get("source"):
            raise ValueError(f"{path.name}: an entry for {chart} has no reason or no source; give both")
        extras.append(
            Extra(
                chart=chart,
                paths={key: str(kind) for key, kind in as_mapping(entry.get("paths")).items()},
                unread=tuple(str(key) for key in as_list(entry.get("unread"))),
                required=tuple(str(key) for key in as_list(entry.get("required"))),
            )
        )
    return extras


def chart_fields(directory: Path, extras: list[Extra], shapes: Fields) -> Fields:
    """Flatten what the chart in `directory` accepts. `shapes` holds the Kubernetes fragments by name."""
    values = read_yaml(directory / "values.yaml")
    fields = Fields()
    _add_default(fields, "", values)
    schema_file = directory / "values.schema.json"
    if schema_file.exists():
        schema = as_mapping(cast("object", json.loads(schema_file.read_text(encoding="utf-8"))))
        filled = frozenset(path for path, kind in fields.types.items() if kind == "object")
        _merge_schema(fields, schema_fields(schema, filled=filled))
    _add_conditions(fields, directory / "Chart.yaml")
    for path in sorted(fields.types):
        if path in fields.types:  # a shorter path may have replaced what was below it
            _recognise(fields, path, shapes)
    for extra in extras:
        _apply(fields, extra)
    return fields


def _add_default(fields: Fields, path: str, value: object) -> None:
    """Record the default at `path`, and what lies below it, in `fields`."""
    if isinstance(value, Mapping):
        entries = as_mapping(cast("object", value))
        if path:
            fields.types[path] = "object" if entries else "object*"
        for key, entry in entries.items():
            _add_default(fields, child(path, key), entry)
    elif isinstance(value, list):
        # Elements that are maps are examples, not a list of what is allowed: such a list stays open.
        kinds = {_scalar_type(path, element) for element in as_list(cast("object", value))}
        scalars = bool(kinds) and "any" not in kinds
        fields.types[path] = "list" if scalars else "list*"
        if scalars:
            fields.types[f"{path}[]"] = union(kinds)
    else:
        fields.types[path] = _scalar_type(path, value)


def _scalar_type(path: str, value: object) -> str:
    """Name the type of a default. Nothing, or "", under a numeric name is a number that is not set."""
    key = path.rpartition(".")[2]
    if isinstance(value, bool):
        return "bool|int" if key.endswith("Limit") and not value else "bool"  # false: no limit
    if isinstance(value, float):
        return "number"
    if key in _INT_OR_STRING and isinstance(value, int | str | None):
        return "int|string"
    if isinstance(value, int):
        return "int"
    if not value and _NUMERIC_NAME.search(key):
        return "int|string"
    return "string" if isinstance(value, str) else "any"


def _merge_schema(fields: Fields, schema: Fields) -> None:
    """Let the schema decide wherever it speaks; the values file stands for the rest."""
    for path, kind in sorted(schema.types.items()):
        if kind == "any" and path in fields.types:
            schema.types[path] = fields.types[path]  # the schema lists the key and says nothing of it
        elif path in fields.types and kind in OPEN | {"map"}:
            fields.drop_below(path)
    schema.required = set()  # Helm checks these with the defaults merged, which satisfy them; see extra.toml
    fields.graft("", schema)


def _add_conditions(fields: Fields, chart_file: Path) -> None:
    """Add the switches of sub-charts (`condition: gfd.enabled`), which need not be in the values file."""
    for dependency in map(as_mapping, as_list(read_yaml(chart_file).get("dependencies"))):
        for condition in filter(None, str(dependency.get("condition", "")).split(",")):
            _ = fields.types.setdefault(condition.strip(), "bool")


def _recognise(fields: Fields, path: str, shapes: Fields) -> None:
    """Replace what a default happens to set by what the key's name promises.

    That is a map of strings (labels, annotations), a Kubernetes fragment or a list of them, which charts
    copy verbatim. A key whose default has keys of the chart's own stays as it is (vault's
    `securityContext.pod`), and so do a probe without a handler, of which templates read single fields, and
    an object that the chart's schema seals.
    """
    kind = fields.types[path]
    key = path.rpartition(".")[2]
    parts = kind.split("|")
    openable = kind == "any" or "object*" in parts or ("object" in parts and path not in fields.sealed)
    if _STRING_MAPS.search(key) and openable and _below(fields, path, types=True) <= _SCALARS:
        _replace(fields, path, "map")
        fields.types[f"{path}.*"] = "string"
    elif key in _SHAPES and openable:
        names = [name for name in _SHAPES[key] if _fits(_below(fields, path), name, shapes)]
        if names:
            _replace(fields, path, union(f"k8s:{name}" for name in names))
    elif key in _INT_OR_STRING and kind == "any":
        fields.types[path] = "int|string"
    elif key in _LIST_SHAPES and "list*" in parts:
        _replace(fields, path, "list")
        fields.types[f"{path}[]"] = f"k8s:{_LIST_SHAPES[key]}"


def _below(fields: Fields, path: str, *, types: bool = False) -> set[str]:
    """List the keys directly below `path`, or the types of everything below it."""
    below = {key: kind for key, kind in fields.types.items() if key.startswith((f"{path}.", f"{path}[]"))}
    if types:
        return {part for kind in below.values() for part in kind.split("|")}
    return {key.removeprefix(f"{path}.").split(".")[0].removesuffix("[]") for key in below}


def _fits(keys: set[str], name: str, shapes: Fields) -> bool:
    """True if `keys` could be the default of the Kubernetes fragment `name`."""
    if name == "Probe" and keys and not keys & {"exec", "grpc", "httpGet", "tcpSocket"}:
        return False
    return all(f"{name}.{key}" in shapes.types for key in keys)


def _replace(fields: Fields, path: str, kind: str) -> None:
    """Set the object or list alternative of `path` to `kind`, keeping scalar ones (a templated string)."""
    kept = [part for part in fields.types[path].split("|") if part in _SCALARS]
    fields.drop_below(path)
    fields.types[path] = union([kind, *kept])


def _apply(fields: Fields, extra: Extra) -> None:
    """Apply one entry of extra.toml.

    Raises ValueError if a path to remove is not there, or if the schema refuses a path to add.
    """
    for path in extra.unread:
        if path not in fields.types:
            raise ValueError(f"extra.toml: {extra.chart} has no {path}; remove it from `unread`")
        fields.drop_below(path)
        del fields.types[path]
    for path, kind in extra.paths.items():
        if path not in fields.types:
            _add_parents(fields, path, extra.chart)
        if kind in OPEN | {"map"} or "k8s:" in kind:
            fields.drop_below(path)
        fields.types[path] = kind
        _ = fields.enums.pop(path, None)
    fields.required |= set(extra.required)


def _add_parents(fields: Fields, path: str, chart: str) -> None:
    """List the objects, lists and maps that lead to a new path, up to the first one that is known."""
    if path.endswith("[]"):
        parent, kind = path.removesuffix("[]"), "list"
    elif path.endswith(".*"):
        parent, kind = path.removesuffix(".*"), "map"
    else:
        parent, kind = path.rpartition(".")[0], "object"
    if parent in fields.sealed:
        raise ValueError(f"extra.toml: the schema of {chart} refuses {path}; remove it")
    if parent and parent not in fields.types:
        fields.types[parent] = kind
        _add_parents(fields, parent, chart)
