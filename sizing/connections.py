"""Database connections: the pool's clients, and the pool against ``max_connections`` (D21, D22)."""

from __future__ import annotations

from sizing import choices
from sizing.clouds.base import Order
from sizing.errors import SizingError
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
    pool = need.pgbouncer
    if found.clients > found.client_limit_one_pod_lost:
        raise SizingError(
            "pgbouncer.replicas",
            pool.replicas,
            f"LiteLLM opens {found.clients} connections at its maximum ({need.litellm.max_replicas} pods x"
            f" {need.litellm.workers} workers x {choices.CONNECTIONS_PER_WORKER}), and with one pool pod"
            " lost the others"
            f" take {found.client_limit_one_pod_lost}",
            f"Set pgbouncer.replicas to at least {-(-found.clients // pool.max_client_conn) + 1}, raise"
            " pgbouncer.maxClientConn, or lower litellm.maxReplicas.",
        )
    room = found.max_connections - RESERVED_CONNECTIONS
    if found.servers > room:
        raise SizingError(
            "pgbouncer.defaultPoolSize",
            pool.default_pool_size,
            f"{pool.replicas} pods x ({pool.default_pool_size} + reserve {pool.reserve_pool_size}) ="
            f" {found.servers} server connections, and {order.postgres.spec.instance_class} leaves {room} of"
            f" {found.max_connections}",
            f"{_smaller_pool(room // pool.replicas - pool.reserve_pool_size)}, or choose a larger"
            " postgres.instanceClass.",
        )
    return found


def _smaller_pool(most: int) -> str:
    if most < 1:
        return "Lower pgbouncer.replicas or pgbouncer.reservePoolSize"
    return f"Set pgbouncer.defaultPoolSize to at most {most}"
