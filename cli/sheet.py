"""The layout of ``gateway size``: the guide's tables in the guide's order, as paths into the report.

A path under ``order.`` is what is bought; a cloud whose order does not have it, or has it empty, leaves the
row out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from cli.figures import lookup


@dataclass(frozen=True)
class Row:
    """One line: its label, the figures that stand in it, and how they are joined (default: " / ")."""

    label: str
    paths: tuple[str, ...]
    form: str = ""

    def joined(self, figures: Sequence[str]) -> str:
        """The figures in the row's form; a row of which some figures are missing takes the default."""
        whole = len(figures) == len(self.paths)
        return self.form.format(*figures) if self.form and whole else " / ".join(figures)


@dataclass(frozen=True)
class Section:
    """The rows of one table of the guide."""

    number: str
    title: str
    rows: tuple[Row, ...]


def _row(label: str, *paths: str, form: str = "") -> Row:
    return Row(label, paths, form)


def _under(part: str, *rows: Row) -> tuple[Row, ...]:
    """Rows whose paths are all below ``part``."""
    return tuple(replace(row, paths=tuple(f"{part}.{path}" for path in row.paths)) for row in rows)


_RESOURCES = (
    _row("CPU request / limit", "cpu_request_m", "cpu_limit_m"),
    _row("Memory request / limit", "memory_request_mib", "memory_limit_mib"),
)


def _shape(label: str, part: str) -> Row:
    """Replicas, cpu and memory of a component, as table 2.7 writes them."""
    return _row(label, f"{part}.replicas", f"{part}.cpu_m", f"{part}.memory_mib", form="{} x {} / {}")


_WORKLOAD = Section("1", "Workload", _under(
    "workload",
    _row("Requests/s", "requests_per_second"),
    _row("Concurrent users", "concurrent_users"),
    _row("Tokens a day", "daily_tokens"),
    _row("Use case", "use_case"),
    _row("Tokens in / out, a call", "input_tokens", "output_tokens"),
    _row("Streamed / from cache", "streaming_ratio", "cache_hit_ratio"),
    _row("Peak over average", "peak_to_average"),
))  # fmt: skip

