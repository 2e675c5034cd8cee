"""A simulated resource provider: Pulumi's provider protocol over a :class:`Cloud`.

It checks inputs against the SDK's argument types, gives names where a program gives none, plans replacements
as the real providers do, and answers what it does not know yet with the protocol's mark for that.
"""

from __future__ import annotations

import functools
import hashlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.simulator import arguments, replacement, wire
from tests.engine.simulator.cloud import Cloud, CloudError, updated
from tests.engine.simulator.components import construct
from tests.engine.simulator.functions import FUNCTIONS
from tests.engine.simulator.outputs import unknown_until_created
from tests.engine.simulator.protections import refusal

NAME_SUFFIX: Final = 7
"""Characters that Pulumi appends to a name it makes up."""

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _answers(method: _Method) -> _Method:
    """A refusal of the cloud is a message to the user; anything else is the simulator's fault, told whole."""

    @functools.wraps(method)
    def call(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except grpc.RpcError:
            # The engine went away while it was asked something.
            context.abort(grpc.StatusCode.UNAVAILABLE, "the engine does not answer")
        except Exception as error:
            if not context.is_active():
                raise
            self.faults.append(traceback.format_exc())
            context.abort(grpc.StatusCode.INTERNAL, f"simulator: {type(error).__name__}: {error}")

    return call  # pyright: ignore[reportReturnType]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package's provider. The engine holds a connection for every instance, each configured by itself.

    Attributes:
        faults: tracebacks of exceptions that are the simulator's own; a harness asserts that there are none.
        constructed: the engine's last wish for each component, by URN.
        names: every name it made up.
    """

    def __init__(self, package: str, cloud: Cloud) -> None:
        self.package = package
        self.cloud = cloud
        self.faults: list[str] = []
        self.constructed: dict[str, Any] = {}
        self.names: set[str] = set()
        self._configured: dict[str, dict[str, Any]] = {}

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=False
        )

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=arguments.version(self.package))

    @_answers
    def CheckConfig(self, request: Any, context: Any) -> Any:
        found = arguments.provider_problems(self.package, wire.to_dict(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(found))

    @_answers
    def DiffConfig(self, request: Any, context: Any) -> Any:
        """As provider.go of pulumi-kubernetes: with a ``clusterIdentifier`` only that one decides."""
        old, new = wire.opened(wire.to_dict(request.old_inputs)), wire.opened(wire.to_dict(request.news))
        differ = sorted({path.partition(".")[0] for path in wire.paths_that_differ(old, new)})
        replaces: list[str] = []
        if self.package == "kubernetes":
            keys = (
                ["clusterIdentifier"]
                if old.get("clusterIdentifier")
                else ["kubeconfig", "cluster", "context"]
            )
            replaces = [key for key in keys if key in differ]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if differ else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=differ,
            replaces=replaces,
        )

    @_answers
    def Configure(self, request: Any, context: Any) -> Any:
        self._configured[context.peer()] = wire.opened(wire.to_dict(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=False
        )

    @_answers
    def Check(self, request: Any, context: Any) -> Any:
        token = _token(request.urn)
        inputs = wire.to_dict(request.news)
        found = arguments.problems(token, inputs)
        name = replacement.name_property(token)
        if name is not None and inputs.get(name) is None:
            old = wire.to_dict(request.olds).get(name)
            inputs[name] = old if old is not None else self._made_up(request.urn)
        return provider_pb2.CheckResponse(inputs=wire.to_struct(inputs), failures=_failures(found))

    @_answers
    def Diff(self, request: Any, context: Any) -> Any:
        token = _token(request.urn)
        old, new = wire.opened(wire.to_dict(request.old_inputs)), wire.opened(wire.to_dict(request.news))
        changes = list(replacement.detailed(old, new))
        replaces = replacement.replacing(token, old, new, self._configuration(context))
        kinds = provider_pb2.PropertyDiff.Kind
        detail = {
            path: provider_pb2.PropertyDiff(
                kind=kinds.Value(f"{kind}_REPLACE" if path in replaces else kind), inputDiff=True
            )
            for path, kind in changes
        }
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changes else response.DIFF_NONE,
            diffs=sorted({_top(path) for path, _ in changes}),
            replaces=sorted({_top(path) for path in replaces}),
            detailedDiff=detail,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces)
            and replacement.deleted_first(token, old, new, self._named(token, request.urn, old)),
        )

    @_answers
    def Create(self, request: Any, context: Any) -> Any:
        token, inputs = _token(request.urn), wire.to_dict(request.properties)
        if request.preview:
            values = unknown_until_created(token, inputs)
            return provider_pb2.CreateResponse(id="", properties=wire.to_struct(values))
        record = self.cloud.create(request.urn, token, wire.opened(inputs), self._configuration(context))
        return provider_pb2.CreateResponse(id=record.id, properties=_sealed(record.outputs, inputs))

    @_answers
    def Update(self, request: Any, context: Any) -> Any:
        token, inputs = _token(request.urn), wire.to_dict(request.news)
        if request.preview:
            values = updated(wire.to_dict(request.olds), wire.to_dict(request.old_inputs), inputs)
            for output in replacement.counted(token):
                values[output] = wire.UNKNOWN
            return provider_pb2.UpdateResponse(properties=wire.to_struct(values))
        record = self.cloud.update(request.urn, token, request.id, wire.opened(inputs))
        return provider_pb2.UpdateResponse(properties=_sealed(record.outputs, inputs))

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:
        token = _token(request.urn)
        live = self.cloud.read(token, request.id, request.urn)
        state = wire.opened(wire.to_dict(request.properties))
        reason = refusal(token, live.inputs if live else {}, state)
        if reason is not None:
            raise CloudError(reason)
        if state.get("deletionPolicy") != "ABANDON":
            self.cloud.delete(request.urn, token, request.id)
        return empty_pb2.Empty()

    @_answers
    def Read(self, request: Any, context: Any) -> Any:
        live = self.cloud.read(_token(request.urn), request.id, request.urn)
        if live is None:
            return provider_pb2.ReadResponse(id="")
        inputs = wire.to_dict(request.inputs)
        return provider_pb2.ReadResponse(
            id=live.id, properties=_sealed(live.outputs, inputs), inputs=_sealed(live.inputs, inputs)
        )

    @_answers
    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok not in FUNCTIONS:
            raise CloudError(f"the simulated providers have no function {request.tok}")
        result = FUNCTIONS[request.tok](wire.to_dict(request.args), self._configuration(context))
        return provider_pb2.InvokeResponse(**{"return": wire.to_struct(result)})

    @_answers
    def Construct(self, request: Any, context: Any) -> Any:
        found = arguments.problems(request.type, wire.to_dict(request.inputs))
        if found:
            raise CloudError(f"{request.name}: " + "; ".join(found))
        answer = construct(request)
        self.constructed[answer.urn] = request
        return answer

    def _configuration(self, context: grpc.ServicerContext) -> Mapping[str, Any]:
        return self._configured.get(context.peer(), {})

    def _made_up(self, urn: str) -> str:
        """Pulumi's way with a name: the logical one and random characters, here derived from the URN."""
        seed = f"{urn}#{self.cloud.generation(urn)}"
        suffix = hashlib.sha256(seed.encode()).hexdigest()[:NAME_SUFFIX]
        name = f"{urn.rpartition('::')[2].lower()}-{suffix}"
        self.names.add(name)
        return name

    def _named(self, token: str, urn: str, inputs: Mapping[str, Any]) -> bool:
        """Whether the program gave the resource its name."""
        if token.startswith("kubernetes:"):
            return True
        name = inputs.get(replacement.name_property(token) or "")
        stem = f"{urn.rpartition('::')[2].lower()}-"
        return name is not None and not (name.startswith(stem) and len(name) == len(stem) + NAME_SUFFIX)


def _token(urn: str) -> str:
    """The type of a URN ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    return urn.split("::")[2].rpartition("$")[2]


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _failures(problems: list[str]) -> list[Any]:
    return [
        provider_pb2.CheckFailure(property=_top(problem.partition(":")[0]), reason=problem)
        for problem in problems
    ]


def _sealed(values: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    """Outputs with the marks of secrets that the inputs had."""
    return wire.to_struct({key: _like(inputs.get(key), value) for key, value in values.items()})


def _like(pattern: Any, value: Any) -> Any:
    if wire.is_secret(pattern):
        return wire.secret(value)
    if isinstance(pattern, dict) and isinstance(value, dict):
        return {key: _like(pattern.get(key), item) for key, item in value.items()}
    if isinstance(pattern, list) and isinstance(value, list) and len(pattern) == len(value):
        return [_like(*pair) for pair in zip(pattern, value, strict=True)]
    return value
