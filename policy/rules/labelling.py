"""Everything that can carry tags says which stack it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.graph import UNKNOWN
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import at

REQUIRED: Final = ("managed-by", "project", "stack")
LABELS: Final = {
    "gcp:compute/address:Address": "labels",
    "gcp:compute/globalAddress:GlobalAddress": "labels",
    "gcp:container/cluster:Cluster": "resourceLabels",
    "gcp:container/nodePool:NodePool": "nodeConfig.resourceLabels",
    "gcp:dns/managedZone:ManagedZone": "labels",
    "gcp:gkebackup/backupPlan:BackupPlan": "labels",
    "gcp:kms/cryptoKey:CryptoKey": "labels",
    "gcp:networkconnectivity/serviceConnectionPolicy:ServiceConnectionPolicy": "labels",
    "gcp:redis/cluster:Cluster": "labels",
    "gcp:secretmanager/secret:Secret": "labels",
    "gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels",
    "gcp:storage/bucket:Bucket": "labels",
}
"""Types of Google Cloud that cost money and take labels, and where."""
TAGS: Final = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eip:Eip",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:elasticache/subnetGroup:SubnetGroup",
        "aws:iam/role:Role",
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "eks:index:Cluster",
        "eks:index:ManagedNodeGroup",
    }
)
"""Types of AWS that take tags."""
WHERE: Final = {**LABELS, **dict.fromkeys(sorted(TAGS), "tags")}


def _tags(scope: Scope) -> Iterator[Violation]:
    required = scope.options["required"]
    for resource in scope.subjects(*WHERE):
        (found,) = at(resource.inputs, WHERE[resource.type])
        if found == UNKNOWN:
            continue
        missing = [key for key in required if not (isinstance(found, dict) and found.get(key))]
        if missing:
            yield Violation(
                resource.urn,
                f"{resource.name}: without {', '.join(missing)} ({WHERE[resource.type]})",
                "Pass the component's tags on (merge_tags).",
            )


RULES: Final = (
    Rule(
        "tags",
        "Whatever takes tags or labels carries the stack's own and those the configuration requires.",
        "medium",
        _tags,
        options={"required": REQUIRED},
    ),
)
