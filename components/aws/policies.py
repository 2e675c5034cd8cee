"""What each workload role may do in AWS: least privilege, one function per role.

Actions on ``"*"`` occur only where AWS offers nothing narrower (describing calls).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.iam import Arns, Statement, Text, allow
from components.aws.pod_logs import group_name
from components.aws.policies_load_balancer import load_balancer_controller

SNAPSHOTS = "vault-snapshots"
THANOS = "thanos"
MODEL_CACHE = "model-cache"
RECOVERY_KEYS, ROOT_TOKEN = "vault-recovery-keys", "vault-root-token"
"""Entries of the secret store that the first start of Vault fills."""

EBS_CSI_POLICY = "AmazonEBSCSIDriverPolicyV2"
"""Maintained by AWS with the driver, limited to volumes that the driver made; holds nothing about keys
(https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEBSCSIDriverPolicyV2.html)."""

_LIST = ("s3:ListBucket", "s3:GetBucketLocation")
_READ = ("s3:GetObject",)
_WRITE = ("s3:PutObject", "s3:AbortMultipartUpload")
_DELETE = ("s3:DeleteObject",)


@dataclass(frozen=True)
class Grants:
    """What the policies refer to.

    ``bucket_arns`` and ``key_arns`` are by purpose; ``bedrock`` lets LiteLLM call models there;
    ``secret_prefix`` stands before every name in the secret store; ``secret_names`` are those that pods get.
    """

    arns: Arns
    cluster_name: str
    bucket_arns: Mapping[str, Text]
    key_arns: Mapping[str, Text]
    secret_prefix: str
    secret_names: tuple[str, ...]
    bedrock: bool

    def secrets(self, *names: str) -> list[pulumi.Output[str]]:
        """ARNs of entries, which end in a hyphen and six characters of the service's own
        (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html)."""
        return [
            self.arns.regional("secretsmanager", f"secret:{self.secret_prefix}{name}-??????")
            for name in names
        ]


@dataclass(frozen=True)
class Permissions:
    """Statements of a role's own policy, and policies of AWS by name."""

    statements: tuple[Statement, ...] = ()
    managed: tuple[str, ...] = ()


def permissions(role: str, grants: Grants) -> Permissions | None:
    """What ``role`` may do, or None when it may do nothing and needs no role at all (Bedrock off, no such
    bucket).

    Raises:
        ValueError: no policy is known for the role.
    """
    if role not in _POLICIES:
        raise ValueError(f"no policy for the role {role!r}; there are {', '.join(sorted(_POLICIES))}")
    return _POLICIES[role](grants)


def _litellm(grants: Grants) -> Permissions | None:
    """Calling models, also through inference profiles, which reach the same model in several regions."""
    if not grants.bedrock:
        return None
    models = [
        grants.arns.any_region("bedrock", "foundation-model/*"),
        grants.arns.regional("bedrock", "inference-profile/*"),
        grants.arns.regional("bedrock", "application-inference-profile/*"),
    ]
    return Permissions(
        (allow("CallModels", ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], models),)
    )


def _vault(grants: Grants) -> Permissions:
    """Sealing and unsealing (https://developer.hashicorp.com/vault/docs/configuration/seal/awskms)."""
    actions = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]
    return Permissions((allow("SealAndUnseal", actions, grants.key_arns["seal"]),))


def _vault_snapshot(grants: Grants) -> Permissions | None:
    """Writing snapshots; not reading or deleting them, so that who can run the job cannot take or lose the
    data."""
    return _bucket(grants, SNAPSHOTS, _WRITE, writes=True)


def _vault_init(grants: Grants) -> Permissions:
    """Writing Vault's recovery keys, which it cannot read again, and its first root token, which it can: a
    run that broke off goes on with it. Writing takes both rights on the key
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html)."""
    both = grants.secrets(RECOVERY_KEYS, ROOT_TOKEN)
    return Permissions(
        (
            allow("WriteKeysAndToken", "secretsmanager:PutSecretValue", both),
            allow("ReadToken", "secretsmanager:GetSecretValue", grants.secrets(ROOT_TOKEN)),
            _secrets_key(grants, ["kms:Decrypt", "kms:GenerateDataKey"], both),
        )
    )


def _secrets_key(grants: Grants, use: Sequence[str], secrets: Sequence[Text]) -> Statement:
    """The key of the secret store, for these entries alone."""
    return allow(
        "KeyOfTheseSecrets",
        use,
        grants.key_arns["secrets"],
        {
            "StringEquals": {"kms:ViaService": grants.arns.via("secretsmanager")},
            "StringLike": {"kms:EncryptionContext:SecretARN": secrets},
        },
    )


