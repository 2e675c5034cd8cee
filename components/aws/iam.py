"""IAM vocabulary: ARNs of one account and region, typed policy statements, policy documents.

Nothing here creates a resource. Account and partition are inputs because they are known only to the
deployment; ``pulumi.Output.json_dumps`` turns statements that contain outputs into one JSON document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi

Text = pulumi.Input[str]
Texts = pulumi.Input[str] | Sequence[pulumi.Input[str]]
Condition = Mapping[str, Mapping[str, Texts]]

INLINE_POLICY_LIMIT = 10_240
"""Characters of all inline policies of one role together, white space not counted
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""

TRUST_POLICY_LIMIT = 2_048
"""Characters of a role's trust policy, same source."""


class Principal(TypedDict, total=False):
    """Who a resource or trust policy speaks of: a service, or accounts and roles."""

    Service: Texts
    AWS: Texts


class Statement(TypedDict, total=False):
    """One statement of a policy. ``Sid`` takes letters and digits only: IAM refuses everything else."""

    Sid: str
    Effect: Literal["Allow", "Deny"]
    Principal: Principal | Literal["*"]
    Action: str | Sequence[str]
    Resource: Texts
    Condition: Condition


@dataclass(frozen=True)
class Arns:
    """ARNs of one account in one region. ``partition`` is "aws", "aws-us-gov" or "aws-cn"."""

    account_id: Text
    region: str
    partition: Text

    def regional(self, service: str, resource: Text) -> pulumi.Output[str]:
        """``arn:<partition>:<service>:<region>:<account>:<resource>``."""
        return pulumi.Output.concat(
            "arn:", self.partition, ":", service, ":", self.region, ":", self.account_id, ":", resource
        )

    def any_region(self, service: str, resource: str) -> pulumi.Output[str]:
        """An ARN of things AWS itself owns in any region, such as Bedrock's foundation models."""
        return pulumi.Output.concat("arn:", self.partition, ":", service, ":*::", resource)

    def iam(self, resource: str) -> pulumi.Output[str]:
        """An ARN of IAM, which has no region."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", self.account_id, ":", resource)

    def managed_policy(self, name: str) -> pulumi.Output[str]:
        """The ARN of a policy that AWS maintains."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::aws:policy/", name)

    def via(self, service: str) -> str:
        """The value of ``kms:ViaService`` for a service of this region."""
        return f"{service}.{self.region}.amazonaws.com"


def allow(
    sid: str, action: str | Sequence[str], resource: Texts, condition: Condition | None = None
) -> Statement:
    """A statement of an identity policy."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    if condition is not None:
        statement["Condition"] = condition
    return statement


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy document as compact JSON: the limits count characters."""
    content: Mapping[str, object] = {"Version": "2012-10-17", "Statement": list(statements)}
    return pulumi.Output.json_dumps(content, separators=(",", ":"))


def service_trust(service: str, condition: Condition) -> pulumi.Output[str]:
    """Trust of a role that an AWS service assumes; the condition keeps other accounts' resources out."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def pod_trust(arns: Arns, cluster_name: str, namespace: str, service_account: str) -> pulumi.Output[str]:
    """Trust of a role for one Kubernetes service account of one cluster, through EKS Pod Identity.

    The conditions are the session tags that Pod Identity sends; an association with ``disable_session_tags``
    would never satisfy them. ``aws:SourceArn`` is left out: it adds nothing to the cluster's tag, and a wrong
    form of it refuses every pod (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html,
    https://github.com/awslabs/mountpoint-s3-csi-driver/issues/781).
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": arns.account_id,
                    "aws:RequestTag/eks-cluster-arn": arns.regional("eks", f"cluster/{cluster_name}"),
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )
