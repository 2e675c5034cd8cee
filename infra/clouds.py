"""The registry of clouds: two lines each, imported only when a stack uses the cloud."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from sizing.clouds.base import Cloud

if TYPE_CHECKING:
    from components.platform import CloudPlatform

CLOUDS: Mapping[str, tuple[str, str]] = {
    "aws": ("sizing.clouds.aws.provider:Aws", "components.aws.platform:AwsPlatform"),
    "gcp": ("sizing.clouds.gcp.provider:Gcp", "components.gcp.platform:GcpPlatform"),
}
"""Name -> (its side of the model, its side of the components), as ``module:class``."""


def _load(reference: str) -> object:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def model(name: str) -> Cloud:
    """The cloud's side of the sizing model; loads no Pulumi."""
    return cast("type[Cloud]", _load(CLOUDS[name][0]))()


def platform(name: str) -> type[CloudPlatform]:
    """The cloud's component that builds everything below Kubernetes."""
    return cast("type[CloudPlatform]", _load(CLOUDS[name][1]))
