"""Levels and options of the rules: the same JSON that ``pulumi --policy-pack-config`` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from policy.rules.model import LEVELS, Level, Rule
from sizing.errors import SizingError
from sizing.names import suggestion

ALL: Final = "all"
"""Key that sets the level of every rule which has no entry of its own, as in Pulumi."""
LEVEL_KEY: Final = "enforcementLevel"


class PolicyConfigError(SizingError):
    """A policy configuration that cannot be used; the same four facts as every refusal."""


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """What a configuration changes; empty for the defaults."""

    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    options: Mapping[str, Mapping[str, tuple[str, ...]]] = field(
        default_factory=dict[str, Mapping[str, tuple[str, ...]]]
    )

    def level(self, rule: Rule) -> Level:
        """The level that applies to a rule."""
        return self.levels.get(rule.id, self.levels.get(ALL, rule.level))


def read_config(path: Path, rules: tuple[Rule, ...]) -> PolicyConfig:
    """The configuration in a file. Raises PolicyConfigError."""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise _error("--policy-config", str(path), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _error("--policy-config", str(path), f"not JSON: {error}") from None
    return parse_config(document, rules)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _error(twice, twice, "stands there twice", "Leave one of the two.")
    return made


def parse_config(document: object, rules: tuple[Rule, ...]) -> PolicyConfig:
    """``{"policy": "advisory"}`` or ``{"policy": {"enforcementLevel": .., option: [..]}}``.

    Raises:
        PolicyConfigError: not such an object, an unknown policy, level or option.
    """
    if not isinstance(document, dict):
        raise _error("policy configuration", json.dumps(document), "must be an object of policies")
    known = {rule.id: rule for rule in rules}
    levels: dict[str, Level] = {}
    options: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for name, entry in cast("dict[str, object]", document).items():
        if name != ALL and name not in known:
            raise _error(name, name, "not a policy of this pack", suggestion(name, [*known, ALL]))
        if isinstance(entry, str):
            levels[name] = _level(name, entry)
            continue
        if not isinstance(entry, dict):
            raise _error(name, entry, "must be a level, or an object of options")
        table = dict(cast("dict[str, object]", entry))
        if LEVEL_KEY in table:
            levels[name] = _level(f"{name}.{LEVEL_KEY}", table.pop(LEVEL_KEY))
        defaults = known[name].defaults() if name in known else {}
        options[name] = {key: _texts(f"{name}.{key}", key, value, defaults) for key, value in table.items()}
    return PolicyConfig(levels, options)


def _level(path: str, value: object) -> Level:
    for level in LEVELS:
        if value == level:
            return level
    raise _error(path, value, "not a level", suggestion(str(value), LEVELS))


def _texts(path: str, key: str, value: object, known: Mapping[str, object]) -> tuple[str, ...]:
    if key not in known:
        raise _error(path, key, "not an option of the policy", suggestion(key, [*known, LEVEL_KEY]))
    found = cast("list[object]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) for item in found):
        raise _error(path, cast("object", value), "must be a list of texts")
    return tuple(str(item) for item in found)


def _error(path: str, value: object, limit: str, remedy: str = "") -> PolicyConfigError:
    return PolicyConfigError(path, value, limit, remedy or "docs/policy.md has the accepted form.")
