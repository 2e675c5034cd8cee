"""The offline preview against the real engine's, resource by resource.

What may differ, and why (``EXCEPTIONS``); everything else is a difference, told as one line each.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra.graph import Graph, Resource
from tests.engine.aliases import former, former_of_request
from tests.engine.simulator import wire
from tests.engine.simulator.outputs import ACCOUNT, PROJECT_NUMBER
from tests.engine.simulator.replacement import name_property

UNKNOWN, SECRET = "[unknown]", "[secret]"  # as infra.graph writes them
PLACEHOLDER: Final = "000000000000"

EXCEPTIONS: Final = {
    "made-up names": "providers give names in Check, which nobody runs offline: the engine's preview knows "
    "such a name, and what contains it, where the offline preview has nothing or an unknown value",
    "the account": "offline it is twelve zeros, and so is a project's number",
    "the engine's notes": "`__internal` and `version` among a provider's inputs are the engine's own",
    "construction": "a remote component's inputs and dependencies are in the engine's wish to its plugin, "
    "not in what the plugin registers; they are compared there",
    "not configured yet": "a provider whose configuration is unknown (no cluster, no kubeconfig) "
    "constructs nothing in a preview, so that its components are compared after `up`, and tells no outputs, "
    "so that a value that comes from its resources is unknown to the engine where the offline preview has it",
    "handed down": "the engine tells no component's `providers`; each child's own provider is compared",
}
NOTES: Final = ("__internal", "version")


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource as the engine saw it, in the offline graph's terms."""

    parent: str | None
    provider: str | None
    protect: bool
    custom: bool
    depends_on: tuple[str, ...]
    property_depends_on: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Any]
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    custom_timeouts: Mapping[str, Any]
    retain_on_delete: bool
    import_id: str | None
    delete_before_replace: bool
    additional_secret_outputs: tuple[str, ...]
    aliases: tuple[str, ...]
    external: bool


@dataclass(frozen=True)
class Engine:
    """What the engine's preview showed, and what it asked component plugins for.

    Attributes:
        names: names that providers made up.
        constructed: construction requests by URN.
    """

    resources: Mapping[str, Seen]
    constructed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    names: frozenset[str] = frozenset()

    @functools.cached_property
    def unconfigured(self) -> frozenset[str]:
        """URNs of resources on a provider that is not configured yet."""
        open_ = {
            urn
            for urn, seen in self.resources.items()
            if UNKNOWN in str(seen.inputs) and ":providers:" in urn
        }
        return frozenset(urn for urn, seen in self.resources.items() if seen.provider in open_)

    @staticmethod
    def of(
        preview: Mapping[str, Any],
        goals: Mapping[str, Any],
        constructed: Mapping[str, Any],
        names: Iterable[str],
    ) -> Engine:
        """From the JSON of ``pulumi preview --json`` and of the plan that it saves.

        Args:
            goals: what the program registered, by URN: a preview tells neither aliases nor the order of a
                replacement.
        """
        states = {step["urn"]: step["newState"] for step in preview["steps"]}
        aliases = former(goals)
        seen = {urn: _seen(state, goals.get(urn, {}), aliases.get(urn, ())) for urn, state in states.items()}
        return Engine(seen, constructed, frozenset(names))


def _seen(state: Mapping[str, Any], goal: Mapping[str, Any], aliases: tuple[str, ...]) -> Seen:
    depending = state.get("propertyDependencies") or {}
    provider = state.get("provider", "").rpartition("::")[0]
    return Seen(
        parent=state.get("parent") or None,
        provider=provider or None,
        protect=bool(state.get("protect")),
        custom=bool(state.get("custom")),
        depends_on=tuple(sorted(state.get("dependencies") or ())),
        property_depends_on={key: tuple(sorted(urns)) for key, urns in depending.items() if urns},
        inputs=shown(state.get("inputs") or {}),
        ignore_changes=tuple(sorted(state.get("ignoreChanges") or ())),
        replace_on_changes=tuple(sorted(state.get("replaceOnChanges") or ())),
        custom_timeouts=state.get("customTimeouts") or {},
        retain_on_delete=bool(state.get("retainOnDelete")),
        import_id=state.get("importID") or None,
        delete_before_replace=bool(goal.get("deleteBeforeReplace")),
        additional_secret_outputs=tuple(sorted(state.get("additionalSecretOutputs") or ())),
        aliases=aliases,
        external=bool(state.get("external")),
    )


def differences(graph: Graph, engine: Engine) -> list[str]:
    """Every difference that is no exception, one line each; empty when the two agree."""
    offline = graph.by_urn()
    children = {child.urn: child for resource in graph.resources for child in resource.creates}
    expected = {*offline, *children}
    found = [f"only the engine has {urn}" for urn in sorted(set(engine.resources) - expected)]
    found += [f"only the offline preview has {urn}" for urn in sorted(expected - set(engine.resources))]
    for urn, resource in offline.items():
        if urn in engine.resources:
            found += of_resource(resource, engine)
    for urn, child in children.items():
        for key, value in child.inputs.items():
            seen = engine.resources[urn].inputs.get(key) if urn in engine.resources else None
            if not _agree(value, seen, engine):
                found.append(f"{urn}: {key} is {seen!r}, offline a transform made it {value!r}")
    return found


