"""Every object of every preview is judged by a schema: Kubernetes' own, its kind's, or its chart's keys."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

import kubernetes_validate
import pytest

from components.kubernetes.agentgateway import GATEWAY_API_URL
from infra.graph import Resource
from tests.contracts.checker import PLACEHOLDERS, kinds
from tests.harness import CASES, captured, of_type, plan
from tests.infra.test_stack_safety import CORE_GROUPS

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
RELEASE, FILE = "helm.sh/v3:Release", "yaml/v2:ConfigFile"
PATCH = "Patch"
CORE = tuple(group for group in CORE_GROUPS if group not in ("helm.sh/", "yaml/"))


def _kind(resource: Resource) -> str | None:
    """``group/version:Kind`` of a Kubernetes object, None for anything else."""
    prefix = "kubernetes:"
    return resource.type.removeprefix(prefix) if resource.type.startswith(prefix) else None


def _route(kind: str) -> str:
    if kind in (RELEASE, FILE):
        return kind
    if kind.startswith(CORE):
        return "kubernetes"
    return "contract" if (kind.split("/")[0], kind.rpartition(":")[2]) in kinds() else "nothing"


def _completed(resource: Resource) -> dict[str, Any]:
    """The object with what it lacks on purpose: a patch owns a part, and secrets are hidden."""
    manifest: dict[str, Any] = copy.deepcopy(dict(resource.inputs))
    if str(manifest.get("stringData")) in PLACEHOLDERS:
        manifest["stringData"] = {"hidden": "value"}
    if resource.type.endswith(PATCH):
        pod = manifest["spec"]["template"].setdefault("spec", {})
        pod.setdefault("containers", [{"name": "any"}])
        manifest["spec"].setdefault("selector", {"matchLabels": {"any": "any"}})
    return manifest


def _validate(manifest: Mapping[str, Any], version: str) -> None:
    kubernetes_validate.validate(dict(manifest), f"{version}.0", strict=True)


@EVERY_CASE
def test_every_object_has_a_judge(stack: str, cloud: str) -> None:
    found = {r.urn: _kind(r) for r in captured(stack, cloud).resources}
    assert [urn for urn, kind in found.items() if kind and _route(kind) == "nothing"] == []
    routes = Counter(_route(kind) for kind in found.values() if kind)
    assert routes["kubernetes"] > 60
    assert routes["contract"] > 15
    assert routes[RELEASE] > 12


@EVERY_CASE
def test_core_objects_are_valid_for_the_clusters_version(stack: str, cloud: str) -> None:
    version = plan(stack, cloud).cluster.kubernetes_version
    for resource in captured(stack, cloud).resources:
        if (kind := _kind(resource)) and _route(kind) == "kubernetes":
            _validate(_completed(resource), version)


@EVERY_CASE
def test_files_are_upstreams_pinned_ones(stack: str, cloud: str) -> None:
    files = of_type(captured(stack, cloud), f"kubernetes:{FILE}")
    assert [resource.inputs["file"] for resource in files] == [GATEWAY_API_URL]


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_schema_refuses_what_the_api_server_would(cloud: str) -> None:
    version = plan("small", cloud).cluster.kubernetes_version
    objects = captured("small", cloud)
    policy = of_type(objects, "kubernetes:networking.k8s.io/v1:NetworkPolicy")[0]
    job = of_type(objects, "kubernetes:batch/v1:Job")[0]
    for resource, path, value in (
        (policy, "policyType", ["Ingress"]),
        (policy, "podSelector", "all"),
        (job, "backoffLimit", "five"),
        (job, "tempalte", {}),
    ):
        manifest = _completed(resource)
        manifest["spec"][path] = value
        with pytest.raises(kubernetes_validate.ValidationError):
            _validate(manifest, version)
