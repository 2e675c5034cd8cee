"""The resource monitor of an offline capture: Pulumi's mock monitor with the engine's rules.

Faults of the program (a duplicate URN, a missing provider) are collected and reported together at the end, so
that the report does not depend on which of the concurrent registrations came first.

Deliberately not done: autonaming and the providers' own checks (inputs are shown as the program gives them),
and the children of remote components, which are named but not registered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import provider_pb2, resource_pb2

from infra.graph import Child, Graph
from infra.offline.fakes import Fakes
from infra.offline.ledger import Frame, Ledger
from infra.offline.options import options_of, provider_urn
from infra.offline.remote import REMOTES, Made
from infra.offline.wire import UNKNOWN_WIRE, Wire, decode, display_all, encode, secret
from infra.urns import package_of, parse_urn

if TYPE_CHECKING:
    from pulumi.runtime.proto.callback_pb2 import Callback

    from infra.offline.callbacks import Transforms

GET_RESOURCE = "pulumi:pulumi:getResource"
STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(slots=True)
class _State:
    """What the engine would keep of a resource: its id ("" = not known yet) and outputs on the wire."""

    id: str
    outputs: Wire = field(default_factory=dict[str, Any])


class CaptureMonitor(MockMonitor):
    """Answers the SDK's calls and has every registration written down.

    The methods in the protocol's spelling are called by the SDK, on threads of its own.
    """

    def __init__(self, frame: Frame, transforms: Transforms) -> None:
        super().__init__(cast(Any, None))
        self.ledger = Ledger(frame)
        self._frame = frame
        self._transforms = transforms
        self._fakes = Fakes()
        self._lock = threading.RLock()
        self._state: dict[str, _State] = {}
        self._outputs: Wire = {}

    def graph(self) -> Graph:
        """Everything captured so far."""
        return self.ledger.graph(self._outputs)

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:
        own: Sequence[Callback] = cast(Any, request).transforms
        tokens = self._transforms.tokens(own, self.ledger.ancestors(request.parent))
        self._transforms.apply(request, tokens)
        children: dict[str, Made] = {}
        with self._lock:
            inputs = decode(request.object)
            options = options_of(request, inputs)
            urn = self.ledger.new_urn(options.parent, request.type, request.name)
            self.ledger.register(urn, request, inputs, options)
            self._transforms.add_to_resource(urn, own)
            if request.remote and request.type in REMOTES:
                children = REMOTES[request.type].child_urns(urn, request.name, inputs)
                self.ledger.expect(urn, children)
            state = self._state[urn] = self._result(urn, request, inputs)
        if children:
            named = [self._child(child, urn, made) for child, made in children.items()]
            with self._lock:
                self.ledger.name_children(urn, named)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=state.id, object=encode(state.outputs))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:
        with self._lock:
            inputs = decode(request.properties)
            urn = self.ledger.new_urn(request.parent, request.type, request.name)
            self.ledger.read(urn, request, inputs)
            outputs = {**inputs, **self._made_up(request.type, request.name, inputs)}
            if request.type == STACK_REFERENCE:
                outputs["outputs"] = {}
            self._state[urn] = _State(request.id, outputs)
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=encode(outputs))

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        outputs = decode(request.outputs)
        with self._lock:
            if self.ledger.is_stack(request.urn):
                self._outputs = outputs
            elif request.urn in self._state:
                self._state[request.urn].outputs.update(outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:
        arguments = decode(request.args)
        with self._lock:
            if request.tok == GET_RESOURCE:
                result = self._get_resource(str(arguments["urn"]))
            else:
                self.ledger.check_provider(request.tok, request.provider)
                result = self._answer(request.tok, arguments, request.provider)
        return resource_pb2.ResourceInvokeResponse(**cast(Any, {"return": encode(result)}))

    def Call(self, request: resource_pb2.ResourceCallRequest) -> Any:
        with self._lock:
            result = self._answer(request.tok, decode(request.args), request.provider)
        return provider_pb2.CallResponse(**cast(Any, {"return": encode(result)}))

    def RegisterStackTransform(self, request: Callback) -> Any:
        self._transforms.add_to_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Callback) -> Any:  # noqa: ARG002
        return empty_pb2.Empty()

    def _result(self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: Wire) -> _State:
        """What a deployment gives back; a local component has no outputs but those it registers later."""
        preview = self._frame.preview
        outputs: Wire = {}
        if request.remote:
            outputs = self._remote_outputs(urn, request.type, request.name)
        elif request.custom:
            outputs = {**inputs, **self._made_up(request.type, request.name, inputs)}
        for key in cast(Iterable[str], request.additionalSecretOutputs):
            outputs[key] = secret(outputs.get(key, UNKNOWN_WIRE if preview else None))
        known = request.custom and not preview
        return _State((request.importId or f"{request.name}-id") if known else "", outputs)

    def _remote_outputs(self, urn: str, type_: str, name: str) -> Wire:
        remote = REMOTES.get(type_)
        outputs = self._made_up(type_, name, {})
        if remote is None:
            return outputs
        values = {} if remote.values is None or self._frame.preview else remote.values(name)
        return {**outputs, **values, **remote.references(urn, name, known=not self._frame.preview)}

    def _made_up(self, type_: str, name: str, inputs: Mapping[str, Any]) -> Wire:
        return {} if self._frame.preview else self._fakes.outputs(type_, name, inputs)

    def _get_resource(self, urn: str) -> Wire:
        """State of a resource that someone holds a reference to, registered or made by a remote component."""
        component = self.ledger.maker(urn)
        if urn in self._state:
            state = self._state[urn]
        elif component is not None:
            state = self._child_state(urn, component)
        else:
            raise self.ledger.fault(f"unknown resource {urn}")
        return {"urn": urn, "id": state.id, "state": dict(state.outputs)}

    def _child_state(self, urn: str, component: str) -> _State:
        """Of such a child's outputs only the cluster's name is known: it is an argument of the component."""
        child, given = parse_urn(urn), self.ledger.inputs(component)
        inputs = {
            key: given[key] for key in ("name",) if child.type == "aws:eks/cluster:Cluster" and key in given
        }
        id_ = "" if self._frame.preview else f"{child.name}-id"
        return _State(id_, {**inputs, **self._made_up(child.type, child.name, inputs)})

    def _answer(self, token: str, arguments: Wire, provider: str) -> Wire:
        answer = self._frame.answers.get(token)
        if answer is None:
            raise self.ledger.fault(
                f"the program calls {token}, which offline nobody answers: "
                "take the value from the configuration or from a resource's output"
            )
        if callable(answer):
            return dict(answer(arguments, self.ledger.inputs(provider_urn(provider))))
        return dict(answer)

    def _child(self, child: str, urn: str, made: Made) -> Child:
        """A remote component's child, with what the program's transforms would add to its inputs."""
        component = package_of(made.type) == package_of(parse_urn(urn).type)
        asked = resource_pb2.TransformRequest(
            type=made.type, name=made.name, custom=not component, parent=urn
        )
        tokens = self._transforms.tokens((), self.ledger.ancestors(urn))
        inputs: Wire = {}
        try:
            inputs = display_all(decode(self._transforms.properties(tokens, asked)))
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            # The inputs of such a child are not known here; a transform that reads them cannot be followed.
            reason = f"{type(error).__name__}: {error}"
            self.ledger.warnings.add(f"a transform could not be followed on {child}: {reason}")
        return Child(urn=child, type=made.type, name=made.name, inputs=inputs)
