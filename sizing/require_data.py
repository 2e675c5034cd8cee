"""Requirements of what holds data, from the guide's 2.4 to 2.6 and the stack's overrides."""

from __future__ import annotations

from sizing import choices
from sizing.errors import SizingError
from sizing.given import given
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.quantities import parse_cpu, parse_memory
from sizing.requirements import (
    PgbouncerRequirements,
    PostgresRequirements,
    RedisRequirements,
    VaultRequirements,
)


def postgres(tier: Tier, over: Overrides) -> PostgresRequirements:
    """PostgreSQL (2.4); the autoscaling limit is 3.3's figure (D11)."""
    row, part = ch2_components.POSTGRES[tier], over.postgres
    replicas = given(part.read_replicas, row.nodes - 1)
    return PostgresRequirements(
        topology=row.topology,
        instances=1 + replicas,
        read_replicas=replicas,
        vcpu=given(part.vcpu, row.vcpu),
        memory_gib=given(part.memory_gib, row.memory.gib),
        storage_gib=given(part.storage_gib, row.storage.gib),
        storage_medium=row.medium,
        max_storage_gib=given(part.max_storage_gib, ch3_infrastructure.STORAGE[tier].postgres.gib),
        iops=given(part.iops, row.iops.value),
        multi_az=given(part.multi_az, choices.MULTI_AZ[tier]),
    )


def pgbouncer(tier: Tier, over: Overrides) -> PgbouncerRequirements:
    """Connection pool (2.4, D22)."""
    pool, part = ch2_components.CONNECTION_POOL, over.pgbouncer
    size = pool.default_pool_size.get(tier, pool.default_pool_size[choices.POOL_SIZE_OF])
    return PgbouncerRequirements(
        replicas=given(part.replicas, choices.PGBOUNCER_REPLICAS[tier]),
        pool_mode=pool.pool_mode,
        default_pool_size=given(part.default_pool_size, size),
        max_client_conn=given(part.max_client_conn, pool.max_client_conn),
        reserve_pool_size=given(part.reserve_pool_size, pool.reserve_pool_size),
    )


def redis(tier: Tier, over: Overrides) -> RedisRequirements:
    """Redis (2.5, D15)."""
    row, part = ch2_components.REDIS[tier], over.redis
    return RedisRequirements(
        topology=row.topology,
        shards=given(part.shards, choices.REDIS_SHARDS[tier]),
        replicas_per_shard=given(part.replicas_per_shard, choices.REDIS_REPLICAS[tier]),
        memory_gib_per_node=given(part.memory_gib_per_node, row.memory_per_node.gib),
        persistence=row.persistence,
        snapshot_gib=ch3_infrastructure.STORAGE[tier].redis.gib,
    )


def vault(tier: Tier, over: Overrides) -> VaultRequirements:
    """Vault (2.6). Raises SizingError for an even number of servers."""
    row, part = ch2_components.VAULT[tier], over.vault
    replicas = given(part.replicas, row.nodes or _vault_servers())
    if replicas % 2 == 0:
        raise SizingError(
            "vault.replicas",
            replicas,
            "raft needs an odd number of servers: an even one adds no tolerance",
            f"Set vault.replicas to {replicas - 1} or {replicas + 1}.",
        )
    return VaultRequirements(
        topology=row.topology,
        replicas=replicas,
        ha=replicas > 1,
        dr=row.dr,
        cpu_m=given(part.cpu, parse_cpu(row.cpu)),
        memory_mib=given(part.memory, parse_memory(row.memory)),
        storage_gib=given(part.storage_gib, row.storage.gib),
    )


def _vault_servers() -> int:
    """Servers for the guide's "HA + DR", which names no number: as many as another row (D17)."""
    nodes = ch2_components.VAULT[choices.VAULT_SERVERS_OF].nodes
    if nodes is None:
        raise LookupError(f"{choices.VAULT_SERVERS_OF} names no number of Vault servers either")
    return nodes
