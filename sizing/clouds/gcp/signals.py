"""Cloud SQL, Memorystore and GPUs in Prometheus: Cloud Monitoring by way of the stackdriver exporter.

Names: "stackdriver_" + monitored resource + metric type, both in snake case
(https://github.com/prometheus-community/stackdriver_exporter).
"""

from __future__ import annotations

from sizing.clouds.signals import ServiceSignals, by_server

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


def signals() -> ServiceSignals:
    """The expressions. Cloud SQL grows its disk by itself, so the share is of the disk's size today."""
    return ServiceSignals(
        database_storage=_sql("disk_utilization"),
        database_iops=f"({_sql('disk_read_ops_count')} + {_sql('disk_write_ops_count')}) / {DELTA_S}",
        database_connections=_sql("postgresql_num_backends", "sum"),
        database_cpu=_sql("cpu_utilization"),
        database_replica_lag_s=_sql("replication_replica_lag"),
        database_burst_left=None,
        cache_memory=_cache("memory_maximum_utilization"),
        cache_cpu=_cache("cpu_maximum_utilization"),
        cache_evictions=_cache("stats_total_evicted_keys_count"),
        gpu_busy=f"avg by (model) ({GPU})",
        present=f"{SQL}cpu_utilization",
        source="https://cloud.google.com/sql/docs/postgres/admin-api/metrics",
    )
