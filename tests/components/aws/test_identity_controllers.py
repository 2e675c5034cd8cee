"""Roles of what runs the cluster itself: autoscaler, disks, secrets, load balancers, Vault's first start."""

from __future__ import annotations

from infra.graph.model import Graph
from tests.components.aws.identities import (
    KEYS,
    SECRETS,
    every_statement,
    secret,
    statements,
    texts,
)
from tests.components.aws.identities import graph as graph
from tests.factories_foundation import (
    ACCOUNT,
    CLUSTER,
    REGION,
    of_type,
)

REFERENCE = {
    "acm": """
        DescribeCertificate ListCertificates
    """,
    "cognito-idp": """
        DescribeUserPoolClient
    """,
    "ec2": """
        AuthorizeSecurityGroupIngress CreateSecurityGroup CreateTags DeleteSecurityGroup DeleteTags
        DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeCoipPools
        DescribeInstances DescribeInternetGateways DescribeIpamPools DescribeNetworkInterfaces
        DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeTags
        DescribeVpcPeeringConnections DescribeVpcs GetCoipPoolUsage GetSecurityGroupsForVpc
        RevokeSecurityGroupIngress
    """,
    "elasticloadbalancing": """
        AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup
        DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets
        DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates
        DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules
        DescribeSSLPolicies DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups
        DescribeTargetHealth DescribeTrustStores ModifyCapacityReservation ModifyIpPools ModifyListener
        ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup
        ModifyTargetGroupAttributes RegisterTargets RemoveListenerCertificates RemoveTags
        SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets SetWebAcl
    """,
    "iam": """
        CreateServiceLinkedRole GetServerCertificate ListServerCertificates
    """,
    "shield": """
        CreateProtection DeleteProtection DescribeProtection GetSubscriptionState
    """,
    "waf-regional": """
        AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource
    """,
    "wafv2": """
        AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource
    """,
}
"""Actions of the controller's reference policy by service: docs/install/iam_policy.json at v3.5.0."""


def test_the_autoscaler_scales_groups_of_this_cluster_only(graph: Graph) -> None:
    found = statements(graph, "cluster-autoscaler")
    assert set(found) == {"Describe", "DescribeNodeGroups", "ScaleOwnGroups"}
    assert found["Describe"]["Action"] == [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
    ]
    scale = found["ScaleOwnGroups"]
    assert scale["Action"] == [
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    ]
    assert (
        scale["Resource"]
        == f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/*"
    )
    assert scale["Condition"] == {
        "StringEquals": {
            "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
            f"aws:ResourceTag/k8s.io/cluster-autoscaler/{CLUSTER}": "owned",
        }
    }
    groups = found["DescribeNodeGroups"]
    assert groups["Action"] == "eks:DescribeNodegroup"
    assert groups["Resource"] == f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{CLUSTER}/*/*"


def test_the_csi_driver_has_its_managed_policy_and_the_volume_key(graph: Graph) -> None:
    (attached,) = of_type(graph, "RolePolicyAttachment").values()
    assert attached.inputs["policyArn"] == "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
    found = statements(graph, "ebs-csi")
    assert {statement["Resource"] for statement in found.values()} == {KEYS["ebs"]}
    assert found["AttachVolumes"]["Action"] == "kms:CreateGrant"
    assert found["AttachVolumes"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    use = found["EncryptVolumes"]
    assert use["Action"] == [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}}


def test_external_secrets_reads_this_stacks_secrets_only(graph: Graph) -> None:
    found = statements(graph, "external-secrets")
    read, decrypt = found["ReadSecrets"], found["KeyOfTheseSecrets"]
    assert read["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    assert read["Resource"] == SECRETS
    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], KEYS["secrets"])
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": SECRETS},
    }


def test_the_first_start_of_vault_writes_two_entries_and_reads_one_back(graph: Graph) -> None:
    found = statements(graph, "vault-init")
    both = [secret("vault-recovery-keys"), secret("vault-root-token")]
    assert {sid: (s["Action"], s["Resource"]) for sid, s in found.items()} == {
        "WriteKeysAndToken": ("secretsmanager:PutSecretValue", both),
        "ReadToken": ("secretsmanager:GetSecretValue", both[1:]),
        "KeyOfTheseSecrets": (["kms:Decrypt", "kms:GenerateDataKey"], KEYS["secrets"]),
    }
    assert found["KeyOfTheseSecrets"]["Condition"]["StringLike"] == {"kms:EncryptionContext:SecretARN": both}


def test_nobody_else_reads_what_the_first_start_wrote(graph: Graph) -> None:
    for role, statement in every_statement(graph):
        if role != "vault-init" and "secretsmanager:GetSecretValue" in texts(statement["Action"]):
            assert not {r for r in texts(statement["Resource"]) if "vault" in r or r.endswith("/*")}, role


def test_the_load_balancer_controller_has_every_action_of_its_reference_policy(graph: Graph) -> None:
    actions = {
        action
        for statement in statements(graph, "load-balancer-controller").values()
        for action in texts(statement["Action"])
    }
    assert actions == {f"{service}:{name}" for service, names in REFERENCE.items() for name in names.split()}


def test_the_load_balancer_controller_changes_what_is_this_clusters(graph: Graph) -> None:
    found = statements(graph, "load-balancer-controller")
    own = {"StringEquals": {"aws:ResourceTag/elbv2.k8s.aws/cluster": CLUSTER}}
    new = {"aws:RequestTag/elbv2.k8s.aws/cluster": CLUSTER}
    assert found["OwnGroups"]["Condition"] == found["ModifyOwn"]["Condition"] == own
    assert found["Create"]["Condition"] == {"StringEquals": new}
    assert found["TagNewGroups"]["Condition"] == {
        "StringEquals": {**new, "ec2:CreateAction": "CreateSecurityGroup"}
    }
    assert found["TagNew"]["Condition"] == {
        "StringEquals": {
            **new,
            "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
        }
    }
    for sid in ("TagOwn", "TagOwnGroups"):
        assert found[sid]["Condition"] == {"Null": {"aws:RequestTag/elbv2.k8s.aws/cluster": "true"}, **own}
    assert found["NodeGroups"]["Condition"] == {
        "Null": {f"aws:ResourceTag/kubernetes.io/cluster/{CLUSTER}": "false"}
    }


def test_the_load_balancer_controllers_resources(graph: Graph) -> None:
    found = statements(graph, "load-balancer-controller")

    def balancing(*kinds: str) -> list[str]:
        return [f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:{kind}/*" for kind in kinds]

    groups = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/*"
    vpcs = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/*"
    elb = "elasticloadbalancing.amazonaws.com"
    assert {sid: texts(statement["Resource"]) for sid, statement in found.items()} == {
        "Describe": ["*"],
        "CertificatesAndFirewalls": ["*"],
        "ServiceRole": [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{elb}/*"],
        "NodeGroups": [groups],
        "CreateGroups": [groups, vpcs],
        "TagNewGroups": [groups],
        "TagOwnGroups": [groups],
        "OwnGroups": [groups],
        "Create": balancing("loadbalancer", "targetgroup"),
        "TagNew": balancing("loadbalancer", "targetgroup"),
        "TagOwn": balancing("loadbalancer", "targetgroup"),
        "TagListeners": balancing("listener", "listener-rule"),
        "ModifyOwn": balancing("loadbalancer", "targetgroup", "listener"),
        "Listeners": balancing("loadbalancer", "listener", "listener-rule"),
        "Targets": balancing("targetgroup"),
    }
    assert found["ServiceRole"]["Condition"] == {"StringEquals": {"iam:AWSServiceName": elb}}
