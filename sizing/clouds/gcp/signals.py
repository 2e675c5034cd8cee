"""Cloud SQL, Memorystore and GPUs in Prometheus: Cloud Monitoring by way of the stackdriver exporter.

Names: "stackdriver_" + monitored resource + metric type, both in snake case
(https://github.com/prometheus-community/stackdriver_exporter).
"""

from __future__ import annotations

from sizing.clouds.signals import ServiceSignals, by_server
from sizing.specs import PostgresSpec

SQL = "stackdriver_cloudsql_database_cloudsql_googleapis_com_database_"
CACHE = "stackdriver_redis_googleapis_com_cluster_redis_googleapis_com_cluster_"
GPU = "stackdriver_k_8_s_container_kubernetes_io_container_accelerator_duty_cycle"
"""A metric of the system, in percent: the exporter that GKE can run itself reports to Google's own Prometheus
only (https://cloud.google.com/monitoring/api/metrics_kubernetes)."""
DELTA_S = 60
"""Counts are of the last minute."""


def _sql(metric: str, how: str = "max") -> str:
    return by_server(f"{SQL}{metric}", "database_id", how)


def _cache(metric: str) -> str:
    return by_server(f"{CACHE}{metric}", "cluster_id")


def _growth() -> str:
    """Free space in parts of that below which Cloud SQL grows the disk: 5 GB and a 25th of it, at most 25 GB
    (https://cloud.google.com/sql/docs/postgres/instance-settings#automatic-storage-increase-2ndgen)."""
    size, gib = _sql("disk_quota"), 2**30
    return f"({size} - {_sql('disk_bytes_used')}) / clamp_max({5 * gib} + {size} / 25, {25 * gib})"


def signals(postgres: PostgresSpec) -> ServiceSignals:
    """The expressions. Cloud SQL grows its disk by itself, so the share is of the size it may reach: a share
    of today's would be high before every growth (a disk of 1 TB grows at 97.6%)."""
    return ServiceSignals(
        database_storage=f"{_sql('disk_bytes_used')} / {postgres.max_storage_gib * 2**30}",
        database_growth=_growth(),
        database_iops=f"({_sql('disk_read_ops_count')} + {_sql('disk_write_ops_count')}) / {DELTA_S}",
        database_connections=_sql("postgresql_num_backends", "sum"),
        database_cpu=_sql("cpu_utilization"),
        database_replica_lag_s=_sql("replication_replica_lag"),
        database_burst_left=None,
        cache_memory=_cache("memory_maximum_utilization"),
        cache_cpu=_cache("cpu_maximum_utilization"),
        cache_evictions=_cache("stats_total_evicted_keys_count"),
        gpu_busy=f"avg by (model) ({GPU})",
        database_present=f"{SQL}cpu_utilization",
        cache_present=f"{CACHE}memory_maximum_utilization",
        gpu_present=GPU,
        source="https://cloud.google.com/sql/docs/postgres/admin-api/metrics",
    )
