"""The simulated providers on ports of this machine, as the engine attaches to them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tests.engine.simulator.arguments import PACKAGES, preload
from tests.engine.simulator.cloud import Cloud
from tests.engine.simulator.outputs import table
from tests.engine.simulator.provider import Provider

THREADS: Final = 64
"""At once per provider; an operation that is held, or a component that waits for children, occupies one."""
MESSAGE_BYTES: Final = 1 << 29


def serve(add: Callable[[Any, grpc.Server], None], servicer: Any) -> tuple[grpc.Server, int]:
    """A server on a free port of the loopback interface."""
    limits = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=limits)
    add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class Providers:
    """One server per package over one cloud.

    Attributes:
        attach: what the engine reads from PULUMI_DEBUG_PROVIDERS.
    """

    def __init__(self, cloud: Cloud) -> None:
        preload(tuple(table()))
        self.providers = [Provider(package, cloud) for package in PACKAGES]
        served = [
            serve(provider_pb2_grpc.add_ResourceProviderServicer_to_server, provider)
            for provider in self.providers
        ]
        self._servers = [server for server, _ in served]
        ports = [
            f"{provider.package}:{port}" for provider, (_, port) in zip(self.providers, served, strict=True)
        ]
        self.attach = ",".join(ports)

    @property
    def faults(self) -> list[str]:
        """Exceptions of the simulator itself."""
        return [fault for provider in self.providers for fault in provider.faults]

    @property
    def names(self) -> set[str]:
        """Every name that providers made up."""
        return {name for provider in self.providers for name in provider.names}

    @property
    def constructed(self) -> dict[str, Any]:
        """The engine's last wish for each component, by URN."""
        return {urn: request for provider in self.providers for urn, request in provider.constructed.items()}

    def stop(self) -> None:
        """End the servers."""
        for server in self._servers:
            server.stop(None)
