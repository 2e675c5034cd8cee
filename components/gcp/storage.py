"""Cloud Storage buckets: private, encrypted, versioned as specified, and with a life cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.gcp.labels import Text, labels
from sizing.specs import BucketSpec

ACCESS_LOGS = "access-logs"

LOG_WRITER = "group:cloud-storage-analytics@google.com"
"""Who delivers usage logs (https://cloud.google.com/storage/docs/access-logs)."""

SOFT_DELETE_S = 7 * 86_400
"""Deleted objects of a protected bucket can be brought back for a week: Google's default, stated so that it
does not follow an organisation's change."""

ABORT_UPLOADS_DAYS = 7
"""Parts of uploads that never finished are billed and invisible; a week is longer than any retry."""


@dataclass(frozen=True)
class StorageArgs:
    """``key_id``: full name of the key in ``region``; ``before``: the API and the grant of the key."""

    specs: tuple[BucketSpec, ...]
    project: str
    region: str
    key_id: Text
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Storage(Component):
    """Buckets by purpose, in the cluster's region, with IAM as the only access and never a public one.

    Names are made by Pulumi, since bucket names are shared by all projects. ``force_destroy`` is off: a
    bucket that holds objects is not deleted. Versioned buckets have no soft delete on top, which would bill
    every old version twice; nor has a bucket that is not protected, since it can be filled again. The
    Google Cloud API speaks TLS only. Does not replicate to other regions.

    Attributes:
        buckets: purpose -> bucket.
        names: purpose -> name of the bucket.
    """

    TYPE = "ai-gateway:gcp:Storage"

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._logs = next((self._bucket(spec) for spec in args.specs if spec.purpose == ACCESS_LOGS), None)
        self.buckets: dict[str, gcp.storage.Bucket] = {
            spec.purpose: self._logs
            if self._logs is not None and spec.purpose == ACCESS_LOGS
            else self._bucket(spec, logged=True)
            for spec in args.specs
        }
        self.names: dict[str, pulumi.Output[str]] = {p: bucket.name for p, bucket in self.buckets.items()}
        self._let_logs_in()
        self.register_outputs({"names": self.names})

    def _bucket(self, spec: BucketSpec, *, logged: bool = False) -> gcp.storage.Bucket:
        args = self._args
        return gcp.storage.Bucket(
            f"{self.prefix}-{spec.purpose}",
            project=args.project,
            location=args.region.upper(),  # as the API answers; else every preview shows a change
            force_destroy=False,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=gcp.storage.BucketVersioningArgs(enabled=spec.versioned),
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=args.key_id),
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=SOFT_DELETE_S if spec.protect and not spec.versioned else 0
            ),
            lifecycle_rules=_lifecycle(spec),
            logging=self._logging(spec) if logged else None,
            labels=labels(args.tags, purpose=spec.purpose),
            opts=self.child(protect=spec.protect, depends_on=[*args.before]),
        )

    def _logging(self, spec: BucketSpec) -> gcp.storage.BucketLoggingArgs | None:
        if self._logs is None:
            return None
        return gcp.storage.BucketLoggingArgs(log_bucket=self._logs.name, log_object_prefix=spec.purpose)

    def _let_logs_in(self) -> None:
        if self._logs is None:
            return
        gcp.storage.BucketIAMMember(
            f"{self.prefix}-{ACCESS_LOGS}-writer",
            bucket=self._logs.name,
            role="roles/storage.objectCreator",
            member=LOG_WRITER,
            opts=self.child(),
        )


def _lifecycle(spec: BucketSpec) -> list[gcp.storage.BucketLifecycleRuleArgs]:
    """Unfinished uploads always, expiry and old versions as specified."""
    rules = [_rule("AbortIncompleteMultipartUpload", age=ABORT_UPLOADS_DAYS)]
    if spec.expire_days is not None:
        rules.append(_rule("Delete", age=spec.expire_days, with_state="LIVE"))
    if spec.versioned and spec.noncurrent_days is not None:
        rules.append(_rule("Delete", days_since_noncurrent_time=spec.noncurrent_days, with_state="ARCHIVED"))
    return rules


def _rule(
    action: str,
    *,
    age: int | None = None,
    days_since_noncurrent_time: int | None = None,
    with_state: str | None = None,
) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type=action),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(
            age=age, days_since_noncurrent_time=days_since_noncurrent_time, with_state=with_state
        ),
    )
