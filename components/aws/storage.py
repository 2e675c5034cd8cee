"""S3 buckets: private, encrypted, versioned as specified, logged, and with a life cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Statement, Text, document
from components.base import Component, merge_tags
from sizing.specs import BucketSpec

ACCESS_LOGS = "access-logs"

ABORT_UPLOADS_DAYS = 7
"""Parts of uploads that never finished are billed and invisible; a week is longer than any retry."""

OLDEST_TLS = "1.2"


@dataclass(frozen=True)
class StorageArgs:
    """``key_arn``: full ARN of the key that encrypts all buckets except the one for access logs."""

    specs: tuple[BucketSpec, ...]
    key_arn: Text
    account_id: Text
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Storage(Component):
    """Buckets by purpose, each with public access blocked, ACLs off, TLS only, and access logs.

    The bucket for access logs, when there is one, is encrypted with S3's own keys: S3 does not deliver access
    logs to a bucket whose default encryption is KMS
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html). It logs no
    access to itself. Names are made by Pulumi, since bucket names are shared by all accounts.
    ``force_destroy`` is off: a bucket that holds objects is not deleted. Where the specification protects a
    bucket, its settings are protected too: a refused destroy has by then deleted everything unprotected. Does
    not replicate to other regions.

    Attributes:
        buckets: purpose -> bucket.
        arns: purpose -> ARN.
    """

    TYPE = "ai-gateway:aws:Storage"

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.buckets: dict[str, aws.s3.Bucket] = {spec.purpose: self._bucket(spec) for spec in args.specs}
        self.arns: dict[str, pulumi.Output[str]] = {purpose: b.arn for purpose, b in self.buckets.items()}
        policies = {spec.purpose: self._close(spec) for spec in args.specs}
        for spec in args.specs:
            self._encrypt(spec)
            self._keep(spec)
            if spec.purpose != ACCESS_LOGS and ACCESS_LOGS in self.buckets:
                self._log(spec, policies[ACCESS_LOGS])
        self.register_outputs({"arns": self.arns})

    def _named(self, spec: BucketSpec) -> str:
        return f"{self.prefix}-{spec.purpose}"

    def _bucket(self, spec: BucketSpec) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            self._named(spec),
            force_destroy=False,
            tags=merge_tags(self._args.tags, Purpose=spec.purpose),
            opts=self.child(protect=spec.protect),
        )

    def _close(self, spec: BucketSpec) -> aws.s3.BucketPolicy:
        bucket = self.buckets[spec.purpose]
        closed = aws.s3.BucketPublicAccessBlock(
            self._named(spec),
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(protect=spec.protect),
        )
        aws.s3.BucketOwnershipControls(
            self._named(spec),
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child(protect=spec.protect),
        )
        return aws.s3.BucketPolicy(
            self._named(spec),
            bucket=bucket.id,
            policy=document(*self._policy(spec)),
            # S3 refuses to change a bucket's policy and its public access block at the same time
            opts=self.child(protect=spec.protect, depends_on=[closed]),
        )

    def _policy(self, spec: BucketSpec) -> list[Statement]:
        arn = self.arns[spec.purpose]
        objects = pulumi.Output.concat(arn, "/*")
        statements: list[Statement] = [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, objects],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "NoOldTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, objects],
                "Condition": {"NumericLessThan": {"s3:TlsVersion": OLDEST_TLS}},
            },
        ]
        sources = [source for purpose, source in self.arns.items() if purpose != ACCESS_LOGS]
        if spec.purpose == ACCESS_LOGS and sources:
            statements.append(
                {
                    "Sid": "LogsOfOurBuckets",
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": objects,
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": self._args.account_id},
                        "ArnEquals": {"aws:SourceArn": sources},
                    },
                }
            )
        return statements

    def _encrypt(self, spec: BucketSpec) -> None:
        with_s3_keys = spec.purpose == ACCESS_LOGS
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256" if with_s3_keys else "aws:kms",
            kms_master_key_id=None if with_s3_keys else self._args.key_arn,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            self._named(spec),
            bucket=self.buckets[spec.purpose].id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    bucket_key_enabled=not with_s3_keys,  # one KMS call for many objects
                )
            ],
            opts=self.child(protect=spec.protect),
        )

    def _keep(self, spec: BucketSpec) -> None:
        """Versioning and life cycle; the rules for old versions need versioning first."""
        bucket = self.buckets[spec.purpose]
        before: list[pulumi.Resource] = []
        if spec.versioned:
            before.append(
                aws.s3.BucketVersioning(
                    self._named(spec),
                    bucket=bucket.id,
                    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                        status="Enabled"
                    ),
                    opts=self.child(protect=spec.protect),
                )
            )
        aws.s3.BucketLifecycleConfiguration(
            self._named(spec),
            bucket=bucket.id,
            rules=_lifecycle(spec),
            opts=self.child(protect=spec.protect, depends_on=before),
        )

    def _log(self, spec: BucketSpec, may_log: aws.s3.BucketPolicy) -> None:
        aws.s3.BucketLogging(
            self._named(spec),
            bucket=self.buckets[spec.purpose].id,
            target_bucket=self.buckets[ACCESS_LOGS].id,
            target_prefix=f"{spec.purpose}/",
            opts=self.child(protect=spec.protect, depends_on=[may_log]),
        )


def _lifecycle(spec: BucketSpec) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Rules for the whole bucket: abort uploads always, expiry and old versions as specified."""
    everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs
    upload = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs
    expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs
    noncurrent = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs
    rules = [
        rule(
            id="abort-uploads",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=upload(days_after_initiation=ABORT_UPLOADS_DAYS),
        )
    ]
    if spec.expire_days is not None:
        rules.append(
            rule(
                id="expire",
                status="Enabled",
                filter=everything,
                expiration=expiration(days=spec.expire_days),
            )
        )
    if spec.versioned and spec.noncurrent_days is not None:
        rules.append(
            rule(
                id="expire-old-versions",
                status="Enabled",
                filter=everything,
                noncurrent_version_expiration=noncurrent(noncurrent_days=spec.noncurrent_days),
                # S3 refuses this together with days, which removes such markers anyway
                expiration=expiration(expired_object_delete_marker=True)
                if spec.expire_days is None
                else None,
            )
        )
    return rules
