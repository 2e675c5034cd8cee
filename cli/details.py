"""What ``gateway preview`` says about a resource in one line: its kind and the figures that matter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, cast

from cli.facts import FACTS
from cli.figures import ABSENT, lookup, plain_version
from infra.graph import UNKNOWN, Child, Resource

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
STACK: Final = "pulumi:pulumi:Stack"

_PATH: Final = re.compile(r"\{([^}]+)\}")
_SECONDS: Final = re.compile(r"(\d+)s")
_DAY_S: Final = 86_400


def kind(token: str) -> str:
    """A type token as a reader would say it: ``aws.ec2.Vpc``, ``Namespace``, ``provider aws``."""
    if token == RELEASE:
        return "Helm release"
    if token.startswith("pulumi:providers:"):
        return f"provider {token.rsplit(':', 1)[-1]}"
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    if package == "kubernetes":
        return name
    module = module.split("/")[0]
    return ".".join(part for part in (package, module, name) if part and part != "index")


def label(resource: Resource) -> str | None:
    """The name of a release or object in the cluster; None for other resources and for generated names."""
    path = "name" if resource.type == RELEASE else "metadata.name"
    name = lookup(resource.inputs, path) if resource.type.startswith("kubernetes:") else None
    return name if isinstance(name, str) and name != UNKNOWN else None


def facts(resource: Resource) -> str:
    """The figures that matter, in one line; empty when the type has none."""
    if resource.type == RELEASE:
        return _release(resource)
    pieces = [_piece(piece, resource.inputs) for piece in FACTS.get(resource.type, ())]
    pieces += _of_children(resource.creates)
    return ", ".join(piece for piece in pieces if piece)


def _release(resource: Resource) -> str:
    """Chart (where the release is not called like it), version and namespace."""
    inputs = resource.inputs
    chart = str(inputs.get("chart", "")).rstrip("/").rsplit("/", 1)[-1]
    called = "" if chart == label(resource) else f"{chart} "
    return f"{called}{inputs.get('version', '')} in {inputs.get('namespace', 'default')}"


def created(children: Iterable[Child]) -> str:
    """What a remote component's plugin creates, by kind."""
    counts = Counter(kind(child.type) for child in children if not child.type.startswith("pulumi:providers:"))
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _piece(piece: str, inputs: Mapping[str, object]) -> str:
    if piece[0] in "?!+":
        path, _, words = piece[1:].partition(" ")
        return _piece(words, inputs) if _holds(piece[0], lookup(inputs, path)) else ""
    found = {path: _value(inputs, path) for path in _PATH.findall(piece)}
    if not all(_set(value) for value in found.values()):
        return ""
    return _PATH.sub(lambda match: _said(found[match[1]]), piece)


def _holds(condition: str, value: object) -> bool:
    if condition == "!":
        return value is False
    if condition == "+":
        return value not in (ABSENT, None)
    return _set(value) and value != 0


def _value(inputs: Mapping[str, object], path: str) -> object:
    if not path.startswith("#"):
        return lookup(inputs, path)
    value = lookup(inputs, path[1:])
    return len(cast("list[object]", value)) if isinstance(value, list) else ABSENT


def _said(value: object) -> str:
    """A value as a reader says it: whole days, addresses and versions without their prefixes."""
    text = plain_version(str(value).removeprefix("https://"))
    seconds = _SECONDS.fullmatch(text)
    if seconds and int(seconds[1]) and int(seconds[1]) % _DAY_S == 0:
        return f"{int(seconds[1]) // _DAY_S} days"
    return text


def _set(value: object) -> bool:
    return value is not ABSENT and value is not False and value not in (None, "", "false", UNKNOWN)


def _of_children(children: Iterable[Child]) -> list[str]:
    """What a transform of the program adds to a remote component's children."""
    tiers = [lookup(child.inputs, "controlPlaneScalingConfig.tier") for child in children]
    return [f"control plane {tier}" for tier in tiers if tier is not ABSENT]
