"""What a JSON schema or a values file allows, flattened to one line per dotted path.

The flat form is what `tests/contracts` stores: small, diff-able and ours (names and types only, no text of
the source). A path is made of keys joined by dots; `[]` stands for an element of a list and `.*` for a
value of a map. A type is one or more of these, joined by `|`:

    bool int number string null    a scalar
    any                            anything at all
    object  list  map              closed: the keys below it, its `[]` and its `.*` are listed
    object* list*                  open: what is not listed below it is accepted
    k8s:Name                       a fragment of the Kubernetes API, listed in kubernetes.json
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast, final

Schema = Mapping[str, object]
Scalar = str | int | float | bool

OPEN = frozenset({"object*", "list*", "any"})
_JSON_TYPES = {"boolean": "bool", "integer": "int", "number": "number", "string": "string", "null": "null"}


@dataclass
class Fields:
    """The flattened contract of one chart, custom resource or Kubernetes fragment."""

    types: dict[str, str] = field(default_factory=dict[str, str])
    enums: dict[str, list[Scalar]] = field(default_factory=dict[str, list[Scalar]])
    required: set[str] = field(default_factory=set[str])
    sealed: set[str] = field(default_factory=set[str])
    """Objects whose schema refuses other keys outright; not stored, the generator alone needs it."""

    def drop_below(self, path: str) -> None:
        """Forget everything under `path`, but keep `path`: an open object says nothing of its contents."""
        below = (f"{path}.", f"{path}[]")
        self.types = {key: kind for key, kind in self.types.items() if not key.startswith(below)}
        self.enums = {key: values for key, values in self.enums.items() if not key.startswith(below)}
        self.required = {key for key in self.required if not key.startswith(below)}

    def graft(self, prefix: str, other: Fields) -> None:
        """Add `other` under `prefix`; what `other` says of a path replaces what was known."""
        for path, kind in other.types.items():
            self.types[child(prefix, path)] = kind
        for path, values in other.enums.items():
            self.enums[child(prefix, path)] = values
        self.required |= {child(prefix, path) for path in other.required}
        self.sealed |= {child(prefix, path) for path in other.sealed}


def child(parent: str, key: str) -> str:
    """Join a path and what follows it; either may be empty, and `[]` takes no dot."""
    return f"{parent}{key}" if not parent or not key or key.startswith("[]") else f"{parent}.{key}"


def union(kinds: Iterable[str]) -> str:
    """Join alternatives in a stable order, without repeats; `any` swallows the rest."""
    parts = sorted({part for kind in kinds for part in kind.split("|")})
    return "any" if "any" in parts or not parts else "|".join(parts)


def as_mapping(value: object) -> Schema:
    """Read a node that should be a mapping; anything else (a boolean schema, nothing) counts as empty."""
    return cast("Schema", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[object]:
    """Read a node that should be a list; anything else counts as empty."""
    return cast("list[object]", value) if isinstance(value, list) else []


def schema_fields(schema: Schema, filled: Container[str] = ()) -> Fields:
    """Flatten a JSON schema (draft-07 or OpenAPI v3 as custom resources carry it).

    `filled` names the paths whose default is a non-empty map. `additionalProperties: true` beside
    `properties` is what schema generators write by default: there the listed keys are those that templates
    read, so the object is closed. Everywhere else such an object is open.
    """
    return _Walker(schema, filled).walk(schema, "", ())


@final
class _Walker:
    """One flattening run: holds the document that `$ref` points into. Not for use outside this module."""

    def __init__(self, root: Schema, filled: Container[str]) -> None:
        self._root = root
        self._filled = filled

    def walk(self, schema: Schema, path: str, seen: tuple[str, ...]) -> Fields:
        """Flatten `schema` as found at `path`; a reference already being followed becomes an open object."""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in seen:
                return Fields({path: "object*"})
            return self.walk(self._resolve(reference), path, (*seen, reference))
        result = Fields()
        kinds = [self._kind(schema, name, path, seen, result) for name in _type_names(schema)]
        for part in (*as_list(schema.get("anyOf")), *as_list(schema.get("oneOf"))):
            if not _describes_a_value(as_mapping(part)):
                continue
            alternative = self.walk(as_mapping(part), path, seen)
            kinds.append(alternative.types.pop(path))
            result.graft("", alternative)
        if path:
            result.types[path] = "int|string" if schema.get("x-kubernetes-int-or-string") else union(kinds)
        enum = [cast("Scalar", value) for value in as_list(schema.get("enum")) if value is not None]
        if enum:
            result.enums[path] = sorted(enum, key=str)
        return result

    def _kind(self, schema: Schema, name: str, path: str, seen: tuple[str, ...], into: Fields) -> str:
        """Return our name for one of a schema's types, adding what lies below it to `into`."""
        if name == "object":
            return self._object(schema, path, seen, into)
        if name == "array":
            elements = self.walk(as_mapping(schema.get("items")), f"{path}[]", seen)
            if elements.types[f"{path}[]"] == "any":
                return "list*"
            into.graft("", elements)
            return "list"
        return _JSON_TYPES[name]

    def _object(self, schema: Schema, path: str, seen: tuple[str, ...], into: Fields) -> str:
        """Return the kind of an object (closed, map or open), adding its properties to `into`."""
        properties = as_mapping(schema.get("properties"))
        defaulted: set[str] = set()
        for key, node in properties.items():
            if node is False:  # the schema forbids this key
                continue
            defaulted |= {key} if "default" in as_mapping(node) else set()
            into.graft("", self.walk(as_mapping(node), child(path, key), seen))
        required = {str(key) for key in as_list(schema.get("required"))} - defaulted
        for key in required if properties else ():
            into.required.add(child(path, key))
            _ = into.types.setdefault(child(path, key), "any")  # required, and described nowhere
        more = schema.get("additionalProperties")
        into.sealed |= {path} if more is False else set()
        patterns = list(as_mapping(schema.get("patternProperties")).values())
        values = as_mapping(more) or (as_mapping(patterns[0]) if len(patterns) == 1 else {})
        if values and not properties:
            into.graft("", self.walk(values, f"{path}.*", seen))
            return "map"
        if schema.get("x-kubernetes-preserve-unknown-fields") or values:
            return "object*"
        if properties:
            return "object*" if more is True and path not in self._filled else "object"
        return "object" if more is False else "object*"

    def _resolve(self, reference: str) -> Schema:
        """Follow a reference inside the document; a remote one is refused, since no network is used here."""
        if not reference.startswith("#/"):
            raise ValueError(
                f"schema reference {reference!r} is not inside the document; inline it before refreshing"
            )
        node: object = self._root
        for part in reference.removeprefix("#/").split("/"):
            node = as_mapping(node)[part.replace("~1", "/").replace("~0", "~")]
        return as_mapping(node)


def _describes_a_value(part: Schema) -> bool:
    """True for an alternative that says what a value looks like; `{"required": [..]}` alone does not."""
    return any(key in part for key in ("type", "properties", "$ref", "items", "anyOf", "oneOf", "enum"))


def _type_names(schema: Schema) -> list[str]:
    """List the JSON types a schema names, inferring them where only structure or an enumeration is given."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list):
        return [str(name) for name in as_list(cast("object", named))]
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    words = as_list(schema.get("enum"))
    return ["string"] if words and all(isinstance(word, str) for word in words) else []
