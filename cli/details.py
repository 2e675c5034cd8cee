"""What ``gateway preview`` says about a resource in one line: its kind and the figures that matter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from cli.figures import ABSENT, lookup
from infra.graph import UNKNOWN, Child, Resource

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
STACK: Final = "pulumi:pulumi:Stack"

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:cloudwatch/logGroup:LogGroup": ("kept {retentionInDays} days",),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "disk {blockDeviceMappings[0].ebs.volumeSize} GiB {blockDeviceMappings[0].ebs.volumeType}",
        "?blockDeviceMappings[0].ebs.encrypted encrypted",
    ),
    "aws:ec2/route:Route": ("{destinationCidrBlock}",),
    "aws:ec2/subnet:Subnet": ("{cidrBlock}",),
    "aws:ec2/vpc:Vpc": ("{cidrBlock}",),
    "aws:eks/addon:Addon": ("{addonVersion}",),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "{nodeType}",
        "{engine} {engineVersion}",
        "shards {numNodeGroups}",
        "replicas a shard {replicasPerNodeGroup}",
        "?multiAzEnabled Multi-AZ",
        "durability {durability}",
        "snapshots kept {snapshotRetentionLimit} days",
    ),
    "aws:kms/key:Key": ("?multiRegion multi-region", "?enableKeyRotation rotated"),
    "aws:rds/instance:Instance": (
        "?replicateSourceDb read replica",
        "{instanceClass}",
        "{engine} {engineVersion}",
        "{allocatedStorage} GiB {storageType}",
        "up to {maxAllocatedStorage} GiB",
        "{iops} IOPS",
        "?multiAz Multi-AZ",
        "?backupRetentionPeriod backups kept {backupRetentionPeriod} days",
    ),
    "eks:index:Cluster": (
        "Kubernetes {version}",
        "?endpointPublicAccess public API",
        "?endpointPrivateAccess private API",
    ),
    "eks:index:ManagedNodeGroup": (
        "{scalingConfig.desiredSize} x {instanceTypes[0]}"
        " ({scalingConfig.minSize} to {scalingConfig.maxSize})",
    ),
    "kubernetes:agentgateway.dev/v1alpha1:AgentgatewayParameters": (
        "{spec.horizontalPodAutoscaler.spec.minReplicas} to"
        " {spec.horizontalPodAutoscaler.spec.maxReplicas} replicas",
        "cpu {spec.resources.requests.cpu} / {spec.resources.limits.cpu}",
        "memory {spec.resources.requests.memory} / {spec.resources.limits.memory}",
    ),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": (
        "{spec.minReplicaCount} to {spec.maxReplicaCount} replicas",
    ),
    "kubernetes:scheduling.k8s.io/v1:PriorityClass": ("{value}",),
    "kubernetes:storage.k8s.io/v1:StorageClass": ("{provisioner}", "{parameters.type}"),
    "kubernetes:yaml/v2:ConfigFile": ("{file}",),
    "pulumi:providers:aws": ("{region}",),
}
"""Type -> pieces of its line. ``{path}`` is an input; a piece with one that is missing or unknown is left
out. ``?path words`` are said only when that input is true, or not zero."""

_PATH: Final = re.compile(r"\{([^}]+)\}")


def kind(token: str) -> str:
    """A type token as a reader would say it: ``aws.ec2.Vpc``, ``Namespace``, ``provider aws``."""
    if token == RELEASE:
        return "Helm release"
    if token.startswith("pulumi:providers:"):
        return f"provider {token.rsplit(':', 1)[-1]}"
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    if package == "kubernetes":
        return name
    module = module.split("/")[0]
    return ".".join(part for part in (package, module, name) if part and part != "index")


def label(resource: Resource) -> str | None:
    """The name of a release or object in the cluster; None for other resources and for generated names."""
    path = "name" if resource.type == RELEASE else "metadata.name"
    name = lookup(resource.inputs, path) if resource.type.startswith("kubernetes:") else None
    return name if isinstance(name, str) and name != UNKNOWN else None


def facts(resource: Resource) -> str:
    """The figures that matter, in one line; empty when the type has none."""
    if resource.type == RELEASE:
        return _release(resource)
    pieces = [_piece(piece, resource.inputs) for piece in FACTS.get(resource.type, ())]
    pieces += _of_children(resource.creates)
    return ", ".join(piece for piece in pieces if piece)


def _release(resource: Resource) -> str:
    """Chart (where the release is not called like it), version and namespace."""
    inputs = resource.inputs
    chart = str(inputs.get("chart", "")).rstrip("/").rsplit("/", 1)[-1]
    called = "" if chart == label(resource) else f"{chart} "
    return f"{called}{inputs.get('version', '')} in {inputs.get('namespace', 'default')}"


def created(children: Iterable[Child]) -> str:
    """What a remote component's plugin creates, by kind."""
    counts = Counter(kind(child.type) for child in children if not child.type.startswith("pulumi:providers:"))
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _piece(piece: str, inputs: Mapping[str, object]) -> str:
    if piece.startswith("?"):
        path, _, words = piece[1:].partition(" ")
        value = lookup(inputs, path)
        return _piece(words, inputs) if _set(value) and value != 0 else ""
    found = {path: lookup(inputs, path) for path in _PATH.findall(piece)}
    if not all(_set(value) for value in found.values()):
        return ""
    return _PATH.sub(lambda match: str(found[match[1]]).removeprefix("https://"), piece)


def _set(value: object) -> bool:
    return value is not ABSENT and value is not False and value not in (None, "", "false", UNKNOWN)


def _of_children(children: Iterable[Child]) -> list[str]:
    """What a transform of the program adds to a remote component's children."""
    tiers = [lookup(child.inputs, "controlPlaneScalingConfig.tier") for child in children]
    return [f"control plane {tier}" for tier in tiers if tier is not ABSENT]
