"""One resource before and after: which inputs differ, what that does, and how replacement spreads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from infra.graph.changes import PROVIDER_PATH, PathChange
from infra.graph.model import SECRET, UNKNOWN, Resource
from infra.graph.paths import changed_paths, matches, walk
from infra.graph.rules import Change, Effect, Rule, Rules, Side, effect_of, rules_for, strongest
from infra.urns import PROVIDER_PREFIX


@dataclass(slots=True)
class Pair:
    """A resource that exists on both sides, its rules, and the changed paths found so far."""

    old: Side
    new: Side
    rules: Mapping[str, tuple[Rule, ...]]
    paths: list[PathChange] = field(default_factory=list[PathChange])

    @property
    def replaced(self) -> bool:
        """One of the changes replaces the resource."""
        return self.has("replace")

    def has(self, effect: Effect) -> bool:
        """One of the changes has this effect."""
        return any(path.effect == effect for path in self.paths)


def compare(
    old: Mapping[str, Resource], new: Mapping[str, Resource], partners: Mapping[str, str], rules: Rules
) -> list[Pair]:
    """Every pair with its changed inputs; ``partners`` maps new URNs to old ones."""
    renamed = {previous: urn for urn, previous in partners.items() if urn != previous}
    pairs: list[Pair] = []
    for urn, previous in partners.items():
        before, after = old[previous], new[urn]
        pair = Pair(
            Side(before, old.get(before.provider or "")),
            Side(after, new.get(after.provider or "")),
            rules_for(rules, after.type),
        )
        changes = dict(changed_paths(_renamed(before.inputs, renamed), after.inputs))
        changes.update(_effective_changes(pair, changes))
        for path, (was, wanted) in sorted(changes.items()):
            if not _ignored(after, path):
                effect, note = _effect(pair, path, was, wanted)
                pair.paths.append(PathChange(path, was, wanted, effect, note))
        pair.paths += [*_rewired(pair, renamed), *_of_children(pair, rules)]
        pair.paths.sort(key=lambda change: change.path)
        pairs.append(pair)
    return pairs


def spread(pairs: Iterable[Pair]) -> None:
    """Replacement spreads: to what a replaced provider serves, and through inputs that cannot change in
    place. So does a possible replacement, as a possible one.

    Components are not replaced themselves; remote ones stand for the children that are.
    """
    resources = [pair for pair in pairs if pair.new.resource.custom or pair.new.resource.remote]
    _count_up(resources)
    _spread(resources, "replace")
    _spread([pair for pair in resources if not pair.replaced], "may_replace")


COUNTED: Final = {"aws:ec2/launchTemplate:LaunchTemplate": "version"}
"""Types with an output that every update changes (``latestVersion``) to the input that takes it elsewhere."""


def _count_up(pairs: Iterable[Pair]) -> None:
    """An update alone reaches those who use the version of what is updated: unknown on both sides, it
    differs all the same."""
    pairs = list(pairs)
    updated = {
        pair.new.resource.urn: COUNTED[pair.new.resource.type]
        for pair in pairs
        if pair.paths and pair.new.resource.type in COUNTED
    }
    for pair in pairs:
        resource, known = pair.new.resource, {change.path for change in pair.paths}
        for key, urns in sorted(resource.property_depends_on.items()):
            names = {updated[urn]: urn for urn in sorted(urns) if urn in updated}
            for path, value in walk(key, resource.inputs.get(key)):
                origin = names.get(path.rpartition(".")[2])
                if origin is None or value != UNKNOWN or path in known or _ignored(resource, path):
                    continue
                effect, note = _effect(pair, path, UNKNOWN, UNKNOWN)
                words = f"comes from {origin}, which is updated"
                pair.paths.append(
                    PathChange(path, value, value, effect, f"{words}: {note}" if note else words)
                )
        pair.paths.sort(key=lambda change: change.path)


def _spread(waiting: list[Pair], effect: Effect) -> None:
    causes: set[str] = set()
    while True:
        causes.update(pair.new.resource.urn for pair in waiting if pair.has(effect))
        waiting = [pair for pair in waiting if not pair.has(effect)]
        found = [(pair, reason) for pair in waiting for reason in _inherited(pair, causes, effect)]
        if not found:
            return
        for pair, reason in found:
            others = [path for path in pair.paths if path.path != reason.path]
            pair.paths = sorted([*others, reason], key=lambda path: path.path)


def _renamed(inputs: Mapping[str, JsonValue], renamed: Mapping[str, str]) -> dict[str, JsonValue]:
    """References in the old inputs under today's URNs: an alias is no change to those who refer to it."""

    def rename(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {key: rename(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rename(item) for item in value]
        return renamed.get(value, value) if isinstance(value, str) else value

    return {key: rename(value) for key, value in inputs.items()}


def _effective_changes(pair: Pair, known: Mapping[str, object]) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Region or project left to the provider, and the provider's changes: the inputs do not show it."""
    found: dict[str, tuple[JsonValue, JsonValue]] = {}
    for key, rules in pair.rules.items():
        was, wanted = pair.old.effective(key), pair.new.effective(key)
        if key not in known and was != wanted and any(rule.when == "effective" for rule in rules):
            found[key] = (was, wanted)
    return found


def _rewired(pair: Pair, renamed: Mapping[str, str]) -> Iterator[PathChange]:
    """Values that nobody knows on either side, and that come from other resources than before."""
    before, after = pair.old.resource, pair.new.resource
    for key in sorted({*before.property_depends_on, *after.property_depends_on}):
        was = {renamed.get(urn, urn) for urn in before.property_depends_on.get(key, ())}
        now = set(after.property_depends_on.get(key, ()))
        if was == now:
            continue
        known = dict(walk(key, before.inputs.get(key)))
        for path, value in walk(key, after.inputs.get(key)):
            hidden = isinstance(value, str) and (UNKNOWN in value or SECRET in value)
            if hidden and known.get(path) == value and not _ignored(after, path):
                effect, note = _effect(pair, path, UNKNOWN, UNKNOWN)
                yield PathChange(path, value, value, effect, note or _origin(was, now))


def _origin(was: Iterable[str], now: Iterable[str]) -> str:
    """Which resources a value no longer comes from, and which it comes from instead."""
    old, new = (sorted(urn.rpartition("::")[2] for urn in urns) for urns in (was, now))
    return f"comes from {', '.join(new) or 'no resource'}, before from {', '.join(old) or 'no resource'}"


def _of_children(pair: Pair, rules: Rules) -> Iterator[PathChange]:
    """What the program itself puts into resources that a remote component makes; paths begin with their
    name."""
    before = {(made.type, made.name): made for made in pair.old.resource.creates}
    for made in pair.new.resource.creates:
        old = before.get((made.type, made.name), made)
        known = rules_for(rules, made.type)
        for path, (was, wanted) in changed_paths(old.inputs, made.inputs):
            effect, note = _ruled(pair, known, path, was, wanted)
            yield PathChange(f"{made.name}.{path}", was, wanted, effect, note)


def _ignored(resource: Resource, path: str) -> bool:
    return any(matches(pattern, path) for pattern in resource.ignore_changes)


def _effect(pair: Pair, path: str, old: JsonValue, new: JsonValue) -> tuple[Effect, str]:
    """What a changed path does: by the program's own wish, or by rules."""
    touched = _touched(path, old, new)
    if any(matches(pattern, leaf) for pattern in pair.new.resource.replace_on_changes for leaf in touched):
        return "replace", "replaceOnChanges"
    return _ruled(pair, pair.rules, path, old, new)


def _ruled(
    pair: Pair, rules: Mapping[str, tuple[Rule, ...]], path: str, old: JsonValue, new: JsonValue
) -> tuple[Effect, str]:
    """By rules on the path itself, around it, and on every leaf below it."""
    touched = _touched(path, old, new)
    return strongest(
        effect_of(several, Change(key, old, new, pair.old, pair.new))
        for key, several in rules.items()
        if any(matches(key, leaf) for leaf in touched)
    )


def _touched(path: str, old: JsonValue, new: JsonValue) -> set[str]:
    return {path, *(leaf for value in (old, new) for leaf, _ in walk(path, value))}


def _inherited(pair: Pair, causes: set[str], effect: Effect) -> Iterator[PathChange]:
    """Why a resource that would stay is replaced all the same, or may be: with what it comes from."""
    resource, verb = pair.new.resource, "is" if effect == "replace" else "may be"
    if resource.provider in causes and not resource.type.startswith(PROVIDER_PREFIX):
        yield PathChange(
            PROVIDER_PATH, resource.provider, resource.provider, effect, f"its provider {verb} replaced"
        )
    for key, urns in sorted(resource.property_depends_on.items()):
        origins = sorted(causes.intersection(urns))
        if not origins:
            continue
        for path, value in walk(key, resource.inputs.get(key)):
            # Known values come from inputs of the replaced resource and stay the same in its successor.
            open_ = value in (UNKNOWN, SECRET, *causes)
            if (
                open_
                and not _ignored(resource, path)
                and _effect(pair, path, UNKNOWN, UNKNOWN)[0] == "replace"
            ):
                yield PathChange(
                    path, value, value, effect, f"comes from {origins[0]}, which {verb} replaced"
                )
