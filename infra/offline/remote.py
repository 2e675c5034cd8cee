"""Components whose children their own plugin makes: what they make, and what they give back.

Offline such a component is one registration. Its children are named here after the sources of pulumi-eks 4
(``nodejs/eks/cluster/cluster.ts``, ``nodes/securitygroup.ts``, ``nodes/nodegroup.ts``, ``addons/*.ts`` and
``servicerole.ts`` of https://github.com/pulumi/pulumi-eks), for the arguments this program uses: not for Auto
Mode, Fargate, the default node group or the component's own storage classes. No Pulumi here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from infra.offline.wire import Wire, reference, referenced
from infra.urns import make_urn, parse_urn

PLACEHOLDER_ACCOUNT: Final = "000000000000"
"""Stands for the AWS account, which nobody knows offline."""

_CLUSTER_POLICY: Final = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"


@dataclass(frozen=True, slots=True)
class Made:
    """A child: its type and name, and its parent among the children ("" is the component itself)."""

    type: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Remote:
    """What is known of a type of remote component.

    Attributes:
        children: the resources it makes, parents first, from its name and inputs.
        outputs: output name to the child that it refers to, as type and name suffix.
        values: further outputs of an update, from the component's name.
        packages: packages of its children, for which the program has to hand it a provider.
        parent_input: the input whose resource the plugin makes the parent, whatever the program says.
    """

    children: Callable[[str, Mapping[str, JsonValue]], Iterator[Made]]
    outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    values: Callable[[str], Wire] | None = None
    packages: tuple[str, ...] = ()
    parent_input: str = ""

    def child_urns(self, urn: str, name: str, inputs: Mapping[str, JsonValue]) -> dict[str, Made]:
        """The children by URN."""
        whole = parse_urn(urn)
        found: dict[str, Made] = {}
        parents = {"": urn}
        for made in self.children(name, inputs):
            child = make_urn(whole.stack, whole.project, parents[made.parent], made.type, made.name)
            found[child] = made
            parents[made.name] = child
        return found

    def references(self, urn: str, name: str, *, known: bool) -> Wire:
        """Outputs that are resources. The ids are known only once an update has made them (``known``)."""
        whole = parse_urn(urn)
        found: Wire = {}
        for output, (type_, suffix) in self.outputs.items():
            child = make_urn(whole.stack, whole.project, urn, type_, f"{name}{suffix}")
            found[output] = reference(child, f"{name}{suffix}-id" if known else "")
        return found

    def parent(self, inputs: Mapping[str, JsonValue], given: str) -> str:
        """URN of the parent that the plugin takes."""
        value = inputs.get(self.parent_input) if self.parent_input else None
        return next(referenced(value), given)


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _cluster(name: str, inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    if inputs.get("serviceRole") is None:
        role = f"{name}-eksRole"
        yield Made("eks:index:ServiceRole", role)
        yield Made("aws:iam/role:Role", f"{role}-role", role)
        policy = hashlib.sha1(_CLUSTER_POLICY.encode(), usedforsecurity=False).hexdigest()[:8]
        yield Made("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{role}-{policy}", role)
    yield Made("aws:eks/cluster:Cluster", f"{name}-eksCluster")
    yield Made("pulumi:providers:kubernetes", f"{name}-eks-k8s")
    yield from _security_groups(name, inputs)
    yield from _addons(name, inputs)
    yield from _access(name, inputs)


def _security_groups(name: str, inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    if inputs.get("skipDefaultSecurityGroups") is True:
        return
    rule = "aws:ec2/securityGroupRule:SecurityGroupRule"
    if inputs.get("clusterSecurityGroup") is None:
        yield Made("aws:ec2/securityGroup:SecurityGroup", f"{name}-eksClusterSecurityGroup")
        yield Made(rule, f"{name}-eksClusterInternetEgressRule")
    yield Made("aws:ec2/securityGroup:SecurityGroup", f"{name}-nodeSecurityGroup")
    for suffix in ("NodeIngress", "NodeClusterIngress", "ExtApiServerClusterIngress", "NodeInternetEgress"):
        yield Made(rule, f"{name}-eks{suffix}Rule")
    yield Made(rule, f"{name}-eksClusterIngressRule")


def _addons(name: str, inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    addon = "aws:eks/addon:Addon"
    if _object(inputs.get("kubeProxyAddonOptions")).get("enabled") is not False:
        yield Made(addon, f"{name}-kube-proxy")
    if inputs.get("useDefaultVpcCni") is not True:
        cni = f"{name}-vpc-cni"
        yield Made("eks:index:VpcCniAddon", cni)
        yield Made(addon, cni, cni)
    coredns = _object(inputs.get("corednsAddonOptions"))
    if coredns.get("enabled") is True or coredns.get("configurationValues") is not None:
        yield Made(addon, f"{name}-coredns")


def _access(name: str, inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    if inputs.get("createOidcProvider") is True:
        yield Made("aws:iam/openIdConnectProvider:OpenIdConnectProvider", f"{name}-oidcProvider")
    mode = inputs.get("authenticationMode")
    if mode in (None, "CONFIG_MAP", "API_AND_CONFIG_MAP"):
        yield Made("kubernetes:core/v1:ConfigMap", f"{name}-nodeAccess")
    if mode not in ("API", "API_AND_CONFIG_MAP"):
        return
    for key, entry in _object(inputs.get("accessEntries")).items():
        yield Made("aws:eks/accessEntry:AccessEntry", f"{name}-{key}")
        for policy in _object(_object(entry).get("accessPolicies")):
            type_ = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
            yield Made(type_, f"{name}-{key}-{policy}", f"{name}-{key}")


def _cluster_values(name: str) -> Wire:
    issuer = f"oidc.eks.invalid/id/{name}"
    host = f"https://{name}.eks.invalid"
    config: Wire = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": host}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [{"name": name, "user": {}}],
    }
    return {
        "kubeconfig": config,
        "kubeconfigJson": json.dumps(config, sort_keys=True),
        "oidcIssuer": issuer,
        "oidcProviderUrl": f"https://{issuer}",
        "oidcProviderArn": f"arn:aws:iam::{PLACEHOLDER_ACCOUNT}:oidc-provider/{issuer}",
    }


_LAUNCH_TEMPLATE_ARGUMENTS: Final = (
    "amiId",
    "bootstrapExtraArgs",
    "bottlerocketSettings",
    "enableEfaSupport",
    "enableIMDSv2",
    "kubeletExtraArgs",
    "nodeadmExtraOptions",
    "userData",
)
"""With one of them a node group brings a launch template of its own."""


def _node_group(name: str, inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    if inputs.get("enableEfaSupport") is True:
        yield Made("aws:ec2/placementGroup:PlacementGroup", name)
    if any(inputs.get(key) is not None for key in _LAUNCH_TEMPLATE_ARGUMENTS):
        yield Made("aws:ec2/launchTemplate:LaunchTemplate", f"{name}-launchTemplate")
    yield Made("aws:eks/nodeGroup:NodeGroup", name)


def _addon(name: str, _inputs: Mapping[str, JsonValue]) -> Iterator[Made]:
    yield Made("aws:eks/addon:Addon", name)


REMOTES: Final[Mapping[str, Remote]] = {
    "eks:index:Cluster": Remote(
        _cluster,
        outputs={"eksCluster": ("aws:eks/cluster:Cluster", "-eksCluster")},
        values=_cluster_values,
        packages=("aws",),
    ),
    "eks:index:ManagedNodeGroup": Remote(
        _node_group,
        outputs={"nodeGroup": ("aws:eks/nodeGroup:NodeGroup", "")},
        packages=("aws",),
    ),
    "eks:index:Addon": Remote(_addon, packages=("aws",), parent_input="cluster"),
}
"""By type token. A remote component that is not here has unknown children and unknown outputs."""
