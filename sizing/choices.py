"""Figures of ours, where the guide is silent or uses words: each with its decision and reason.

Components and docs read the results; the findings say which figures are ours (kind ``interpreted``).
"""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Tier
from sizing.specs import JaegerBackend

_S, _M, _L, _E = Tier.SMALL, Tier.MEDIUM, Tier.LARGE, Tier.ENTERPRISE

ZONES = 3
"""Zones of a platform: a raft quorum of five survives the loss of one zone only over three (2 + 2 + 1)."""

# ---------------------------------------------------------------------------------------------- D5, D6
SECOND_MODEL = {_E: "meta-llama/Llama-3.1-70B-Instruct"}
"""Enterprise serves 8B and 70B (D6): with the 8B engine alone 60 of its 64 GPUs would idle."""
WAITING_METRIC = "vllm:num_requests_waiting"
WAITING_THRESHOLD = 3
"""Second trigger of D30: requests that wait are the sign of a full engine."""

# --------------------------------------------------------------------------------------- D12, D15, D17
MULTI_AZ = {_S: False, _M: True, _L: True, _E: True}
"""Standby in a second zone from Medium up (D12): a read replica is no failover target."""
REDIS_SHARDS = {_S: 1, _M: 1, _L: 3, _E: 3}
REDIS_REPLICAS = {_S: 0, _M: 1, _L: 1, _E: 1}
REDIS_DURABILITY = {_S: None, _M: "async", _L: "async", _E: "sync"}
"""D14, D15: cluster protocol from Small on, so that tiers upgrade in place."""
VAULT_SERVERS_OF = _L
"""The guide's "HA + DR" names no number (D17): as many servers as Large has, in three zones."""
AUDIT_STORAGE_GIB = 10
"""Vault's audit log volume: audit entries are 1-2 KB, rotated by the log agent."""
SNAPSHOT_RETENTION_DAYS = {_S: 1, _M: 7, _L: 14, _E: 35}
BACKUP_RETENTION_DAYS = {_S: 7, _M: 7, _L: 14, _E: 35}
"""Days of point-in-time recovery; RDS takes at most 35, and read replicas need at least 1."""

# ------------------------------------------------------------------------------------------------- D22
PGBOUNCER_REPLICAS = {_S: 2, _M: 2, _L: 3, _E: 3}
"""For availability: the limit of 1,000 clients is per pod."""
POOL_SIZE_OF = _L
"""The guide's pool sizes stop at Large (D22); its figure is kept for what is larger."""
CONNECTIONS_PER_WORKER = 10
"""LiteLLM's database_connection_pool_limit, per worker (D22)."""
MAX_PREPARED_STATEMENTS = 200
"""PgBouncer's own default since 1.24, per server connection: more than the 100 that LiteLLM's client keeps
(https://www.pgbouncer.org/config.html#max_prepared_statements). From 1.21 on the client's special mode for
poolers is advised against (https://www.prisma.io/docs/orm/prisma-client/setup-and-configuration/databases-connections/pgbouncer)."""

# -------------------------------------------------------------------------------------------- D21, D31
SPEND_LOG_ROW_BYTES = 2000
"""LiteLLM writes 1-2 KB a request (https://docs.litellm.ai/docs/proxy/db_sizing); the upper figure."""
SPEND_LOG_DISK_SHARE = 0.5
"""Share of the database disk that spend logs may fill before they are deleted."""
SPEND_LOG_MAX_DAYS = 30
LITELLM_REQUEST_TIMEOUT_S = 600
LITELLM_MEMORY_FLOOR_MIB = 4096
"""LiteLLM's documentation calls 4 GiB per worker a floor (https://docs.litellm.ai/docs/proxy/prod)."""
LITELLM_IDLE_WORKER_MIB = 340
"""Measured on 1.106.2: one idle worker without database client, resident."""
LITELLM_CPU_MS_PER_REQUEST = 8.0
LITELLM_CPU_MS_PER_CHUNK = 0.8
"""Measured on 1.106.2 (D37): CPU time of a request, and of each streamed chunk on top."""


# -------------------------------------------------------------------------------------------- D19, D20
@dataclass(frozen=True)
class PodShape:
    """Resources of ours for one kind of pod."""

    replicas: int
    cpu_m: int
    memory_mib: int
    cpu_limit_m: int | None = None
    memory_limit_mib: int | None = None


PROMETHEUS_CPU_M = {_S: 500, _M: 1000, _L: 2000, _E: 4000}
"""The guide has two memory figures and no cpu (D19): a core per 2 GiB of request, halved for Small."""
PROMETHEUS_HA_REPLICAS = 2
PROMETHEUS_HA_MEMORY = (_L, 2)
""""HA + Thanos" (D20): two replicas, each with twice Large's memory."""
PROMETHEUS_RETENTION_DAYS = {_S: 15, _M: 15, _L: 15, _E: 7}
"""Enterprise keeps a week locally and the rest in Thanos' bucket."""
PROMETHEUS_DISK_SHARE = 0.8
"""retentionSize as a share of the disk (https://prometheus.io/docs/prometheus/latest/storage/)."""
THANOS_TIERS = {_E: True}
THANOS_RETENTION_DAYS = 365

JAEGER_BACKEND: dict[str, JaegerBackend] = {
    "Single": "memory",
    "All-in-one": "badger",
    "Distributed": "elasticsearch",
    "Elastic backend": "elasticsearch",
}
JAEGER = {
    _S: PodShape(1, 250, 1024, memory_limit_mib=1024),
    _M: PodShape(1, 500, 2048, memory_limit_mib=2048),
    _L: PodShape(2, 1000, 1024, memory_limit_mib=2048),
    _E: PodShape(3, 1000, 2048, memory_limit_mib=4096),
}
JAEGER_STORAGE_GIB = 20
"""Badger keeps 48 hours of sampled traces."""
ELASTICSEARCH = {
    _L: PodShape(3, 1000, 4096, memory_limit_mib=4096),
    _E: PodShape(3, 2000, 8192, memory_limit_mib=8192),
}
ELASTICSEARCH_STORAGE_GIB = {_L: 100, _E: 250}
"""Three nodes (D20): one per zone, a quorum of masters survives a lost zone."""
TRACE_SAMPLING_PERCENT = {_S: 100, _M: 20, _L: 20, _E: 10}
"""Where a trace begins. A span costs the proxies CPU, so the larger tiers do not trace every request."""
TRACE_KEPT_PERCENT = {_L: 25, _E: 10}
"""Of the traces that reach the collector and are neither failed nor slow, which it keeps all: 5% and 1% of
the requests. Smaller tiers keep whatever is traced."""
ALERTMANAGER_REPLICAS = {_S: 1, _M: 2, _L: 3, _E: 3}
CONTROLLER_REPLICAS = {_S: 1, _M: 2, _L: 2, _E: 2}
"""Replicas of leader-elected controllers: a second one takes over in seconds from Medium up."""
FLOW_LOG_RETENTION_DAYS = {_S: None, _M: 30, _L: 90, _E: 365}
CONTROL_PLANE_LOG_RETENTION_DAYS = {_S: 30, _M: 90, _L: 90, _E: 365}

NODE_DISK_GIB = 100
"""Root disk of a CPU node: images and ephemeral storage; a default of 20 GiB does not hold them."""
GPU_NODE_DISK_GIB = 200
"""Root disk of a GPU node: the vLLM image unpacks to about 29 GB, and copies of it overlap in an update."""
GPU_NODE_DISK_MIN_GIB = 60
"""Two copies of that image: a smaller disk fills when the image changes, or never holds it."""
