"""Registers a component and its children with the engine, as a component's plugin does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from tests.engine.simulator import arguments, wire


@dataclass(frozen=True, slots=True)
class Made:
    """A registered child: its URN, its id (empty until it exists) and its outputs."""

    urn: str
    id: str
    outputs: Mapping[str, Any]

    def output(self, name: str) -> Any:
        """An output; unknown until it is known."""
        return self.outputs.get(name, wire.UNKNOWN)

    @property
    def reference(self) -> Any:
        """A reference to it."""
        return {wire.KEY: wire.RESOURCE, "urn": self.urn, "id": self.id or wire.UNKNOWN, "packageVersion": ""}


class Builder:
    """Registers one component and its children with the engine that asked for it."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.inputs = wire.to_dict(request.inputs)
        handed = {urn for found in request.inputDependencies.values() for urn in found.urns}
        self.depends_on = sorted({*request.dependencies, *handed})
        # A connection of its own: another engine may have had the port before.
        options = [("grpc.max_receive_message_length", 1 << 29), ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(request.monitorEndpoint, options)
        self._monitor = resource_pb2_grpc.ResourceMonitorStub(self._channel)

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_error: object) -> None:
        self._channel.close()

    def component(self, type_: str, name: str, parent: str, inputs: Mapping[str, Any] | None = None) -> Made:
        """Register a component."""
        request = resource_pb2.RegisterResourceRequest(
            type=type_,
            name=name,
            parent=parent,
            custom=False,
            object=wire.to_struct(inputs or {}),
            dependencies=self.depends_on,
            acceptSecrets=True,
            acceptResources=True,
            providers=dict(self.request.providers),
        )
        if parent == self.request.parent and self.request.HasField("protect"):
            request.protect = self.request.protect
        answer = self._monitor.RegisterResource(request)
        return Made(answer.urn, "", {})

    def child(
        self,
        type_: str,
        name: str,
        parent: Made,
        inputs: Mapping[str, Any],
        after: tuple[Made, ...] = (),
        ignore_changes: tuple[str, ...] = (),
    ) -> Made:
        """Register a resource below a component; what the component waits for, it waits for."""
        package = type_.removeprefix("pulumi:providers:").partition(":")[0]
        given = {key: value for key, value in inputs.items() if value is not None}
        request = resource_pb2.RegisterResourceRequest(
            type=type_,
            name=name,
            parent=parent.urn,
            custom=True,
            object=wire.to_struct(given),
            dependencies=[*self.depends_on, *(made.urn for made in after)],
            provider="" if type_.startswith("pulumi:") else self.request.providers.get(package, ""),
            version=arguments.version(package),
            ignoreChanges=ignore_changes,
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
        )
        answer = self._monitor.RegisterResource(request)
        return Made(answer.urn, answer.id, wire.to_dict(answer.object))

    def finish(self, component: Made, outputs: Mapping[str, Any]) -> Any:
        """End the component and answer the engine."""
        state = wire.to_struct(outputs)
        self._monitor.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=component.urn, outputs=state)
        )
        return provider_pb2.ConstructResponse(urn=component.urn, state=state)
