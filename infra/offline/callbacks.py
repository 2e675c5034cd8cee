"""Transforms without the engine: kept and run in this process, with no server and no port.

Pulumi's SDK registers a transform by starting a gRPC server that the engine calls back. Here the same
servicer object is used without its server; the monitor calls the callback on the program's event loop. Order
and meaning are the engine's (``RegisterResource`` in ``pkg/resource/deploy/source_eval.go``): the resource's
own transforms, its ancestors', the stack's. Invoke transforms and hooks are accepted and not run.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from infra.offline.errors import OfflineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.struct_pb2 import Struct
    from pulumi.runtime.proto.callback_pb2 import Callback
    from pulumi.runtime.proto.resource_pb2 import (
        RegisterResourceRequest,
        TransformRequest,
        TransformResourceOptions,
        TransformResponse,
    )


class _Servicer(Protocol):
    """The attributes of the SDK's private ``_CallbackServicer`` that this module fills in or reads."""

    _callbacks: dict[str, Callable[[bytes], Awaitable[TransformResponse]]]


def servicer(monitor: object) -> object:
    """The SDK's callback servicer without its server: what ``register_resource_transform`` registers with."""
    class_: Any = importlib.import_module("pulumi.runtime._callbacks")._CallbackServicer
    instance: Any = class_.__new__(class_)
    instance._callbacks, instance._transforms, instance._state_migrations = {}, {}, {}
    instance._monitor, instance._loop, instance._target = monitor, asyncio.get_running_loop(), "offline"
    return instance


class Transforms:
    """The transforms of one capture.

    Args:
        loop: the program's event loop, on which transforms run.
        timeout: seconds that one of them may take.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._loop = loop
        self._timeout = timeout
        self._stack: list[str] = []
        self._own: dict[str, tuple[str, ...]] = {}
        self.servicer: object = None

    def add_to_stack(self, callback: Callback) -> None:
        """Remember a transform of the whole stack; it applies to resources registered from now on."""
        self._stack.append(callback.token)

    def add_to_resource(self, urn: str, callbacks: Iterable[Callback]) -> None:
        """Remember a resource's own transforms for its descendants."""
        self._own[urn] = tuple(callback.token for callback in callbacks)

    def tokens(self, own: Iterable[Callback], ancestors: Iterable[str]) -> list[str]:
        """The transforms that apply to a resource, in the engine's order; ancestors nearest first."""
        inherited = [token for urn in ancestors for token in self._own.get(urn, ())]
        return [*(callback.token for callback in own), *inherited, *self._stack]

    def apply(self, request: RegisterResourceRequest, tokens: Sequence[str]) -> None:
        """Run transforms on a registration and put properties and options that they return into it.

        Raises:
            OfflineError: a transform did not finish. An exception inside a transform propagates as itself.
        """
        if not tokens:
            return
        from pulumi.runtime.proto import resource_pb2 as pb

        properties, options = request.object, _options_of(request)
        for token in tokens:
            asked = pb.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=properties,
                options=options,
            )
            answer = self._call(token, asked)
            properties, options = answer.properties, answer.options
        _put(request, properties, options)

    def properties(self, tokens: Sequence[str], asked: TransformRequest) -> Struct:
        """What transforms make of the properties of a resource that is not registered here."""
        for token in tokens:
            asked.properties.CopyFrom(self._call(token, asked).properties)
        return asked.properties

    def _call(self, token: str, asked: TransformRequest) -> TransformResponse:
        callback = cast(_Servicer, self.servicer)._callbacks[token]  # pyright: ignore[reportPrivateUsage]

        async def run() -> TransformResponse:
            return await callback(asked.SerializeToString())

        try:
            return asyncio.run_coroutine_threadsafe(run(), self._loop).result(self._timeout)
        except TimeoutError:
            message = f"a transform of {asked.name!r} ({asked.type}) did not finish in {self._timeout:g} s"
            raise OfflineError(message) from None


_SAME = (
    ("depends_on", "dependencies"),
    ("ignore_changes", "ignoreChanges"),
    ("replace_on_changes", "replaceOnChanges"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("aliases", "aliases"),
)
"""Repeated fields of a transform's options and of a registration that mean the same."""


def _options_of(request: RegisterResourceRequest) -> TransformResourceOptions:
    from pulumi.runtime.proto import resource_pb2 as pb

    options = pb.TransformResourceOptions(
        version=request.version,
        provider=request.provider,
        deleted_with=request.deletedWith,
        plugin_download_url=request.pluginDownloadURL,
        providers=dict(request.providers),
    )
    for theirs, ours in _SAME:
        getattr(options, theirs).extend(getattr(request, ours))
    setattr(options, "import", request.importId)
    if request.HasField("protect"):
        options.protect = request.protect
    if request.HasField("retainOnDelete"):
        options.retain_on_delete = request.retainOnDelete
    if request.deleteBeforeReplace or request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    if request.HasField("customTimeouts"):
        options.custom_timeouts.CopyFrom(request.customTimeouts)
    return options


def _put(request: RegisterResourceRequest, properties: Struct, options: TransformResourceOptions) -> None:
    request.object.CopyFrom(properties)
    for theirs, ours in _SAME:
        request.ClearField(cast(Any, ours))
        getattr(request, ours).extend(getattr(options, theirs))
    request.provider = options.provider
    request.ClearField("providers")
    request.providers.update(dict(options.providers))
    request.importId = getattr(options, "import")
    request.deleteBeforeReplace = options.delete_before_replace
    request.ClearField("protect")
    if options.HasField("protect"):
        request.protect = options.protect
    request.ClearField("retainOnDelete")
    if options.HasField("retain_on_delete"):
        request.retainOnDelete = options.retain_on_delete
    request.ClearField("customTimeouts")
    if options.HasField("custom_timeouts"):
        request.customTimeouts.CopyFrom(options.custom_timeouts)
