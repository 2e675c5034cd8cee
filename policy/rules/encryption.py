"""Everything at rest under keys of the stack's own, and the keys turned over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.graph import UNKNOWN
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import Demand, absent, at, failing, is_, own_key, present, true

_KEY = "Name a key of the stack's own (component Keys)."
_ON = "Switch the encryption on."


def _key(type_: str, path: str, when: str = "") -> Demand:
    """``when``: a property that, when set, means that the key is another resource's business."""
    return Demand(type_, path, own_key, "no key of the stack's own", _KEY, (when, absent) if when else None)


def _on(type_: str, path: str) -> Demand:
    return Demand(type_, path, true, "not encrypted", _ON)


DEMANDS: Final = (
    _key("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"),
    _on("aws:ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings[].ebs.encrypted"),
    _key("aws:ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings[].ebs.kmsKeyId"),
    _key("aws:eks/cluster:Cluster", "encryptionConfig.provider.keyArn"),
    _key("eks:index:Cluster", "encryptionConfigKeyArn"),
    _on("aws:elasticache/replicationGroup:ReplicationGroup", "atRestEncryptionEnabled"),
    _key("aws:elasticache/replicationGroup:ReplicationGroup", "kmsKeyId"),
    _on("aws:rds/instance:Instance", "storageEncrypted"),
    _key("aws:rds/instance:Instance", "kmsKeyId", when="replicateSourceDb"),
    Demand(
        "aws:rds/instance:Instance", "performanceInsightsKmsKeyId", own_key,
        "no key of the stack's own", _KEY, ("performanceInsightsEnabled", true),
    ),
    _key("aws:secretsmanager/secret:Secret", "kmsKeyId"),
    Demand(
        "gcp:container/cluster:Cluster", "databaseEncryption.state", is_("ENCRYPTED"), "not encrypted", _ON
    ),
    _key("gcp:container/cluster:Cluster", "databaseEncryption.keyName"),
    _key("gcp:container/cluster:Cluster", "nodeConfig.bootDiskKmsKey"),
    _key("gcp:container/nodePool:NodePool", "nodeConfig.bootDiskKmsKey"),
    _key("gcp:gkebackup/backupPlan:BackupPlan", "backupConfig.encryptionKey.gcpKmsEncryptionKey"),
    _key("gcp:redis/cluster:Cluster", "kmsKey"),
    _key(
        "gcp:secretmanager/secret:Secret",
        "replication.userManaged.replicas[].customerManagedEncryption.kmsKeyName",
    ),
    _key("gcp:sql/databaseInstance:DatabaseInstance", "encryptionKeyName", when="masterInstanceName"),
    _key("gcp:storage/bucket:Bucket", "encryption.defaultKmsKeyName"),
)  # fmt: skip
"""Replicas of a database take the key of what they replicate."""

STORAGE_CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"
CLASS_KEYS: Final = {"ebs.csi.aws.com": "kmsKeyId", "pd.csi.storage.gke.io": "disk-encryption-kms-key"}
"""Provisioner to the parameter that names the key."""

ROTATION: Final = (
    Demand(
        "aws:kms/key:Key", "enableKeyRotation", true, "the key is never turned over", "Set enableKeyRotation."
    ),
    Demand(
        "gcp:kms/cryptoKey:CryptoKey", "rotationPeriod", present, "the key is never turned over",
        "Set rotationPeriod.",
    ),
)  # fmt: skip


def _own_keys(scope: Scope) -> Iterator[Violation]:
    yield from failing(scope, DEMANDS)
    yield from _buckets(scope)
    for resource in scope.subjects(STORAGE_CLASS):
        name = CLASS_KEYS.get(str(resource.inputs.get("provisioner")))
        if name is None:
            continue
        aws = name == "kmsKeyId"
        keys, on = at(resource.inputs, f"parameters.{name}"), at(resource.inputs, "parameters.encrypted")
        if not all(map(own_key, keys)) or (aws and not all(v == UNKNOWN or true(v) for v in on)):
            yield Violation(
                resource.urn, f"{resource.name}: volumes without a key of the stack's own ({name})", _KEY
            )


def _buckets(scope: Scope) -> Iterator[Violation]:
    """Buckets of S3 say so in a resource beside them; one that takes access logs cannot use a key of its own
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html)."""
    rule = "rules[].applyServerSideEncryptionByDefault"
    for bucket in scope.subjects("aws:s3/bucket:Bucket"):
        found = scope.companions(
            bucket, "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        )
        logs = bool(scope.companions(bucket, "aws:s3/bucketLogging:BucketLogging", "targetBucket"))
        good = any(
            all(v in ("aws:kms", "aws:kms:dsse", UNKNOWN) for v in at(one.inputs, f"{rule}.sseAlgorithm"))
            and all(map(own_key, at(one.inputs, f"{rule}.kmsMasterKeyId")))
            for one in found
        )
        if not good and not (logs and found):
            yield Violation(bucket.urn, f"{bucket.name}: no key of the stack's own for its objects", _KEY)


RULES: Final = (
    Rule(
        "own-keys",
        "Data at rest, volumes, logs and secrets are encrypted with keys of the stack's own.",
        "high",
        _own_keys,
    ),
    Rule(
        "key-rotation",
        "Keys are turned over by the cloud.",
        "medium",
        lambda scope: failing(scope, ROTATION),
    ),
)
