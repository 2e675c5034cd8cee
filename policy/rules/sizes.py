"""Neither smaller nor less available than the guide asks of the tier.

The guide's figures come from the model (``Scope.guide``), never from the name of a tier. Two steps: what the
stack was sized for against the guide, and the resources against what was ordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, cast

from infra.graph import UNKNOWN, Graph, Resource
from infra.urns import STACK_TYPE
from policy.rules.guide import machine_of
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import (
    Demand,
    absent,
    at,
    at_least,
    failing,
    figure,
    is_,
    number,
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


PARTS: Final = (
    "agent_gateway", "litellm", "pgbouncer", "redis", "vault", "observability", "storage", "postgres",
)  # fmt: skip
"""Parts of ``gateway size --json`` whose figures are amounts: less of one is less than the guide asks."""
OTHER: Final = ("*.hpa.*",)
"""Figures there that are no amounts: thresholds and speeds of autoscalers."""
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


def leaves(path: str, value: object) -> Iterator[tuple[str, float]]:
    """Dotted path and number of every amount below ``path``."""
    if isinstance(value, Mapping):
        for key, item in value.items():  # pyright: ignore
            yield from leaves(f"{path}.{key}", item)  # pyright: ignore
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def smaller(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[tuple[str, float, float]]:
    """Path, figure and the guide's figure wherever a stack is sized below the guide."""
    for part in PARTS:
        for path, least in leaves(part, guide.get(part)):
            actual = figure(sizing, path)
            if not any(fnmatchcase(path, other) for other in OTHER) and actual is not None and actual < least:
                yield path, actual, least
    for asked, bought in ORDERED.items():
        wanted, usual, actual = figure(guide, asked), figure(guide, bought), figure(sizing, bought)
        if None in (wanted, usual, actual):
            continue
        least = min(wanted or 0, usual or 0)
        if (actual or 0) < least:
            yield bought, actual or 0, least
    yield from _pools(sizing, guide)
    yield from _engines(sizing, guide)


def _pools(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[tuple[str, float, float]]:
    """Pools of nodes by what all their nodes have: fewer and larger ones are no less.

    How far a pool may grow is no figure of the guide's but what packing its pods came to, and other pods pack
    otherwise: ``gateway fit`` proves that bound.
    """
    for pool in POOLS:
        for bound in ("min", "desired"):
            actual, least = (_capacity(report, f"cluster.{pool}", bound) for report in (sizing, guide))
            for resource, wanted in least.items():
                found = actual.get(resource, wanted)
                if found < wanted:
                    yield f"cluster.{pool}.{bound}.{resource}", found, wanted


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


def _engines(sizing: Mapping[str, object], guide: Mapping[str, object]) -> Iterator[tuple[str, float, float]]:
    """Models of the guide's own; a stack's other models are its own affair."""
    ours = {text_at(engine, "name"): engine for engine in _list(sizing, "vllm", "engines")}
    for asked in _list(guide, "vllm", "engines"):
        name = text_at(asked, "name")
        for key in ENGINE:
            least, actual = figure(asked, key), figure(ours.get(name, {}), key)
            if least is not None and actual is not None and actual < least:
                yield f"vllm.engines.{name}.{key}", actual, least


def _list(report: Mapping[str, object], part: str, key: str) -> list[Mapping[str, object]]:
    inner = report.get(part)
    found = cast("Mapping[str, object]", inner).get(key) if isinstance(inner, Mapping) else None
    items = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, object]", item) for item in items if isinstance(item, Mapping)]


def _sizes(scope: Scope) -> Iterator[Violation]:
    sizing = scope.graph.sizing
    if not isinstance(sizing, dict) or not scope.guide:
        return
    accepted = scope.options["accepted"]
    for path, actual, least in smaller(sizing, scope.guide):
        if not any(fnmatchcase(path, pattern) for pattern in accepted):
            yield Violation(
                _root(scope.graph),
                f"{path} is {actual:g}, below the guide's {least:g} for this tier",
                "Raise it, choose a smaller tier, or accept the path in the policy's configuration.",
            )
    yield from failing(scope, _bought(sizing))
    for resource in scope.subjects("eks:index:ManagedNodeGroup", "aws:eks/nodeGroup:NodeGroup"):
        yield from _group(resource, sizing)


def _root(graph: Graph) -> str:
    return next((r.urn for r in graph.resources if r.type == STACK_TYPE), graph.resources[0].urn)


def _bought(sizing: Mapping[str, object]) -> Iterator[Demand]:
    """Databases and caches as they were ordered."""
    less, other = "smaller than what was ordered", "not the size that was ordered"
    remedy = "Take the figure from the plan's order, not from elsewhere."
    amounts = (
        (_RDS, "allocatedStorage", "order.postgres.storage_gib", _PRIMARY),
        (_SQL, "settings.diskSize", "order.postgres.storage_gib", None),
        (_VALKEY, "numNodeGroups", "order.redis.shards", None),
        (_VALKEY, "replicasPerNodeGroup", "order.redis.replicas_per_shard", None),
        (_REDIS, "shardCount", "order.redis.shards", None),
        (_REDIS, "replicaCount", "order.redis.replicas_per_shard", None),
    )
    for type_, path, source, when in amounts:
        least = figure(sizing, source)
        if least:
            yield Demand(type_, path, at_least(least), less, remedy, when)
    for type_, path, source in (
        (_RDS, "instanceClass", "order.postgres.instance_class"),
        (_SQL, "settings.tier", "order.postgres.instance_class"),
        (_VALKEY, "nodeType", "order.redis.node_type"),
        (_REDIS, "nodeType", "order.redis.node_type"),
    ):
        name = text_at(sizing, source)
        if name:
            yield Demand(type_, path, is_(name), other, remedy)


def _group(resource: Resource, sizing: Mapping[str, object]) -> Iterator[Violation]:
    """A group of nodes that may grow less far than any of its machine type was ordered."""
    (limit,) = at(resource.inputs, "scalingConfig.maxSize")
    machines = at(resource.inputs, "instanceTypes[]")
    if UNKNOWN in (limit, *machines):
        return
    for group in _list(sizing, "order", "nodes"):
        if f"-{text_at(group, 'name')}-" not in f"{resource.name}-":
            continue
        most, machine = figure(group, "max") or 0, text_at(group, "machine_type")
        if (number(limit) or 0) < most or machine not in machines:
            yield Violation(
                resource.urn,
                f"{resource.name}: smaller than the {most:g} x {machine} that were ordered",
                "Take the figure from the plan's order, not from elsewhere.",
            )


RULES: Final = (
    Rule(
        "multi-az",
        "Database and cache survive the loss of a zone where the guide asks for it.",
        "high",
        _zones,
    ),
    Rule(
        "sizes-from-guide",
        "Nothing is smaller than the guide asks of the tier, and resources are as large as ordered.",
        "medium",
        _sizes,
        options={"accepted": ()},
    ),
)
