"""What every chart expects to find: namespaces with pod-security levels, and priority classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels
from sizing.specs import PRIORITIES, PriorityClass, Workloads

PodSecurityLevel = Literal["privileged", "baseline", "restricted"]

SYSTEM_NAMESPACE = "kube-system"
"""Made by Kubernetes itself; never created, labelled or deleted here."""

POD_SECURITY: dict[str, PodSecurityLevel] = {
    # hostPath: the kubelet's device-plugin directory and its pod-resources socket; DCGM also adds SYS_ADMIN.
    "gpu": "privileged",
    # node-exporter: hostNetwork, hostPID and the node's root file system, read-only.
    "monitoring": "privileged",
    "agentgateway-system": "restricted",
    "cert-manager": "restricted",
    "database": "restricted",
    "elastic-system": "restricted",
    "external-secrets": "restricted",
    "keda": "restricted",
    "tracing": "restricted",
    "vault": "restricted",
    "vllm": "restricted",
}
"""What a namespace enforces. Others enforce "baseline": their images run as root, and would be refused. There
"restricted" is what the API server warns and audits by, so that what keeps a namespace from the stricter
level shows up.
https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

DEFAULT_LEVEL: PodSecurityLevel = "baseline"


@dataclass(frozen=True)
class Namespace:
    """A namespace, what it enforces, and whether volumes live in it (deleting it deletes their claims)."""

    name: str
    level: PodSecurityLevel
    holds_data: bool = False


def namespaces_of(workloads: Workloads) -> tuple[Namespace, ...]:
    """The namespaces the workloads run in, in order of their names; without the system's own."""
    names = sorted({workload.namespace for workload in workloads.items} - {SYSTEM_NAMESPACE})
    stateful = {workload.namespace for workload in workloads.items if workload.volumes}
    return tuple(Namespace(name, POD_SECURITY.get(name, DEFAULT_LEVEL), name in stateful) for name in names)


@dataclass(frozen=True)
class PlatformArgs:
    """Inputs of ``Platform``.

    Attributes:
        namespaces: what to create, usually ``namespaces_of(workloads)``.
        kubernetes_version: minor version of the cluster ("1.35"); the pod-security rules are pinned to it, so
            that a cluster upgrade does not start to refuse pods by itself.
        ready: what must be there first (the cluster).
    """

    namespaces: tuple[Namespace, ...]
    kubernetes_version: str
    ready: tuple[pulumi.Resource, ...] = ()


class Platform(Component):
    """Namespaces and priority classes: everything else in the cluster depends on this component.

    Namespaces that hold volumes are protected. It makes no network policies and no quotas.
    """

    TYPE = "ai-gateway:kubernetes:Platform"

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.namespaces = {space.name: self._namespace(space, args) for space in args.namespaces}
        self.priority_classes = {
            "gateway-critical": self._priority(
                "gateway-critical",
                "In the path of requests: proxies, poolers, Vault.",
                args,
            ),
            "gateway-platform": self._priority(
                "gateway-platform",
                "Operators and observability; also pods that name no class, because some charts cannot.",
                args,
                default=True,
            ),
            "gateway-batch": self._priority(
                "gateway-batch",
                "Jobs that wait for room instead of taking it.",
                args,
                preempts=False,
            ),
        }
        self.register_outputs({"namespaces": sorted(self.namespaces)})

    def _namespace(self, space: Namespace, args: PlatformArgs) -> k8s.core.v1.Namespace:
        prefix = "pod-security.kubernetes.io"
        levels: dict[str, PodSecurityLevel] = {
            "enforce": space.level,
            "warn": "restricted",
            "audit": "restricted",
        }
        if space.level == "privileged":
            # Warnings about pods that are privileged on purpose would only teach people to ignore warnings.
            levels = dict.fromkeys(levels, space.level)
        version = f"v{args.kubernetes_version}"
        security = {f"{prefix}/{mode}": str(level) for mode, level in levels.items()}
        pinned = {f"{prefix}/{mode}-version": version for mode in levels}
        return k8s.core.v1.Namespace(
            f"{self.prefix}-{space.name}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=space.name, labels={**own_labels(), **security, **pinned}
            ),
            opts=self.child(protect=space.holds_data or None, depends_on=list(args.ready)),
        )

    def _priority(
        self,
        name: PriorityClass,
        description: str,
        args: PlatformArgs,
        *,
        default: bool = False,
        preempts: bool = True,
    ) -> k8s.scheduling.v1.PriorityClass:
        return k8s.scheduling.v1.PriorityClass(
            f"{self.prefix}-{name}",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=own_labels()),
            value=PRIORITIES[name],
            global_default=default,
            preemption_policy="PreemptLowerPriority" if preempts else "Never",
            description=description,
            opts=self.child(depends_on=list(args.ready)),
        )
