"""Outputs that only a real deployment would know, made up for a capture in update mode.

They are derived from the SDK's own types, so that code behind ``apply`` finds what it expects: text is
``<resource>-<output>``, numbers are 1, flags false, an output that may be missing is. They serve one purpose:
to let a test see resources that are created inside ``apply``. Nothing of it reaches a preview.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Protocol, Union, cast, get_args, get_origin

import pulumi
from pydantic import JsonValue

from infra.offline.wire import Wire

MAX_DEPTH: Final = 4
"""Nesting at which made-up objects end; a few Kubernetes types contain themselves."""


class _TypeTools(Protocol):
    """The part of the SDK's private ``pulumi._types`` that tells the outputs of a class."""

    def is_output_type(self, cls: type) -> bool: ...
    def _raw_return_hints(self, cls: type) -> Mapping[str, Any]: ...


_types = cast(_TypeTools, importlib.import_module("pulumi._types"))


class Fakes:
    """Made-up outputs by resource type; classes are looked up once and again when a new module was loaded."""

    def __init__(self) -> None:
        self._classes: dict[str, type] = {}

    def outputs(self, type_: str, name: str, inputs: Mapping[str, JsonValue]) -> Wire:
        """The outputs of a resource that its inputs do not give; none for a type the SDKs do not know."""
        class_ = self._class(type_)
        if class_ is None:
            return {}
        missing = (
            item for item in _hints(class_).items() if item[0] not in inputs and item[0] not in ("id", "urn")
        )
        found = ((key, _value(hint, f"{name}-{key}", 0)) for key, hint in missing)
        return {key: value for key, value in found if value is not None}

    def _class(self, type_: str) -> type | None:
        if type_ not in self._classes:
            self._classes = {
                token: class_ for class_ in _subclasses(pulumi.Resource) if (token := _token(class_))
            }
        return self._classes.get(type_)


def _token(class_: type) -> str | None:
    """The token of the class itself; a subclass in the program inherits its base's and must not shadow it."""
    token: object = vars(class_).get("pulumi_type")
    return token if isinstance(token, str) else None


def _subclasses(class_: type) -> Iterator[type]:
    for subclass in class_.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _hints(class_: type) -> dict[str, Any]:
    """Output names as on the wire to their types, without the ``Output`` around them."""
    hints: Mapping[str, Any] = _types._raw_return_hints(class_)  # pyright: ignore[reportPrivateUsage]
    return {key: _unwrapped(hint) for key, hint in hints.items()}


def _unwrapped(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is pulumi.Output else hint


def _value(hint: Any, text: str, depth: int) -> JsonValue:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        # A resource's own optional output is what nobody set; inside one, "optional" only means "computed".
        return None if NoneType in arguments and depth == 0 else _value(arguments[0], text, depth)
    if origin in (list, Sequence) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        member = _value(arguments[0], f"{text}-0", depth + 1)
        return [] if member is None else [member]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {}
    return _plain(cast(type[object], hint), text, depth) if isinstance(hint, type) else None


def _plain(type_: type[object], text: str, depth: int) -> JsonValue:
    if issubclass(type_, Enum):
        value: object = next(iter(type_)).value
        return value if isinstance(value, str | int | float) else None
    if issubclass(type_, bool):
        return False
    if issubclass(type_, int | float):
        return 1
    if issubclass(type_, str):
        return text
    if _types.is_output_type(type_) and depth < MAX_DEPTH:
        members = ((key, _value(hint, f"{text}-{key}", depth + 1)) for key, hint in _hints(type_).items())
        return {key: value for key, value in members if value is not None}
    return None
