"""Reading inputs: paths with ``[]`` for every element, and what a value must be.

A value that only the deployment can tell passes: it is there, and a rule judges what is written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pydantic import JsonValue

from infra.graph import UNKNOWN, Resource
from policy.rules.model import Scope, Violation

Test = Callable[[JsonValue], bool]
MANAGED_BY_AWS: Final = "alias/aws/"
"""Keys of the cloud's own, which nobody here can withdraw."""


def at(inputs: JsonValue, path: str) -> list[JsonValue]:
    """The values at a path, an absent one as None; unknown from the first unknown step on."""
    found = [inputs]
    for step in path.split("."):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        found = [UNKNOWN if v == UNKNOWN else v.get(name) if isinstance(v, dict) else None for v in found]
        if many:
            found = [item for value in found for item in _items(value)]
    return found


def _items(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return value or [None]
    return [value if value == UNKNOWN else None]


def number(value: JsonValue) -> float | None:
    """A number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if int(value) > 0 else -math.inf
    except ValueError:
        return None


def texts(value: JsonValue) -> list[str]:
    """The texts of a list, or of a single one."""
    return (
        [str(item) for item in value]
        if isinstance(value, list)
        else [value]
        if isinstance(value, str)
        else []
    )


def present(value: JsonValue) -> bool:
    """Set to something."""
    return value not in (None, "", [], {})


def absent(value: JsonValue) -> bool:
    """Not set."""
    return not present(value)


def own_key(value: JsonValue) -> bool:
    """A key that is named, and is not the cloud's own."""
    return isinstance(value, str) and bool(value) and MANAGED_BY_AWS not in value


def true(value: JsonValue) -> bool:
    """True, also as the text that some providers take."""
    return value is True or value == "true"


def not_true(value: JsonValue) -> bool:
    """False or absent, which is the same where this is asked."""
    return not true(value)


def is_(*allowed: JsonValue) -> Test:
    """One of these values."""
    return lambda value: value in allowed


def at_least(least: float) -> Test:
    """A number that is no smaller."""

    def test(value: JsonValue) -> bool:
        found = number(value)
        return found is not None and found >= least

    return test


@dataclass(frozen=True, slots=True)
class Demand:
    """A property of a type must be something.

    Attributes:
        when: a path and a test; the demand holds only for resources that meet it.
    """

    type: str
    path: str
    test: Test
    says: str
    remedy: str
    when: tuple[str, Test] | None = None


def failing(scope: Scope, demands: Iterable[Demand]) -> Iterator[Violation]:
    """What breaks one of the demands, once for each of them."""
    table = list(demands)
    for resource in scope.subjects(*{demand.type for demand in table}):
        for demand in table:
            if demand.type == resource.type and not meets(resource, demand):
                yield Violation(
                    resource.urn, f"{resource.name}: {demand.says} ({demand.path})", demand.remedy
                )


def meets(resource: Resource, demand: Demand) -> bool:
    """Whether the resource is none of the demand's business, or does what it asks."""
    if demand.when is not None:
        path, applies = demand.when
        if not all(applies(value) for value in at(resource.inputs, path)):
            return True
    return all(value == UNKNOWN or demand.test(value) for value in at(resource.inputs, demand.path))


def figure(report: Mapping[str, object], path: str) -> float | None:
    """A number of ``gateway size --json`` by its dotted path, a truth value as 0 or 1."""
    value = _leaf(report, path)
    return (
        number(int(value) if isinstance(value, bool) else value) if isinstance(value, int | float) else None
    )


def text_at(report: Mapping[str, object], path: str) -> str:
    """A text of ``gateway size --json`` by its dotted path; "" when there is none."""
    value = _leaf(report, path)
    return value if isinstance(value, str) else ""


def entries(report: Mapping[str, object], path: str) -> list[object]:
    """A list of ``gateway size --json``; empty when there is none."""
    found = _leaf(report, path)
    return cast("list[object]", found) if isinstance(found, list) else []


def table_at(report: Mapping[str, object], path: str) -> list[Mapping[str, object]]:
    """A list of objects of ``gateway size --json``."""
    return [cast("Mapping[str, object]", item) for item in entries(report, path) if isinstance(item, Mapping)]


def _leaf(report: Mapping[str, object], path: str) -> object:
    value: object = report
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = cast("dict[str, object]", value).get(step)
    return value
