"""LiteLLM's way to the cache: the chart's values and files; the rest is in its configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import RedisBinding
from components.kubernetes.labels import own_labels
from components.kubernetes.litellm_config import REDIS_CA_DIR, REDIS_CA_FILE

AUTHORITY = "redis-ca"


def cache_values(redis: RedisBinding) -> dict[str, object]:
    """The chart's ``redis`` block."""
    values: dict[str, object] = {"host": redis.host, "port": redis.port, "cluster": True}
    if redis.auth_secret is not None:
        values["passwordSecret"] = {"name": redis.auth_secret, "passwordKey": "password"}
    return values


def cache_authority(
    component: Component, redis: RedisBinding, namespace: str, ready: Sequence[pulumi.Resource]
) -> dict[str, object]:
    """Values that give the pods the certificates of the cache's authority as a file, when no system knows
    them. Other certificates roll the pods."""
    if redis.ca_pem is None:
        return {}
    stored = k8s.core.v1.ConfigMap(
        f"{component.prefix}-{AUTHORITY}",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=f"{component.prefix}-{AUTHORITY}", namespace=namespace, labels=own_labels()
        ),
        data={REDIS_CA_FILE: redis.ca_pem},
        opts=component.child(depends_on=list(ready)),
    )
    return {
        "podAnnotations": {f"checksum/{AUTHORITY}": redis.ca_pem.apply(_digest)},
        "volumes": [{"name": AUTHORITY, "configMap": {"name": stored.metadata.name}}],
        "volumeMounts": [{"name": AUTHORITY, "mountPath": REDIS_CA_DIR, "readOnly": True}],
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
