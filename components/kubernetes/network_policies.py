"""Network policies: every namespace of ours is closed, and opened again for the edges of one table.

Plain ``networking.k8s.io/v1``: the policy agent of the VPC CNI and Dataplane V2 both enforce it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels
from components.kubernetes.pod_labels import POD_LABELS
from sizing.network_edges import EVERY
from sizing.specs import AddressBlock, Edge, ForeignPods, NetworkPolicySpec, Outside, PodGroup

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace, and protected by it."""

CLOSED, NAMES = "default-deny", "allow-dns"

Rule = dict[str, object]


@dataclass(frozen=True)
class NetworkPoliciesArgs:
    """``ready``: the namespaces."""

    spec: NetworkPolicySpec
    ready: tuple[pulumi.Resource, ...] = ()


class NetworkPolicies(Component):
    """Two policies per namespace (nothing in or out; names may be asked for), one per group of pods.

    Nothing waits for them: a pod that starts a moment earlier is closed when they come. It makes none in
    ``kube-system``.

    Raises:
        KeyError: a group without labels in ``pod_labels``.
    """

    TYPE = "ai-gateway:kubernetes:NetworkPolicies"

    def __init__(
        self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        for namespace in args.spec.namespaces:
            self._policy(namespace, CLOSED, closed_spec())
            self._policy(namespace, NAMES, names_spec(args.spec))
        for group in args.spec.groups:
            self._policy(group.namespace, group.name, group_spec(args.spec, group))
        self.register_outputs({"namespaces": list(args.spec.namespaces)})

    def _policy(self, namespace: str, name: str, spec: Rule) -> None:
        k8s.networking.v1.NetworkPolicy(
            f"{self.prefix}-{namespace}-{name}",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=own_labels()),
            spec=spec,  # pyright: ignore[reportArgumentType] - plain camelCase, as a test compares it
            opts=self.child(depends_on=list(self._args.ready)),
        )


def closed_spec() -> Rule:
    """Every pod, both directions, no rule."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def names_spec(spec: NetworkPolicySpec) -> Rule:
    """What every pod may do, whoever it is."""
    rules = [_egress(spec, edge) for edge in spec.edges if edge.source == EVERY]
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}


def group_spec(spec: NetworkPolicySpec, group: PodGroup) -> Rule:
    """The edges of one group, in and out, by the table's order."""
    policy: Rule = {"podSelector": {"matchLabels": dict(POD_LABELS[group.name])}}
    into = [_ingress(spec, edge) for edge in spec.edges if edge.target == group.name]
    out = [_egress(spec, edge) for edge in spec.edges if edge.source == group.name]
    policy["policyTypes"] = ["Ingress", "Egress"]
    if into:
        policy["ingress"] = into
    if out:
        policy["egress"] = out
    return policy


def _ingress(spec: NetworkPolicySpec, edge: Edge) -> Rule:
    peers = _peers(spec, edge.source)
    rule: Rule = {"ports": _ports(edge, edge.ports)}
    return rule if peers is None else {"from": peers, **rule}


def _egress(spec: NetworkPolicySpec, edge: Edge) -> Rule:
    ports = edge.ports if spec.group(edge.target) else edge.ports or spec.beyond(edge.target).ports
    if edge.service_port is not None:
        ports = (*ports, edge.service_port)
    peers = _peers(spec, edge.target)
    rule: Rule = {"ports": _ports(edge, ports)}
    return rule if peers is None else {"to": peers, **rule}


def _ports(edge: Edge, ports: tuple[int, ...]) -> list[dict[str, object]]:
    """No ports: every port of the protocols."""
    if not ports:
        return [{"protocol": protocol} for protocol in edge.protocols]
    return [{"protocol": protocol, "port": port} for port in ports for protocol in edge.protocols]


def _peers(spec: NetworkPolicySpec, name: str) -> list[dict[str, object]] | None:
    """The other end, or None when it is anyone."""
    group = spec.group(name)
    if group is not None:
        return [_pods(ForeignPods(namespace=group.namespace, labels=POD_LABELS[name]))]
    end: Outside = spec.beyond(name)
    if end.anyone:
        return None
    return [*(_pods(pods) for pods in end.pods), *(_block(block) for block in end.blocks)]


def _pods(pods: ForeignPods) -> dict[str, object]:
    peer: dict[str, object] = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: pods.namespace}}}
    labels: Mapping[str, str] = pods.labels
    return {**peer, "podSelector": {"matchLabels": dict(labels)}} if labels else peer


def _block(block: AddressBlock) -> dict[str, object]:
    inner: dict[str, object] = {"cidr": block.cidr}
    return {"ipBlock": {**inner, "except": list(block.excluded)} if block.excluded else inner}
