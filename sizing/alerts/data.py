"""Database, its pool and the cache (guide 2.4, 2.5, D9, D11, D22, D31)."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices
from sizing.alerts.figures import (
    AT,
    BURST_LEFT,
    GROWTH_LATE,
    NEAR,
    POOL_WAIT_S,
    REPLICA_LAG_S,
    SPEND_LOG_OF_SHARE,
    STORAGE_AT,
    STORAGE_NEAR,
)
from sizing.alerts.load import TOTAL
from sizing.alerts.model import PREFIX, Alert, Record, guide_levels, guide_source, levels, trigger
from sizing.plan import Plan
from sizing.spend_logs import SECONDS_PER_DAY

DATABASE, CACHE = "ai-gateway.database", "ai-gateway.cache"
STORAGE = f"{PREFIX}database_storage:ratio"
GROWTH = f"{PREFIX}database_growth_reserve:ratio"
IOPS = f"{PREFIX}database_iops:rate"
CONNECTIONS = f"{PREFIX}database_connections:count"
CPU = f"{PREFIX}database_cpu:ratio"
REPLICA_LAG = f"{PREFIX}database_replica_lag:seconds"
BURST = f"{PREFIX}database_burst_left:ratio"
CACHE_MEMORY = f"{PREFIX}cache_memory:ratio"
CACHE_CPU = f"{PREFIX}cache_cpu:ratio"
CACHE_EVICTIONS = f"{PREFIX}cache_evictions:count"
POOL_USED = f"{PREFIX}pool_server_connections:count"
POOL_CLIENTS = f"{PREFIX}pool_clients:count"
SPEND_LOG = f"{PREFIX}spend_log:bytes"

CLOUD_LAG = "15m"
"""The clouds' figures are minutes late and change every few minutes."""


def records(plan: Plan) -> Iterator[Record]:
    """The managed services under names that are the same on every cloud, the pool, the request log."""
    seen = plan.order.signals
    yield Record(STORAGE, DATABASE, seen.database_storage, "ratio")
    if seen.database_growth is not None:
        yield Record(GROWTH, DATABASE, seen.database_growth, "ratio")
    yield Record(IOPS, DATABASE, seen.database_iops, "operations/s")
    yield Record(CONNECTIONS, DATABASE, seen.database_connections, "count")
    yield Record(CPU, DATABASE, seen.database_cpu, "ratio")
    if plan.order.postgres.spec.read_replicas:
        yield Record(REPLICA_LAG, DATABASE, seen.database_replica_lag_s, "seconds")
    if seen.database_burst_left is not None:
        yield Record(BURST, DATABASE, seen.database_burst_left, "ratio")
    yield Record(POOL_USED, DATABASE, "sum by (pod) (pgbouncer_pools_server_active_connections)", "count")
    clients = "pgbouncer_pools_client_active_connections + pgbouncer_pools_client_waiting_connections"
    yield Record(POOL_CLIENTS, DATABASE, f"sum by (pod) ({clients})", "count")
    per_second = (
        choices.SPEND_LOG_ROW_BYTES * SECONDS_PER_DAY * plan.platform.litellm.spend_log_retention_days
    )
    yield Record(SPEND_LOG, DATABASE, f"sum(rate({TOTAL}[6h])) * {per_second}", "bytes")
    yield Record(CACHE_MEMORY, CACHE, seen.cache_memory, "ratio")
    yield Record(CACHE_CPU, CACHE, seen.cache_cpu, "ratio")
    yield Record(CACHE_EVICTIONS, CACHE, seen.cache_evictions, "count")


def alerts(plan: Plan) -> Iterator[Alert]:
    """All alerts of this module."""
    yield from _pool(plan)
    yield from _database(plan)
    yield from _database_extras(plan)
    yield from _spend_log(plan)
    yield from _cache()


def _pool(plan: Plan) -> Iterator[Alert]:
    pool = plan.platform.pgbouncer
    yield Alert(
        name="PoolNearLimit",
        group=DATABASE,
        expr=POOL_USED,
        op=">",
        levels=levels(pool.default_pool_size * NEAR, pool.default_pool_size * AT),
        unit="count",
        for_="5m",
        summary="{{ $labels.pod }}: nearly all of its server connections are at work",
        action="Look for long transactions; raise pgbouncer.defaultPoolSize if the database has CPU left.",
        source=f"guide 2.4, default_pool_size {pool.default_pool_size}",
    )
    yield Alert(
        name="PoolClientsNearLimit",
        group=DATABASE,
        expr=POOL_CLIENTS,
        op=">",
        levels=levels(pool.max_client_conn * NEAR, pool.max_client_conn * AT),
        unit="count",
        for_="5m",
        summary="{{ $labels.pod }}: soon no more clients can connect",
        action="Add a PgBouncer replica or raise pgbouncer.maxClientConn.",
        source=f"guide 2.4, max_client_conn {pool.max_client_conn}, D22",
    )
    yield Alert(
        name="PoolClientsWaiting",
        group=DATABASE,
        expr="max by (pod) (pgbouncer_pools_client_maxwait_seconds)",
        op=">",
        levels=levels(*POOL_WAIT_S),
        unit="seconds",
        for_="5m",
        summary="{{ $labels.pod }}: clients wait for a connection to the database",
        action="See PoolNearLimit, then the database's CPU and locks.",
        source="ours: key checks are in the request's path",
    )


def iops_limit(plan: Plan) -> int:
    """Operations a second that disk and class both sustain."""
    postgres = plan.order.postgres
    return min(postgres.spec.iops or postgres.included_iops, postgres.sustained_iops)


