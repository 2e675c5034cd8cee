"""Every figure of a piece of data, each with a copy of the data in which just that figure is another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from types import ModuleType
from typing import Any

from tools.docs_guide import CHAPTERS, UNITS

OTHER_UNIT = {"GB": "TB", "TB": "GB"}


def chapters() -> list[ModuleType]:
    """The modules that hold the guide's figures."""
    return [module for _, module in CHAPTERS]


def constants(module: ModuleType) -> dict[str, Any]:
    """Every constant of a chapter; names for writing figures are none."""
    return {name: value for name, value in vars(module).items() if name.isupper() and name not in UNITS}


def mutations(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path of each figure, and ``value`` with that figure changed into another that could stand there."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for where, other in mutations(getattr(value, field.name), f"{path}.{field.name}"):
                yield where, replace(value, **{field.name: other})
    elif isinstance(value, Mapping):
        for key, item in value.items():
            for where, other in mutations(item, f"{path}[{key}]"):
                yield where, {**value, key: other}
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            for where, other in mutations(item, f"{path}[{index}]"):
                yield where, (*value[:index], other, *value[index + 1 :])
    elif value is not None:
        yield path, _other(value)


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value + 0.01
        case str() if value in OTHER_UNIT:
            return OTHER_UNIT[value]
        case str():
            return f"1{value}" if value[:1].isdigit() else f"{value}x"
        case _:
            raise TypeError(f"no other value known for {value!r}")
