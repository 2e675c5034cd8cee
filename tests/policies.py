"""What Kubernetes' network policies let through, by their specification and by nothing of ours.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: policies add up; a pod that no
policy of a direction selects is open in that direction; a rule without peers or without ports matches all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Pod:
    """A pod with an address of its own."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    address: str


@dataclass(frozen=True)
class Host:
    """An address that is no pod's."""

    name: str
    address: str


End = Pod | Host


@dataclass(frozen=True)
class Policies:
    """Captured objects, indexed by namespace."""

    objects: Sequence[Mapping[str, Any]]
    by_namespace: dict[str, list[Mapping[str, Any]]] = field(
        default_factory=dict[str, list[Mapping[str, Any]]]
    )

    def __post_init__(self) -> None:
        for item in self.objects:
            self.by_namespace.setdefault(item["metadata"]["namespace"], []).append(item["spec"])

    def allows(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection may be opened: the source may send it, and the target may receive it."""
        return self._passes("Egress", source, target, port, protocol) and self._passes(
            "Ingress", target, source, port, protocol
        )

    def of(self, pod: Pod, direction: str) -> list[Mapping[str, Any]]:
        """The policies that isolate the pod in that direction."""
        return [
            spec
            for spec in self.by_namespace.get(pod.namespace, [])
            if direction in spec["policyTypes"] and selects(spec["podSelector"], pod.labels)
        ]

    def _passes(self, direction: str, end: End, other: End, port: int, protocol: str) -> bool:
        if isinstance(end, Host):
            return True
        policies = self.of(end, direction)
        if not policies:
            return True
        peers = "to" if direction == "Egress" else "from"
        return any(
            _rule(rule, peers, end, other, port, protocol)
            for spec in policies
            for rule in spec.get(direction.lower(), [])
        )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """``matchLabels`` alone: nothing else is written here, and anything else is refused."""
    assert set(selector) <= {"matchLabels"}, selector
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def _rule(rule: Mapping[str, Any], peers: str, end: Pod, other: End, port: int, protocol: str) -> bool:
    assert set(rule) <= {peers, "ports"}, rule
    named: Iterable[Mapping[str, Any]] | None = rule.get(peers)
    if named and not any(_peer(peer, end, other) for peer in named):
        return False
    ports = rule.get("ports")
    return not ports or any(
        entry["protocol"] == protocol and entry.get("port", port) == port for entry in ports
    )


def _peer(peer: Mapping[str, Any], end: Pod, other: End) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        address = ipaddress.ip_address(other.address)
        inside = address in ipaddress.ip_network(block["cidr"])
        return inside and not any(address in ipaddress.ip_network(cut) for cut in block.get("except", []))
    if not isinstance(other, Pod):
        return False
    spaces = peer.get("namespaceSelector")
    same = other.namespace == end.namespace
    here = same if spaces is None else selects(spaces, {"kubernetes.io/metadata.name": other.namespace})
    return here and selects(peer.get("podSelector", {}), other.labels)