def _database(plan: Plan) -> Iterator[Alert]:
    spec, cpu = plan.order.postgres.spec, trigger("CPU utilization")
    yield Alert(
        name="DatabaseStorageFull",
        group=DATABASE,
        expr=STORAGE,
        op=">",
        levels=levels(STORAGE_NEAR, STORAGE_AT),
        unit="ratio",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: little room left on its disk",
        action="Check that storage autoscaling works and is not at its limit of"
        f" {spec.max_storage_gib} GiB; shorten litellm.spendLogRetentionDays.",
        source=f"guide 2.4, 3.3, D11: {spec.storage_gib} GiB ordered, at most {spec.max_storage_gib} GiB",
    )
    limit = iops_limit(plan)
    yield Alert(
        name="DatabaseIopsHigh",
        group=DATABASE,
        expr=IOPS,
        op=">",
        levels=levels(limit * NEAR, limit * AT),
        unit="operations/s",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: near the IOPS that disk and class sustain",
        action="Find the queries; then raise postgres.iops, or the class when that is what limits.",
        source=f"guide 2.4, D9: {limit} sustained",
    )
    yield Alert(
        name="DatabaseConnectionsHigh",
        group=DATABASE,
        expr=CONNECTIONS,
        op=">",
        levels=levels(spec.max_connections * NEAR, spec.max_connections * AT),
        unit="count",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: near its limit of connections",
        action="Somebody goes around PgBouncer: see pg_stat_activity by user and address.",
        source=f"D22: {spec.instance_class} allows {spec.max_connections}",
    )
    yield Alert(
        name="DatabaseCpuHigh",
        group=DATABASE,
        expr=CPU,
        op=">",
        levels=guide_levels(cpu),
        unit="ratio",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: CPU is busy",
        action=f"{cpu.action} where only reads are slow; else find the queries, then choose a larger"
        " postgres.instanceClass.",
        source=guide_source(cpu),
    )


def _database_extras(plan: Plan) -> Iterator[Alert]:
    """What only some databases have: a disk whose size is known, replicas, credits."""
    if plan.order.signals.database_growth is not None:
        yield Alert(
            name="DatabaseStorageNotGrowing",
            group=DATABASE,
            expr=GROWTH,
            op="<",
            levels=levels(*GROWTH_LATE),
            unit="ratio",
            for_=CLOUD_LAG,
            summary="{{ $labels.server }}: its disk should have grown by now",
            action="Check that storage autoscaling is on and not at its limit of"
            f" {plan.order.postgres.spec.max_storage_gib} GiB; else give it more by hand at once.",
            source="Cloud SQL: grows below 5 GB and a 25th of the disk, at most 25 GB",
        )
    if plan.order.postgres.spec.read_replicas:
        yield Alert(
            name="DatabaseReplicaBehind",
            group=DATABASE,
            expr=REPLICA_LAG,
            op=">",
            levels=levels(*REPLICA_LAG_S),
            unit="seconds",
            for_=CLOUD_LAG,
            summary="{{ $labels.server }}: the replica is behind its primary",
            action="See the primary's writes (request log clean-up) and the replica's own load.",
            source="ours",
        )
    if plan.order.signals.database_burst_left is not None:
        yield Alert(
            name="DatabaseBurstCreditsLow",
            group=DATABASE,
            expr=BURST,
            op="<",
            levels=levels(*BURST_LEFT),
            unit="ratio",
            for_=CLOUD_LAG,
            summary="{{ $labels.server }}: its burst of disk operations ends soon",
            action=f"The class sustains {plan.order.postgres.sustained_iops} IOPS"
            f" without credits: choose {plan.order.postgres.steady_class or 'a class without credits'}.",
            source="D10: only the smallest database may have a class that bursts",
        )


def _spend_log(plan: Plan) -> Iterator[Alert]:
    share = plan.order.postgres.spec.storage_gib * 2**30 * choices.SPEND_LOG_DISK_SHARE
    days = plan.platform.litellm.spend_log_retention_days
    yield Alert(
        name="SpendLogOutgrowsDisk",
        group=DATABASE,
        expr=SPEND_LOG,
        op=">",
        levels=levels(*(share * of for of in SPEND_LOG_OF_SHARE)),
        unit="bytes",
        for_="1h",
        summary=f"At this rate {days} days of request log outgrow their share of the disk",
        action="Lower litellm.spendLogRetentionDays or raise postgres.storageGib.",
        source=f"D31: {choices.SPEND_LOG_ROW_BYTES} bytes a request, {days} days,"
        f" {int(choices.SPEND_LOG_DISK_SHARE * 100)}% of the disk",
    )


def _cache() -> Iterator[Alert]:
    cpu, memory = trigger("CPU utilization"), trigger("Memory utilization")
    yield Alert(
        name="CacheMemoryHigh",
        group=CACHE,
        expr=CACHE_MEMORY,
        op=">",
        levels=guide_levels(memory),
        unit="ratio",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: the cache is nearly full",
        action=f"{memory.action}: choose a larger redis.nodeType, or add shards.",
        source=guide_source(memory),
    )
    yield Alert(
        name="CacheCpuHigh",
        group=CACHE,
        expr=CACHE_CPU,
        op=">",
        levels=guide_levels(cpu),
        unit="ratio",
        for_=CLOUD_LAG,
        summary="{{ $labels.server }}: the cache's engine is busy",
        action=f"{cpu.action}: add shards.",
        source=guide_source(cpu),
    )
    yield Alert(
        name="CacheEvicts",
        group=CACHE,
        expr=CACHE_EVICTIONS,
        op=">",
        levels=levels(0),
        unit="count",
        for_="30m",
        summary="{{ $labels.server }}: the cache drops entries for lack of memory",
        action="Rate limits and the spend queue live there too: give it memory before they are dropped.",
        source="ours: guide 2.5 sizes the cache to hold its entries",
    )
