"""Compare Helm values and custom resources with the contracts beside this file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import cast

HERE = Path(__file__).parent
PLACEHOLDERS = frozenset({"[secret]", "[unknown]"})
"""What a captured preview shows instead of a value that is secret or not known yet."""

_SCALARS = frozenset({"bool", "int", "number", "string"})
_OPEN = frozenset({"object*", "list*", "map", "any"})


@dataclass(frozen=True)
class Contract:
    """One loaded contract file. `resets`: null is allowed anywhere, as in Helm it takes a default away."""

    types: Mapping[str, str]
    enums: Mapping[str, list[object]]
    required: frozenset[str]
    resets: bool

    def keys_below(self, path: str) -> list[str]:
        """List the keys directly below `path`, for suggestions: a key that holds a dot shows in part."""
        prefix = f"{path}." if path else ""
        below = (key.removeprefix(prefix) for key in self.types if key.startswith(prefix))
        return sorted({re.split(r"\.|\[\]", key)[0] for key in below} - {"*"})

    def required_below(self, path: str) -> list[str]:
        """List the keys without which an object at `path` is refused."""
        return sorted(need.rpartition(".")[2] for need in self.required if need.rpartition(".")[0] == path)


def charts() -> list[str]:
    """List the charts that have a contract."""
    return sorted(path.stem for path in (HERE / "charts").glob("*.json"))


def kinds() -> list[tuple[str, str]]:
    """List the (group, kind) pairs that have a contract."""
    pairs = (path.stem.rpartition("_") for path in (HERE / "crds").glob("*.json"))
    return sorted((group, kind) for group, _, kind in pairs)


def chart_problems(chart: str, values: Mapping[str, object]) -> list[str]:
    """Say what is wrong with `values` for `chart`: unknown keys, wrong types, missing keys.

    An empty list means that there is nothing to say. Raises KeyError for a chart without a contract.
    """
    contract = chart_contract(chart)
    return [f"{chart}: {problem}" for problem in _object_problems(contract, "", "", values, "object")]


def crd_problems(manifest: Mapping[str, object]) -> list[str]:
    """Say what is wrong with a custom resource: unknown or missing fields, wrong types, unknown words.

    A kind without a contract is a problem too: add it to KINDS in tools/refresh_contracts.py.
    """
    group, _, version = str(manifest.get("apiVersion")).partition("/")
    kind = str(manifest.get("kind"))
    path = HERE / "crds" / f"{group}_{kind}.json"
    if not path.is_file():
        known = ", ".join(name for _, name in kinds())
        return [f"{group}/{kind}: there is no contract for this kind; known: {known}"]
    if version != (served := str(_read(path)["version"])):
        return [f"{kind}: apiVersion is {group}/{version}, the contract is for {group}/{served}"]
    body = {key: value for key, value in manifest.items() if key not in {"apiVersion", "kind"}}
    return [f"{kind}: {problem}" for problem in _object_problems(_crd_contract(path), "", "", body, "object")]


@cache
def chart_contract(chart: str) -> Contract:
    """Load the contract of `chart`, its sub-charts' under their names. KeyError if there is none."""
    path = HERE / "charts" / f"{chart}.json"
    if not path.is_file():
        raise KeyError(f"no contract for chart {chart!r}; known: {', '.join(charts())}")
    document = _read(path)
    types = dict(cast("Mapping[str, str]", document["paths"]))
    enums = dict(cast("Mapping[str, list[object]]", document["enums"]))
    for alias, name in cast("Mapping[str, str]", document["subcharts"]).items():
        below = chart_contract(name)
        types = {alias: "object"} | types | {f"{alias}.{key}": kind for key, kind in below.types.items()}
        enums |= {f"{alias}.{key}": words for key, words in below.enums.items()}
    return Contract(types, enums, frozenset(cast("list[str]", document["required"])), resets=True)


@cache
def _crd_contract(path: Path) -> Contract:
    """Load the contract of a kind, following the reference to the kind that has the same fields."""
    document = _read(path)
    if same := document.get("same_fields_as"):
        return _crd_contract(HERE / "crds" / str(same))
    return _contract(document)


@cache
def _kubernetes() -> Contract:
    """Load the fragments of the Kubernetes API that charts copy from their values."""
    return _contract(_read(HERE / "kubernetes.json"))


def _contract(document: Mapping[str, object]) -> Contract:
    """Build a contract from a file that lists `fields`."""
    return Contract(
        types=cast("Mapping[str, str]", document["fields"]),
        enums=cast("Mapping[str, list[object]]", document["enums"]),
        required=frozenset(cast("list[str]", document["required"])),
        resets=False,
    )


