"""Property values as Pulumi's protocol writes them, and as a reader sees them.

The marks are fixed by the protocol (``sdk/python/lib/pulumi/runtime/rpc.py`` of
https://github.com/pulumi/pulumi); a value that carries one is an object with ``SIGNATURE`` as key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import JsonValue

from infra.graph import SECRET, UNKNOWN

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

Wire = dict[str, JsonValue]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark, not a secret)
RESOURCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET_SIGNATURE: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN_WIRE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def decode(struct: Struct) -> Wire:
    """A protobuf struct as plain data, marks included."""
    from google.protobuf.json_format import MessageToDict

    return cast(Wire, MessageToDict(struct))


def encode(value: Mapping[str, JsonValue]) -> Struct:
    """The reverse of :func:`decode`."""
    from google.protobuf.struct_pb2 import Struct

    struct = Struct()
    struct.update(cast(dict[str, Any], dict(value)))
    return struct


def secret(value: JsonValue) -> Wire:
    """``value`` marked as secret, once."""
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET_SIGNATURE:
        return value
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}


def reference(urn: str, id_: str | None) -> Wire:
    """A reference to a resource; ``id_`` is None for a component and "" where it is not known yet."""
    ref: Wire = {SIGNATURE: RESOURCE_SIGNATURE, "urn": urn, "packageVersion": ""}
    return ref if id_ is None else {**ref, "id": id_ or UNKNOWN_WIRE}


def referenced(value: JsonValue) -> Iterator[str]:
    """URNs of all resources that a wire value refers to, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from referenced(item)
    elif isinstance(value, dict):
        urn = value.get("urn")
        if value.get(SIGNATURE) == RESOURCE_SIGNATURE and isinstance(urn, str):
            yield urn
        else:
            for item in value.values():
                yield from referenced(item)


def display(value: JsonValue) -> JsonValue:
    """A wire value for the reader: marks replaced, keys sorted, whole numbers as integers.

    A reference to a resource becomes its URN; an asset or archive an object with its content's address, where
    a path inside the working directory is given relative to it (the same project elsewhere gives the same
    text).
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str):
        return value.replace(UNKNOWN_WIRE, UNKNOWN)
    if isinstance(value, list):
        return [display(item) for item in value]
    if isinstance(value, dict):
        return _marked(value) if SIGNATURE in value else display_all(value)
    return value


def display_all(values: Mapping[str, JsonValue]) -> Wire:
    """:func:`display` for every member of an object."""
    return {key: display(values[key]) for key in sorted(values)}


def _marked(value: Wire) -> JsonValue:
    mark = value[SIGNATURE]
    if mark == SECRET_SIGNATURE or (mark == OUTPUT_SIGNATURE and value.get("secret") is True):
        return SECRET
    if mark == OUTPUT_SIGNATURE:
        return display(value["value"]) if "value" in value else UNKNOWN
    if mark == RESOURCE_SIGNATURE:
        return display(value.get("urn"))
    kind = {ASSET_SIGNATURE: "[asset]", ARCHIVE_SIGNATURE: "[archive]"}.get(str(mark), "[object]")
    rest = {key: item for key, item in value.items() if key not in (SIGNATURE, "hash")}
    path = rest.get("path")
    if isinstance(path, str):
        rest["path"] = _portable(path)
    return {kind: display_all(rest)}


def _portable(path: str) -> str:
    """Relative to the working directory where it lies below it; else the last part alone."""
    here = Path.cwd().resolve()
    whole = (here / path).resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.name
