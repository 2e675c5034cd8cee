"""Specifications and captures for the tests of cluster, database, cache and bindings on AWS."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.aws.cluster import ClusterArgs
from components.aws.postgres import PostgresArgs
from components.aws.redis import RedisArgs
from infra.graph.model import Child, Graph, Resource
from infra.offline import capture
from sizing.specs import AddonSpec, ClusterSpec, NodeGroupSpec, PostgresSpec, RedisSpec

with warnings.catch_warnings():
    # importing these modules of the SDK warns about old names of its own, which we do not use
    warnings.simplefilter("ignore", DeprecationWarning)
    _ = (aws.ec2.LaunchTemplate, aws.eks.Addon, aws.rds.Instance, aws.elasticache.ReplicationGroup, aws.vpc)
    _ = (aws.iam.Role, aws.cloudwatch.LogGroup, k8s.storage.v1.StorageClass)

REGION = "us-east-1"
PARTITION = "aws"
CLUSTER = "gateway-test"
TAGS = {"Project": "ai-gateway", "Environment": "test"}
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
VPC_ID = "vpc-1"
VPC_CIDR = "10.20.0.0/16"
SERVICE_CIDR = "172.20.0.0/16"
CLIENTS = "sg-clients"
SUBNETS = {zone: f"subnet-{zone}" for zone in ZONES}
ADMIN = "arn:aws:iam::123456789012:role/team/Administrators"
PUBLIC_CIDR = "203.0.113.0/24"
PASSWORD = "correct-horse-battery-staple"

Build = Callable[[pulumi.ResourceOptions], object]


def key(purpose: str) -> str:
    """An ARN that tells what the key is for."""
    return f"arn:aws:kms:{REGION}:123456789012:key/{purpose}"


def captured(build: Build, *, preview: bool = True) -> Graph:
    """The graph of what ``build`` makes with an explicit AWS provider; default providers are errors."""

    def program() -> None:
        build(pulumi.ResourceOptions(providers=[aws.Provider("aws", region=REGION)]))

    return capture(
        program,
        project="test",
        stack="test",
        config={"pulumi:disable-default-providers": ["aws", "kubernetes", "random"]},
        preview=preview,
    )


def of_type(graph: Graph, type_: str) -> dict[str, Resource]:
    """Resources of a type (its last part, "LogGroup") by logical name."""
    return {resource.name: resource for resource in graph.resources if resource.type.split(":")[-1] == type_}


def only(graph: Graph, type_: str) -> Resource:
    """The one resource of a type."""
    found = of_type(graph, type_)
    assert len(found) == 1, sorted(found)
    return next(iter(found.values()))


def made(graph: Graph, type_: str) -> dict[str, Child]:
    """What remote components make, of a type, by name."""
    children = (child for resource in graph.resources for child in resource.creates)
    return {child.name: child for child in children if child.type == type_}


def depends_on(graph: Graph, resource: Resource) -> set[str]:
    """Names of what a resource waits for, directly."""
    by_urn = graph.by_urn()
    return {by_urn[urn].name for urn in resource.depends_on if urn in by_urn}


def waits_for(graph: Graph, resource: Resource) -> set[str]:
    """Names of what a resource waits for, directly or through others."""
    by_urn = graph.by_urn()
    seen: set[str] = set()

    def follow(urns: Iterator[str]) -> None:
        for urn in urns:
            if urn not in seen and urn in by_urn:
                seen.add(urn)
                follow(iter(by_urn[urn].depends_on))

    follow(iter(resource.depends_on))
    return {by_urn[urn].name for urn in seen}


def check_contract(build: Build) -> None:
    """What holds for every component: complete in a preview, the same bytes twice, parents, explicit
    providers, tags, no plain secret."""
    graph = captured(build)
    assert graph.to_json() == captured(build).to_json()
    urns = {resource.urn for resource in graph.resources}
    assert urns == {resource.urn for resource in captured(build, preview=False).resources}
    assert PASSWORD not in graph.to_json()
    by_urn = graph.by_urn()
    ours = [r for r in graph.resources if r.type != "pulumi:pulumi:Stack" and r.urn.split("::")[-1] != "aws"]
    assert ours
    for resource in ours:
        assert resource.type.startswith("ai-gateway:aws:") or resource.parent is not None
        if resource.type.startswith("ai-gateway:aws:"):
            continue
        assert by_urn[str(resource.parent)].type.startswith("ai-gateway:aws:"), resource.urn
        if resource.custom and not resource.type.startswith("pulumi:providers:"):
            assert resource.provider is not None
            assert "default" not in resource.provider
        if _taggable(resource.type):
            assert TAGS.items() <= _tags(resource).items(), resource.urn


def _tags(resource: Resource) -> dict[str, Any]:
    tags = resource.inputs.get("tags")
    assert isinstance(tags, dict), resource.urn
    return tags


def _taggable(type_: str) -> bool:
    """Whether the SDK's class for a type takes tags."""
    package, module, name = type_.split(":")
    if package == "eks":
        return True
    if package != "aws":
        return False
    class_: Any = getattr(getattr(aws, module.split("/")[0]), name)
    return "tags" in inspect.signature(class_._internal_init).parameters


