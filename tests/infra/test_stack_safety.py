"""What must hold for every resource of every shipped stack: parents, providers, protection, tags, secrets."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import subprocess
import sys

import pytest

from infra.graph import Graph, Resource
from tests.contracts.checker import chart_problems, crd_problems
from tests.harness import ROOT, STACKS, captured, of_type, releases

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
PROVIDER = "pulumi:providers:"
STACK_TYPE = "pulumi:pulumi:Stack"
DATA = (
    "aws:rds/instance:Instance",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
    "eks:index:Cluster",
)
UNPROTECTED_BUCKETS = ("model-cache",)  # filled again from the models' repositories
CORE_GROUPS = ("core/", "apps/", "batch/", "policy/", "scheduling.k8s.io/", "storage.k8s.io/", "helm.sh/", "yaml/")


def _custom(graph: Graph) -> list[Resource]:
    return [r for r in graph.resources if r.custom and not r.type.startswith(PROVIDER) and r.type != STACK_TYPE]


@EVERY_STACK
def test_every_resource_is_under_a_component_of_ours(stack: str) -> None:
    graph = captured(stack)
    by_urn = graph.by_urn()
    for resource in graph.resources:
        if resource.type == STACK_TYPE:
            continue
        assert resource.parent is not None, resource.urn
        ours = resource.type.startswith("ai-gateway:")
        assert ours or by_urn[resource.parent].type != STACK_TYPE, resource.urn


@EVERY_STACK
def test_every_resource_has_an_explicit_provider(stack: str) -> None:
    graph = captured(stack)
    by_urn = graph.by_urn()
    for resource in _custom(graph):
        assert resource.provider is not None, resource.urn
        assert by_urn[resource.provider].type == f"{PROVIDER}{resource.type.split(':')[0]}", resource.urn


@EVERY_STACK
def test_data_is_protected(stack: str) -> None:
    graph = captured(stack)
    for kind in DATA:
        found = of_type(graph, kind)
        assert found, kind
        assert all(resource.protect for resource in found), kind
    for bucket in of_type(graph, "aws:s3/bucket:Bucket"):
        assert bucket.protect or bucket.name.endswith(UNPROTECTED_BUCKETS), bucket.urn


@EVERY_STACK
def test_services_own_protection_is_on(stack: str) -> None:
    graph = captured(stack)
    assert all(i.inputs["deletionProtection"] is True for i in of_type(graph, "aws:rds/instance:Instance"))
    [primary] = [i for i in of_type(graph, "aws:rds/instance:Instance") if "replicateSourceDb" not in i.inputs]
    assert primary.inputs["skipFinalSnapshot"] is False
    assert primary.inputs["storageEncrypted"] is True
    [cluster] = of_type(graph, "eks:index:Cluster")
    assert cluster.inputs["deletionProtection"] is True


def _taggable(token: str) -> bool:
    """Whether the SDK's class of an AWS type takes tags."""
    _, module, kind = token.split(":")
    package = importlib.import_module(f"pulumi_aws.{module.split('/')[0]}")
    return "tags" in inspect.signature(getattr(package, kind)._internal_init).parameters


@EVERY_STACK
def test_everything_taggable_is_tagged_with_the_stack(stack: str) -> None:
    resources = [r for r in _custom(captured(stack)) if r.type.startswith("aws:") and _taggable(r.type)]
    assert len(resources) > 60
    for resource in resources:
        assert resource.inputs.get("tags", {}).get("stack") == stack, resource.urn


@EVERY_STACK
def test_generated_secrets_appear_nowhere(stack: str) -> None:
    """In update mode the captured passwords have made-up values: none of them may be in the output."""
    graph = captured(stack, preview=False)
    passwords = of_type(graph, "random:index/randomPassword:RandomPassword")
    assert passwords
    text = graph.to_json()
    for resource in passwords:
        assert f"{resource.name}-result" not in text, resource.urn
    marked = [r for r in of_type(graph, "aws:secretsmanager/secretVersion:SecretVersion")]
    assert all(r.inputs["secretStringWo"] == "[secret]" for r in marked)


@EVERY_STACK
def test_no_resource_is_made_inside_an_apply(stack: str) -> None:
    preview, update = captured(stack), captured(stack, preview=False)
    assert set(preview.by_urn()) == set(update.by_urn())


@EVERY_STACK
def test_release_values_are_keys_of_their_charts(stack: str) -> None:
    found = releases(captured(stack))
    assert len(found) > 12
    for inputs in found.values():
        chart = str(inputs["chart"]).rsplit("/", 1)[-1]
        assert chart_problems(chart, inputs.get("values", {})) == [], chart


@EVERY_STACK
def test_custom_resources_validate(stack: str) -> None:
    checked = 0
    for resource in captured(stack).resources:
        kind = resource.type.removeprefix("kubernetes:")
        if kind == resource.type or kind.startswith(CORE_GROUPS):
            continue
        assert crd_problems(resource.inputs) == [], resource.urn
        checked += 1
    assert checked > 15


@EVERY_STACK
def test_images_and_charts_are_pinned(stack: str) -> None:
    for name, inputs in releases(captured(stack)).items():
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", str(inputs["version"])), name
        assert '"latest"' not in json.dumps(inputs), name


@EVERY_STACK
def test_pod_security_is_on_every_namespace(stack: str) -> None:
    namespaces = of_type(captured(stack), "kubernetes:core/v1:Namespace")
    assert namespaces
    for namespace in namespaces:
        assert "pod-security.kubernetes.io/enforce" in namespace.inputs["metadata"]["labels"], namespace.urn


PRINT = """
from tests.harness import captured
import sys
sys.stdout.write(captured("small").to_json())
"""


def test_a_preview_has_the_same_bytes_everywhere() -> None:
    """Other time zone, locale, hash seed and working directory."""
    texts = []
    for seed, zone, locale in (("0", "UTC", "C"), ("4711", "Asia/Kathmandu", "tr_TR.UTF-8")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", PRINT], env=env, cwd="/", capture_output=True, check=True, timeout=300
        )
        texts.append(run.stdout)
    assert texts[0] == texts[1]
    assert len(texts[0]) > 100_000
