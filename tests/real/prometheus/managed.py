"""What the clouds' exporters say of database, cache and GPUs; what is gone when nothing is scraped."""

from __future__ import annotations

from collections.abc import Mapping

from sizing.plan import Plan
from tests.real.prometheus.series import Scenario, Series, flat, gauge, present

_SQL = "stackdriver_cloudsql_database_cloudsql_googleapis_com_database_"
_CACHE = "stackdriver_redis_googleapis_com_cluster_redis_googleapis_com_cluster_"
_RDS, _EC = '{dimension_DBInstanceIdentifier="db-1"}', '{dimension_CacheClusterId="c-1"}'
_DB, _MEMORYSTORE = '{database_id="p:db-1"}', '{cluster_id="c-1"}'


def _storage(plan: Plan, value: float) -> Series:
    free = plan.order.postgres.spec.storage_gib * 2**30 * (1 - value)
    return {f"aws_rds_free_storage_space_average{_RDS}": flat(free)}


def _used_of_limit(plan: Plan, value: float) -> Series:
    limit = plan.order.postgres.spec.max_storage_gib * 2**30
    return {f"{_SQL}disk_bytes_used{_DB}": flat(limit * value), f"{_SQL}disk_quota{_DB}": flat(limit)}


def _disk(gib: float, free_gib: float) -> Series:
    return {
        f"{_SQL}disk_quota{_DB}": flat(gib * 2**30),
        f"{_SQL}disk_bytes_used{_DB}": flat((gib - free_gib) * 2**30),
    }


def _small_disk(_plan: Plan, value: float) -> Series:
    """100 GiB grow below 9."""
    return _disk(100, 9 * value)


def large_disk(_plan: Plan, value: float) -> Series:
    """2 TiB grow below 25 GiB."""
    return _disk(2048, 25 * value)


def _sum(first: str, second: str, scale: float = 1) -> Scenario:
    return lambda _plan, value: {first: flat(value * scale * 0.6), second: flat(value * scale * 0.4)}


CLOUDS: Mapping[str, Mapping[str, Scenario]] = {
    "aws": {
        "DatabaseStorageFull": _storage,
        "DatabaseIopsHigh": _sum(f"aws_rds_read_iops_average{_RDS}", f"aws_rds_write_iops_average{_RDS}"),
        "DatabaseConnectionsHigh": gauge(f"aws_rds_database_connections_average{_RDS}"),
        "DatabaseCpuHigh": gauge(f"aws_rds_cpuutilization_average{_RDS}", 100),
        "DatabaseReplicaBehind": gauge(f"aws_rds_replica_lag_average{_RDS}"),
        "DatabaseBurstCreditsLow": gauge(f"aws_rds_ebsiobalance_percent_average{_RDS}", 100),
        "CacheMemoryHigh": gauge(f"aws_elasticache_database_memory_usage_percentage_maximum{_EC}", 100),
        "CacheCpuHigh": gauge(f"aws_elasticache_engine_cpuutilization_maximum{_EC}", 100),
        "CacheEvicts": gauge(f"aws_elasticache_evictions_maximum{_EC}"),
        "GpuBusy": gauge('DCGM_FI_DEV_GPU_UTIL{gpu="0",modelName="T4",hostname="n"}'),
    },
    "gcp": {
        "DatabaseStorageFull": _used_of_limit,
        "DatabaseStorageNotGrowing": _small_disk,
        "DatabaseIopsHigh": _sum(f"{_SQL}disk_read_ops_count{_DB}", f"{_SQL}disk_write_ops_count{_DB}", 60),
        "DatabaseConnectionsHigh": _sum(
            f'{_SQL}postgresql_num_backends{{database_id="p:db-1",database="a"}}',
            f'{_SQL}postgresql_num_backends{{database_id="p:db-1",database="b"}}',
        ),
        "DatabaseCpuHigh": gauge(f"{_SQL}cpu_utilization{_DB}"),
        "DatabaseReplicaBehind": gauge(f"{_SQL}replication_replica_lag{_DB}"),
        "CacheMemoryHigh": gauge(f"{_CACHE}memory_maximum_utilization{_MEMORYSTORE}"),
        "CacheCpuHigh": gauge(f"{_CACHE}cpu_maximum_utilization{_MEMORYSTORE}"),
        "CacheEvicts": gauge(f"{_CACHE}stats_total_evicted_keys_count{_MEMORYSTORE}"),
        "GpuBusy": gauge(
            'stackdriver_k_8_s_container_kubernetes_io_container_accelerator_duty_cycle{model="nvidia-l4"}'
        ),
    },
}
"""Scenarios of what the cloud itself serves, by cloud."""


SOMETHING = 'kube_deployment_status_replicas_available{namespace="other",deployment="other"}'
"""kube-state-metrics answers."""

_PODS = {
    "agentgateway": ("agentgateway-system", "edge-7f-x"),
    "litellm": ("litellm", "litellm-7f-x"),
    "pgbouncer": ("database", "pgbouncer-7f-x"),
    "vault": ("vault", "vault-0"),
    "vllm-router": ("vllm", "vllm-deployment-router-7f-x"),
}
_PRESENT = {
    "aws": {
        "database": f"aws_rds_cpuutilization_average{_RDS}",
        "cache": f"aws_elasticache_engine_cpuutilization_maximum{_EC}",
        "GPUs": 'DCGM_FI_DEV_GPU_UTIL{gpu="0"}',
    },
    "gcp": {
        "database": f"{_SQL}cpu_utilization{_DB}",
        "cache": f"{_CACHE}memory_maximum_utilization{_MEMORYSTORE}",
        "GPUs": "stackdriver_k_8_s_container_kubernetes_io_container_accelerator_duty_cycle",
    },
}
_SERIES = {"kube-state-metrics": SOMETHING, "kubelet": 'container_memory_working_set_bytes{pod="p"}'}


def missing(cloud: str, source: str) -> Scenario:
    """``value`` 1: nothing of the source is there, though its neighbours are."""
    series = _PRESENT[cloud].get(source) or _SERIES.get(source)
    if series is not None:
        return present(series)
    slug = source.removeprefix("vllm-")
    namespace, pod = _PODS.get(source, ("vllm", f"vllm-{slug}-deployment-vllm-7f-x"))
    up = f'up{{namespace="{namespace}",pod="{pod}"}}'
    beside = f'up{{namespace="{namespace}",pod="another-0"}}'
    return lambda _plan, value: {up: flat(0 if value == 1 else 1), beside: flat(1)}
