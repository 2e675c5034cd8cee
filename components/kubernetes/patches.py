"""What a chart cannot express about its pods, added to its Deployment by server-side apply.

A patch owns exactly the fields it sets. Helm's three-way merge leaves fields alone that no version of the
chart has ever set, so an upgrade of the chart keeps them.
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component


def patch_pods(
    component: Component,
    *,
    namespace: str,
    deployment: str,
    pod_spec: Mapping[str, object],
    depends_on: Sequence[pulumi.Resource],
) -> k8s.apps.v1.DeploymentPatch:
    """Merge ``pod_spec`` (camelCase) into the pod template of ``deployment``.

    The first time this rolls the Deployment once. It is not waited for: the release decides about that. When
    the release is replaced, not upgraded, the Deployment is a new one: run ``pulumi up --refresh`` then.
    """
    spec = {"template": {"spec": dict(pod_spec)}}
    return k8s.apps.v1.DeploymentPatch(
        f"{component.prefix}-{deployment}-patch",
        metadata=k8s.meta.v1.ObjectMetaPatchArgs(
            name=deployment, namespace=namespace, annotations={"pulumi.com/skipAwait": "true"}
        ),
        # The SDK's typed form of a Deployment has no place for fields newer than itself.
        spec=cast(Any, spec),
        opts=component.child(depends_on=list(depends_on)),
    )
