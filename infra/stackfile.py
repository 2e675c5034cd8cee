"""Reading ``Pulumi.<stack>.yaml`` without Pulumi: strict YAML, one clear error, secrets never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from infra.files import exists, unusable
from infra.settings import NAMESPACE, ConfigError, Settings, load
from sizing.names import suggestion

TOP_LEVEL = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""Keys of a stack file (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/)."""
SECRET = "[secret]"  # noqa: S105 - the marker, not a secret


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
    """Settings of a stack by name. Raises ConfigError as ``stack_path`` and ``read_text`` do."""
    path = stack_path(project, stack)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable("stack", path, error) from None
    return read_text(text, path.name)


def parse(text: str, name: str) -> Mapping[str, Any]:
    """The stack file as a mapping. Raises ConfigError when it is not one."""
    loader: Any = YAML(typ="safe", pure=True)
    try:
        document: object = loader.load(text)
    except DuplicateKeyError as error:
        raise _duplicate(error, name) from None
    except YAMLError as error:
        raise _not_yaml(error, name) from None
    except (
        ValueError,
        TypeError,
        RecursionError,
    ) as error:  # what the parser lets through: dates, deep nesting
        raise ConfigError(
            "stack file", name, f"not YAML: {error}", "Correct it or put the value in quotes."
        ) from None
    if document is None:
        raise ConfigError("stack file", name, "empty", f"Write at least config: {{{NAMESPACE}:tier: large}}.")
    if not isinstance(document, dict):
        raise ConfigError("stack file", name, "not a mapping at the top", "Start it with config:.")
    return cast("Mapping[str, Any]", document)


def _not_yaml(error: YAMLError, name: str) -> ConfigError:
    marked: Any = error  # the package has no types
    mark = marked.problem_mark if isinstance(error, MarkedYAMLError) else None
    line = f" at line {mark.line + 1}" if mark else ""
    problem = (marked.problem if isinstance(error, MarkedYAMLError) else None) or "it does not parse"
    return ConfigError("stack file", name, f"not YAML{line}: {problem}", "Correct the line.")


def _duplicate(error: DuplicateKeyError, name: str) -> ConfigError:
    marked: Any = error
    problem = str(marked.problem or "duplicate key").split(" with value")[0]
    key = problem.removeprefix("found duplicate key ").strip('"')
    line = marked.problem_mark.line + 1 if marked.problem_mark else 0
    return ConfigError(key, name, f"written twice, the second time at line {line}", "Keep one of them.")


def namespace_values(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Values of our namespace without the prefix; secrets become a marker, other namespaces are left alone.

    Raises:
        ConfigError: an unknown key at the top of the file, or no configuration at all.
    """
    for key in document:
        if key not in TOP_LEVEL:
            raise ConfigError(str(key), name, "not a key of a stack file", suggestion(str(key), TOP_LEVEL))
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
        key = str(name_of)
        if key.startswith(prefix):
            values[key.removeprefix(prefix)] = _masked(value)
        elif ":" not in key:
            raise ConfigError(key, value, f"a key of {name} without a namespace", f"Write {prefix}{key}.")
    return values


def _masked(value: object) -> Any:
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        return SECRET if set(table) == {"secure"} else {k: _masked(v) for k, v in table.items()}
    if isinstance(value, list):
        return [_masked(v) for v in cast("list[object]", value)]
    return value
