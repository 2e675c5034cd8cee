"""What ``Pulumi.yaml`` sets for every stack, read as Pulumi reads it, without Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from infra.configured import decoded
from infra.settings import NAMESPACE, ConfigError, encrypted
from infra.yamlfile import parse, plain, text_of

FILE = "Pulumi.yaml"


def project_values(project: Path) -> dict[str, Any]:
    """Values of our namespace that the project's file has for stacks that set none; none without a file.

    A key is a value, or an object with ``value`` or ``default``; one without a namespace has the project's
    name (https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config).

    Raises:
        ConfigError: a file that cannot be read, or an encrypted value.
    """
    path = project / FILE
    if not path.is_file():
        return {}
    document = parse(text_of(path, "project file"), FILE, "project file")
    config: object = document.get("config") or {}
    if not isinstance(config, dict):
        raise ConfigError(
            "config", config, f"not an object in {FILE}", "Nest keys such as ai-gateway:region."
        )
    found: dict[str, Any] = {}
    for name, entry in cast("Mapping[object, object]", config).items():
        namespace, _, key = str(name).rpartition(":")
        if (namespace or document.get("name")) == NAMESPACE:
            found |= _value(key, entry)
    return found


def _value(key: str, entry: object) -> dict[str, Any]:
    """``key`` and its value; nothing where the file has only its type or description."""
    if not isinstance(entry, dict):
        return {key: decoded(plain(entry, key))}
    declared = cast("Mapping[str, object]", entry)
    value = declared.get("value", declared.get("default"))
    if value is None:
        return {}
    if declared.get("secret") is True:
        raise encrypted(key)
    return {key: decoded(plain(value, key))}
