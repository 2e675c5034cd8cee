"""Which changes replace a resource: the rules' table and what its conditions mean."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal, cast, get_args

from pydantic import JsonValue

from infra.graph.errors import GraphError
from infra.graph.model import UNKNOWN, Resource

Kind = Literal["force_new", "conditional", "in_place_restart"]
Effect = Literal["update", "restart", "may_replace", "replace"]
EFFECTS: Final[tuple[Effect, ...]] = get_args(Effect)
"""From harmless to destructive."""

COLUMNS: Final = ["type", "property", "kind", "when", "condition"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a change of one property does.

    Attributes:
        kind: replaces always, under a condition, or not at all but restarts what runs.
        when: name of the condition in ``CONDITIONS``, or "" when only the provider can tell.
        condition: the condition or the consequence in words, for the reader.
    """

    kind: Kind
    when: str = ""
    condition: str = ""


Rules = Mapping[str, Mapping[str, Kind | Rule | tuple[Rule, ...]]]
"""Type to property path to what a change does. A type may end in ``*``, ``[]`` stands for any list element.
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a resource and the provider that serves it."""

    resource: Resource
    provider: Resource | None

    def effective(self, key: str) -> JsonValue:
        """A top-level input, or the provider's input of that name where the resource leaves it out."""
        own = self.resource.inputs.get(key)
        if own is not None or self.provider is None:
            return own
        return self.provider.inputs.get(key)

    def provider_flag(self, key: str) -> bool:
        """Whether the provider's input ``key`` is switched on."""
        return self.provider is not None and self.provider.inputs.get(key) in (True, "true")


@dataclass(frozen=True, slots=True)
class Change:
    """One changed property as a condition sees it; an absent value is None."""

    key: str
    old: JsonValue
    new: JsonValue
    before: Side
    after: Side


Condition = Callable[[Change], bool | None]
"""True: replaces, or restarts, as the rule's kind has it; False: does not; None: cannot be told from here."""


def _known(change: Change) -> bool:
    return UNKNOWN not in (change.old, change.new)


def _effective(change: Change) -> bool | None:
    old, new = change.before.effective(change.key), change.after.effective(change.key)
    return None if UNKNOWN in (old, new) and old != new else old != new


def _identified(change: Change) -> bool | None:
    old = change.before.resource.inputs.get("clusterIdentifier")
    return False if old is not None and old == change.after.resource.inputs.get("clusterIdentifier") else None


def _lowered(change: Change) -> bool | None:
    old, new = _version(change.old), _version(change.new)
    return None if old is None or new is None else new < old


def _version(value: JsonValue) -> tuple[int, ...] | None:
    parts = str(value).removeprefix("REDIS_").replace("_", ".").split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else None


def _not_contained(change: Change) -> bool | None:
    """Of two address ranges: the new one does not hold all of the old one."""
    try:
        old, new = (ip_network(str(value), strict=False) for value in (change.old, change.new))
    except ValueError:
        return None
    if isinstance(old, IPv4Network) and isinstance(new, IPv4Network):
        return not old.subnet_of(new)
    if isinstance(old, IPv6Network) and isinstance(new, IPv6Network):
        return not old.subnet_of(new)
    return True


def _shrunk(change: Change) -> bool | None:
    """A disk becomes smaller while its service may not size it: with autoresize the decrease is ignored."""
    old, new = change.old, change.new
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return None
    settings = change.after.resource.inputs.get("settings")
    return new < old and isinstance(settings, dict) and settings.get("diskAutoresize") is False


CONDITIONS: Final[Mapping[str, Condition]] = {
    "changed": lambda change: change.old is not None and change.new is not None if _known(change) else None,
    "config_maps_immutable": lambda change: not change.after.provider_flag("enableConfigMapMutable"),
    "effective": _effective,
    "lowered": _lowered,
    "not_contained": _not_contained,
    "removed": lambda change: change.new is None,
    "secrets_immutable": lambda change: not change.after.provider_flag("enableSecretMutable"),
    "shrunk_without_autoresize": _shrunk,
    "switched": lambda change: (change.old is None) != (change.new is None),
    "to_or_from_zero": lambda change: bool(change.old) != bool(change.new) if _known(change) else None,
    "turned_off": lambda change: change.old is True if _known(change) else None,
    "unidentified": _identified,
}
"""``lowered``: a version goes down. ``not_contained``, ``shrunk_without_autoresize``: see their functions.
``switched``: set becomes unset or the reverse. ``unidentified``: the provider of the kubernetes package has
no unchanged ``clusterIdentifier`` to go by. The others say what they are."""


def effect_of(rules: Iterable[Rule], change: Change) -> tuple[Effect, str]:
    """The strongest effect of several rules on one change, with the words that go with it."""
    return strongest(_apply(rule, change) for rule in rules)


def strongest(effects: Iterable[tuple[Effect, str]]) -> tuple[Effect, str]:
    """The last of ``EFFECTS`` wins; no effect at all is a plain update."""
    return max(effects, key=lambda effect: EFFECTS.index(effect[0]), default=("update", ""))


def _apply(rule: Rule, change: Change) -> tuple[Effect, str]:
    if rule.kind == "force_new":
        return "replace", rule.condition
    condition = CONDITIONS.get(rule.when)
    verdict = None if condition is None else condition(change)
    if rule.kind == "in_place_restart":
        return ("update", "") if verdict is False else ("restart", rule.condition)
    if verdict is None:
        return "may_replace", rule.condition
    return ("replace", "") if verdict else ("update", "")


def rules_for(rules: Rules, type_: str) -> dict[str, tuple[Rule, ...]]:
    """The rules of one type, those of ``package:*`` included, by property path."""
    found: dict[str, tuple[Rule, ...]] = {}
    for token, properties in rules.items():
        if token != type_ and not (token.endswith("*") and type_.startswith(token[:-1])):
            continue
        for path, given in properties.items():
            found[path] = found.get(path, ()) + _as_rules(given)
    return found


def _as_rules(given: Kind | Rule | tuple[Rule, ...]) -> tuple[Rule, ...]:
    if isinstance(given, tuple):
        return given
    return (given,) if isinstance(given, Rule) else (Rule(given),)


@cache
def load_rules() -> Rules:
    """The rules that come with the program (``infra/data/force_new.csv``, which names its sources).

    Raises:
        GraphError: the file has a kind, a condition or a column that this module does not know.
    """
    return parse_rules((files("infra") / "data" / "force_new.csv").read_text(encoding="utf-8"))


def parse_rules(text: str) -> Rules:
    """Rules from CSV text; lines that begin with ``#`` are remarks.

    Raises:
        GraphError: see :func:`load_rules`.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    reader = csv.DictReader(lines)
    if list(reader.fieldnames or ()) != COLUMNS:
        raise GraphError(f"the replacement rules have the columns {reader.fieldnames}, expected {COLUMNS}")
    rules: dict[str, dict[str, tuple[Rule, ...]]] = {}
    for row in reader:
        kind, when = row["kind"], row["when"]
        if kind not in get_args(Kind) or (when and when not in CONDITIONS):
            raise GraphError(f"the replacement rule {row} has an unknown kind or condition name")
        paths = rules.setdefault(row["type"], {})
        rule = Rule(cast(Kind, kind), when, row["condition"])
        paths[row["property"]] = (*paths.get(row["property"], ()), rule)
    return rules
