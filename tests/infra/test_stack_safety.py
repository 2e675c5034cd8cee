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
from pydantic.alias_generators import to_camel

from infra.clouds import CLOUDS
from infra.graph import Graph, Resource
from tests.contracts.checker import chart_problems, crd_problems
from tests.harness import CASES, ROOT, STACKS, captured, of_type, releases

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
PROVIDER = "pulumi:providers:"
STACK_TYPE = "pulumi:pulumi:Stack"
DATA = {
    "aws": (
        "aws:rds/instance:Instance",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:kms/key:Key",
        "aws:secretsmanager/secret:Secret",
        "eks:index:Cluster",
    ),
    "gcp": (
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:redis/cluster:Cluster",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:secretmanager/secret:Secret",
        "gcp:container/cluster:Cluster",
    ),
}
BUCKET = {"aws": "aws:s3/bucket:Bucket", "gcp": "gcp:storage/bucket:Bucket"}
SECRET_VALUE = {
    "aws": ("aws:secretsmanager/secretVersion:SecretVersion", "secretStringWo"),
    "gcp": ("gcp:secretmanager/secretVersion:SecretVersion", "secretDataWo"),
}
UNPROTECTED_BUCKETS = ("model-cache",)  # filled again from the models' repositories
CORE_GROUPS = (
    "core/",
    "apps/",
    "batch/",
    "networking.k8s.io/",
    "policy/",
    "scheduling.k8s.io/",
    "storage.k8s.io/",
    "helm.sh/",
    "yaml/",
)


def _custom(graph: Graph) -> list[Resource]:
    return [
        r for r in graph.resources if r.custom and not r.type.startswith(PROVIDER) and r.type != STACK_TYPE
    ]


@EVERY_CASE
def test_every_resource_is_under_a_component_of_ours(stack: str, cloud: str) -> None:
    graph = captured(stack, cloud)
    by_urn = graph.by_urn()
    for resource in graph.resources:
        if resource.type == STACK_TYPE:
            continue
        assert resource.parent is not None, resource.urn
        ours = resource.type.startswith("ai-gateway:")
        assert ours or by_urn[resource.parent].type != STACK_TYPE, resource.urn


@EVERY_CASE
def test_every_resource_has_an_explicit_provider(stack: str, cloud: str) -> None:
    graph = captured(stack, cloud)
    by_urn = graph.by_urn()
    for resource in _custom(graph):
        assert resource.provider is not None, resource.urn
        assert by_urn[resource.provider].type == f"{PROVIDER}{resource.type.split(':')[0]}", resource.urn


@EVERY_CASE
def test_data_is_protected(stack: str, cloud: str) -> None:
    graph = captured(stack, cloud)
    for kind in DATA[cloud]:
        found = of_type(graph, kind)
        assert found, kind
        assert all(resource.protect for resource in found), kind
    for bucket in of_type(graph, BUCKET[cloud]):
        assert bucket.protect or bucket.name.endswith(UNPROTECTED_BUCKETS), bucket.urn


@EVERY_STACK
def test_services_own_protection_is_on(stack: str) -> None:
    graph = captured(stack)
    assert all(i.inputs["deletionProtection"] is True for i in of_type(graph, "aws:rds/instance:Instance"))
    [primary] = [
        i for i in of_type(graph, "aws:rds/instance:Instance") if "replicateSourceDb" not in i.inputs
    ]
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
def test_services_own_protection_is_on_on_google_cloud(stack: str) -> None:
    graph = captured(stack, "gcp")
    for instance in of_type(graph, "gcp:sql/databaseInstance:DatabaseInstance"):
        assert instance.inputs["deletionProtection"] is True
        assert instance.inputs["settings"]["deletionProtectionEnabled"] is True
        assert instance.inputs["settings"]["ipConfiguration"]["ipv4Enabled"] is False
    [cluster] = of_type(graph, "gcp:container/cluster:Cluster")
    assert cluster.inputs["deletionProtection"] is True
    [cache] = of_type(graph, "gcp:redis/cluster:Cluster")
    assert cache.inputs["deletionProtectionEnabled"] is True


