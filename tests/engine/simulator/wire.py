"""Property values as Pulumi's protocol writes them, for the simulated providers.

Written from the protocol's text (``proto/pulumi/provider.proto`` and ``sdk/proto`` of
https://github.com/pulumi/pulumi) and on purpose not from ``infra.offline``: the two are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

KEY: Final = "4dabf18193072939515e22adb298388d"
"""A value that is more than JSON is an object with this key; its value says what it is."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Value = Any
"""JSON, marks included."""


def to_dict(struct: struct_pb2.Struct) -> dict[str, Value]:
    """A message's struct as plain data; whole numbers stay floats, as they travel."""
    return json_format.MessageToDict(struct)


def to_struct(values: Mapping[str, Value]) -> struct_pb2.Struct:
    """The reverse of :func:`to_dict`."""
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def mark(value: Value) -> str | None:
    """Which mark a value carries, if any."""
    return value.get(KEY) if isinstance(value, Mapping) else None


def is_secret(value: Value) -> bool:
    """Whether the value itself is marked as secret."""
    return mark(value) == SECRET


def secret(value: Value) -> Value:
    """The value marked as secret, once."""
    return value if is_secret(value) else {KEY: SECRET, "value": value}


def opened(value: Value) -> Value:
    """The value without secret marks, at any depth."""
    if isinstance(value, list):
        return [opened(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if is_secret(value):
        return opened(value["value"])
    return {key: opened(item) for key, item in value.items()}


def has_unknown(value: Value) -> bool:
    """Whether some part of the value is not known yet."""
    return any(text == UNKNOWN for text in leaves(value))


def leaves(value: Value) -> Iterator[Value]:
    """Every scalar of a value, inside secrets too."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key != KEY:
                yield from leaves(item)
    else:
        yield value


def paths_that_differ(old: Value, new: Value, at: str = "") -> Iterator[str]:
    """Paths at which two opened values differ, as the engine writes them: ``a.b[0]``.

    An unknown value differs from everything, since it may.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from paths_that_differ(old.get(key), new.get(key), f"{at}.{_key(key)}" if at else _key(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            pair = [side[index] if index < len(side) else None for side in (old, new)]
            yield from paths_that_differ(pair[0], pair[1], f"{at}[{index}]")
    elif new == UNKNOWN or old != new:
        yield at


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else f'["{key}"]'
