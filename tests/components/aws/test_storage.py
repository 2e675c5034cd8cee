"""Buckets: closed, encrypted, TLS only, logged, protected, with a life cycle."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws.storage import Storage, StorageArgs
from infra.graph.model import Graph, Resource
from sizing.specs import BucketSpec
from tests.factories_foundation import (
    ACCOUNT,
    REGION,
    TAGS,
    Build,
    bucket_spec,
    captured,
    check_contract,
    of_type,
    policy,
)

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/storage"
SPECS = (
    bucket_spec("vault-snapshots", expire_days=35, noncurrent_days=7),
    bucket_spec("thanos", noncurrent_days=14),
    bucket_spec("model-cache", versioned=False, noncurrent_days=None, protect=False),
    bucket_spec("access-logs", versioned=False, expire_days=90, noncurrent_days=None, protect=False),
)
SETTINGS = (
    "BucketPublicAccessBlock",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketServerSideEncryptionConfiguration",
    "BucketLifecycleConfiguration",
)


def build(*specs: BucketSpec) -> Build:
    args = StorageArgs(specs or SPECS, KEY, ACCOUNT, TAGS)
    return lambda opts: Storage("storage", args, opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def rules(graph: Graph, purpose: str) -> dict[str, Any]:
    found = of_type(graph, "BucketLifecycleConfiguration")[f"storage-{purpose}"].inputs["rules"]
    assert isinstance(found, list)
    assert all(isinstance(rule, dict) and rule["status"] == "Enabled" for rule in found)
    assert all(isinstance(rule, dict) and rule["filter"] == {"prefix": ""} for rule in found)
    return {str(rule["id"]): rule for rule in found if isinstance(rule, dict)}


def test_contract() -> None:
    check_contract(build())


def test_a_bucket_per_purpose_named_by_pulumi_and_never_emptied(graph: Graph) -> None:
    buckets = of_type(graph, "Bucket")
    assert set(buckets) == {f"storage-{spec.purpose}" for spec in SPECS}
    for bucket in buckets.values():
        assert "bucket" not in bucket.inputs
        assert bucket.inputs["forceDestroy"] is False


@pytest.mark.parametrize("type_", ["Bucket", *SETTINGS])
def test_protection_is_the_specifications_for_bucket_and_settings(graph: Graph, type_: str) -> None:
    protected = {name: resource.protect for name, resource in of_type(graph, type_).items()}
    assert protected == {f"storage-{spec.purpose}": spec.protect for spec in SPECS}


def test_no_bucket_is_public_and_acls_are_off(graph: Graph) -> None:
    for block in of_type(graph, "BucketPublicAccessBlock").values():
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert [block.inputs[switch] for switch in switches] == [True] * 4
    for ownership in of_type(graph, "BucketOwnershipControls").values():
        assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_everything_but_access_logs_is_encrypted_with_our_key(graph: Graph) -> None:
    encryption = of_type(graph, "BucketServerSideEncryptionConfiguration")
    ours = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}}
    for spec in SPECS[:3]:
        assert encryption[f"storage-{spec.purpose}"].inputs["rules"] == [{**ours, "bucketKeyEnabled": True}]
    # S3 delivers no access logs to a bucket whose default is KMS
    assert encryption["storage-access-logs"].inputs["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": False}
    ]


@pytest.mark.parametrize("purpose", [spec.purpose for spec in SPECS])
def test_plain_http_and_old_tls_are_denied(purpose: str) -> None:
    found = of_type(captured(build(), preview=False), "BucketPolicy")[f"storage-{purpose}"]
    statements = policy(found.inputs["policy"])
    both = [f"storage-{purpose}-arn", f"storage-{purpose}-arn/*"]
    for sid, condition in {
        "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
        "NoOldTls": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }.items():
        assert statements[sid]["Effect"] == "Deny"
        assert statements[sid]["Principal"] == "*"
        assert statements[sid]["Action"] == "s3:*"
        assert statements[sid]["Resource"] == both
        assert statements[sid]["Condition"] == condition


def test_the_policy_waits_for_the_public_access_block(graph: Graph) -> None:
    blocks = of_type(graph, "BucketPublicAccessBlock")
    for name, found in of_type(graph, "BucketPolicy").items():
        assert blocks[name].urn in found.depends_on


def test_access_logs_come_from_our_buckets_only() -> None:
    policies = of_type(captured(build(), preview=False), "BucketPolicy")
    allowed = policy(policies["storage-access-logs"].inputs["policy"])["LogsOfOurBuckets"]
    assert allowed["Effect"] == "Allow"
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Resource"] == "storage-access-logs-arn/*"
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": [f"storage-{spec.purpose}-arn" for spec in SPECS[:3]]},
    }
    assert set(policy(policies["storage-thanos"].inputs["policy"])) == {"TlsOnly", "NoOldTls"}


def test_every_other_bucket_logs_into_it_once_it_may(graph: Graph) -> None:
    logging = of_type(graph, "BucketLogging")
    assert set(logging) == {f"storage-{spec.purpose}" for spec in SPECS[:3]}
    may = of_type(graph, "BucketPolicy")["storage-access-logs"].urn
    for spec in SPECS[:3]:
        found: Resource = logging[f"storage-{spec.purpose}"]
        assert found.inputs["targetPrefix"] == f"{spec.purpose}/"
        assert may in found.depends_on
        (target,) = [
            urn
            for urn in found.property_depends_on["targetBucket"]
            if urn.endswith("Bucket::storage-access-logs")
        ]
        assert target


def test_without_a_bucket_for_them_there_are_no_access_logs() -> None:
    assert not of_type(captured(build(bucket_spec("thanos"))), "BucketLogging")


def test_versions_are_kept_where_specified(graph: Graph) -> None:
    versioning = of_type(graph, "BucketVersioning")
    assert set(versioning) == {"storage-vault-snapshots", "storage-thanos"}
    for found in versioning.values():
        assert found.inputs["versioningConfiguration"] == {"status": "Enabled"}
        assert found.protect is True
    lifecycle = of_type(graph, "BucketLifecycleConfiguration")
    for name, found in versioning.items():
        assert found.urn in lifecycle[name].depends_on


def test_objects_leave_when_the_specification_says(graph: Graph) -> None:
    snapshots = rules(graph, "vault-snapshots")
    assert snapshots["expire"]["expiration"] == {"days": 35}
    assert snapshots["expire-old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert "expiration" not in snapshots["expire-old-versions"]  # S3 refuses a marker rule beside days
    thanos = rules(graph, "thanos")
    assert set(thanos) == {"abort-uploads", "expire-old-versions"}
    assert thanos["expire-old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 14}
    assert thanos["expire-old-versions"]["expiration"] == {"expiredObjectDeleteMarker": True}
    assert set(rules(graph, "model-cache")) == {"abort-uploads"}
    assert rules(graph, "access-logs")["expire"]["expiration"] == {"days": 90}


@pytest.mark.parametrize("purpose", [spec.purpose for spec in SPECS])
def test_unfinished_uploads_are_removed_everywhere(graph: Graph, purpose: str) -> None:
    rule = rules(graph, purpose)["abort-uploads"]
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_buckets_are_found_by_purpose() -> None:
    found: list[Storage] = []

    def program(opts: pulumi.ResourceOptions) -> None:
        found.append(Storage("storage", StorageArgs(SPECS, KEY, ACCOUNT, TAGS), opts))

    captured(program)
    assert list(found[0].buckets) == list(found[0].arns) == [spec.purpose for spec in SPECS]
