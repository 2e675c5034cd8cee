"""Specifications, bindings and captures for the tests of what runs on Kubernetes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings, CloudMetricsBinding, PostgresBinding, RedisBinding
from components.kubernetes.endpoints import ServiceEndpoint
from infra.graph.model import Graph, Resource
from infra.offline import capture
from sizing.specs import (
    AgentGatewaySpec,
    Container,
    EngineSpec,
    HpaSpec,
    LitellmSpec,
    ModelRoute,
    PgbouncerSpec,
    TriggerSpec,
    VaultSpec,
    VllmSpec,
    Workload,
    Workloads,
)
from tests.contracts.checker import chart_problems, crd_problems

Build = Callable[[pulumi.ResourceOptions], object]

OTLP = ServiceEndpoint("otel-collector", "monitoring", 4317)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


class Stand(Component):
    """Stands for whatever a component waits for."""

    TYPE = "ai-gateway:test:Stand"

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.map = k8s.core.v1.ConfigMap(
            f"{name}-map",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace="default"),
            opts=self.child(),
        )
        self.register_outputs({})


def captured(build: Build, *, preview: bool = True) -> Graph:
    """The graph of what ``build`` makes with an explicit provider; a default one is an error."""

    def program() -> None:
        provider = k8s.Provider("kubernetes", cluster_identifier="test")
        build(pulumi.ResourceOptions(providers=[provider]))

    return capture(
        program,
        project="test",
        stack="test",
        config={"pulumi:disable-default-providers": ["kubernetes"]},
        preview=preview,
    )


def resources(graph: Graph, kind: str) -> dict[str, Resource]:
    """Resources whose type ends in ``kind``, by logical name."""
    return {found.name: found for found in graph.resources if found.type.split(":")[-1] == kind}


def one(graph: Graph, kind: str) -> Resource:
    """The only resource of a kind."""
    found = list(resources(graph, kind).values())
    assert len(found) == 1, [resource.name for resource in found]
    return found[0]


def values(graph: Graph, release: str) -> dict[str, Any]:
    """Values of the release with this name, all of whose keys the chart really has."""
    found = [r for r in resources(graph, "Release").values() if r.inputs["name"] == release]
    assert len(found) == 1, release
    chart = str(found[0].inputs["chart"]).rsplit("/", 1)[-1]
    given = found[0].inputs.get("values", {})
    assert isinstance(given, dict)
    assert chart_problems(chart, given) == []
    return cast(dict[str, Any], given)


def manifests(graph: Graph, kind: str) -> dict[str, dict[str, Any]]:
    """Custom resources of a kind by ``metadata.name``; each agrees with its schema."""
    found: dict[str, dict[str, Any]] = {}
    for resource in resources(graph, kind).values():
        manifest = cast(dict[str, Any], resource.inputs)
        assert crd_problems(manifest) == []
        found[manifest["metadata"]["name"]] = manifest
    return found


def spec(graph: Graph, kind: str, name: str) -> dict[str, Any]:
    """``spec`` of one custom resource."""
    return cast(dict[str, Any], manifests(graph, kind)[name]["spec"])


def waits_for(graph: Graph, waiting: str, awaited: str) -> bool:
    """True when the resource named ``waiting`` comes after the one named ``awaited``, directly or not."""
    by_urn = graph.by_urn()
    names = {resource.name: resource for resource in graph.resources}
    assert waiting in names, waiting
    assert awaited in names, awaited
    pending, seen = list(names[waiting].depends_on), set[str]()
    while pending:
        urn = pending.pop()
        if urn == names[awaited].urn:
            return True
        if urn not in seen:
            seen.add(urn)
            pending += by_urn[urn].depends_on
    return False


def check_contract(build: Build) -> None:
    """What holds for every component: parents, names, providers, labels, no resource made in an apply."""
    graph = captured(build)
    assert {r.urn for r in graph.resources} == {r.urn for r in captured(build, preview=False).resources}
    by_urn = graph.by_urn()
    ours = [r for r in graph.resources if r.type.split(":")[0] != "pulumi" and ":Stand" not in r.urn]
    assert ours
    for resource in ours:
        if resource.type.startswith("ai-gateway:"):
            continue
        assert resource.parent is not None
        assert by_urn[resource.parent].type.startswith("ai-gateway:kubernetes:"), resource.urn
        assert resource.name.startswith(by_urn[resource.parent].name), resource.urn
        if resource.custom:
            assert resource.provider is not None
            assert "default" not in resource.provider
        check_object(resource)
    assert not graph.warnings


def check_object(resource: Resource) -> None:
    """Labels and a namespace on every object of ours; a release and a patch carry none."""
    if resource.remote or resource.type.endswith((":Release", "Patch")):
        return
    metadata = resource.inputs["metadata"]
    assert isinstance(metadata, dict)
    labels = metadata["labels"]
    assert isinstance(labels, dict)
    assert labels["app.kubernetes.io/part-of"] == "ai-gateway"
    assert labels["app.kubernetes.io/managed-by"] == "pulumi"
    assert metadata["namespace"]


def bindings(**changes: Any) -> Bindings:
    fields: dict[str, Any] = {
        "cloud": "aws",
        "region": "eu-test-1",
        "cluster_name": "gateway-test",
        "network_id": pulumi.Output.from_input("vpc-1"),
        "storage_class": "gp3",
        "service_account_annotations": {"litellm": {"role": "litellm"}, "vllm": {"role": "vllm"}},
        "load_balancer_annotations": {"lb/scheme": "internal"},
        "load_balancer_class": "lb-class",
        "secret_store_provider": {"aws": {"service": "SecretsManager", "region": "eu-test-1"}},
        "secret_prefix": "gw/test/",
        "vault_seal": pulumi.Output.from_input('seal "awskms" {\n  kms_key_id = "mrk-1"\n}\n'),
        "thanos_objstore": None,
        "model_cache_uri": pulumi.Output.from_input("s3://models"),
        "vault_snapshot_uri": pulumi.Output.from_input("s3://snapshots"),
        "postgres": postgres_binding(),
        "redis": redis_binding(),
        "cloud_metrics": CloudMetricsBinding(
            image="exporter:v1", port=5000, arguments=("-config.file=/etc/cloud-metrics/a",), files={"a": "b"}
        ),
        "environment": {"AWS_REGION": "eu-test-1"},
    }
    return Bindings(**{**fields, **changes})


def postgres_binding(**changes: Any) -> PostgresBinding:
    fields: dict[str, Any] = {
        "writer_host": pulumi.Output.from_input("writer.test"),
        "reader_hosts": (),
        "port": 6432,
        "database": "litellm",
        "admin_user": "gateway_admin",
        "ca_bundle": None,
    }
    return PostgresBinding(**{**fields, **changes})


def redis_binding(**changes: Any) -> RedisBinding:
    fields: dict[str, Any] = {
        "host": pulumi.Output.from_input("cache.test"),
        "port": 6380,
        "auth_secret": "redis-auth",
    }
    return RedisBinding(**{**fields, **changes})


def container(name: str, cpu_m: int, memory_mib: int, **changes: Any) -> Container:
    fields: dict[str, Any] = {
        "cpu_request_m": cpu_m,
        "cpu_limit_m": cpu_m * 2,
        "memory_request_mib": memory_mib,
        "memory_limit_mib": memory_mib * 2,
    }
    return Container(name=name, **{**fields, **changes})


def workload(name: str, *containers: Container, **changes: Any) -> Workload:
    fields: dict[str, Any] = {
        "release": name,
        "namespace": name,
        "kind": "Deployment",
        "node_group": "cpu_nodes",
        "replicas": 3,
        "containers": containers,
        "spread_zones": "hard",
        "spread_hosts": "soft",
        "max_unavailable": 1,
        "priority_class": "gateway-critical",
        "source": "test",
    }
    return Workload(name=name, **{**fields, **changes})


def job(name: str, *steps: Container, **changes: Any) -> Workload:
    """A Job of several steps, the last of which is its container."""
    fields: dict[str, Any] = {
        "kind": "Job",
        "replicas": 1,
        "init_containers": steps[:-1],
        "spread_zones": "none",
        "spread_hosts": "none",
        "max_unavailable": None,
        "priority_class": "gateway-batch",
    }
    return workload(name, *steps[-1:], **{**fields, **changes})


def replaced(name: str, **changes: Any) -> Workloads:
    """The workloads of a test with one of them changed."""
    return Workloads(
        items=tuple(w.model_copy(update=changes) if w.name == name else w for w in WORKLOADS.items)
    )


WORKLOADS = Workloads(
    items=(
        workload(
            "vault",
            container("vault", 510, 520),
            container("audit-rotate", 11, 17),
            kind="StatefulSet",
            spread_hosts="hard",
            replicas=5,
        ),
        *(
            workload(name, container(name, 21, 65), namespace=space, kind=kind, replicas=1)
            for name, space, kind in (
                ("vault-init", "vault", "Job"),
                ("vault-snapshot", "vault", "CronJob"),
                ("litellm-keys", "litellm", "CronJob"),
            )
        ),
        workload(
            "pgbouncer", container("pgbouncer", 260, 130), container("exporter", 31, 41), namespace="database"
        ),
        workload("litellm", container("litellm", 1010, 1030), container("metrics", 51, 129), max_replicas=12),
        workload(
            "agentgateway",
            container("agentgateway", 505, 515),
            release="edge",
            namespace="agentgateway-system",
            max_replicas=8,
        ),
        workload(
            "agentgateway-controller",
            container("controller", 101, 257),
            release="agentgateway",
            namespace="agentgateway-system",
            replicas=2,
            spread_zones="soft",
        ),
        workload("vllm-router", container("router", 401, 1001), release="vllm", namespace="vllm", replicas=2),
        workload(
            "vllm-llama-31-8b",
            container("vllm", 3100, 10300, gpus=1),
            release="vllm",
            namespace="vllm",
            node_group="gpu_nodes",
            replicas=2,
            max_replicas=6,
        ),
        job("database-bootstrap", container("bootstrap", 102, 65), namespace="database"),
        job(
            "litellm-migrate",
            container("migrations", 251, 513),
            container("views", 252, 514),
            namespace="litellm",
        ),
        job("model-cache-llama-31-8b", container("fill", 501, 1025), namespace="vllm"),
    )
)


def hpa(**changes: Any) -> HpaSpec:
    fields: dict[str, Any] = {
        "min_replicas": 3,
        "max_replicas": 12,
        "cpu_percent": 71,
        "memory_percent": 82,
        "scale_down_stabilization_s": 310,
        "scale_down_percent": 26,
        "scale_down_period_s": 61,
        "scale_up_stabilization_s": 1,
        "scale_up_percent": 101,
        "scale_up_period_s": 16,
    }
    return HpaSpec(**{**fields, **changes})


def litellm_spec(**changes: Any) -> LitellmSpec:
    fields: dict[str, Any] = {
        "workers": 2,
        "hpa": hpa(),
        "database": "litellm",
        "pool_connections_per_worker": 7,
        "spend_log_retention_days": 23,
        "request_timeout_s": 610,
        "models": (ModelRoute(name="chat", served_name="llama-3.1-8b"),),
        "external_models": (),
        "bedrock": False,
    }
    return LitellmSpec(**{**fields, **changes})


def pgbouncer_spec(**changes: Any) -> PgbouncerSpec:
    fields: dict[str, Any] = {
        "pool_mode": "transaction",
        "default_pool_size": 51,
        "max_client_conn": 1001,
        "reserve_pool_size": 6,
        "max_prepared_statements": 200,
        "database": "litellm",
    }
    return PgbouncerSpec(**{**fields, **changes})


def vault_spec(**changes: Any) -> VaultSpec:
    return VaultSpec(**{"replicas": 5, "storage_gib": 11, "audit_storage_gib": 6, **changes})


def agent_gateway_spec(**changes: Any) -> AgentGatewaySpec:
    fields: dict[str, Any] = {
        "hpa": hpa(min_replicas=2, max_replicas=8),
        "domain": "llm.example.com",
        "certificate_arn": None,
        "public": True,
        "drain_min_s": 16,
        "drain_max_s": 620,
    }
    return AgentGatewaySpec(**{**fields, **changes})


def engine(**changes: Any) -> EngineSpec:
    fields: dict[str, Any] = {
        "name": "llama-3.1-8b",
        "slug": "llama-31-8b",
        "repository": "org/llama-awq",
        "revision": "abc123",
        "precision": "awq",
        "dtype": "half",
        "gpu_model": "T4",
        "gpus": 1,
        "tensor_parallel_size": 1,
        "max_model_len": 8192,
        "max_num_seqs": 33,
        "gpu_memory_utilization": 0.89,
        "stream_interval": 6,
        "shm_gib": 2,
        "streamer_memory_limit_mib": 4096,
        "startup_budget_s": 905,
        "min_replicas": 2,
        "max_replicas": 6,
        "triggers": (
            TriggerSpec(metric="vllm:num_requests_running", threshold=11),
            TriggerSpec(metric="vllm:num_requests_waiting", threshold=4),
        ),
        "fallback_replicas": 3,
    }
    return EngineSpec(**{**fields, **changes})


def vllm_spec(*engines: EngineSpec, **changes: Any) -> VllmSpec:
    return VllmSpec(**{"engines": engines or (engine(),), "drain_s": 125, **changes})
