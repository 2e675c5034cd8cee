"""Components whose children a provider makes: pulumi-eks, and files of Kubernetes objects.

Written after the sources of pulumi-eks 4 (``nodejs/eks/cluster/cluster.ts``, ``nodes/nodegroup.ts``,
``addons/cni-addon.ts``, ``servicerole.ts`` of https://github.com/pulumi/pulumi-eks), for the arguments this
program gives. Arguments that would make other children are refused, not ignored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.engine.simulator import wire
from tests.engine.simulator.builder import Builder, Made

_REFUSED: Final = ("autoMode", "fargate", "creationRoleProvider", "instanceRoles", "serviceRole", "proxy")
"""Arguments of the cluster that lead to children which are not simulated."""


def construct(request: Any) -> Any:
    """Answer the engine's wish for a component.

    Raises:
        LookupError: a component that is not simulated.
    """
    if request.type not in COMPONENTS:
        raise LookupError(f"{request.type} is not simulated")
    with Builder(request) as builder:
        return COMPONENTS[request.type](builder)


def _cluster(builder: Builder) -> Any:
    args, name = builder.inputs, builder.request.name
    for argument in _REFUSED:
        if args.get(argument) is not None:
            raise LookupError(f"{argument} of eks.Cluster is not simulated")
    if not args.get("skipDefaultSecurityGroups") or not args.get("skipDefaultNodeGroup"):
        raise LookupError("default security and node groups of eks.Cluster are not simulated")
    component = builder.component("eks:index:Cluster", name, builder.request.parent)
    role, attached = _service_role(builder, component, args.get("tags"))
    cluster = builder.child(
        "aws:eks/cluster:Cluster",
        f"{name}-eksCluster",
        component,
        _cluster_inputs(args, name, role),
        attached,
        ("accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"),
    )
    kubeconfig = _kubeconfig(cluster)
    builder.child("pulumi:providers:kubernetes", f"{name}-eks-k8s", component, {"kubeconfig": kubeconfig})
    _network_add_ons(builder, component, cluster)
    issuer = wire.UNKNOWN
    if cluster.output("identities") != wire.UNKNOWN:
        issuer = str(cluster.output("identities")[0]["oidcs"][0]["issuer"]).removeprefix("https://")
    network = cluster.output("vpcConfig")
    group = network.get("clusterSecurityGroupId", wire.UNKNOWN)
    outputs = {
        "eksCluster": cluster.reference,
        "kubeconfigJson": kubeconfig,
        "kubeconfig": kubeconfig if kubeconfig == wire.UNKNOWN else json.loads(kubeconfig),
        "oidcIssuer": issuer,
        "clusterSecurityGroupId": group,
        "nodeSecurityGroupId": group,
    }
    return builder.finish(component, outputs)


def _service_role(builder: Builder, component: Made, tags: Any) -> tuple[Made, tuple[Made, ...]]:
    name = f"{builder.request.name}-eksRole"
    group = builder.component("eks:index:ServiceRole", name, component.urn)
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"Service": ["eks.amazonaws.com"]},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inputs = {
        "assumeRolePolicy": policy,
        "description": "Allows EKS to manage clusters on your behalf.",
        "tags": tags,
    }
    role = builder.child("aws:iam/role:Role", f"{name}-role", group, inputs)
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    suffix = hashlib.sha1(arn.encode(), usedforsecurity=False).hexdigest()[:8]
    attachment = builder.child(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        f"{name}-{suffix}",
        group,
        {"policyArn": arn, "role": role.id or wire.UNKNOWN},
        (role,),
    )
    return role, (role, attachment)


def _cluster_inputs(args: Mapping[str, Any], name: str, role: Made) -> dict[str, Any]:
    key, mode = args.get("encryptionConfigKeyArn"), args.get("authenticationMode")
    services = args.get("kubernetesServiceIpAddressRange")
    access = {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True}
    subnets = args.get("subnetIds") or [*args.get("publicSubnetIds", []), *args.get("privateSubnetIds", [])]
    network = {
        "subnetIds": subnets,
        "endpointPrivateAccess": args.get("endpointPrivateAccess"),
        "endpointPublicAccess": args.get("endpointPublicAccess"),
        "publicAccessCidrs": args.get("publicAccessCidrs"),
    }
    return {
        "name": args.get("name"),
        "roleArn": role.output("arn"),
        "version": args.get("version"),
        "vpcConfig": {key: value for key, value in network.items() if value is not None},
        "kubernetesNetworkConfig": services and {"serviceIpv4Cidr": services, "ipFamily": "ipv4"},
        "bootstrapSelfManagedAddons": args.get("bootstrapSelfManagedAddons", True),
        "enabledClusterLogTypes": args.get("enabledClusterLogTypes"),
        "encryptionConfig": key and {"provider": {"keyArn": key}, "resources": ["secrets"]},
        "accessConfig": mode and access,
        "upgradePolicy": args.get("upgradePolicy"),
        "deletionProtection": args.get("deletionProtection"),
        "tags": {"Name": f"{name}-eksCluster", **(args.get("tags") or {})},
    }


def _network_add_ons(builder: Builder, component: Made, cluster: Made) -> None:
    args, name = builder.inputs, builder.request.name
    proxy = args.get("kubeProxyAddonOptions") or {}
    if proxy.get("enabled") is not False:
        inputs = _add_on(cluster, "kube-proxy", proxy, proxy.get("version"), args.get("tags"))
        builder.child("aws:eks/addon:Addon", f"{name}-kube-proxy", component, inputs)
    if not args.get("useDefaultVpcCni"):
        cni = args.get("vpcCniOptions") or {}
        group = builder.component("eks:index:VpcCniAddon", f"{name}-vpc-cni", component.urn)
        inputs = _add_on(cluster, "vpc-cni", cni, cni.get("addonVersion"), args.get("tags"))
        builder.child("aws:eks/addon:Addon", f"{name}-vpc-cni", group, inputs)


def _add_on(cluster: Made, name: str, options: Mapping[str, Any], version: Any, tags: Any) -> dict[str, Any]:
    if version is None:
        raise LookupError(f"{name} without a version: the plugin would take the most recent one of the day")
    values = options.get("configurationValues")
    return {
        "clusterName": cluster.output("name"),
        "addonName": name,
        "addonVersion": version,
        "preserve": True,
        "configurationValues": values and json.dumps(wire.opened(values), sort_keys=True),
        "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
        "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
        "tags": tags,
    }


def _kubeconfig(cluster: Made) -> str:
    """What ``aws eks update-kubeconfig`` would write, unknown before the cluster stands."""
    endpoint, authority = cluster.output("endpoint"), cluster.output("certificateAuthority")
    if wire.has_unknown([endpoint, authority]):
        return wire.UNKNOWN
    name = cluster.output("name")
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--output", "json"],
    }
    place = {"server": endpoint, "certificate-authority-data": authority["data"]}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": place}],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "current-context": "aws",
        "users": [{"name": "aws", "user": {"exec": login}}],
    }
    return json.dumps(config)


def _node_group(builder: Builder) -> Any:
    args, name = dict(builder.inputs), builder.request.name
    component = builder.component("eks:index:ManagedNodeGroup", name, builder.request.parent)
    args.pop("cluster")
    ignored = ("scalingConfig.desiredSize",) if args.pop("ignoreScalingChanges", False) else ()
    group = builder.child("aws:eks/nodeGroup:NodeGroup", name, component, args, ignore_changes=ignored)
    return builder.finish(component, {"nodeGroup": group.reference})


def _gateway_api(builder: Builder) -> Any:
    """The Gateway API's definitions, whose address the program gives; nothing is fetched from there."""
    component = builder.component(
        "kubernetes:yaml/v2:ConfigFile", builder.request.name, builder.request.parent
    )
    if "gateway-api" not in str(builder.inputs["file"]):
        raise LookupError(f"{builder.inputs['file']} is not simulated")
    for plural in ("gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"):
        crd = f"{plural}.gateway.networking.k8s.io"
        builder.child(
            "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
            f"{builder.request.name}:{crd}",
            component,
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": crd},
                "spec": _definition(plural),
            },
        )
    return builder.finish(component, {"resources": []})


def _definition(plural: str) -> dict[str, Any]:
    versions = [{"name": "v1", "served": True, "storage": True}]
    names = {"plural": plural, "kind": plural.removesuffix("s").capitalize()}
    return {"group": "gateway.networking.k8s.io", "scope": "Namespaced", "names": names, "versions": versions}


COMPONENTS: Final[Mapping[str, Callable[[Builder], Any]]] = {
    "eks:index:Cluster": _cluster,
    "eks:index:ManagedNodeGroup": _node_group,
    "kubernetes:yaml/v2:ConfigFile": _gateway_api,
}
"""By type."""
