"""Persistent volumes: the platform's default storage class."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.gcp.labels import Text, labels
from components.kubernetes.labels import own_labels

STORAGE_CLASS = "pd-balanced"


def default_storage_class(
    component: Component, provider: k8s.Provider, key_id: Text, tags: Mapping[str, str]
) -> k8s.storage.v1.StorageClass:
    """Encrypted SSD volumes that grow and outlive their claims, under ``component``.

    GKE's own default keeps the mark too; of two defaults Kubernetes takes the newer. ``key_id`` must be in
    the region, and Compute Engine's agent must be allowed to use it
    (https://cloud.google.com/kubernetes-engine/docs/how-to/using-cmek). Disks carry ``tags``.
    """
    written = ",".join(f"{key}={value}" for key, value in labels(tags).items())
    return k8s.storage.v1.StorageClass(
        f"{component.prefix}-{STORAGE_CLASS}",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=STORAGE_CLASS,
            labels=own_labels(),
            annotations={"storageclass.kubernetes.io/is-default-class": "true"},
        ),
        provisioner="pd.csi.storage.gke.io",
        parameters={
            "type": "pd-balanced",
            "disk-encryption-kms-key": key_id,
            "csi.storage.k8s.io/fstype": "ext4",
            **({"labels": written} if written else {}),
        },
        allow_volume_expansion=True,
        volume_binding_mode="WaitForFirstConsumer",  # a volume is made in its pod's zone
        reclaim_policy="Retain",
        opts=pulumi.ResourceOptions.merge(component.child(), pulumi.ResourceOptions(provider=provider)),
    )
