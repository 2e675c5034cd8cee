"""Figures as people write them: the unit is in a path's last part, as everywhere in the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from sizing.quantities import GIB_PER_TIB, format_memory

ABSENT: Final = object()
"""Stands for a path that a report does not have; None is a value."""

_UNITS: Final = (
    ("_per_s", "{}/s"),
    ("_s", "{} s"),
    ("_m", "{}m"),
    ("_mbps", "{} Mbps"),
    ("_gbps", "{} Gbps"),
    ("_days", "{} days"),
    ("percent", "{}%"),
)
"""Ending of a name and the form its numbers take; the first that fits."""
_ENGINE_PREFIX: Final = "POSTGRES_"
"""Cloud SQL's versions carry the engine's name."""
_PLAIN_BELOW: Final = 10_000
"""Smaller numbers are read faster without separators."""


def figure(path: str | None, value: object) -> str:
    """``value`` for a reader, in the unit that the path names."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _range(path, cast("list[object]", value))
    if isinstance(value, int | float):
        return _number((path or "").rsplit(".", 1)[-1], value)
    return plain_version(str(value))


def plain_version(text: str) -> str:
    """A version without the name of its engine: ``17`` for ``POSTGRES_17``; any other text as it is."""
    rest = text.removeprefix(_ENGINE_PREFIX)
    return rest if rest.isdigit() else text


def _range(path: str | None, values: list[object]) -> str:
    """The model's ranges: ``[1, 10]``, open ``[500]``, bounded ``[0, 10]``; other lists as they are."""
    if not values or not all(isinstance(value, int | float) for value in values):
        return ", ".join(figure(path, value) for value in values) or "none"
    if len(values) == 1:
        return f"{figure(path, values[0])}+"
    if len(values) == 2 and values[0] == 0:
        return f"< {figure(path, values[1])}"
    texts = [figure(path, value) for value in values]
    return "-".join([*(text.removesuffix("/s") for text in texts[:-1]), texts[-1]])


def _number(name: str, value: float) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if name.endswith("_ratio"):
        return f"{value * 100:g}%"
    if name.endswith("_mib") and isinstance(value, int):
        return format_memory(value)
    if "_gib" in name:
        return _storage(value)
    if name.endswith("_mbps") and value and value % 1000 == 0:
        return f"{value // 1000:g} Gbps"
    if name == "daily_tokens":
        return _compact(value)
    form = next((form for ending, form in _UNITS if name.endswith(ending)), "{}")
    separated = form == "{}" and value >= _PLAIN_BELOW
    return f"{value:,}" if separated else form.format(value)


def _storage(gib: float) -> str:
    return f"{gib // GIB_PER_TIB:g} TiB" if gib and gib % GIB_PER_TIB == 0 else f"{gib:g} GiB"


def _compact(value: float) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M")):
        if value and value % size == 0:
            return f"{value // size:g}{letter}"
    return f"{value:,}"


def lookup(report: Mapping[str, object], path: str) -> object:
    """The value at a dotted path such as ``vllm.engines[0].gpus``, or ``ABSENT``."""
    value: object = report
    for part in path.replace("]", "").replace("[", ".").split("."):
        value = _part(value, part)
    return value


def _part(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).get(name, ABSENT)
    if isinstance(value, Sequence) and not isinstance(value, str) and name.isdigit():
        items = cast("Sequence[object]", value)
        return items[int(name)] if int(name) < len(items) else ABSENT
    return ABSENT
