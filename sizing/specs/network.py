"""Who may talk to whom inside the cluster and across its border: the network policies and their diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sizing.specs.base import Spec

Protocol = Literal["TCP", "UDP"]


class AddressBlock(Spec):
    """A range of addresses, less what is excluded from it."""

    cidr: str
    excluded: tuple[str, ...] = ()


class ForeignPods(Spec):
    """Pods that are not ours, by namespace and labels; no labels mean every pod of the namespace."""

    namespace: str
    labels: Mapping[str, str] = {}


class Outside(Spec):
    """An end of an edge that is no workload of ours: addresses, or the cluster's own pods.

    ``anyone``: no address can be named (the reason is ``why``), so the rule is by port alone. ``ports`` empty
    in an edge towards it takes ``ports`` from here; empty here as well means every TCP port.
    """

    name: str
    title: str
    why: str
    blocks: tuple[AddressBlock, ...] = ()
    pods: tuple[ForeignPods, ...] = ()
    anyone: bool = False
    ports: tuple[int, ...] = ()


class PodGroup(Spec):
    """Pods that share a policy: a workload's, those of several alike, or a Job's."""

    name: str
    namespace: str


class Edge(Spec):
    """One permitted direction. ``ports`` are the listening container's, not the Service's.

    ``service_port`` is the Service's own where it differs: the policy agent of some clouds sees a Service's
    address before it is translated.
    """

    source: str
    target: str
    ports: tuple[int, ...]
    why: str
    protocols: tuple[Protocol, ...] = ("TCP",)
    service_port: int | None = None


class NetworkPolicySpec(Spec):
    """Everything that may flow; what is not here is denied. ``exempt``: pods beyond policies, and why."""

    groups: tuple[PodGroup, ...]
    outside: tuple[Outside, ...]
    edges: tuple[Edge, ...]
    exempt: Mapping[str, str]

    def group(self, name: str) -> PodGroup | None:
        """The group called ``name``, or None when it is no group of ours."""
        return next((group for group in self.groups if group.name == name), None)

    def beyond(self, name: str) -> Outside:
        """The outside end called ``name``; KeyError when there is none."""
        for end in self.outside:
            if end.name == name:
                return end
        raise KeyError(f"no outside end {name!r}; there are {', '.join(e.name for e in self.outside)}")

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces that are closed by default, in order."""
        return tuple(sorted({group.namespace for group in self.groups}))
