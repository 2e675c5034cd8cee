"""Specifications and captures for the tests of Google Cloud's components."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.gcp import services as api
from components.gcp.agents import Agents, AgentsArgs
from components.gcp.cluster import Cluster, ClusterArgs
from components.gcp.keys import Keys, KeysArgs
from components.gcp.postgres import PostgresArgs
from components.gcp.redis import RedisArgs
from components.gcp.services import Services, ServicesArgs
from infra.graph.model import Graph, Resource
from infra.offline import capture
from sizing.specs import (
    BucketSpec,
    ClusterSpec,
    Identity,
    KeySpec,
    NetworkSpec,
    NodeGroupSpec,
    PostgresSpec,
    RedisSpec,
    SecretSpec,
)

with warnings.catch_warnings():
    # importing these modules of the SDKs warns about old names of their own, which we do not use
    warnings.simplefilter("ignore", DeprecationWarning)
    _ = (gcp.container.Cluster, gcp.sql.DatabaseInstance, gcp.redis.Cluster, gcp.compute.Network)
    _ = (gcp.storage.Bucket, gcp.kms.CryptoKey, gcp.secretmanager.Secret, k8s.storage.v1.StorageClass)

PROJECT = "test-project-1"
REGION = "us-central1"
ZONES = ("us-central1-a", "us-central1-b", "us-central1-c")
CLUSTER = "gateway-test"
TAGS = {"Cost Centre": "AI/42", "stack": "test"}
LABELS = {"cost-centre": "ai-42", "stack": "test"}
PASSWORD = "correct-horse-battery-staple"
NETWORK = "projects/test-project-1/global/networks/net"
SUBNET = "projects/test-project-1/regions/us-central1/subnetworks/net"
NETWORK_CIDR = "10.30.0.0/16"
CONTROL_PLANE = "172.16.0.0/28"
PUBLIC_CIDR = "198.51.101.0/24"
NUMBER = "000000000000"

UNLABELLED = {"GlobalForwardingRule"}
"""The API refuses labels on an endpoint of Private Service Connect."""

Build = Callable[[pulumi.ResourceOptions], object]


def key(purpose: str) -> str:
    """A name that tells what the key is for."""
    return f"projects/{PROJECT}/locations/{REGION}/keyRings/ring/cryptoKeys/{purpose}"


def captured(build: Build, *, preview: bool = True) -> Graph:
    """The graph of what ``build`` makes with explicit providers; default providers are errors."""

    def program() -> None:
        providers = [gcp.Provider("gcp", project=PROJECT, region=REGION), random.Provider("random")]
        build(pulumi.ResourceOptions(providers=providers))

    return capture(
        program,
        project="test",
        stack="test",
        config={"pulumi:disable-default-providers": ["gcp", "kubernetes", "random"]},
        preview=preview,
    )


def of_type(graph: Graph, type_: str) -> dict[str, Resource]:
    """Resources of a type (its last part, "Bucket") by logical name."""
    return {resource.name: resource for resource in graph.resources if resource.type.split(":")[-1] == type_}


def only(graph: Graph, type_: str) -> Resource:
    """The one resource of a type."""
    found = of_type(graph, type_)
    assert len(found) == 1, sorted(found)
    return next(iter(found.values()))


def depends_on(graph: Graph, resource: Resource) -> set[str]:
    """``Type name`` of what a resource waits for, directly."""
    by_urn = graph.by_urn()
    return {_title(by_urn[urn]) for urn in resource.depends_on if urn in by_urn}


def waits_for(graph: Graph, resource: Resource) -> set[str]:
    """``Type name`` of what a resource waits for, directly or through others."""
    by_urn = graph.by_urn()
    seen: set[str] = set()

    def follow(urns: Iterator[str]) -> None:
        for urn in urns:
            if urn not in seen and urn in by_urn:
                seen.add(urn)
                follow(iter(by_urn[urn].depends_on))

    follow(iter(resource.depends_on))
    return {_title(by_urn[urn]) for urn in seen}


def _title(resource: Resource) -> str:
    return f"{resource.type.split(':')[-1]} {resource.name}"


def check_contract(build: Build) -> None:
    """What holds for every component: complete in a preview, the same bytes twice, parents, names, explicit
    providers, labels, no plain secret, no warning."""
    graph = captured(build)
    assert graph.to_json() == captured(build).to_json()
    again = captured(build, preview=False)
    assert {r.urn for r in graph.resources} == {r.urn for r in again.resources}
    assert PASSWORD not in graph.to_json() + again.to_json()
    assert not graph.warnings
    by_urn = graph.by_urn()
    ours = [r for r in graph.resources if not r.type.startswith("pulumi:") and r.parent is not None]
    assert ours
    for resource in ours:
        if not resource.custom:
            assert resource.type.startswith("ai-gateway:gcp:"), resource.urn
            continue
        parent = by_urn[str(resource.parent)]
        assert parent.type.startswith("ai-gateway:gcp:"), resource.urn
        assert resource.name.startswith(parent.name), resource.urn
        assert resource.provider is not None
        assert "default" not in resource.provider
        if resource.type.split(":")[-1] not in UNLABELLED:
            _check_labels(resource)


def _check_labels(resource: Resource) -> None:
    package, module, name = resource.type.split(":")
    if package != "gcp":
        return
    class_: Any = getattr(getattr(gcp, module.split("/")[0]), name)
    taken = inspect.signature(class_._internal_init).parameters
    places = {"NodePool": ("nodeConfig", "resourceLabels"), "DatabaseInstance": ("settings", "userLabels")}
    if name in places:
        outer, inner = places[name]
        found: Any = resource.inputs[outer]
        assert found[inner].items() >= LABELS.items(), resource.urn
    for argument, wire in (("labels", "labels"), ("resource_labels", "resourceLabels")):
        if argument in taken:
            labels: Any = resource.inputs.get(wire)
            assert labels is not None, resource.urn
            assert labels.items() >= LABELS.items(), resource.urn


def network_spec(**changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "cidr": NETWORK_CIDR,
        "service_cidr": "172.20.0.0/16",
        "zones": ZONES,
        "private_cidrs": ("10.30.0.0/18",),
        "public_cidrs": (),
        "data_cidrs": (),
        "nat_gateways": 1,
        "interface_endpoints": ("all-apis",),
        "flow_log_retention_days": 30,
        "pod_cidr": "10.30.128.0/17",
        "control_plane_cidr": CONTROL_PLANE,
    }
    return NetworkSpec(**{**fields, **changes})


KEYS = (
    *(KeySpec(purpose=p, multi_region=False) for p in ("cluster", "disks", "database")),
    *(KeySpec(purpose=p, multi_region=False) for p in ("cache", "storage", "secrets")),
    KeySpec(purpose="seal", multi_region=True),
)

SECRETS = (
    SecretSpec(name="postgres-admin", length=24),
    SecretSpec(name="litellm-master-key", length=40, prefix="sk-"),
    SecretSpec(name="litellm-salt-key", length=40, rotates=False),
)

IDENTITIES = tuple(
    Identity(role=role, namespace=namespace, service_account=role)
    for role, namespace in (
        ("litellm", "litellm"),
        ("vault", "vault"),
        ("vault-init", "vault"),
        ("vault-snapshot", "vault"),
        ("thanos", "monitoring"),
        ("prometheus", "monitoring"),
        ("model-cache", "vllm"),
        ("vllm", "vllm"),
        ("external-secrets", "external-secrets"),
        ("cloud-metrics", "monitoring"),
    )
)


def bucket_spec(purpose: str, **changes: Any) -> BucketSpec:
    fields: dict[str, Any] = {"versioned": True, "expire_days": None, "noncurrent_days": 30, "protect": True}
    return BucketSpec(purpose=purpose, **{**fields, **changes})


def node_group(**changes: Any) -> NodeGroupSpec:
    """A CPU pool over all zones."""
    spec = NodeGroupSpec(
        name="cpu",
        pool="cpu_nodes",
        zones=ZONES,
        machine_type="n2-standard-16",
        min=10,
        desired=10,
        max=14,
        initial_per_zone=4,
        disk_gib=120,
        labels={"ai-gateway/pool": "cpu"},
    )
    return spec.model_copy(update=changes)


def gpu_group(**changes: Any) -> NodeGroupSpec:
    """A GPU pool in two zones."""
    fields: dict[str, Any] = {
        "name": "gpu",
        "pool": "gpu_nodes",
        "zones": ZONES[:2],
        "machine_type": "g2-standard-48",
        "min": 1,
        "desired": 3,
        "max": 8,
        "initial_per_zone": 1,
        "disk_gib": 300,
        "gpus_per_node": 4,
        "gpu_model": "nvidia-l4",
        "labels": {"ai-gateway/pool": "gpu"},
        "tainted": True,
    }
    return node_group(**{**fields, **changes})


def cluster_spec(**changes: Any) -> ClusterSpec:
    spec = ClusterSpec(
        kubernetes_version="1.35",
        node_release_version="",
        control_plane_tier="regional",
        api_allowed_cidrs=(),
        admin_role_arns=(),
        log_types=("SYSTEM_COMPONENTS", "APISERVER"),
        log_retention_days=90,
        node_groups=(node_group(), gpu_group()),
        addons=(),
        release_channel="REGULAR",
        backup=True,
        backup_retention_days=21,
    )
    return spec.model_copy(update=changes)


def postgres_spec(**changes: Any) -> PostgresSpec:
    spec = PostgresSpec(
        engine_version="POSTGRES_17",
        parameter_family="",
        instance_class="db-custom-8-16384",
        storage_type="PD_SSD",
        storage_gib=500,
        max_storage_gib=1024,
        iops=None,
        read_replicas=2,
        multi_az=True,
        max_connections=510,
        database="litellm",
        port=5432,
        backup_retention_days=14,
        insights_retention_days=7,
        edition="ENTERPRISE",
    )
    return spec.model_copy(update=changes)


def redis_spec(**changes: Any) -> RedisSpec:
    spec = RedisSpec(
        engine="redis",
        engine_version="7.2",
        parameter_family="",
        node_type="REDIS_HIGHMEM_MEDIUM",
        shards=3,
        replicas_per_shard=1,
        multi_az=True,
        durability="async",
        port=6379,
        snapshot_retention_days=7,
    )
    return spec.model_copy(update=changes)


def services(opts: pulumi.ResourceOptions, *optional: str) -> Services:
    return Services("services", ServicesArgs(PROJECT, optional or (api.BACKUP,)), opts)


def keys(opts: pulumi.ResourceOptions, *optional: str) -> Keys:
    """Keys of every purpose, with the agents of ``optional`` APIs besides the usual ones."""
    enabled = services(opts, *optional)
    users = (api.CONTAINER, api.COMPUTE, api.SQL, api.REDIS, api.STORAGE, api.SECRETS)
    agents = Agents("agents", AgentsArgs(PROJECT, enabled, (*users, *optional)), opts)
    return Keys("keys", KeysArgs(KEYS, PROJECT, REGION, agents, enabled.of(api.KMS), TAGS), opts)


def cluster(opts: pulumi.ResourceOptions, **changes: Any) -> Cluster:
    """A cluster; ``changes`` are fields of its specification, except those of its arguments."""
    arguments = ("name", "before", "egress", "services", "tags")
    own = {name: changes.pop(name) for name in arguments if name in changes}
    fields: dict[str, Any] = {
        "spec": cluster_spec(**changes),
        "name": CLUSTER,
        "project": PROJECT,
        "region": REGION,
        "zones": ZONES,
        "network_id": NETWORK,
        "subnet_id": SUBNET,
        "network_cidr": NETWORK_CIDR,
        "control_plane_cidr": CONTROL_PLANE,
        "secrets_key_id": key("cluster"),
        "disk_key_id": key("disks"),
        "services": own.get("services") or services(opts),
        "tags": TAGS,
    }
    return Cluster("gke", ClusterArgs(**{**fields, **own}), opts)


def postgres_args(**changes: Any) -> PostgresArgs:
    """Arguments of a database; ``changes`` are fields of its specification, or ``before`` or ``name``."""
    return PostgresArgs(
        before=changes.pop("before", ()),
        name=changes.pop("name", CLUSTER),
        spec=postgres_spec(**changes),
        project=PROJECT,
        region=REGION,
        network_id=NETWORK,
        key_id=key("database"),
        admin_user="gateway_admin",
        admin_password=pulumi.Output.secret(PASSWORD),
        password_version=3,
        tags=TAGS,
    )


def redis_args(**changes: Any) -> RedisArgs:
    """Arguments of a cache; ``changes`` are fields of its specification, or ``before`` or ``name``."""
    return RedisArgs(
        before=changes.pop("before", ()),
        name=changes.pop("name", CLUSTER),
        spec=redis_spec(**changes),
        project=PROJECT,
        region=REGION,
        network_id=NETWORK,
        key_id=key("cache"),
        tags=TAGS,
    )