@cache
def _read(path: Path) -> Mapping[str, object]:
    """Read a contract file."""
    return cast("Mapping[str, object]", json.loads(path.read_text(encoding="utf-8")))


def _problems(contract: Contract, path: str, shown: str, value: object) -> list[str]:
    """Check `value` against the contract's `path`, which the reader knows as `shown` (with indices)."""
    kind = contract.types[path]
    parts = kind.split("|")
    if "any" in parts or (value is None and (contract.resets or "null" in parts)):
        return []
    if isinstance(value, str) and value in PLACEHOLDERS:
        hides_structure = not (_SCALARS | _OPEN) & {*parts}
        return [f"{shown}: {value} hides a whole {kind}; hide scalars only"] if hides_structure else []
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        fits = [part for part in parts if part in {"object", "object*", "map"} or part.startswith("k8s:")]
        tries = [_object_problems(contract, path, shown, entries, part) for part in fits]
        return min(tries, key=len) if tries else [_mismatch(shown, entries, kind)]
    if isinstance(value, list | tuple):
        return _list_problems(contract, path, shown, list(cast("list[object]", value)))
    if not any(_is(part, value) for part in parts):
        return [_mismatch(shown, value, kind)]
    words = contract.enums.get(path) or [value]
    return [] if value in words else [f"{shown}: {value!r} is not one of {', '.join(map(repr, words))}"]


def _object_problems(
    contract: Contract, path: str, shown: str, entries: Mapping[str, object], part: str
) -> list[str]:
    """Check the keys of an object, and what they hold, as one of its possible types."""
    if part.startswith("k8s:"):
        name = part.removeprefix("k8s:")
        return _object_problems(_kubernetes(), name, shown, entries, _kubernetes().types[name])
    found: list[str] = []
    for key, value in entries.items():
        below, below_shown = _join(path, key), _join(shown, key)
        if below in contract.types:
            found += _problems(contract, below, below_shown, value)
        elif part == "map":
            found += _problems(contract, f"{path}.*", below_shown, value)
        elif part == "object":
            hint = _nearest(contract, path, shown, key)
            found.append(f"{below_shown}: unknown key ({_type_name(value)}); {hint}")
    for key in contract.required_below(path):
        if key not in entries or (contract.resets and entries[key] is None):
            found.append(f"{_join(shown, key)}: missing, and required")
    return found


def _list_problems(contract: Contract, path: str, shown: str, elements: list[object]) -> list[str]:
    """Check a list element by element."""
    parts = contract.types[path].split("|")
    if not {"list", "list*"} & {*parts}:
        return [_mismatch(shown, elements, contract.types[path])]
    if f"{path}[]" not in contract.types:
        return []
    return [
        problem
        for index, element in enumerate(elements)
        for problem in _problems(contract, f"{path}[]", f"{shown}[{index}]", element)
    ]


def _is(part: str, value: object) -> bool:
    """True if a scalar is of the type; a whole float counts as an integer, a boolean never as a number."""
    if isinstance(value, bool):
        return part == "bool"
    if isinstance(value, float):
        return part == "number" or (part == "int" and value.is_integer())
    if isinstance(value, int):
        return part in {"int", "number"}
    return part == "string" if isinstance(value, str) else False


def _type_name(value: object) -> str:
    """Name a value's type in the contract's words."""
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    name = type(value).__name__
    return {"float": "number", "str": "string", "NoneType": "null"}.get(name, name)


def _mismatch(shown: str, value: object, kind: str) -> str:
    """One sentence about a wrong type; the value itself stays out, it may be a secret."""
    return f"{shown}: {_type_name(value)} given, {kind.replace('|', ' or ')} expected"


def _nearest(contract: Contract, path: str, shown: str, key: str) -> str:
    """Suggest the key that was meant: a similar one here, else the same one elsewhere, else what is here."""
    here = contract.keys_below(path)
    lowered = {name.lower(): name for name in here}
    similar = get_close_matches(key.lower(), lowered, n=1, cutoff=0.6)
    if similar:
        return f"the nearest is {_join(shown, lowered[similar[0]])}"
    elsewhere = [known for known in contract.types if known.rpartition(".")[2] == key]
    if elsewhere:
        best = min(elsewhere, key=lambda known: (not known.startswith(path), len(known), known))
        return f"the nearest is {best}"
    return f"known here: {', '.join(here[:12])}" if here else "no key is known here"


def _join(path: str, key: str) -> str:
    """Append a key to a path that may be empty."""
    return f"{path}.{key}" if path else key
