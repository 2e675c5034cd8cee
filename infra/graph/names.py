"""One stack's graph under another stack's name: the name alone is no difference between two graphs.

A stack's name stands in URNs, in physical names (``<project>-<stack>...``) and in the tag ``stack``; and it
hides in hashes: of names too long for a service, and of the content of a file that names the stack.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pydantic import JsonValue

from infra.graph.model import Graph, Resource

_SEARCHED = re.compile(
    r"""(?P<before>(?P<quote>\\*")stack(?P=quote),(?:\s|\\+n)*(?P=quote)value(?P=quote)\s*:\s*(?P=quote)\^)"""
    r"""(?P<name>[^"$]*)\$"""
)
_SHORTENED = re.compile(r"(?<![A-Za-z0-9-])([A-Za-z0-9][A-Za-z0-9-]*)-([0-9a-f]{8})(?![A-Za-z0-9-])")
"""A name that was too long, as ``components.base.safe_name`` makes it: its beginning, and a hash of all of
it."""

_FILES: Final = "kubernetes:core/v1:ConfigMap"


def same_stack(base: Graph, head: Graph) -> Graph:
    """``base`` as if it were the stack of ``head``: URNs, and with them every reference, carry the stack's
    name; so do physical names (``<project>-<stack>...``), whole or hashed, and the tag ``stack``.
    """
    if (base.stack, base.project) == (head.stack, head.project):
        return base
    old, new = (f"urn:pulumi:{graph.stack}::{graph.project}::" for graph in (base, head))
    root = "pulumi:pulumi:Stack::{0.project}-{0.stack}".format
    text = json.dumps(base.to_dict() | {"stack": head.stack, "project": head.project})
    text = text.replace(f'"{old}{root(base)}"', f'"{new}{root(head)}"').replace(f'"{old}', f'"{new}')
    if base.project:
        text = _named_after(head, base, _with_hashes(head, base, text))
    graph = _graph(text)
    names = dict(_file_names(graph, head))
    return _graph(_replaced(text, names)) if names else graph


def _graph(text: str) -> Graph:
    data = json.loads(text)
    del data["summary"]
    for resource in data["resources"]:
        resource["name"] = resource["urn"].split("::", 3)[-1]
    return Graph.model_validate(data)


def _stem(graph: Graph) -> str:
    return f"{graph.project}-{graph.stack}"


def _named_after(head: Graph, base: Graph, text: str) -> str:
    """Names ``<project>-<stack>``, and the tag ``stack`` in every form (object, JSON in a text, ``k=v``, and
    the expression that a search for it takes).
    """
    old, new = _stem(base), _stem(head)
    text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])", lambda _: new, text)
    tag = rf"""(?<![A-Za-z0-9])(stack(?:\\*"\s*:\s*\\*"|=)){re.escape(base.stack)}(?![A-Za-z0-9-])"""
    text = re.sub(tag, lambda match: f"{match[1]}{head.stack}", text)
    return _SEARCHED.sub(lambda match: _searched(match, base.stack, head.stack), text)


def _searched(match: re.Match[str], old: str, new: str) -> str:
    """A search for the tag, with the stack's name as a regular expression at this depth of JSON in JSON."""
    if re.sub(r"\\+", "", match["name"]) != old:
        return match[0]
    escape = "\\" * (2 * len(match["quote"]))
    escaped = re.escape(new).replace("\\", escape)
    return f"{match['before']}{escaped}$"


class _Names(NamedTuple):
    """Names with a stack's name in a graph's text: those written out, and shortened ones by their hash."""

    stem: str
    whole: frozenset[str]
    short: Mapping[str, str]

    def shortened(self, whole: str) -> str | None:
        """How the graph writes a name that was too long."""
        return self.short.get(_digest(whole))

    def all(self) -> Iterator[str]:
        """Whole names: those written out, and shortened ones that end in the stack's name."""
        yield from self.whole
        for digest, name in self.short.items():
            visible = name.removesuffix(f"-{digest}")
            for length in range(len(self.stem), 0, -1):
                whole = f"{visible.removesuffix(self.stem[:length])}{self.stem}"
                if visible.endswith(self.stem[:length]) and _digest(whole) == digest:
                    yield whole


def _names(graph: Graph, text: str) -> _Names:
    stem = _stem(graph)
    words = rf"(?<![A-Za-z0-9-])[A-Za-z0-9-]*(?<![A-Za-z0-9]){re.escape(stem)}(?![A-Za-z0-9])[A-Za-z0-9-]*"
    whole = frozenset(re.findall(words, text))
    return _Names(stem, whole, {match[2]: match[0] for match in _SHORTENED.finditer(text)})


def _digest(name: str, digits: int = 8) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:digits]


def _with_hashes(head: Graph, base: Graph, text: str) -> str:
    """Names that a hash shortens on one side or on both, as ``head`` writes them."""
    was, now = _names(base, text), _names(head, json.dumps(head.to_dict()))
    pairs = {_endpoint(was.stem): _endpoint(now.stem)}
    for whole in {*was.all(), *(name.replace(now.stem, was.stem) for name in now.all())}:
        wanted = whole.replace(was.stem, now.stem)
        old, new = was.shortened(whole), now.shortened(wanted)
        if old is not None:
            pairs[old] = new or wanted
        elif new is not None and wanted not in now.whole:
            pairs[whole] = new
    return _replaced(text, pairs)


def _endpoint(stem: str) -> str:
    """The endpoint of Google's APIs, whose name takes no hyphen and is a hash alone."""
    return f"psc{_digest(stem, 12)}"


def _replaced(text: str, names: Mapping[str, str]) -> str:
    anyone = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z0-9-])(?:{anyone})(?![A-Za-z0-9-])", lambda match: names[match[0]], text)


def _file_names(base: Graph, head: Graph) -> Iterator[tuple[str, str]]:
    """Names of ConfigMaps that carry a hash of their content, where nothing but the stack's name differs."""
    after = {resource.urn: resource for resource in head.resources if resource.type == _FILES}
    for resource in base.resources:
        other = after.get(resource.urn)
        if other is None or resource.inputs.get("data") != other.inputs.get("data"):
            continue
        old, new = _file_name(resource), _file_name(other)
        if old != new and _SHORTENED.fullmatch(old) and _SHORTENED.fullmatch(new):
            yield old, new


def _file_name(resource: Resource) -> str:
    metadata: JsonValue = resource.inputs.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""
