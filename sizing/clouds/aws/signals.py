"""RDS, ElastiCache and GPUs in Prometheus: CloudWatch by way of YACE, GPUs by way of the DCGM exporter.

Names: "aws_" + service + CloudWatch's metric in snake case + statistic
(https://github.com/prometheus-community/yet-another-cloudwatch-exporter).
"""

from __future__ import annotations

from sizing.clouds.signals import ServiceSignals, by_server
from sizing.specs import PostgresSpec

DATABASE = "dimension_DBInstanceIdentifier"
CACHE = "dimension_CacheClusterId"
BURSTABLE = "db.t"
"""Classes that save up CPU and disk credits; others have a fixed baseline
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html)."""


def signals(postgres: PostgresSpec) -> ServiceSignals:
    """The expressions. CloudWatch knows the free space only, so the share is of what is allocated at first;
    after storage autoscaling it is below zero."""
    free = by_server("aws_rds_free_storage_space_average", DATABASE)
    allocated = postgres.storage_gib * 2**30
    burst = by_server("aws_rds_ebsiobalance_percent_average", DATABASE, "min")
    return ServiceSignals(
        database_storage=f"1 - {free} / {allocated}",
        database_growth=None,
        database_iops=by_server("aws_rds_read_iops_average", DATABASE)
        + " + "
        + by_server("aws_rds_write_iops_average", DATABASE),
        database_connections=by_server("aws_rds_database_connections_average", DATABASE),
        database_cpu=f"{by_server('aws_rds_cpuutilization_average', DATABASE)} / 100",
        database_replica_lag_s=by_server("aws_rds_replica_lag_average", DATABASE),
        database_burst_left=f"{burst} / 100" if postgres.instance_class.startswith(BURSTABLE) else None,
        cache_memory=f"{by_server('aws_elasticache_database_memory_usage_percentage_maximum', CACHE)} / 100",
        cache_cpu=f"{by_server('aws_elasticache_engine_cpuutilization_maximum', CACHE)} / 100",
        cache_evictions=by_server("aws_elasticache_evictions_maximum", CACHE),
        gpu_busy='avg by (model) (label_replace(DCGM_FI_DEV_GPU_UTIL, "model", "$1", "modelName", "(.+)"))',
        database_present="aws_rds_cpuutilization_average",
        cache_present="aws_elasticache_engine_cpuutilization_maximum",
        gpu_present="DCGM_FI_DEV_GPU_UTIL",
        source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html",
    )
