"""Which changes make a provider replace a resource (``replaces.csv``), and in which order it does so."""

from __future__ import annotations

import csv
import functools
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.engine.simulator import arguments, wire

TABLE: Final = Path(__file__).with_name("replaces.csv")


class Change(NamedTuple):
    """One changed property with both sides' inputs, opened."""

    old: Any
    new: Any
    old_inputs: Mapping[str, Any]
    new_inputs: Mapping[str, Any]
    provider: Mapping[str, Any]


def _version(value: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(value)))


def _narrower(change: Change) -> bool:
    old, new = ipaddress.ip_network(change.old), ipaddress.ip_network(change.new)
    return not old.subnet_of(new)  # pyright: ignore[reportArgumentType]


def _smaller(change: Change) -> bool:
    settings = change.new_inputs.get("settings") or {}
    return change.new < change.old and settings.get("diskAutoresize") is False


WHEN: Final[Mapping[str, Callable[[Change], bool]]] = {
    "": lambda change: True,
    "lower": lambda change: _version(change.new) < _version(change.old),
    "narrower": _narrower,
    "old_engine": lambda change: _version(change.old_inputs.get("engineVersion")) < (7, 0, 5),
    "removed": lambda change: change.new in (None, ""),
    "smaller_without_autoresize": _smaller,
    "switched": lambda change: (change.old is None) != (change.new is None),
    "turned_off": lambda change: change.old is True and change.new is not True,
    "unless_mutable": lambda change: (
        "true"
        not in (
            change.provider.get("enableConfigMapMutable"),
            change.provider.get("enableSecretMutable"),
        )
    ),
    "unless_redis_to_valkey": lambda change: (change.old, change.new) != ("redis", "valkey"),
    "unless_to_default": lambda change: (change.old, change.new) != ("dedicated", "default"),
}
"""Conditions of the table's column ``when``. They are not asked about values that are not known yet: such a
change counts as replacing, as the providers plan it."""


@functools.cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Type to property path to condition."""
    rows: dict[str, dict[str, str]] = {}
    with TABLE.open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            assert row["when"] in WHEN, f"{TABLE.name}: unknown condition in {row}"
            rows.setdefault(row["type"], {})[row["property"]] = row["when"]
    return rows


@functools.cache
def rules_of(token: str) -> Mapping[str, str]:
    """A type's rows, those of ``package:*`` included."""
    everywhere = table().get(f"{token.partition(':')[0]}:*", {})
    return {**everywhere, **table().get(token, {})}


def replacing(
    token: str, old: Mapping[str, Any], new: Mapping[str, Any], provider: Mapping[str, Any]
) -> list[str]:
    """Paths of the changes that replace the resource; ``old`` and ``new`` are opened inputs."""
    found: list[str] = []
    for path in wire.paths_that_differ(old, new):
        for rule, when in rules_of(token).items():
            if not _covers(rule, path):
                continue
            before, after = _at(old, rule), _at(new, rule)
            known = not wire.has_unknown([before, after])
            if not known or WHEN[when](Change(before, after, old, new, provider)):
                found.append(path)
                break
    return found


def deleted_first(token: str, old: Mapping[str, Any], new: Mapping[str, Any], named: bool) -> bool:
    """Whether the old resource must go before its successor: both would have the same given name.

    As in ``nameRequiresDeleteBeforeReplace`` of https://github.com/pulumi/pulumi-terraform-bridge; a name
    that the provider made up (``named`` is False) differs for the successor.
    """
    if token.startswith("kubernetes:") and token != "kubernetes:helm.sh/v3:Release":
        ids = [(side.get("metadata") or {}).get("name") for side in (old, new)]
        spaces = [(side.get("metadata") or {}).get("namespace") for side in (old, new)]
        return named and ids[0] == ids[1] and spaces[0] == spaces[1]
    name = name_property(token)
    return named and name is not None and old.get(name) == new.get(name)


@functools.cache
def name_property(token: str) -> str | None:
    """The property that Pulumi's providers fill in when a program gives no name.

    As ``SetAutonaming`` of the bridge does for every type that has a ``name``; the others from
    ``provider/resources.go`` of https://github.com/pulumi/pulumi-aws.
    """
    if token in _NAMES:
        return _NAMES[token]
    class_ = arguments.argument_class(token) if token.startswith(("aws:", "gcp:")) else None
    return "name" if class_ is not None and "name" in arguments.properties(class_) else None


COUNTED: Final = {("aws:ec2/launchTemplate:LaunchTemplate", "latestVersion")}
"""Outputs that grow by one with every update."""

_NAMES: Final = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
}


def _covers(rule: str, path: str) -> bool:
    """A rule covers the path itself, everything below, and the objects around it that come or go whole."""
    path = re.sub(r"\[\d+\]", "[]", path)
    return any(
        longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))
        for longer, shorter in ((path, rule), (rule, path))
    )


def _at(inputs: Any, rule: str) -> Any:
    """The value a rule speaks of; the whole list where it goes through one."""
    for part in rule.partition("[]")[0].strip(".").split("."):
        inputs = inputs.get(part) if isinstance(inputs, Mapping) else None
    return inputs


def detailed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Changed paths with what happens to each: added, deleted or updated."""
    for path in wire.paths_that_differ(old, new):
        before, after = _exact(old, path), _exact(new, path)
        yield path, "ADD" if before is None else "DELETE" if after is None else "UPDATE"


def _exact(value: Any, path: str) -> Any:
    for key, index in re.findall(r'([^.\[\]"]+|(?<=\[")[^"]+(?="\]))|\[(\d+)\]', path):
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def counted(token: str) -> list[str]:
    """Outputs that every update changes."""
    return [output for type_, output in COUNTED if type_ == token]
