"""Permissions of the AWS load balancer controller 3.5.

The actions are those of the controller's own reference policy
(https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json).
Narrower than the reference: what it tags must carry this cluster's name, not any cluster's; security groups
of nodes are those of this cluster; resources are of this account and region.
"""

from __future__ import annotations

from components.aws.iam import Arns, Condition, Statement, allow

_TAG = "elbv2.k8s.aws/cluster"

_DESCRIBE = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeCoipPools",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeIpamPools",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:GetCoipPoolUsage",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
)

_CERTIFICATES_AND_FIREWALLS = (
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "cognito-idp:DescribeUserPoolClient",
    "elasticloadbalancing:SetWebAcl",
    "iam:GetServerCertificate",
    "iam:ListServerCertificates",
    "shield:CreateProtection",
    "shield:DeleteProtection",
    "shield:DescribeProtection",
    "shield:GetSubscriptionState",
    "waf-regional:AssociateWebACL",
    "waf-regional:DisassociateWebACL",
    "waf-regional:GetWebACL",
    "waf-regional:GetWebACLForResource",
    "wafv2:AssociateWebACL",
    "wafv2:DisassociateWebACL",
    "wafv2:GetWebACL",
    "wafv2:GetWebACLForResource",
)

_MODIFY_OWN = (
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyCapacityReservation",
    "elasticloadbalancing:ModifyIpPools",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
)

_LISTENERS = (
    "elasticloadbalancing:AddListenerCertificates",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:RemoveListenerCertificates",
    "elasticloadbalancing:SetRulePriorities",
)

_INGRESS = ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
_TAGGING = ("elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags")


def load_balancer_controller(arns: Arns, cluster_name: str) -> tuple[Statement, ...]:
    """All statements; they fit one inline policy."""
    requested: Condition = {"StringEquals": {f"aws:RequestTag/{_TAG}": cluster_name}}
    return (
        allow("Describe", _DESCRIBE, "*"),
        allow("CertificatesAndFirewalls", _CERTIFICATES_AND_FIREWALLS, "*"),
        allow(
            "ServiceRole",
            "iam:CreateServiceLinkedRole",
            arns.iam("role/aws-service-role/elasticloadbalancing.amazonaws.com/*"),
            {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        ),
        *_security_groups(arns, cluster_name, requested),
        *_load_balancers(arns, cluster_name, requested),
    )


def _owned(cluster_name: str) -> Condition:
    return {"StringEquals": {f"aws:ResourceTag/{_TAG}": cluster_name}}


def _retag(cluster_name: str) -> Condition:
    """Other tags of what is this cluster's: the cluster's own tag is neither moved nor taken off."""
    return {"Null": {f"aws:RequestTag/{_TAG}": "true"}, **_owned(cluster_name)}


def _security_groups(arns: Arns, cluster_name: str, requested: Condition) -> tuple[Statement, ...]:
    groups = arns.regional("ec2", "security-group/*")
    creating: Condition = {
        "StringEquals": {**requested["StringEquals"], "ec2:CreateAction": "CreateSecurityGroup"}
    }
    nodes: Condition = {"Null": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster_name}": "false"}}
    return (
        allow("NodeGroups", _INGRESS, groups, nodes),
        allow("CreateGroups", "ec2:CreateSecurityGroup", [groups, arns.regional("ec2", "vpc/*")]),
        allow("TagNewGroups", "ec2:CreateTags", groups, creating),
        allow("TagOwnGroups", ["ec2:CreateTags", "ec2:DeleteTags"], groups, _retag(cluster_name)),
        allow("OwnGroups", [*_INGRESS, "ec2:DeleteSecurityGroup"], groups, _owned(cluster_name)),
    )


def _load_balancers(arns: Arns, cluster_name: str, requested: Condition) -> tuple[Statement, ...]:
    balancers = arns.regional("elasticloadbalancing", "loadbalancer/*")
    target_groups = arns.regional("elasticloadbalancing", "targetgroup/*")
    listeners = arns.regional("elasticloadbalancing", "listener/*")
    rules = arns.regional("elasticloadbalancing", "listener-rule/*")
    creating: Condition = {
        "StringEquals": {
            **requested["StringEquals"],
            "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
        }
    }
    create = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    targets = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
    return (
        allow("Create", create, [balancers, target_groups], requested),
        allow("TagNew", "elasticloadbalancing:AddTags", [balancers, target_groups], creating),
        allow("TagOwn", _TAGGING, [balancers, target_groups], _retag(cluster_name)),
        allow("TagListeners", _TAGGING, [listeners, rules]),
        allow("ModifyOwn", _MODIFY_OWN, [balancers, target_groups, listeners], _owned(cluster_name)),
        allow("Listeners", _LISTENERS, [balancers, listeners, rules]),
        allow("Targets", targets, target_groups),
    )
