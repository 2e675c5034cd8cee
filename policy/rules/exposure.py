"""Nothing stands open to the world: buckets, data services, the Kubernetes API, instance credentials."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from infra.graph import SECRET, UNKNOWN
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import Demand, absent, at, failing, is_, not_true, present, texts, true

BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
PUBLIC_ACLS: Final = frozenset({"public-read", "public-read-write", "authenticated-read"})
BUCKETS: Final = (
    Demand(
        "gcp:storage/bucket:Bucket", "publicAccessPrevention", is_("enforced"), "may be made public",
        "Set publicAccessPrevention to enforced.",
    ),
    Demand(
        "gcp:storage/bucket:Bucket", "uniformBucketLevelAccess", true,
        "objects may have permissions of their own", "Set uniformBucketLevelAccess.",
    ),
    *(
        Demand(
            type_, "acl", lambda value: value not in PUBLIC_ACLS, "everybody may read it", "Leave acl out."
        )
        for type_ in ("aws:s3/bucket:Bucket", "aws:s3/bucketAcl:BucketAcl")
    ),
    *(
        Demand(
            type_, "member", lambda value: value not in EVERYBODY, "everybody may read it",
            "Name a service account.",
        )
        for type_ in ("gcp:storage/bucketIAMMember:BucketIAMMember",)
    ),
)  # fmt: skip


def _buckets(scope: Scope) -> Iterator[Violation]:
    yield from failing(scope, BUCKETS)
    for bucket in scope.subjects("aws:s3/bucket:Bucket"):
        found = scope.companions(bucket, BLOCK)
        if not any(all(v == UNKNOWN or true(v) for p in BLOCKS for v in at(one.inputs, p)) for one in found):
            yield Violation(
                bucket.urn,
                f"{bucket.name}: may be made public",
                f"Give it a BucketPublicAccessBlock with {', '.join(BLOCKS)} all true.",
            )
    for policy in scope.subjects("aws:s3/bucketPolicy:BucketPolicy"):
        for statement in statements(policy.inputs.get("policy")):
            if for_everybody(statement):
                yield Violation(
                    policy.urn, f"{policy.name}: everybody may use the bucket", "Name the roles that may."
                )


def for_everybody(statement: Mapping[str, JsonValue]) -> bool:
    """A statement that allows something to all there are, under no condition."""
    who = statement.get("Principal")
    kinds = list(who.values()) if isinstance(who, dict) else [who]
    everybody = any("*" in texts(kind) for kind in kinds)
    return statement.get("Effect") == "Allow" and everybody and not statement.get("Condition")


def statements(document: JsonValue) -> list[dict[str, JsonValue]]:
    """Statements of an IAM policy; none when it is not known yet, or cannot be read."""
    known = _parsed(document)
    if not isinstance(known, dict):
        return []
    found = known.get("Statement")
    entries = found if isinstance(found, list) else [found]
    return [entry for entry in entries if isinstance(entry, dict)]


def illegible(document: JsonValue) -> bool:
    """A policy that is there and is no JSON object: nobody can say what it allows."""
    known = _parsed(document)
    return known is not None and known not in (UNKNOWN, SECRET) and not isinstance(known, dict)


def _parsed(document: JsonValue) -> JsonValue:
    if not isinstance(document, str):
        return document
    try:
        found: JsonValue = json.loads(document)
    except (ValueError, RecursionError):
        return document
    return found


_INSIDE = "Keep it on private addresses; the gateway is the only entrance."
PRIVATE: Final = (
    Demand("aws:rds/instance:Instance", "publiclyAccessible", not_true, "has a public address", _INSIDE),
    Demand(
        "aws:elasticache/replicationGroup:ReplicationGroup", "authTokenWo", present,
        "answers everybody who reaches it", "Give it a token, or users.", ("userGroupIds", absent),
    ),
    Demand(
        "gcp:redis/cluster:Cluster", "authorizationMode", is_("AUTH_MODE_IAM_AUTH"),
        "answers everybody who reaches it", "Set authorizationMode to AUTH_MODE_IAM_AUTH.",
    ),
    Demand("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", not_true, "gives public addresses", _INSIDE),
    Demand(
        "gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.ipv4Enabled", is_(False),
        "has a public address", _INSIDE,
    ),
    Demand(
        "gcp:container/cluster:Cluster", "privateClusterConfig.enablePrivateNodes", true,
        "nodes have public addresses", _INSIDE,
    ),
    Demand(
        "gcp:container/nodePool:NodePool", "networkConfig.enablePrivateNodes", true,
        "nodes have public addresses", _INSIDE,
    ),
)  # fmt: skip

_LIST = "List the networks that may reach it (network.apiAllowedCidrs)."
GKE_API: Final = (
    Demand(
        "gcp:container/cluster:Cluster", "masterAuthorizedNetworksConfig.cidrBlocks[].cidrBlock", present,
        "the Kubernetes API has no list of networks", _LIST,
    ),
    Demand(
        "gcp:container/cluster:Cluster", "masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled",
        is_(False), "every customer of the cloud reaches the Kubernetes API",
        "Set gcpPublicCidrsAccessEnabled to false.",
    ),
    Demand(
        "gcp:container/cluster:Cluster", "controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic",
        not_true, "the Kubernetes API answers everybody by name", "Set allowExternalTraffic to false.",
    ),
)  # fmt: skip
EKS_API: Final = {
    "eks:index:Cluster": ("endpointPublicAccess", "publicAccessCidrs[]"),
    "aws:eks/cluster:Cluster": ("vpcConfig.endpointPublicAccess", "vpcConfig.publicAccessCidrs[]"),
}
"""Type to: whether there is a public endpoint (there is, unless it is switched off), and who reaches it."""
OPEN_DOORS: Final = {
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("cidrIpv4", "cidrIpv6"),
    **dict.fromkeys(
        ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
        ("ingress[].cidrBlocks[]", "ingress[].ipv6CidrBlocks[]"),
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("cidrBlocks[]", "ipv6CidrBlocks[]"),
    "gcp:compute/firewall:Firewall": ("sourceRanges[]",),
    "gcp:container/cluster:Cluster": ("masterAuthorizedNetworksConfig.cidrBlocks[].cidrBlock",),
}


WIDEST: Final = {4: 8, 6: 16}
"""Version of the protocol to the shortest prefix that still is somebody's network."""


