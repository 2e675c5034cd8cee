"""KMS keys, one per purpose, each with a policy that names who may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Arns, Statement, Text, document
from components.base import Component, merge_tags
from sizing.specs import KeySpec

EBS = "ebs"
LOGS = "logs"

DELETION_WINDOW_DAYS = 30
"""The longest KMS offers: a key deleted by mistake takes everything it encrypts with it."""

_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey")
_DATA_KEYS = ("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")


@dataclass(frozen=True)
class KeysArgs:
    """``autoscaling_role_arn``: the service-linked role of Auto Scaling; KMS refuses a policy that names a
    role which does not exist, so it must be an output of (or depend on) ``ServiceLinkedRoles``."""

    specs: tuple[KeySpec, ...]
    cluster_name: str
    account_id: Text
    region: str
    partition: Text
    autoscaling_role_arn: Text
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Keys(Component):
    """Customer managed keys with yearly rotation, protected, and an alias ``alias/<cluster>/<purpose>`` each.

    Every policy first lets the account decide through IAM (AWS's own default: without it nobody could ever
    change the key again), then names the services that do not act with a caller's permissions: Auto Scaling
    for node volumes, CloudWatch Logs for log groups. RDS, ElastiCache, EKS, S3 and Secrets Manager act with
    the caller's permissions or grants and need no statement. Does not make replicas of multi-region keys in
    other regions.

    Attributes:
        keys: purpose -> key.
        arns: purpose -> ARN.
    """

    TYPE = "ai-gateway:aws:Keys"

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._arns = Arns(args.account_id, args.region, args.partition)
        self.keys: dict[str, aws.kms.Key] = {spec.purpose: self._key(spec) for spec in args.specs}
        self.arns: dict[str, pulumi.Output[str]] = {purpose: key.arn for purpose, key in self.keys.items()}
        self.register_outputs({"arns": self.arns})

    def _key(self, spec: KeySpec) -> aws.kms.Key:
        """A key and its alias. All are protected: each guards data that nothing can read without it."""
        key = aws.kms.Key(
            f"{self.prefix}-{spec.purpose}",
            description=f"{self._args.cluster_name}: {spec.purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            multi_region=spec.multi_region,
            policy=document(*self._policy(spec.purpose)),
            tags=merge_tags(self._args.tags, Name=f"{self._args.cluster_name}-{spec.purpose}"),
            opts=self.child(protect=True),
        )
        aws.kms.Alias(
            f"{self.prefix}-{spec.purpose}",
            name=f"alias/{self._args.cluster_name}/{spec.purpose}",
            target_key_id=key.key_id,
            opts=self.child(),
        )
        return key

    def _policy(self, purpose: str) -> list[Statement]:
        account: Statement = {
            "Sid": "AccountDecidesThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": self._arns.iam("root")},
            "Action": "kms:*",
            "Resource": "*",  # in a key policy: this key
        }
        services = {EBS: self._node_volumes, LOGS: self._log_groups}
        return [account, *services[purpose]()] if purpose in services else [account]

    def _node_volumes(self) -> list[Statement]:
        """https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html"""
        role = self._args.autoscaling_role_arn
        return [
            {
                "Sid": "AutoScalingUsesTheKey",
                "Effect": "Allow",
                "Principal": {"AWS": role},
                "Action": [*_USE, *_DATA_KEYS],
                "Resource": "*",
            },
            {
                "Sid": "AutoScalingGrantsTheKeyToVolumes",
                "Effect": "Allow",
                "Principal": {"AWS": role},
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ]

    def _log_groups(self) -> list[Statement]:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""
        groups = self._arns.regional("logs", "log-group:*")
        return [
            {
                "Sid": "LogGroupsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": self._arns.via("logs")},
                "Action": [*_USE, *_DATA_KEYS],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            }
        ]