def _thanos(grants: Grants) -> Permissions | None:
    """https://github.com/thanos-io/objstore#s3: the compactor also deletes."""
    return _bucket(grants, THANOS, (*_READ, *_WRITE, *_DELETE), writes=True)


def _prometheus(grants: Grants) -> Permissions | None:
    """Its sidecar uploads blocks; deleting is the compactor's."""
    return _bucket(grants, THANOS, (*_READ, *_WRITE), writes=True)


def _vllm(grants: Grants) -> Permissions | None:
    return _bucket(grants, MODEL_CACHE, _READ, writes=False)


def _model_cache(grants: Grants) -> Permissions | None:
    return _bucket(grants, MODEL_CACHE, (*_READ, *_WRITE), writes=True)


def _bucket(grants: Grants, purpose: str, objects: tuple[str, ...], *, writes: bool) -> Permissions | None:
    """Listing one bucket, ``objects`` on its objects, and the storage key for this bucket alone.

    With a bucket key S3 sends the bucket's ARN as encryption context, otherwise the object's. Uploads in
    parts need Decrypt as well
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
    """
    if purpose not in grants.bucket_arns:
        return None
    bucket = grants.bucket_arns[purpose]
    inside = pulumi.Output.concat(bucket, "/*")
    use = ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"]
    key = allow(
        "KeyForThisBucket",
        use,
        grants.key_arns["storage"],
        {
            "StringEquals": {"kms:ViaService": grants.arns.via("s3")},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, inside]},
        },
    )
    return Permissions((allow("Bucket", _LIST, bucket), allow("Objects", objects, inside), key))


def _cloud_metrics(_: Grants) -> Permissions:
    """Reading figures, which AWS cannot narrow to resources; finding them by tag
    (https://github.com/prometheus-community/yet-another-cloudwatch-exporter#authentication)."""
    actions = [
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
        "tag:GetResources",
    ]
    return Permissions((allow("ReadMetrics", actions, "*"),))


def _log_agent(grants: Grants) -> Permissions:
    """Writing to the one group that exists; neither making groups nor reading them."""
    streams = grants.arns.regional("logs", f"log-group:{group_name(grants.cluster_name)}:*")
    return Permissions((allow("WritePodLogs", "logs:PutLogEvents", streams),))


def _cluster_autoscaler(grants: Grants) -> Permissions:
    """Scaling this cluster's groups, which EKS tags by itself
    (https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md)."""
    describe = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
    ]
    owned = f"aws:ResourceTag/k8s.io/cluster-autoscaler/{grants.cluster_name}"
    return Permissions(
        (
            allow("Describe", describe, "*"),
            allow(
                "DescribeNodeGroups",
                "eks:DescribeNodegroup",
                grants.arns.regional("eks", f"nodegroup/{grants.cluster_name}/*/*"),
            ),
            allow(
                "ScaleOwnGroups",
                ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
                grants.arns.regional("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*"),
                {
                    "StringEquals": {
                        "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
                        owned: "owned",
                    }
                },
            ),
        )
    )


def _ebs_csi(grants: Grants) -> Permissions:
    """AWS's policy for volumes, and the key they are encrypted with
    (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md)."""
    key = grants.key_arns["ebs"]
    use = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]
    return Permissions(
        (
            allow("EncryptVolumes", use, key, {"StringEquals": {"kms:ViaService": grants.arns.via("ec2")}}),
            allow("AttachVolumes", "kms:CreateGrant", key, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ),
        (EBS_CSI_POLICY,),
    )


def _external_secrets(grants: Grants) -> Permissions:
    """Reading what pods get, entry by entry: Vault's recovery keys and whatever else lies under the prefix
    stay out of reach. Listing the store is not needed."""
    secrets = grants.secrets(*grants.secret_names)
    return Permissions(
        (
            allow("ReadSecrets", ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], secrets),
            _secrets_key(grants, ["kms:Decrypt"], secrets),
        )
    )


def _load_balancer_controller(grants: Grants) -> Permissions:
    return Permissions(load_balancer_controller(grants.arns, grants.cluster_name))


_POLICIES: Mapping[str, Callable[[Grants], Permissions | None]] = {
    "cloud-metrics": _cloud_metrics,
    "cluster-autoscaler": _cluster_autoscaler,
    "ebs-csi": _ebs_csi,
    "external-secrets": _external_secrets,
    "litellm": _litellm,
    "log-agent": _log_agent,
    "load-balancer-controller": _load_balancer_controller,
    "model-cache": _model_cache,
    "prometheus": _prometheus,
    "thanos": _thanos,
    "vault": _vault,
    "vault-init": _vault_init,
    "vault-snapshot": _vault_snapshot,
    "vllm": _vllm,
}
