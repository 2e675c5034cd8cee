"""Reading a YAML file of the project strictly: one clear error, no aliases without end, no secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from infra.files import unusable
from infra.settings import NAMESPACE, ConfigError, encrypted

MOST_VALUES = 20_000
"""Values of a file, aliases counted as often as they are used: a few lines can stand for billions."""


def text_of(path: Path, kind: str) -> str:
    """The file's text. Raises ConfigError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(kind, path, error) from None


def parse(text: str, name: str, kind: str = "stack file") -> Mapping[str, Any]:
    """The file as a mapping; ``kind`` says in messages what it is. Raises ConfigError when it is not one."""
    loader: Any = YAML(typ="safe", pure=True)
    try:
        _check_size(text, name, kind)
        document: object = loader.load(text)
    except ConfigError:
        raise
    except DuplicateKeyError as error:
        raise _duplicate(error, name) from None
    except YAMLError as error:
        raise _not_yaml(error, name, kind) from None
    except (
        ValueError,
        TypeError,
        RecursionError,
    ) as error:  # what the parser lets through: dates, deep nesting
        raise ConfigError(
            kind, name, f"not YAML: {error}", "Correct it or put the value in quotes."
        ) from None
    if document is None:
        raise ConfigError(kind, name, "empty", f"Write at least config: {{{NAMESPACE}:tier: large}}.")
    if not isinstance(document, dict):
        raise ConfigError(kind, name, "not a mapping at the top", "Start it with config:.")
    return cast("Mapping[str, Any]", document)


def _check_size(text: str, name: str, kind: str) -> None:
    """Refuse aliases that contain themselves or stand for more than can be read."""
    sizes: dict[str, int] = {}
    containers: list[tuple[str | None, int]] = [(None, 0)]
    loader: Any = YAML(typ="safe", pure=True)
    for event in loader.parse(text):
        anchor, size = getattr(event, "anchor", None), 1
        if isinstance(event, CollectionStartEvent):
            containers.append((anchor, 1))
            continue
        if isinstance(event, AliasEvent):
            if any(anchor == around for around, _ in containers):
                raise _wrong_alias(f"*{anchor}", name, "is part of what it stands for")
            anchor, size = None, sizes.get(str(anchor), 0)
        elif isinstance(event, CollectionEndEvent):
            anchor, size = containers.pop()
        elif not isinstance(event, ScalarEvent):
            continue
        if anchor is not None:
            sizes[anchor] = size
        around, so_far = containers[-1]
        containers[-1] = (around, so_far + size)
        if so_far + size > MOST_VALUES:
            raise _wrong_alias(kind, name, f"has more than {MOST_VALUES:,} values, with its aliases")


def _wrong_alias(path: str, name: str, limit: str) -> ConfigError:
    return ConfigError(path, name, limit, "Write the values out.")


def _not_yaml(error: YAMLError, name: str, kind: str) -> ConfigError:
    marked: Any = error  # the package has no types
    mark = marked.problem_mark if isinstance(error, MarkedYAMLError) else None
    line = f" at line {mark.line + 1}" if mark else ""
    problem = (marked.problem if isinstance(error, MarkedYAMLError) else None) or "it does not parse"
    if problem == "but found another document":
        return ConfigError(kind, name, f"has more than one document{line}", "Leave one, without a line ---.")
    if problem.startswith("but "):  # half a sentence: what was expected is said apart
        problem = f"{marked.context}, {problem}"
    return ConfigError(kind, name, f"not YAML{line}: {problem}", "Correct the line.")


def _duplicate(error: DuplicateKeyError, name: str) -> ConfigError:
    marked: Any = error
    problem = str(marked.problem or "duplicate key").split(" with value")[0]
    key = problem.removeprefix("found duplicate key ").strip('"')
    line = marked.problem_mark.line + 1 if marked.problem_mark else 0
    return ConfigError(key, name, f"written twice, the second time at line {line}", "Keep one of them.")


def plain(value: object, path: str) -> Any:
    """``value`` if nothing in it is encrypted: what a file says ends up in Helm values and previews.

    Raises:
        ConfigError: something is.
    """
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        if set(table) == {"secure"}:
            raise encrypted(path)
        return {k: plain(v, f"{path}.{k}") for k, v in table.items()}
    if isinstance(value, list):
        return [plain(v, f"{path}[{i}]") for i, v in enumerate(cast("list[object]", value))]
    return value
