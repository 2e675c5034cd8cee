"""Which resources hold data that goes when they go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from infra.graph.model import Resource

DATA_TYPES: Final = frozenset(
    {
        "aws:ebs/volume:Volume",
        "aws:efs/fileSystem:FileSystem",
        "aws:eks/cluster:Cluster",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:kms/key:Key",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:secretsmanager/secret:Secret",
        "eks:index:Cluster",
        "gcp:compute/disk:Disk",
        "gcp:container/cluster:Cluster",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:kms/keyRing:KeyRing",
        "gcp:redis/cluster:Cluster",
        "gcp:redis/instance:Instance",
        "gcp:secretmanager/secret:Secret",
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:storage/bucket:Bucket",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:core/v1:PersistentVolumeClaim",
    }
)
"""Databases, caches, buckets, keys and secrets (what they encrypt or open is lost with them), volumes, and
clusters (the volumes that their controllers made are unknown to Pulumi)."""

RELEASE_TYPES: Final = frozenset({"kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart"})

CLAIM_KEYS: Final = frozenset(
    {"auditStorage", "dataStorage", "persistence", "persistentVolume", "persistentVolumeClaim", "storageSpec"}
    | {"volumeClaimTemplate", "volumeClaimTemplates"}
)
"""Names under which charts ask for volumes; a release with one of them, not switched off, owns claims."""


def holds_data(resource: Resource) -> bool:
    """Whether replacing or deleting the resource loses data that Pulumi does not put back."""
    if resource.type in RELEASE_TYPES:
        return any(_claims(resource.inputs.get("values")))
    return resource.type in DATA_TYPES


def _claims(value: JsonValue) -> Iterator[bool]:
    if isinstance(value, dict):
        for key, item in value.items():
            off = not item or (isinstance(item, dict) and item.get("enabled") is False)
            if key in CLAIM_KEYS and not off:
                yield True
            yield from _claims(item)
    elif isinstance(value, list):
        for item in value:
            yield from _claims(item)
