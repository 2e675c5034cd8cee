"""Neither smaller nor less available than the guide asks of the tier.

The guide's figures come from the model (``Scope.guide``), never from the name of a tier. Two steps: what the
stack was sized for against the guide, here, and the resources against what was ordered, in ``ordered``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from infra.graph import Graph
from infra.urns import STACK_TYPE
from policy.rules.guide import machine_of
from policy.rules.model import Rule, Scope, Violation
from policy.rules.ordered import spread, undersized
from policy.rules.values import (
    Demand,
    absent,
    at_least,
    entries,
    failing,
    figure,
    is_,
    table_at,
    text_at,
    true,
)  # fmt: skip

_RDS: Final = "aws:rds/instance:Instance"
_SQL: Final = "gcp:sql/databaseInstance:DatabaseInstance"
_VALKEY: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
_REDIS: Final = "gcp:redis/cluster:Cluster"
_TWO = "Set multiAz; the guide has a standby in another zone from this tier on."
_PRIMARY = ("replicateSourceDb", absent)
_SOURCE = ("masterInstanceName", absent)

DATABASE: Final = (
    Demand(_RDS, "multiAz", true, "one zone only", _TWO, _PRIMARY),
    Demand(_SQL, "settings.availabilityType", is_("REGIONAL"), "one zone only", _TWO, _SOURCE),
)
CACHE: Final = (
    Demand(_VALKEY, "multiAzEnabled", true, "one zone only", _TWO),
    Demand(_VALKEY, "automaticFailoverEnabled", true, "a replica does not take over", "Switch failover on."),
    *(
        Demand(type_, path, at_least(1), "no replica that could take over", "Raise redis.replicasPerShard.")
        for type_, path in ((_VALKEY, "replicasPerNodeGroup"), (_REDIS, "replicaCount"))
    ),
    Demand(
        _REDIS, "zoneDistributionConfig.mode", is_(None, "MULTI_ZONE"), "one zone only",
        "Leave zoneDistributionConfig out.",
    ),
)  # fmt: skip


def _zones(scope: Scope) -> Iterator[Violation]:
    if figure(scope.guide, "postgres.multi_az"):
        yield from failing(scope, DATABASE)
    if figure(scope.guide, "redis.replicas_per_shard"):
        yield from failing(scope, CACHE)
    yield from spread(scope)


PARTS: Final = (
    "agent_gateway", "litellm", "pgbouncer", "redis", "vault", "observability", "storage", "postgres",
)  # fmt: skip
"""Parts of ``gateway size --json`` whose figures are amounts: less of one is less than the guide asks."""
OTHER: Final = ("*.hpa.*", "postgres.multi_az")
"""Figures there that are no amounts (thresholds and speeds of autoscalers), and what multi-az looks at."""
SINGLE: Final = ("vllm.router_replicas", "order.network.nat_gateways")
"""Amounts outside those parts."""
RANKS: Final = {
    "order.redis.durability": ("", "async", "sync"),
    "observability.jaeger.mode": ("Single", "All-in-one", "Distributed", "Elastic backend"),
}
"""Words from the least to the most (guide 2.5 and 2.7); none at all is the least."""
ENDPOINTS: Final = "order.network.interface_endpoints"
ORDERED: Final = {
    "postgres.vcpu": "order.postgres.vcpu",
    "postgres.memory_gib": "order.postgres.memory_gib",
    "postgres.storage_gib": "order.postgres.storage_gib",
    "postgres.iops": "order.postgres.iops",
    "redis.memory_gib_per_node": "order.redis.usable_gib_per_node",
}
"""The guide's figure to what was bought for it."""
POOLS: Final = ("cpu_nodes", "gpu_nodes")
ENGINE: Final = (
    "cpu_request_m", "max_model_len", "max_replicas", "memory_request_mib", "min_replicas",
)  # fmt: skip


Shortfall = tuple[str, str, str]
"""Path, what the stack has there, and what the guide has."""


def leaves(path: str, value: object) -> Iterator[str]:
    """Dotted path of every amount and every switch below ``path``."""
    if isinstance(value, Mapping):
        for key, item in value.items():  # pyright: ignore
            yield from leaves(f"{path}.{key}", item)  # pyright: ignore
    elif isinstance(value, int | float):
        yield path


