"""Labels that every Kubernetes object of ours carries, to find it and to tell it from charts' objects."""

from __future__ import annotations

PART_OF_LABEL = "app.kubernetes.io/part-of"
PART_OF = "ai-gateway"

OWN_LABELS: dict[str, str] = {PART_OF_LABEL: PART_OF, "app.kubernetes.io/managed-by": "pulumi"}


def own_labels(**extra: str) -> dict[str, str]:
    """A fresh copy of the labels, with an object's own added."""
    return {**OWN_LABELS, **extra}