def node_group(zone: str = ZONES[0], **changes: Any) -> NodeGroupSpec:
    """A CPU node group."""
    spec = NodeGroupSpec(
        name=f"cpu-{zone}",
        pool="cpu_nodes",
        zones=(zone,),
        machine_type="m5.4xlarge",
        min=3,
        desired=4,
        max=7,
        disk_gib=120,
        labels={"ai-gateway/pool": "cpu"},
    )
    return spec.model_copy(update=changes)


def gpu_group(zone: str = ZONES[0], **changes: Any) -> NodeGroupSpec:
    """A GPU node group."""
    values: dict[str, Any] = {
        "name": f"gpu-{zone}",
        "pool": "gpu_nodes",
        "machine_type": "g5.4xlarge",
        "min": 0,
        "desired": 1,
        "max": 2,
        "disk_gib": 300,
        "gpus_per_node": 1,
        "labels": {"ai-gateway/pool": "gpu"},
        "tainted": True,
    }
    return node_group(zone, **values).model_copy(update=changes)


ADDONS = (
    AddonSpec(name="vpc-cni", version="v1.21.0-eksbuild.1", configuration={"enableNetworkPolicy": "true"}),
    AddonSpec(name="kube-proxy", version="v1.35.0-eksbuild.2", configuration={"mode": "iptables"}),
    AddonSpec(name="coredns", version="v1.13.1-eksbuild.3", configuration={"replicaCount": 2}),
    AddonSpec(
        name="aws-ebs-csi-driver",
        version="v1.53.0-eksbuild.4",
        configuration={"controller": {"replicaCount": 2}, "node": {"tolerateAllTaints": True}},
    ),
    AddonSpec(name="eks-pod-identity-agent", version="v1.3.10-eksbuild.5"),
    AddonSpec(name="metrics-server", version="v0.8.0-eksbuild.6", configuration={"replicas": 2}),
)


def cluster_spec(**changes: Any) -> ClusterSpec:
    """A cluster with CPU nodes in every zone and a GPU group in one."""
    spec = ClusterSpec(
        kubernetes_version="1.35",
        node_release_version="1.35.2-20261101",
        control_plane_tier="standard",
        api_allowed_cidrs=(),
        admin_role_arns=(ADMIN,),
        log_types=("api", "audit"),
        log_retention_days=90,
        node_groups=(*(node_group(zone) for zone in ZONES), gpu_group(ZONES[1])),
        addons=ADDONS,
    )
    return spec.model_copy(update=changes)


def postgres_spec(**changes: Any) -> PostgresSpec:
    """A database whose storage includes its IOPS, with two replicas."""
    spec = PostgresSpec(
        engine_version="17.11",
        parameter_family="postgres17",
        instance_class="db.m6i.2xlarge",
        storage_type="gp3",
        storage_gib=500,
        max_storage_gib=1024,
        iops=None,
        read_replicas=2,
        multi_az=True,
        max_connections=1700,
        database="litellm",
        port=5432,
        backup_retention_days=14,
        insights_retention_days=7,
    )
    return spec.model_copy(update=changes)


def redis_spec(**changes: Any) -> RedisSpec:
    """A durable cache of three shards."""
    spec = RedisSpec(
        engine="valkey",
        engine_version="9.0",
        parameter_family="valkey9",
        node_type="cache.m7g.xlarge",
        shards=3,
        replicas_per_shard=1,
        multi_az=True,
        durability="async",
        port=6379,
        snapshot_retention_days=7,
    )
    return spec.model_copy(update=changes)


def cluster_args(**changes: Any) -> ClusterArgs:
    """Arguments of a cluster; ``changes`` are fields of its specification, except ``egress``."""
    return ClusterArgs(
        egress=changes.pop("egress", ()),
        spec=cluster_spec(**changes),
        name=CLUSTER,
        region=REGION,
        partition=PARTITION,
        vpc_id=VPC_ID,
        vpc_cidr=VPC_CIDR,
        service_cidr=SERVICE_CIDR,
        private_subnet_by_zone=SUBNETS,
        secrets_key_arn=key("secrets"),
        volume_key_arn=key("ebs"),
        log_key_arn=key("logs"),
        tags=TAGS,
    )


def postgres_args(**changes: Any) -> PostgresArgs:
    """Arguments of a database; ``changes`` are fields of its specification, except ``zones`` and ``name``."""
    return PostgresArgs(
        zones=changes.pop("zones", ZONES),
        name=changes.pop("name", CLUSTER),
        spec=postgres_spec(**changes),
        vpc_id=VPC_ID,
        subnet_ids=("data-a", "data-b", "data-c"),
        client_security_group_id=CLIENTS,
        key_arn=key("database"),
        log_key_arn=key("logs"),
        log_retention_days=30,
        partition=PARTITION,
        admin_user="gateway_admin",
        admin_password=pulumi.Output.secret(PASSWORD),
        password_version=3,
        tags=TAGS,
    )


def redis_args(**changes: Any) -> RedisArgs:
    """Arguments of a cache; ``changes`` are fields of its specification, except ``name``."""
    return RedisArgs(
        name=changes.pop("name", CLUSTER),
        spec=redis_spec(**changes),
        vpc_id=VPC_ID,
        subnet_ids=("data-a", "data-b", "data-c"),
        client_security_group_id=CLIENTS,
        key_arn=key("cache"),
        log_key_arn=key("logs"),
        log_retention_days=30,
        auth_token=pulumi.Output.secret(PASSWORD),
        auth_token_version=2,
        tags=TAGS,
    )
