"""PromQL taken apart by a parser: which series an expression reads, and by which labels it picks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser


@dataclass(frozen=True)
class Selector:
    """A series in an expression. ``labels`` are those it is picked by."""

    name: str
    labels: tuple[str, ...]


def selectors(expr: str) -> list[Selector]:
    """Every series that ``expr`` reads. Raises ValueError when it is not PromQL."""
    return list(_walk(promql_parser.parse(expr)))


def _walk(node: Any) -> Iterator[Selector]:
    if isinstance(node, promql_parser.MatrixSelector):
        node = node.vector_selector
    if isinstance(node, promql_parser.VectorSelector):
        matchers = [matcher.name for matcher in node.matchers.matchers]
        assert node.name, f"a selector without a name reads anything: {node}"
        yield Selector(node.name, tuple(matchers))
        return
    for part in ("lhs", "rhs", "expr", "param"):
        inner = getattr(node, part, None)
        if inner is not None:
            yield from _walk(inner)
    for inner in getattr(node, "args", None) or ():
        yield from _walk(inner)
