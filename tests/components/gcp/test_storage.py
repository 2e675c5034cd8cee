"""Buckets: nobody from outside, nothing in the clear, nothing deleted by mistake."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.storage import LOG_WRITER, Storage, StorageArgs
from infra.graph.model import Graph
from tests import factories_gcp as make

SPECS = (
    make.bucket_spec("vault-snapshots", expire_days=90),
    make.bucket_spec("model-cache", versioned=False, protect=False),
    make.bucket_spec("thanos", versioned=False),
    make.bucket_spec("access-logs", versioned=False, expire_days=60),
)


def build(opts: pulumi.ResourceOptions, *specs: Any) -> Storage:
    keys = make.keys(opts)
    args = StorageArgs(
        specs or SPECS, make.PROJECT, make.REGION, keys.ids["storage"], keys.grants["storage"], make.TAGS
    )
    return Storage("buckets", args, opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return make.captured(build, preview=False)


def rules(graph: Graph, purpose: str) -> list[Any]:
    found: Any = make.of_type(graph, "Bucket")[f"buckets-{purpose}"].inputs["lifecycleRules"]
    return [(rule["action"]["type"], rule["condition"]) for rule in found]


def test_contract() -> None:
    make.check_contract(build)


def test_every_bucket_is_closed_encrypted_and_regional(graph: Graph) -> None:
    found = make.of_type(graph, "Bucket")
    assert set(found) == {f"buckets-{spec.purpose}" for spec in SPECS}
    for bucket in found.values():
        assert bucket.inputs["uniformBucketLevelAccess"] is True
        assert bucket.inputs["publicAccessPrevention"] == "enforced"
        assert bucket.inputs["forceDestroy"] is False
        assert bucket.inputs["encryption"] == {"defaultKmsKeyName": "keys-storage-id"}
        assert bucket.inputs["location"] == "US-CENTRAL1"
        assert "name" not in bucket.inputs
        assert "CryptoKeyIAMMember keys-storage-storage" in make.depends_on(graph, bucket)


def test_protection_versions_and_soft_delete_follow_the_specification(graph: Graph) -> None:
    found = {name.removeprefix("buckets-"): r for name, r in make.of_type(graph, "Bucket").items()}
    assert {name: r.protect for name, r in found.items()} == {s.purpose: s.protect for s in SPECS}
    assert {n: r.inputs["versioning"] for n, r in found.items()} == {
        s.purpose: {"enabled": s.versioned} for s in SPECS
    }
    kept: dict[str, Any] = {n: r.inputs["softDeletePolicy"] for n, r in found.items()}
    assert {n: k["retentionDurationSeconds"] for n, k in kept.items()} == {
        "vault-snapshots": 0,  # old versions are kept already
        "model-cache": 0,
        "thanos": 604_800,
        "access-logs": 604_800,
    }


def test_life_cycle(graph: Graph) -> None:
    abort = ("AbortIncompleteMultipartUpload", {"age": 7})
    assert rules(graph, "model-cache") == [abort]
    assert rules(graph, "thanos") == [abort]
    assert rules(graph, "vault-snapshots") == [
        abort,
        ("Delete", {"age": 90, "withState": "LIVE"}),
        ("Delete", {"daysSinceNoncurrentTime": 30, "withState": "ARCHIVED"}),
    ]


def test_accesses_are_logged_except_those_to_the_logs(graph: Graph) -> None:
    found = make.of_type(graph, "Bucket")
    assert "logging" not in found["buckets-access-logs"].inputs
    for spec in SPECS[:3]:
        assert found[f"buckets-{spec.purpose}"].inputs["logging"] == {
            "logBucket": "buckets-access-logs-name",
            "logObjectPrefix": spec.purpose,
        }
    writer = make.of_type(graph, "BucketIAMMember")["buckets-access-logs-writer"].inputs
    assert (writer["member"], writer["role"]) == (LOG_WRITER, "roles/storage.objectCreator")


def test_without_a_bucket_for_them_nothing_is_logged() -> None:
    graph = make.captured(lambda opts: build(opts, *SPECS[:2]))
    assert all("logging" not in r.inputs for r in make.of_type(graph, "Bucket").values())
    assert not make.of_type(graph, "BucketIAMMember")
