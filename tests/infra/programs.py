"""Small Pulumi programs for the tests of the capture: no provider SDK, only the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi

from infra.graph import Graph, Resource
from infra.offline import capture

DENY = {"pulumi:disable-default-providers": ["aws", "gcp", "kubernetes", "random"]}
"""As in the project's stack files: a forgotten provider is an error."""

PREFIX = "urn:pulumi:dev::shop::"


def take(program: Callable[[], Any], **options: Any) -> Graph:
    """Capture ``program`` as stack ``dev`` of project ``shop``."""
    options.setdefault("config", DENY)
    return capture(program, project="shop", stack="dev", **options)


def find(graph: Graph, urn: str) -> Resource:
    """A resource by its URN without the stack's part."""
    return graph.by_urn()[PREFIX + urn]


def urns(graph: Graph) -> list[str]:
    """All URNs without the stack's part, in the graph's order."""
    return [resource.urn.removeprefix(PREFIX) for resource in graph.resources]


class Thing(pulumi.CustomResource):
    """Any custom resource; ``arn`` is an output that only a deployment knows."""

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        type_: str = "aws:x/thing:Thing",
        **inputs: Any,
    ) -> None:
        super().__init__(type_, name, {"arn": None, **inputs}, opts)


class Box(pulumi.ComponentResource):
    """A component that makes one thing per name and, with ``inner``, a box within."""

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        things: Sequence[str] = ("a",),
        inner: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("shop:x:Box", name, None, opts)
        here = pulumi.ResourceOptions(parent=self)
        self.things = [Thing(f"{name}-{thing}", here, size=1) for thing in things]
        self.inner = None if inner is None else Box(f"{name}-inner", here, **inner)
        self.register_outputs({})


def aws(region: str = "us-east-1") -> pulumi.ProviderResource:
    """An explicit provider."""
    return pulumi.ProviderResource("aws", "main", {"region": region})


def using(provider: pulumi.ProviderResource, **options: Any) -> pulumi.ResourceOptions:
    """Options with that provider."""
    return pulumi.ResourceOptions(provider=provider, **options)
