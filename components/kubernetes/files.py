"""Files that ship with this package and files that pods mount."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels


def script(name: str) -> str:
    """Text of a file of ``components/kubernetes/scripts``."""
    return (files("components.kubernetes") / "scripts" / name).read_text(encoding="utf-8")


def config_map(
    component: Component,
    name: str,
    *,
    namespace: str,
    data: Mapping[str, pulumi.Input[str]],
    depends_on: Sequence[pulumi.Resource],
) -> k8s.core.v1.ConfigMap:
    """A ConfigMap named by a hash of its content: other content is another one, so what mounts it rolls.

    The rest of the name comes from the component's type and not from its own name: a component that is
    renamed with an alias keeps what it has.

    ``depends_on`` holds the namespace, which comes long after the cluster: the provider waits for one only
    half a minute.
    """
    digest = pulumi.Output.json_dumps(dict(data), sort_keys=True).apply(_digest)
    return k8s.core.v1.ConfigMap(
        f"{component.prefix}-{name}",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=pulumi.Output.concat(f"{_kind(component)}-{name}-", digest),
            namespace=namespace,
            labels=own_labels(),
        ),
        data=dict(data),
        opts=component.child(depends_on=list(depends_on)),
    )


def _kind(component: Component) -> str:
    """``ai-gateway:kubernetes:ModelCache`` -> ``model-cache``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", component.TYPE.rpartition(":")[2]).lower()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
