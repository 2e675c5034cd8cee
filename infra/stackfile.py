"""Reading ``Pulumi.<stack>.yaml`` without Pulumi: strict YAML, one clear error, no secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from infra.configured import decoded
from infra.files import exists
from infra.project import project_values
from infra.settings import NAMESPACE, ConfigError, Settings, load
from infra.yamlfile import parse, plain, text_of
from sizing.names import suggestion

TOP_LEVEL = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""Keys of a stack file (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/)."""


def stack_path(project: Path, stack: str) -> Path:
    """The stack file of ``stack`` in the project directory.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    path = project / f"Pulumi.{stack}.yaml"
    if not exists(path, "stack"):
        if path.is_symlink():
            raise ConfigError("stack", stack, f"{path.name} is a link to nothing", "Correct the link.")
        if path.is_dir():
            raise ConfigError("stack", stack, f"{path.name} is a directory", "Name a stack file.")
        names = stacks(project)
        bare = stack.removeprefix("Pulumi.").removesuffix(".yaml")
        if bare != stack and bare in names:
            raise ConfigError("stack", stack, "the name of a stack file", f"Did you mean {bare}?")
        remedy = (
            suggestion(stack, names)
            if names
            else f"Run from the project's root, or pass --project; {project} has no stack file."
        )
        raise ConfigError("stack", stack, f"there is no {path.name} in {project}", remedy)
    return path


def stacks(project: Path) -> list[str]:
    """Names of the stacks that have a file in the project directory."""
    files = [path for path in project.glob("Pulumi.*.yaml") if path.is_file()]
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def read_text(text: str, name: str) -> Settings:
    """Settings from the text of a stack file.

    Raises:
        ConfigError: not YAML, empty, duplicate or unknown keys, or values the settings refuse.
    """
    return load(namespace_values(parse(text, name), name), where=name)


def read(project: Path, stack: str) -> Settings:
    """Settings of a stack by name: its file's, and below them the project's.

    Raises:
        ConfigError: no such stack, or as ``read_text`` and ``project_values`` do.
    """
    path = stack_path(project, stack)
    own = namespace_values(parse(text_of(path, "stack"), path.name), path.name)
    return load({**project_values(project), **own}, where=path.name)


def namespace_values(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Values of our namespace without the prefix; other namespaces are left alone.

    Raises:
        ConfigError: an unknown key at the top of the file, no configuration at all, or an encrypted value.
    """
    for key in document:
        if key not in TOP_LEVEL:
            raise ConfigError(str(key), name, "not a key of a stack file", suggestion(str(key), TOP_LEVEL))
    _check_environment(document.get("environment"), name)
    config: object = document.get("config")
    if not isinstance(config, dict) or not config:
        raise ConfigError(
            "config",
            cast("object", config),
            f"{name} configures nothing",
            f"Set {NAMESPACE}:tier below config:.",
        )
    prefix = f"{NAMESPACE}:"
    values: dict[str, Any] = {}
    for name_of, value in cast("Mapping[object, Any]", config).items():
        if name_of is None:
            raise ConfigError("config", "null", f"{name} has an empty key", "Name the key, or take it out.")
        key = str(name_of)
        if key.startswith(prefix):
            values[key.removeprefix(prefix)] = decoded(plain(value, key.removeprefix(prefix)))
        elif ":" not in key:
            raise ConfigError(key, value, f"a key of {name} without a namespace", f"Write {prefix}{key}.")
    return values


def _check_environment(environment: object, name: str) -> None:
    """Refuse values of ours in an environment within the file, which only Pulumi reads.

    A list of environments' names may stand there: most bring credentials.
    """
    found: Any = environment
    for step in ("values", "pulumiConfig"):
        found = cast("dict[str, object]", found).get(step) if isinstance(found, dict) else None
    for key in cast("dict[str, object]", found) if isinstance(found, dict) else ():
        if str(key).startswith(f"{NAMESPACE}:"):
            raise ConfigError(
                str(key), name, "set below environment:, which only Pulumi reads", "Set it below config:."
            )