@EVERY_STACK
def test_everything_taggable_is_tagged_with_the_stack(stack: str) -> None:
    resources = [r for r in _custom(captured(stack)) if r.type.startswith("aws:") and _taggable(r.type)]
    assert len(resources) > 60
    for resource in resources:
        assert resource.inputs.get("tags", {}).get("stack") == stack, resource.urn


@EVERY_CASE
def test_generated_secrets_appear_nowhere(stack: str, cloud: str) -> None:
    """In update mode the captured passwords have made-up values: none of them may be in the output."""
    graph = captured(stack, cloud, preview=False)
    passwords = of_type(graph, "random:index/randomPassword:RandomPassword")
    assert passwords
    text = graph.to_json()
    for resource in passwords:
        assert f"{resource.name}-result" not in text, resource.urn
    kind, value = SECRET_VALUE[cloud]
    assert {r.inputs[value] for r in of_type(graph, kind)} == {"[secret]"}


LABELS = ("labels", "resource_labels", "user_labels")
UNLABELLED = "gcp:compute/globalForwardingRule:GlobalForwardingRule"  # refused on a rule for Google's APIs


def _labelled(token: str) -> str | None:
    """The input that takes labels on an SDK's class of a Google type, in wire form."""
    _, module, kind = token.split(":")
    package = importlib.import_module(f"pulumi_gcp.{module.split('/')[0]}")
    parameters = inspect.signature(getattr(package, kind)._internal_init).parameters
    found = [name for name in LABELS if name in parameters]
    return to_camel(found[0]) if found else None


@EVERY_STACK
def test_everything_that_takes_labels_has_the_stacks(stack: str) -> None:
    seen = 0
    for resource in _custom(captured(stack, "gcp")):
        labelled = resource.type.startswith("gcp:") and resource.type != UNLABELLED
        key = _labelled(resource.type) if labelled else None
        if key is not None:
            assert resource.inputs.get(key, {}).get("stack") == stack, resource.urn
            seen += 1
    assert seen > 15


@EVERY_CASE
def test_no_resource_is_made_inside_an_apply(stack: str, cloud: str) -> None:
    preview, update = captured(stack, cloud), captured(stack, cloud, preview=False)
    assert set(preview.by_urn()) == set(update.by_urn())


@EVERY_CASE
def test_release_values_are_keys_of_their_charts(stack: str, cloud: str) -> None:
    found = releases(captured(stack, cloud))
    assert len(found) > 12
    for inputs in found.values():
        chart = str(inputs["chart"]).rsplit("/", 1)[-1]
        assert chart_problems(chart, inputs.get("values", {})) == [], chart


@EVERY_CASE
def test_custom_resources_validate(stack: str, cloud: str) -> None:
    checked = 0
    for resource in captured(stack, cloud).resources:
        kind = resource.type.removeprefix("kubernetes:")
        if kind == resource.type or kind.startswith(CORE_GROUPS):
            continue
        assert crd_problems(resource.inputs) == [], resource.urn
        checked += 1
    assert checked > 15


@EVERY_CASE
def test_images_and_charts_are_pinned(stack: str, cloud: str) -> None:
    for name, inputs in releases(captured(stack, cloud)).items():
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", str(inputs["version"])), name
        assert '"latest"' not in json.dumps(inputs), name


@EVERY_CASE
def test_pod_security_is_on_every_namespace(stack: str, cloud: str) -> None:
    namespaces = of_type(captured(stack, cloud), "kubernetes:core/v1:Namespace")
    assert namespaces
    for namespace in namespaces:
        assert "pod-security.kubernetes.io/enforce" in namespace.inputs["metadata"]["labels"], namespace.urn


PRINT = """
import sys
from tests.harness import captured
sys.stdout.write(captured("small", sys.argv[1]).to_json())
"""


@pytest.mark.parametrize("cloud", tuple(CLOUDS))
def test_a_preview_has_the_same_bytes_everywhere(cloud: str) -> None:
    """Other time zone, locale, hash seed and working directory."""
    texts: list[bytes] = []
    for seed, zone, locale in (("0", "UTC", "C"), ("4711", "Asia/Kathmandu", "tr_TR.UTF-8")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", PRINT, cloud],
            env=env,
            cwd="/",
            capture_output=True,
            check=True,
            timeout=300,
        )
        texts.append(run.stdout)
    assert texts[0] == texts[1]
    assert len(texts[0]) > 100_000