_PROXY = (
    _row("Replicas, least / most", "replicas", "max_replicas"),
    *_RESOURCES,
    _row("Requests/s, all replicas", "max_rps"),
    _row("Scale at CPU / memory", "hpa.cpu_percent", "hpa.memory_percent"),
)
_LITELLM = Section(
    "2.1", "LiteLLM", (*_under("litellm", *_PROXY), _row("Worker processes a pod", "litellm.workers"))
)
_AGENT_GATEWAY = Section("2.2", "Agent gateway", _under("agent_gateway", *_PROXY))
_ROUTER = Section("2.3", "vLLM", (_row("Router replicas", "vllm.router_replicas"),))
_ENGINE = (
    _row("Model", "repository"),
    _row("Precision", "precision"),
    _row("GPUs, a replica", "gpus", "gpu_model", form="{} x {}"),
    _row("Tensor parallel size", "tensor_parallel_size"),
    _row("Longest context, tokens", "max_model_len"),
    _row("Replicas, least / most", "min_replicas", "max_replicas"),
    *_RESOURCES,
    _row("GPU memory need / usable", "gpu_memory_needed_mib", "gpu_memory_available_mib"),
    _row("Output tokens, a replica", "output_tokens_per_s"),
    _row("Scale when", "trigger.metric", "trigger.threshold", form="{} > {}"),
)
_POSTGRES = Section("2.4", "PostgreSQL", (
    _row("Topology", "postgres.topology"),
    _row("Instance class", "order.postgres.instance_class"),
    _row("Engine", "order.postgres.engine_version", form="PostgreSQL {}"),
    _row("Edition", "order.postgres.edition"),
    _row("vCPU / memory", "postgres.vcpu", "postgres.memory_gib"),
    _row("Storage", "postgres.storage_gib", "postgres.storage_medium", form="{} {}"),
    _row("Storage type", "order.postgres.storage_type"),
    _row("Storage grows to", "postgres.max_storage_gib"),
    _row("IOPS", "postgres.iops"),
    _row("Read replicas", "postgres.read_replicas"),
    _row("Standby in a second zone", "postgres.multi_az"),
    _row("Connections of the class", "order.postgres.max_connections"),
))  # fmt: skip
_PGBOUNCER = Section("2.4", "PgBouncer", _under(
    "pgbouncer",
    _row("Replicas", "replicas"),
    _row("Pool mode", "pool_mode"),
    _row("Pool size / reserve", "default_pool_size", "reserve_pool_size"),
    _row("Clients, each replica", "max_client_conn"),
))  # fmt: skip
_REDIS = Section("2.5", "Redis", (
    _row("Topology", "redis.topology"),
    _row("Node type", "order.redis.node_type"),
    _row("Engine", "order.redis.engine", "order.redis.engine_version", form="{} {}"),
    _row("Shards / replicas each", "redis.shards", "redis.replicas_per_shard"),
    _row("Memory, each node", "redis.memory_gib_per_node"),
    _row("Persistence", "redis.persistence"),
    _row("Snapshot storage", "redis.snapshot_gib"),
))  # fmt: skip
_VAULT = Section("2.6", "Vault", _under(
    "vault",
    _row("Topology", "topology"),
    _row("Replicas", "replicas"),
    _row("CPU / memory", "cpu_m", "memory_mib"),
    _row("Storage", "storage_gib"),
    _row("Disaster recovery", "dr"),
))  # fmt: skip
_OBSERVABILITY = Section("2.7", "Observability", _under(
    "observability",
    _shape("OTel collector", "otel_collector"),
    _row("Prometheus replicas", "prometheus.replicas"),
    _row("Prometheus memory", "prometheus.memory_request_mib", "prometheus.memory_limit_mib"),
    _row("Prometheus storage, each", "prometheus.storage_gib"),
    _shape("Grafana", "grafana"),
    _row("Jaeger", "jaeger.mode"),
    _row("Thanos", "thanos.enabled"),
))  # fmt: skip
_CLUSTER = Section("3.1", "Cluster", (
    _row("Control plane", "cluster.control_plane"),
    _row("Kubernetes", "order.cluster.kubernetes_version"),
    _row("Release channel", "order.cluster.release_channel"),
    _row("CPU nodes", "cluster.cpu_nodes.desired", "cluster.cpu_nodes.machine_type", form="{} x {}"),
    _row("CPU nodes, least / most", "cluster.cpu_nodes.min", "cluster.cpu_nodes.max"),
    _row("GPU nodes", "cluster.gpu_nodes.desired", "cluster.gpu_nodes.machine_type", form="{} x {}"),
    _row("GPU nodes, least / most", "cluster.gpu_nodes.min", "cluster.gpu_nodes.max"),
))  # fmt: skip
_NETWORK = Section("3.2", "Network", (
    _row("Ingress", "network.ingress_mbps"),
    _row("Internal", "network.internal_gbps"),
    _row("Private endpoints", "network.endpoints"),
    _row("Address space", "order.network.cidr"),
    _row("Pods / control plane", "order.network.pod_cidr", "order.network.control_plane_cidr"),
    _row("Zones", "order.zones"),
    _row("NAT gateways", "order.network.nat_gateways"),
))  # fmt: skip
_STORAGE = Section("3.3", "Storage", _under(
    "storage",
    _row("PostgreSQL", "postgres_gib"),
    _row("Redis", "redis_gib"),
    _row("Prometheus", "prometheus_gib"),
    _row("Model cache", "model_cache_gib"),
))  # fmt: skip


def sections(report: Mapping[str, object]) -> Iterator[Section]:
    """The sections of one report; a section per engine, a row per node group."""
    yield from (_WORKLOAD, _LITELLM, _AGENT_GATEWAY, _ROUTER)
    yield from _engines(report)
    yield Section("2.3", "vLLM throughput, a replica", tuple(_throughput(report)))
    yield from (_POSTGRES, _PGBOUNCER, _REDIS, _VAULT, _OBSERVABILITY)
    yield Section(_CLUSTER.number, _CLUSTER.title, (*_CLUSTER.rows, *_node_groups(report)))
    yield from (_NETWORK, _STORAGE)


def _engines(report: Mapping[str, object]) -> Iterator[Section]:
    for index, engine in enumerate(_list(report, "vllm.engines")):
        name = engine.get("name", f"engine {index}")
        yield Section("2.3", f"vLLM engine {name}", _under(f"vllm.engines[{index}]", *_ENGINE))


def _throughput(report: Mapping[str, object]) -> Iterator[Row]:
    for index, measured in enumerate(_list(report, "vllm.throughput")):
        at = f"vllm.throughput[{index}]"
        figures = (f"{at}.gpus", f"{at}.gpu_model", f"{at}.memory_gib", f"{at}.tokens_per_s")
        yield Row(str(measured.get("model", index)), figures, "{} x {}, {}: {}")


def _node_groups(report: Mapping[str, object]) -> Iterator[Row]:
    for index, group in enumerate(_list(report, "order.nodes")):
        at = f"order.nodes[{index}]"
        figures = (f"{at}.min", f"{at}.max", f"{at}.machine_type", f"{at}.zones")
        yield Row(f"  {group.get('name', index)}", figures, "{} to {} x {}, {}")


def _list(report: Mapping[str, object], path: str) -> Sequence[Mapping[str, object]]:
    found = lookup(report, path)
    return cast("list[Mapping[str, object]]", found) if isinstance(found, list) else []
