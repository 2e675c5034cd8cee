"""The options of a registration, read from the request that the SDK sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import JsonValue

from infra.offline.remote import REMOTES
from infra.offline.wire import Wire, referenced
from infra.urns import Alias, alias_urns

if TYPE_CHECKING:
    from pulumi.runtime.proto.alias_pb2 import Alias as AliasMessage
    from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest


@dataclass(frozen=True, slots=True)
class Options:
    """A registration's options as plain values; lists whose order means nothing are sorted.

    Attributes:
        parent: URN, "" for the stack itself.
        provider: reference ``urn::id``, "" when none was given.
        providers: package to reference.
        protect, retain_on_delete: None when neither the program nor the SDK said anything: the parent
            decides.
    """

    parent: str
    provider: str
    providers: Mapping[str, str]
    protect: bool | None
    retain_on_delete: bool | None
    dependencies: frozenset[str]
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    timeouts: dict[str, str]
    additional_secret_outputs: tuple[str, ...]
    aliases: tuple[Alias, ...]

    def alias_urns(self, urn: str, parent_aliases: Iterable[str]) -> tuple[str, ...]:
        """See :func:`infra.urns.alias_urns`."""
        return alias_urns(urn, self.parent, self.aliases, parent_aliases)


def options_of(request: RegisterResourceRequest, inputs: Wire) -> Options:
    """The options; a remote component's plugin may choose another parent than the program."""
    remote = REMOTES.get(request.type) if request.remote else None
    dependencies = set(request.dependencies)
    for found in request.propertyDependencies.values():
        dependencies.update(found.urns)
    if request.remote:
        # The SDK leaves them out, since the plugin finds them itself: it needs what it is handed.
        dependencies.update(referenced(cast(JsonValue, inputs)))
    timeouts = request.customTimeouts
    aliases: Sequence[AliasMessage] = cast(Any, request).aliases
    given = {key: getattr(timeouts, key) for key in ("create", "delete", "read", "update")}
    return Options(
        parent=request.parent if remote is None else remote.parent(inputs, request.parent),
        provider=request.provider,
        providers=dict(request.providers),
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        dependencies=frozenset(dependencies),
        ignore_changes=tuple(sorted(request.ignoreChanges)),
        replace_on_changes=tuple(sorted(request.replaceOnChanges)),
        timeouts={key: text for key, text in given.items() if text},
        additional_secret_outputs=tuple(sorted(request.additionalSecretOutputs)),
        aliases=tuple(_alias(alias) for alias in aliases),
    )


def provider_urn(reference: str) -> str:
    """URN of a provider reference ``urn::id``."""
    return reference.rpartition("::")[0]


def _alias(message: AliasMessage) -> Alias:
    if message.urn:
        return Alias(urn=message.urn)
    spec = message.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )
