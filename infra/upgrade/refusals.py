"""Why an upgrade must not run: data that goes away, and disks that cannot become smaller."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from pydantic import JsonValue

from infra import clouds
from infra.graph import Graph, PathChange, Resource, ResourceChange
from infra.graph.data_bearing import CLAIM_KEYS, RELEASE_TYPES
from infra.upgrade.model import Refusal
from infra.upgrade.notes import REPLICA_KEYS
from sizing.quantities import parse_memory

EXPENDABLE: Final[Mapping[str, str]] = {
    "observability-traces-": "traces are kept for days and are not moved: read what you need of them before",
    "observability-thanos-thanos": "its volumes are scratch space and a cache; blocks are in the bucket",
}
"""Beginning of a logical name to why what it holds may go."""

DISKS: Final[Mapping[str, tuple[str, str]]] = {
    "aws:rds/instance:Instance": (
        "allocatedStorage",
        "RDS storage grows only"
        " (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html)",
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": (
        "settings.diskSize",
        "a Cloud SQL disk grows only (cloud.google.com/sql/docs/postgres/instance-settings)",
    ),
    "kubernetes:core/v1:PersistentVolumeClaim": (
        "spec.resources.requests.storage",
        "a claim grows only (kubernetes.io/docs/concepts/storage/persistent-volumes/#resizing-a-volume)",
    ),
}
"""Type to the property with the size of its disk, and why that cannot become smaller."""

_CLAIM = DISKS["kubernetes:core/v1:PersistentVolumeClaim"][1]
_CACHES: Final[Mapping[str, tuple[str, str]]] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType", "numNodeGroups"),
    "gcp:redis/cluster:Cluster": ("nodeType", "shardCount"),
}
"""Type to the properties that decide how much data it holds."""


def is_copy(resource: Resource) -> bool:
    """A read replica: what it holds is in its primary too."""
    return any(resource.inputs.get(key) is not None for key in REPLICA_KEYS)


def data_note(change: ResourceChange, resource: Resource) -> str:
    """Why a resource that holds data may go; "" when it may not, or stays."""
    if not change.data or change.action not in ("replace", "delete"):
        return ""
    if is_copy(resource):
        return "a read replica: its data is in the primary"
    return next((why for start, why in EXPENDABLE.items() if change.name.startswith(start)), "")


def refusals(changes: tuple[ResourceChange, ...], base: Graph, head: Graph) -> Iterator[Refusal]:
    """Every reason against the upgrade, in the order of the changes.

    ``base`` must carry the names of ``head``, as a comparison leaves it.
    """
    if base.cloud != head.cloud:
        yield Refusal(
            "other cloud", "", "", head.stack, "cloud", base.cloud, head.cloud,
            "a stack stays on its cloud: nothing that it has becomes a resource of another one",
        )  # fmt: skip
        return
    old, new = base.by_urn(), head.by_urn()
    for change in changes:
        before, after = old.get(change.old_urn or change.urn), new.get(change.urn)
        if change.action in ("replace", "delete"):
            yield from _gone(change, before)
        yield from _doubtful(change)
        yield from _shrinks(change)
        yield from _older(change)
        if before is not None and after is not None and change.type in _CACHES:
            yield from _cache(change, before, after)
    fit = head.fit if isinstance(head.fit, dict) else {}
    if fit.get("verdict", "fits") != "fits":
        yield Refusal(
            "does not fit", "", "", head.stack, "", None, None,
            "some pods would find no node, and `pulumi up` refuses such a plan", f"gateway fit {head.stack}",
        )  # fmt: skip


def _gone(change: ResourceChange, before: Resource | None) -> Iterator[Refusal]:
    if not change.data or (before is not None and data_note(change, before)):
        return
    cause = next((path for path in change.paths if path.effect == "replace"), None)
    path, old, new = ("", None, None) if cause is None else (cause.path, cause.old, cause.new)
    kind = "replaced" if change.action == "replace" else "deleted"
    guard = "; Pulumi's protection refuses it too" if change.protected else ""
    yield Refusal(
        kind, change.urn, change.type, change.name, path, old, new, f"what it holds would be lost{guard}"
    )


def _doubtful(change: ResourceChange) -> Iterator[Refusal]:
    """Only the provider can tell whether it replaces what holds data: no plan may hope that it does not."""
    if not (change.data and change.may_replace):
        return
    path = next(path for path in change.paths if path.effect == "may_replace")
    why = path.note or "only its provider can tell"
    yield Refusal(
        "may be replaced", change.urn, change.type, change.name, path.path, path.old, path.new,
        f"{why}; what it holds would be lost with it",
    )  # fmt: skip


def _shrinks(change: ResourceChange) -> Iterator[Refusal]:
    for path in change.paths:
        reason = _disk(change.type, path.path)
        if reason and _smaller(path):
            yield Refusal(
                "shrinks", change.urn, change.type, change.name, path.path, path.old, path.new, reason
            )


VERSIONS: Final[Mapping[str, str]] = {
    "aws:rds/instance:Instance": "engineVersion",
    "gcp:sql/databaseInstance:DatabaseInstance": "databaseVersion",
}
"""Type to the version that goes up only."""


def _older(change: ResourceChange) -> Iterator[Refusal]:
    for path in change.paths:
        if path.path != VERSIONS.get(change.type):
            continue
        old, new = (tuple(map(int, re.findall(r"\d+", str(value)))) for value in (path.old, path.new))
        if new < old:
            yield Refusal(
                "older version", change.urn, change.type, change.name, path.path, path.old, path.new,
                "a database in place goes to newer versions only",
            )  # fmt: skip


def _disk(type_: str, path: str) -> str:
    """Why the property is a disk that cannot shrink; "" when it is none."""
    if type_ in RELEASE_TYPES:
        parts = set(path.replace("[", ".").split("."))
        return _CLAIM if path.endswith((".size", ".storage")) and parts & CLAIM_KEYS else ""
    known, reason = DISKS.get(type_, ("", ""))
    return reason if path == known else ""


def _smaller(path: PathChange) -> bool:
    old, new = (size_of(value) for value in (path.old, path.new))
    return old is not None and new is not None and new < old


def size_of(value: JsonValue) -> int | None:
    """A disk's size as a number that compares: GiB as they are, quantities in MiB; None for neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    try:
        return parse_memory(value) if isinstance(value, str) else None
    except ValueError:
        return None


def capacity_gib(resource: Resource) -> float | None:
    """GiB of data that a cache holds, all shards together; None for a node type of no catalogue."""
    node_key, shards_key = _CACHES[resource.type]
    node, shards = resource.inputs.get(node_key), resource.inputs.get(shards_key)
    known = (clouds.model(name).cache_gib(str(node)) for name in clouds.CLOUDS)
    found = next((gib for gib in known if gib is not None), None)
    return None if found is None or not isinstance(shards, int | float) else round(found * shards, 2)


def _cache(change: ResourceChange, before: Resource, after: Resource) -> Iterator[Refusal]:
    old, new = capacity_gib(before), capacity_gib(after)
    changed = {path.path for path in change.paths} & set(_CACHES[change.type])
    if not changed or (old is not None and new is not None and new >= old):
        return
    known = old is not None and new is not None
    why = "it would hold less than it may hold now" if known else "how much it would hold is not known"
    was, wanted = cast("tuple[JsonValue, JsonValue]", (old, new))
    yield Refusal(
        "shrinks", change.urn, change.type, change.name, "data_gib", was, wanted,
        f"{why}: a cache that is full of keys without expiry refuses writes, and those are spend that is not"
        " yet in the database",
    )  # fmt: skip