def everywhere(value: JsonValue) -> bool:
    """The whole internet, or so much of it that a few of them are."""
    try:
        network = ipaddress.ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return False
    return network is not None and network.prefixlen < WIDEST[network.version]


def _api(scope: Scope) -> Iterator[Violation]:
    yield from failing(scope, GKE_API)
    for resource in scope.subjects(*EKS_API):
        public, networks = EKS_API[resource.type]
        if all(value in (False, "false", UNKNOWN) for value in at(resource.inputs, public)):
            continue
        if any(not present(value) or everywhere(value) for value in at(resource.inputs, networks)):
            yield Violation(resource.urn, f"{resource.name}: everybody reaches the Kubernetes API", _LIST)
    for resource in scope.subjects(*OPEN_DOORS):
        if resource.inputs.get("denies") or resource.inputs.get("type") == "egress":
            continue
        paths = OPEN_DOORS[resource.type]
        if any(everywhere(value) for path in paths for value in at(resource.inputs, path)):
            yield Violation(resource.urn, f"{resource.name}: open to the whole internet", _LIST)


_V2 = "Set httpTokens to required and the hop limit to 1."
METADATA: Final = (
    Demand(
        "aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", is_("required"),
        "the metadata service answers without a token", _V2,
    ),
    Demand(
        "aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpPutResponseHopLimit", is_(1),
        "pods reach the node's metadata service", _V2,
    ),
    *(
        Demand(type_, "launchTemplate", present, "no launch template says how its nodes start", _V2)
        for type_ in ("eks:index:ManagedNodeGroup", "aws:eks/nodeGroup:NodeGroup")
    ),
    Demand(
        "gcp:container/nodePool:NodePool", "nodeConfig.workloadMetadataConfig.mode", is_("GKE_METADATA"),
        "pods reach the node's metadata service", "Set the mode to GKE_METADATA.",
    ),
    Demand(
        "gcp:container/nodePool:NodePool", "nodeConfig.metadata.disable-legacy-endpoints", true,
        "the metadata service answers without a header", "Set disable-legacy-endpoints.",
    ),
)  # fmt: skip

RULES: Final = (
    Rule("no-public-buckets", "No bucket can be read from outside the account.", "critical", _buckets),
    Rule(
        "private-services",
        "Databases and nodes have no public address, and caches ask who is there.",
        "critical",
        lambda scope: failing(scope, PRIVATE),
    ),
    Rule(
        "api-allow-listed",
        "The Kubernetes API and everything else behind a firewall answers listed networks only.",
        "critical",
        _api,
    ),
    Rule(
        "instance-metadata",
        "Instance metadata takes tokens (IMDSv2), and pods do not get the node's identity.",
        "high",
        lambda scope: failing(scope, METADATA),
    ),
)
