"""Contracts of custom resource kinds and of Kubernetes fragments that charts copy, from CRD schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tools.contract_fields import Fields, Schema, as_list, as_mapping, schema_fields

_POOLER = "postgresql.cnpg.io/Pooler_v1.json"
_SCALED_OBJECT = "keda.sh/ScaledObject_v1alpha1.json"
_POD = "spec/template/spec"
_CONTAINER = f"{_POD}/containers/[]"

FRAGMENTS: Mapping[str, tuple[str, str]] = {
    "Affinity": (_POOLER, f"{_POD}/affinity"),
    "Container": (_POOLER, _CONTAINER),
    "DeploymentStrategy": (_POOLER, "spec/deploymentStrategy"),
    "EnvFromSource": (_POOLER, f"{_CONTAINER}/envFrom/[]"),
    "EnvVar": (_POOLER, f"{_CONTAINER}/env/[]"),
    "HPABehavior": (_SCALED_OBJECT, "spec/advanced/horizontalPodAutoscalerConfig/behavior"),
    "Lifecycle": (_POOLER, f"{_CONTAINER}/lifecycle"),
    "ObjectMeta": (_SCALED_OBJECT, "metadata"),
    "PersistentVolumeClaimSpec": (_POOLER, f"{_POD}/volumes/[]/ephemeral/volumeClaimTemplate/spec"),
    "PodSecurityContext": (_POOLER, f"{_POD}/securityContext"),
    "Probe": (_POOLER, f"{_CONTAINER}/livenessProbe"),
    "ResourceRequirements": (_POOLER, f"{_CONTAINER}/resources"),
    "SecurityContext": (_POOLER, f"{_CONTAINER}/securityContext"),
    "Toleration": (_POOLER, f"{_POD}/tolerations/[]"),
    "TopologySpreadConstraint": (_POOLER, f"{_POD}/topologySpreadConstraints/[]"),
    "Volume": (_POOLER, f"{_POD}/volumes/[]"),
    "VolumeMount": (_POOLER, f"{_CONTAINER}/volumeMounts/[]"),
}
"""Where a fragment of the Kubernetes API is found: kinds that embed a whole pod template carry its
generated schema."""


@dataclass(frozen=True)
class CrdFacts:
    """One row of the table that comes with the CRD schemas."""

    file: str
    release: str
    source: str
    licence: str


def load_schema(directory: Path, file: str) -> Schema:
    """Read one CRD schema. Raises FileNotFoundError when the directory does not have it."""
    return as_mapping(cast("object", json.loads((directory / file).read_text(encoding="utf-8"))))


def kind_fields(schema: Schema) -> Fields:
    """Flatten the part of a kind that its user writes.

    `status` is the controller's. `apiVersion` and `kind` are known from the file, and `metadata` is the
    same for all.
    """
    properties = {
        key: node
        for key, node in as_mapping(schema.get("properties")).items()
        if key not in {"apiVersion", "kind", "metadata", "status"}
    }
    required = [key for key in as_list(schema.get("required")) if key in properties]
    fields = schema_fields({**schema, "properties": properties, "required": required})
    fields.types["metadata"] = "k8s:ObjectMeta"
    return fields


def fragments(directory: Path) -> Fields:
    """Flatten the Kubernetes fragments, each under its name."""
    result = Fields()
    for name, (file, place) in FRAGMENTS.items():
        node = load_schema(directory, file)
        for step in place.split("/"):
            node = (
                as_mapping(node.get("items"))
                if step == "[]"
                else as_mapping(as_mapping(node.get("properties"))[step])
            )
        flat = schema_fields(node)
        result.types[name] = "object"
        result.graft(name, flat)
    return result
