"""Property paths: ``a.b[0]["k8s.io/x"].c`` as Pulumi writes them, and which of two values differ where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_INDEX = re.compile(r"\[\d+\]")


def child(path: str, key: str | int) -> str:
    """The path of a member of the value at ``path`` ("" is the whole)."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _NAME.fullmatch(key) is None:
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def walk(path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Path and value of every leaf; an empty list or object is a leaf."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from walk(child(path, key), value[key])
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from walk(child(path, index), item)
    else:
        yield path, value


def changed_paths(
    old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], path: str = ""
) -> Iterator[tuple[str, tuple[JsonValue, JsonValue]]]:
    """The shortest paths at which two objects differ, with both values; None stands for an absent one."""
    for key in sorted(old.keys() | new.keys()):
        yield from _differences(child(path, key), old.get(key), new.get(key))


def _differences(
    path: str, old: JsonValue, new: JsonValue
) -> Iterator[tuple[str, tuple[JsonValue, JsonValue]]]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from changed_paths(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _differences(child(path, index), before, after)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, (old, new)


def matches(pattern: str, path: str) -> bool:
    """Whether ``path`` is what ``pattern`` names or lies inside it; ``[]`` and ``[*]`` are any element."""
    return _covers(pattern, path) or _covers(pattern.replace("[*]", "[]"), _INDEX.sub("[]", path))


def _covers(pattern: str, path: str) -> bool:
    return path == pattern or path.startswith((f"{pattern}.", f"{pattern}["))
