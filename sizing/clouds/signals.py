"""How a cloud's managed services are seen in Prometheus: one expression per question, on every cloud the same
questions. The series come from the cloud's own monitoring, through an exporter in the cluster.
"""

from __future__ import annotations

from sizing.specs import Spec


class ServiceSignals(Spec):
    """PromQL over the database, the cache and the GPUs.

    Database and cache series carry one label, ``server``: which instance or node they are about. Ratios are
    0 to 1. ``database_storage`` is what is used of the disk at its largest. ``database_growth`` is the free
    space in parts of that below which the disk grows by itself, where the cloud says how large the disk is.
    ``database_burst_left`` is the share of disk credits left where the class has them, else None.
    ``gpu_busy`` is the share of time in percent by ``model``. The ``_present`` ones are series that
    are always there while their exporter and its permissions work. ``source`` says where names and units
    are documented.
    """

    database_storage: str
    database_growth: str | None
    database_iops: str
    database_connections: str
    database_cpu: str
    database_replica_lag_s: str
    database_burst_left: str | None
    cache_memory: str
    cache_cpu: str
    cache_evictions: str
    gpu_busy: str
    database_present: str
    cache_present: str
    gpu_present: str
    source: str


def by_server(metric: str, label: str, how: str = "max") -> str:
    """``metric`` aggregated to one series per value of ``label``, which becomes the label ``server``."""
    return f'{how} by (server) (label_replace({metric}, "server", "$1", "{label}", "(.+)"))'
