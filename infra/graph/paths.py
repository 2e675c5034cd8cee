"""Property paths: ``a.b[0]["k8s.io/x"].c`` as Pulumi writes them, and which of two values differ where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from pydantic import JsonValue

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_INDEX = re.compile(r"\[\d+\]")
_KEYS = ("name", "alert", "record")
"""By which lists of charts, of Kubernetes and of the clouds tell their entries apart."""


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
        for index, (before, after) in enumerate(_paired(old, new)):
            yield from _differences(child(path, index), before, after)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, (old, new)


def _paired(old: list[JsonValue], new: list[JsonValue]) -> Iterator[tuple[JsonValue, JsonValue]]:
    """Entries that belong together, at the longer list's places.

    By name, where one list is the other with entries put in between: what only moves up is no change. Else
    by place.
    """
    was, now = _names(old), _names(new)
    longer, shorter = (old, new) if len(old) > len(new) else (new, old)
    names, fewer = (was, now) if longer is old else (now, was)
    if len(old) != len(new) and fewer and [name for name in names if name in fewer] == fewer:
        found = dict(zip(fewer, shorter, strict=True))
        pairs = [(item, found.get(name)) for name, item in zip(names, longer, strict=True)]
    else:
        pairs = list(zip_longest(longer, shorter))
    yield from pairs if longer is old else ((after, before) for before, after in pairs)


def _names(items: list[JsonValue]) -> list[str]:
    """What tells the entries of a list apart; nothing where an entry has no name, or two have the same."""
    names = [
        next((str(item[k]) for k in _KEYS if k in item), "") if isinstance(item, dict) else ""
        for item in items
    ]
    return names if all(names) and len(set(names)) == len(names) else []


def matches(pattern: str, path: str) -> bool:
    """Whether ``path`` is what ``pattern`` names or lies inside it; ``[]`` and ``[*]`` are any element."""
    return _covers(pattern, path) or _covers(pattern.replace("[*]", "[]"), _INDEX.sub("[]", path))


def _covers(pattern: str, path: str) -> bool:
    return path == pattern or path.startswith((f"{pattern}.", f"{pattern}["))
