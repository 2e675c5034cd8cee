"""What a cloud tells of a resource once it exists (``outputs.csv``)."""

from __future__ import annotations

import copy
import csv
import functools
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.engine.simulator import wire
from tests.engine.simulator.replacement import name_property

TABLE: Final = Path(__file__).with_name("outputs.csv")
ACCOUNT: Final = "123456789012"
PROJECT_NUMBER: Final = "987654321098"


@functools.cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Type to output to template."""
    rows: dict[str, dict[str, str]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            rows.setdefault(row["type"], {})[row["output"]] = row["value"]
    return rows


class Identity:
    """The made-up parts of one resource's outputs; the same URN and generation give the same.

    Args:
        generation: how often the URN has been created before: a successor differs from what it replaces.
    """

    def __init__(self, urn: str, generation: int) -> None:
        self.logical = urn.rpartition("::")[2]
        seed = hashlib.sha256(f"{urn}#{generation}".encode()).hexdigest()
        self.hex = seed[:12]
        self.digits = str(int(seed[:16], 16))[:10]
        self.uuid = str(uuid.UUID(seed[32:64]))


class _Words(dict[str, str]):
    """An input that was left out reads as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Computed:
    """What a creation yields. ``unique`` is what nothing else of the type may have, the id or a name."""

    id: str
    unique: str
    outputs: dict[str, Any]


def computed(
    token: str, identity: Identity, inputs: Mapping[str, Any], provider: Mapping[str, Any]
) -> Computed:
    """Id and outputs of a created resource; its inputs are among the outputs.

    Args:
        inputs: opened; the caller puts the marks of secrets back.
        provider: the provider's configuration.
    """
    values = dict(inputs)
    name = name_property(token)
    words = _Words(
        account=ACCOUNT,
        number=PROJECT_NUMBER,
        region=str(provider.get("region") or "us-east-1"),
        project=str(provider.get("project") or ""),
    )
    words.update({key: str(value) for key, value in inputs.items() if not isinstance(value, dict | list)})
    words.update(vars(identity), name=str(inputs.get(name or "name") or identity.logical))
    told = {output: template.format_map(words) for output, template in table().get(token, {}).items()}
    in_cluster = token.startswith("kubernetes:")
    id_ = told.pop("id", _id_in_cluster(inputs, identity) if in_cluster else identity.hex)
    unique = told.pop("unique", id_)
    for output, value in told.items():
        _put(values, output, json.loads(value[5:]) if value.startswith("json:") else value)
    return Computed(id_, unique, values)


def unknown_until_created(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a preview: inputs as they are, what only the cloud can tell as unknown."""
    values = copy.deepcopy(dict(inputs))
    for output in table().get(token, {}):
        if output not in ("id", "unique"):
            _put(values, output, wire.UNKNOWN)
    return values


def _id_in_cluster(inputs: Mapping[str, Any], identity: Identity) -> str:
    metadata = inputs.get("metadata") or inputs
    space, name = metadata.get("namespace"), metadata.get("name") or identity.logical
    return f"{space}/{name}" if space else str(name)


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set an output; a dotted path goes into an object that the inputs began."""
    *parents, last = path.split(".")
    for parent in parents:
        values[parent] = dict(values.get(parent) or {})
        values = values[parent]
    values.setdefault(last, value)