def of_resource(resource: Resource, engine: Engine) -> list[str]:
    """The differences of one resource."""
    seen = engine.resources[resource.urn]
    if resource.remote:
        request = engine.constructed.get(resource.urn)
        sides = [("protect", resource.protect, seen.protect), ("custom", resource.custom, seen.custom)]
        found = [
            f"{resource.urn}: {name}: offline {ours!r}, engine {theirs!r}"
            for name, ours, theirs in sides
            if ours != theirs
        ]
        return found if request is None else found + of_construction(resource, request, engine)
    pairs = {
        "depends_on": tuple(sorted(resource.depends_on)),
        "additional_secret_outputs": tuple(sorted(resource.additional_secret_outputs)),
        "aliases": tuple(sorted(resource.aliases)),
        "ignore_changes": tuple(sorted(resource.ignore_changes)),
        "replace_on_changes": tuple(sorted(resource.replace_on_changes)),
        "property_depends_on": {
            key: tuple(sorted(urns)) for key, urns in resource.property_depends_on.items()
        },
    }
    found = [
        f"{resource.urn}: {name}: offline {ours!r}, engine {theirs!r}"
        for name in Seen.__dataclass_fields__
        if name != "inputs"
        for ours, theirs in [(pairs.get(name, getattr(resource, name)), getattr(seen, name))]
        if ours != theirs
    ]
    return found + list(_inputs(resource, seen.inputs, engine))


def of_construction(resource: Resource, request: Any, engine: Engine) -> list[str]:
    """The differences between a remote component and what its plugin was asked for."""
    handed = {key: sorted(found.urns) for key, found in request.inputDependencies.items() if found.urns}
    urns = {*request.dependencies, *(urn for found in handed.values() for urn in found)}
    inputs = shown(wire.to_dict(request.inputs))
    urns |= set(_references(wire.to_dict(request.inputs)))
    providers = {package: ref.rpartition("::")[0] for package, ref in request.providers.items()}
    provider = {package: urn for package, urn in providers.items() if urn == resource.provider}
    sides = [
        ("depends_on", sorted(resource.depends_on), sorted(urns)),
        ("parent", resource.parent, request.parent),
        ("name", resource.name, request.name),
        ("providers", {**resource.providers, **provider}, providers),
        *_options(resource, request),
    ]
    found = [
        f"{resource.urn}: {name}: offline {ours!r}, engine {theirs!r}"
        for name, ours, theirs in sides
        if ours != theirs
    ]
    return found + list(_inputs(resource, inputs, engine))


def _options(resource: Resource, request: Any) -> Iterator[tuple[str, Any, Any]]:
    """The options of a component that its plugin is told: name, offline, engine."""
    timeouts = request.customTimeouts
    given = {key: getattr(timeouts, key) for key in ("create", "update", "delete")}
    yield (
        "custom_timeouts",
        dict(resource.custom_timeouts),
        {key: text for key, text in given.items() if text},
    )
    yield "aliases", sorted(resource.aliases), sorted(former_of_request(resource.urn, request))
    yield "retain_on_delete", resource.retain_on_delete, request.retainOnDelete
    yield "delete_before_replace", resource.delete_before_replace, request.deleteBeforeReplace
    lists = {
        "ignore_changes": request.ignoreChanges,
        "replace_on_changes": request.replaceOnChanges,
        "additional_secret_outputs": request.additionalSecretOutputs,
    }
    for name, theirs in lists.items():
        yield name, sorted(getattr(resource, name)), sorted(theirs)


def _inputs(resource: Resource, seen: Mapping[str, Any], engine: Engine) -> Iterator[str]:
    name = name_property(resource.type)
    notes = NOTES if resource.type.startswith("pulumi:providers:") else ()
    for key in sorted({*resource.inputs, *seen}.difference(notes)):
        ours, theirs = resource.inputs.get(key), seen.get(key)
        named = key == name and key not in resource.inputs and theirs in engine.names
        later = bool(engine.unconfigured.intersection(resource.property_depends_on.get(key, ())))
        if not named and not _agree(ours, theirs, engine, later):
            yield f"{resource.urn}: input {key}: offline {ours!r}, engine {theirs!r}"


def _agree(offline: Any, seen: Any, engine: Engine, later: bool = False) -> bool:
    """Equal but for what the engine's preview knows earlier, or (``later``) may not know yet."""
    if isinstance(offline, dict) and isinstance(seen, dict):
        return offline.keys() == seen.keys() and all(
            _agree(offline[key], seen[key], engine, later) for key in offline
        )
    if isinstance(offline, list) and isinstance(seen, list):
        pairs = zip(offline, seen, strict=False)
        return len(offline) == len(seen) and all(_agree(*pair, engine, later) for pair in pairs)
    if isinstance(offline, str) and isinstance(seen, str) and offline != seen:
        if offline == UNKNOWN:
            return any(known in seen for known in (*engine.names, ACCOUNT, PROJECT_NUMBER))
        if seen == UNKNOWN:
            return later
        return offline == seen.replace(ACCOUNT, PLACEHOLDER).replace(PROJECT_NUMBER, PLACEHOLDER)
    return type(offline) is type(seen) and offline == seen


def shown(value: Any) -> Any:
    """A value of the wire as the offline graph shows it."""
    if isinstance(value, str):
        return value.replace(wire.UNKNOWN, UNKNOWN)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        mark = wire.mark(value)
        if mark is None:
            return {key: shown(item) for key, item in value.items()}
        return SECRET if mark == wire.SECRET else value.get("urn")
    return value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if wire.mark(value) == wire.RESOURCE:
            yield value["urn"]
        else:
            for item in value.values():
                yield from _references(item)