def smaller(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[Shortfall]:
    """Wherever a stack is sized below the guide."""
    below = (path for part in PARTS for path in leaves(part, guide.get(part)))
    for path in (*below, *SINGLE):
        actual, least = figure(sizing, path), figure(guide, path)
        if None not in (actual, least) and not any(fnmatchcase(path, other) for other in OTHER):
            yield from _short(path, actual or 0, least or 0)
    for asked, bought in ORDERED.items():
        wanted, usual, actual = figure(guide, asked), figure(guide, bought), figure(sizing, bought)
        if None not in (wanted, usual, actual):
            yield from _short(bought, actual or 0, min(wanted or 0, usual or 0))
    yield from _ranked(sizing, guide)
    yield from _endpoints(sizing, guide)
    yield from _pools(sizing, guide)
    yield from _engines(sizing, guide)


def _short(path: str, actual: float, least: float) -> Iterator[Shortfall]:
    if actual < least:
        yield path, f"{actual:g}", f"{least:g}"


def _ranked(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[Shortfall]:
    for path, rank in RANKS.items():
        actual, least = text_at(sizing, path), text_at(guide, path)
        if least in rank and (actual not in rank or rank.index(actual) < rank.index(least)):
            yield path, actual or "none", least


def _endpoints(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[Shortfall]:
    """Private ways to the cloud's services, where the guide calls them required (3.2)."""
    if text_at(guide, "network.endpoints") != "required":
        return
    actual, least = ({str(name) for name in entries(report, ENDPOINTS)} for report in (sizing, guide))
    if least - actual:
        yield ENDPOINTS, f"{len(least & actual)} of them", f"{len(least)}"


def _pools(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[Shortfall]:
    """Pools of nodes by what all their nodes have: fewer and larger ones are no less.

    How far a pool may grow is no figure of the guide's but what packing its pods came to, and other pods pack
    otherwise: ``gateway fit`` proves that bound.
    """
    for pool in POOLS:
        for bound in ("min", "desired"):
            actual, least = (_capacity(report, f"cluster.{pool}", bound) for report in (sizing, guide))
            for resource, wanted in least.items():
                found = actual.get(resource, wanted)
                yield from _short(f"cluster.{pool}.{bound}.{resource}", found, wanted)


def _capacity(report: Mapping[str, object], path: str, bound: str) -> dict[str, float]:
    name, cloud = text_at(report, f"{path}.machine_type"), text_at(report, "cloud")
    machine = machine_of(cloud, name)
    count = figure(report, f"{path}.{bound}")
    if machine is None or count is None:
        return {}
    return {
        "vcpu": count * machine.vcpu,
        "memory_mib": count * machine.memory_mib,
        "gpus": count * machine.gpus,
    }


def _engines(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[Shortfall]:
    """Models of the guide's own; a stack's other models are its own affair."""
    ours = {text_at(engine, "name"): engine for engine in table_at(sizing, "vllm.engines")}
    for asked in table_at(guide, "vllm.engines"):
        name = text_at(asked, "name")
        for key in ENGINE:
            least, actual = figure(asked, key), figure(ours.get(name, {}), key)
            if least is not None and actual is not None:
                yield from _short(f"vllm.engines.{name}.{key}", actual, least)


def _sizes(scope: Scope) -> Iterator[Violation]:
    sizing = scope.graph.sizing
    if not isinstance(sizing, dict) or not scope.guide:
        return
    accepted = scope.options["accepted"]
    for path, actual, least in smaller(sizing, scope.guide):
        if not any(fnmatchcase(path, pattern) for pattern in accepted):
            yield Violation(
                _root(scope.graph),
                f"{path} is {actual}, below the guide's {least} for this tier",
                "Raise it, choose a smaller tier, or accept the path in the policy's configuration.",
            )
    yield from undersized(scope, sizing)


def _root(graph: Graph) -> str:
    return next((r.urn for r in graph.resources if r.type == STACK_TYPE), graph.resources[0].urn)


RULES: Final = (
    Rule(
        "multi-az",
        "Database and cache survive the loss of a zone where the guide asks for it; nodes are in every zone.",
        "high",
        _zones,
    ),
    Rule(
        "sizes-from-guide",
        "Nothing is smaller or less durable than the guide asks of the tier, and resources are as ordered.",
        "medium",
        _sizes,
        options={"accepted": ()},
    ),
)
