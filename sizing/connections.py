"""Database connections: the pool's clients, and the pool against ``max_connections`` (D21, D22)."""

from __future__ import annotations

from sizing import choices
from sizing.clouds.base import Order
from sizing.errors import SizingError
from sizing.guide.ch2_components import CONNECTION_POOL
from sizing.requirements import Requirements
from sizing.specs import Spec

RESERVED_CONNECTIONS = 20
"""Kept free of the pool: superuser reserve, migrations, exporters and a person with psql."""


class Connections(Spec):
    """Both sides of the pool. ``clients`` at LiteLLM's maximum, ``servers`` with every pod's reserve."""

    clients: int
    client_limit: int
    client_limit_one_pod_lost: int
    servers: int
    max_connections: int


def connections(need: Requirements, order: Order) -> Connections:
    """What the plan can open at most, and what each side allows."""
    pool = need.pgbouncer
    return Connections(
        clients=need.litellm.max_replicas * need.litellm.workers * choices.CONNECTIONS_PER_WORKER,
        client_limit=pool.replicas * pool.max_client_conn,
        client_limit_one_pod_lost=(pool.replicas - 1) * pool.max_client_conn,
        servers=pool.replicas * (pool.default_pool_size + pool.reserve_pool_size),
        max_connections=order.postgres.spec.max_connections,
    )


def check_connections(need: Requirements, order: Order) -> Connections:
    """The connections of the plan.

    Raises:
        SizingError: the remaining pool pods refuse clients when one is lost, or the pool exceeds the
        database.
    """
    found = connections(need, order)
    if found.clients > found.client_limit_one_pod_lost:
        raise _too_few_clients(found, need)
    if found.servers > found.max_connections - RESERVED_CONNECTIONS:
        raise _too_many_servers(found, need, order)
    return found


def _too_few_clients(found: Connections, need: Requirements) -> SizingError:
    pool, litellm = need.pgbouncer, need.litellm
    limit = (
        f"LiteLLM opens {found.clients} connections at its maximum ({litellm.max_replicas} pods x"
        f" {litellm.workers} workers x {choices.CONNECTIONS_PER_WORKER}), and with one pool pod lost the"
        f" others take {found.client_limit_one_pod_lost}"
    )
    fewer = "or lower litellm.maxReplicas."
    if pool.replicas > 1 and pool.max_client_conn < CONNECTION_POOL.max_client_conn:
        least = -(-found.clients // (pool.replicas - 1))
        return SizingError(
            "pgbouncer.maxClientConn",
            pool.max_client_conn,
            limit,
            f"Set pgbouncer.maxClientConn to at least {least}, {fewer}",
        )
    least = -(-found.clients // pool.max_client_conn) + 1
    return SizingError(
        "pgbouncer.replicas", pool.replicas, limit, f"Set pgbouncer.replicas to at least {least}, {fewer}"
    )


def _too_many_servers(found: Connections, need: Requirements, order: Order) -> SizingError:
    pool, ordered = need.pgbouncer, order.postgres.spec.instance_class
    room = found.max_connections - RESERVED_CONNECTIONS
    limit = (
        f"{pool.replicas} pods x ({pool.default_pool_size} + reserve {pool.reserve_pool_size}) ="
        f" {found.servers} server connections, and {ordered} leaves {room} of {found.max_connections}"
    )
    larger = "or choose a larger postgres.instanceClass."
    most = room // pool.replicas - pool.reserve_pool_size
    if most >= 1:
        remedy = f"Set pgbouncer.defaultPoolSize to at most {most}, {larger}"
        return SizingError("pgbouncer.defaultPoolSize", pool.default_pool_size, limit, remedy)
    most = room // pool.replicas - pool.default_pool_size
    if most >= 0:
        remedy = f"Set pgbouncer.reservePoolSize to at most {most}, {larger}"
        return SizingError("pgbouncer.reservePoolSize", pool.reserve_pool_size, limit, remedy)
    return SizingError("pgbouncer.replicas", pool.replicas, limit, f"Use fewer pods, smaller pools, {larger}")
