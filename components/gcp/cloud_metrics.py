"""What is asked of Cloud Monitoring, and by which exporter.

https://github.com/prometheus-community/stackdriver_exporter
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.bindings import CloudMetricsBinding
from components.gcp.labels import Text
from components.kubernetes import images

PORT = 9255
WINDOW = "5m"
"""How far back to look: figures arrive up to some minutes late."""

SQL, CACHE = "cloudsql.googleapis.com/database", "redis.googleapis.com/cluster"
GPU = "kubernetes.io/container/accelerator"
ASKED = (
    f"{SQL}/disk/bytes_used",
    f"{SQL}/disk/quota",
    f"{SQL}/disk/read_ops_count",
    f"{SQL}/disk/write_ops_count",
    f"{SQL}/cpu/utilization",
    f"{SQL}/postgresql/num_backends",
    f"{SQL}/replication/replica_lag",
    f"{CACHE}/memory/maximum_utilization",
    f"{CACHE}/cpu/maximum_utilization",
    f"{CACHE}/stats/total_evicted_keys_count",
    f"{GPU}/duty_cycle",
)
"""Metric types in full: what alerts and dashboards use, and nothing else, since every type is a call."""


def cloud_metrics(
    project: str, databases: Sequence[Text], cache: Text, cluster_name: str
) -> CloudMetricsBinding:
    """The exporter for these instances, this cache and the GPUs of this cluster, by name.

    A filter ends at its first colon and must have none of its own, so ids that hold one are matched from
    their end.
    """
    named = pulumi.Output.all(*databases).apply("|".join)
    sql = pulumi.Output.format(
        '{0}:resource.labels.database_id=monitoring.regex.full_match(".*({1})")', SQL, named
    )
    memory = pulumi.Output.format(
        '{0}:resource.labels.cluster_id=monitoring.regex.full_match(".*{1}")', CACHE, cache
    )
    return CloudMetricsBinding(
        image=images.STACKDRIVER_EXPORTER.reference,
        port=PORT,
        arguments=(
            f"--google.project-ids={project}",
            *(f"--monitoring.metrics-prefixes={metric}" for metric in ASKED),
            f"--monitoring.metrics-interval={WINDOW}",
            pulumi.Output.concat("--monitoring.filters=", sql),
            pulumi.Output.concat("--monitoring.filters=", memory),
            f'--monitoring.filters={GPU}:resource.labels.cluster_name="{cluster_name}"',
        ),
        files={},
    )
