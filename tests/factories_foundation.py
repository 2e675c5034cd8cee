"""Specifications and captures for the tests of network, keys, storage, identity and secrets on AWS."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.graph.model import Graph, Resource
from infra.offline import capture
from sizing.specs import BucketSpec, Identity, KeySpec, NetworkSpec, SecretSpec

with warnings.catch_warnings():
    # importing these modules of the SDK warns about old names of its own, which we do not use
    warnings.simplefilter("ignore", DeprecationWarning)
    _ = (aws.ec2.Vpc, aws.s3.Bucket)

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"
CLUSTER = "gateway-test"
TAGS = {"Project": "ai-gateway", "Environment": "test"}
ZONES = ("use1-az1", "use1-az2", "use1-az4")

Build = Callable[[pulumi.ResourceOptions], object]


def captured(build: Build, *, preview: bool = True) -> Graph:
    """The graph of what ``build`` makes with explicit providers; default providers are errors."""

    def program() -> None:
        providers = [aws.Provider("aws", region=REGION), random.Provider("random")]
        build(pulumi.ResourceOptions(providers=providers))

    return capture(
        program,
        project="test",
        stack="test",
        config={"pulumi:disable-default-providers": ["aws", "random"]},
        preview=preview,
    )


def of_type(graph: Graph, type_: str) -> dict[str, Resource]:
    """Resources of a type (its last part, "Subnet") by logical name."""
    return {resource.name: resource for resource in graph.resources if resource.type.split(":")[-1] == type_}


def policy(text: Any) -> dict[str, dict[str, Any]]:
    """The statements of a policy document by Sid; a document that is not known fails."""
    assert isinstance(text, str)
    assert text.startswith("{"), text
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def check_contract(build: Build) -> None:
    """What holds for every component: complete in a preview, parents, providers, tags."""
    graph = captured(build)
    urns = {resource.urn for resource in graph.resources}
    assert urns == {resource.urn for resource in captured(build, preview=False).resources}
    by_urn = graph.by_urn()
    ours = [r for r in graph.resources if not r.type.startswith("pulumi:")]
    assert ours
    for resource in ours:
        if not resource.custom:
            assert resource.type.startswith("ai-gateway:aws:")
            continue
        assert resource.parent is not None
        assert by_urn[resource.parent].type.startswith("ai-gateway:aws:"), resource.urn
        assert resource.name.startswith(by_urn[resource.parent].name), resource.urn
        assert resource.provider is not None
        assert "default" not in resource.provider
        if _taggable(resource.type):
            tags = resource.inputs.get("tags")
            assert isinstance(tags, dict), resource.urn
            assert {key: tags.get(key) for key in TAGS} == TAGS, resource.urn
    assert not graph.warnings


def _taggable(type_: str) -> bool:
    package, module, name = type_.split(":")
    if package != "aws":
        return False
    class_ = getattr(getattr(aws, module.split("/")[0]), name)
    return "tags" in inspect.signature(class_._internal_init).parameters


def network_spec(**changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "cidr": "10.20.0.0/16",
        "service_cidr": "172.20.0.0/16",
        "zones": ZONES,
        "private_cidrs": ("10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19"),
        "public_cidrs": ("10.20.96.0/24", "10.20.97.0/24", "10.20.98.0/24"),
        "data_cidrs": ("10.20.99.0/24", "10.20.100.0/24", "10.20.101.0/24"),
        "nat_gateways": 3,
        "interface_endpoints": ("ecr.api", "sts"),
        "flow_log_retention_days": 30,
    }
    return NetworkSpec(**{**fields, **changes})


def key_specs(*purposes: str, multi_region: tuple[str, ...] = ()) -> tuple[KeySpec, ...]:
    return tuple(KeySpec(purpose=purpose, multi_region=purpose in multi_region) for purpose in purposes)


def bucket_spec(purpose: str, **changes: Any) -> BucketSpec:
    fields: dict[str, Any] = {"versioned": True, "expire_days": None, "noncurrent_days": 30, "protect": True}
    return BucketSpec(purpose=purpose, **{**fields, **changes})


def secret_spec(name: str, **changes: Any) -> SecretSpec:
    return SecretSpec(**{"name": name, "length": 32, **changes})


IDENTITIES = (
    Identity(role="litellm", namespace="litellm", service_account="litellm"),
    Identity(role="vault", namespace="vault", service_account="vault"),
    Identity(role="vault-init", namespace="vault", service_account="vault-init"),
    Identity(role="vault-snapshot", namespace="vault", service_account="vault-snapshot"),
    Identity(role="thanos", namespace="monitoring", service_account="thanos"),
    Identity(role="log-agent", namespace="monitoring", service_account="otel-logs"),
    Identity(role="prometheus", namespace="monitoring", service_account="prometheus"),
    Identity(role="cloud-metrics", namespace="monitoring", service_account="cloud-metrics"),
    Identity(role="model-cache", namespace="vllm", service_account="model-cache"),
    Identity(role="vllm", namespace="vllm", service_account="vllm"),
    Identity(role="cluster-autoscaler", namespace="kube-system", service_account="cluster-autoscaler"),
    Identity(
        role="load-balancer-controller",
        namespace="kube-system",
        service_account="aws-load-balancer-controller",
    ),
    Identity(role="ebs-csi", namespace="kube-system", service_account="ebs-csi-controller-sa"),
    Identity(role="external-secrets", namespace="external-secrets", service_account="external-secrets"),
)
