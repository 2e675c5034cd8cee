"""Steps on the clouds' own databases and caches: what is done by hand before and after ``pulumi up``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra.graph import Resource
from infra.upgrade.context import CACHE_GUIDE, GROUP, RDS, RDS_GUIDE, Context, changed
from infra.upgrade.model import PlannedChange, Step
from infra.upgrade.refusals import is_copy


def sql_name(planned: PlannedChange, resource: Resource) -> str:
    """A shell's words for the name of a Cloud SQL instance: it ends in characters that the deployment made,
    so the stack's own labels find it."""
    settings = resource.inputs.get("settings")
    labels = settings.get("userLabels") if isinstance(settings, dict) else None
    known = labels if isinstance(labels, dict) else {}
    kind = "READ_REPLICA_INSTANCE" if is_copy(resource) else "CLOUD_SQL_INSTANCE"
    parts = [f"settings.userLabels.{key}={known[key]}" for key in ("project", "stack") if key in known]
    number = re.search(r"-replica-\d+$", planned.change.name)
    wanted = " AND ".join([*parts, f"instanceType={kind}", *([f"name~{number[0]}-"] if number else [])])
    return f"\"$(gcloud sql instances list --filter '{wanted}' --format 'value(name)')\""


def standby(context: Context) -> Iterator[Step]:
    for planned in context.of(RDS):
        name = context.before(planned).inputs.get("identifier")
        gains = changed(planned, "multiAz") and context.after(planned).inputs.get("multiAz") is True
        if gains and changed(planned, "instanceClass"):
            yield Step(
                0, "Give the database its standby first",
                "With a standby the change of class is a failover of one or two minutes, without it an outage"
                " of many. The standby is made online.",
                (f"aws rds modify-db-instance --db-instance-identifier {name} --multi-az --apply-immediately",
                 f"aws rds wait db-instance-available --db-instance-identifier {name}"),
                f"{RDS_GUIDE}Concepts.MultiAZ.Migrating.html",
            )  # fmt: skip


def _major(resource: Resource) -> str:
    return str(resource.inputs.get("engineVersion")).partition(".")[0]


def major_version(context: Context) -> Iterator[Step]:
    """The program never lets RDS change the major version: it is planned by hand, before the deployment."""
    for planned in context.of(RDS):
        after = context.after(planned)
        if is_copy(after) or _major(context.before(planned)) == _major(after):
            continue
        name, stack = after.inputs.get("identifier"), context.head.stack
        yield Step(
            0, f"Upgrade the database to PostgreSQL {_major(after)} first",
            "RDS refuses it from the program, which does not set allow_major_version_upgrade. Try it on a"
            " copy made from a snapshot before: minutes without the database, replicas in the region go"
            " along, and there is no way back. The engine's own parameters serve until the deployment brings"
            " the group of the new version.",
            (f"aws rds modify-db-instance --db-instance-identifier {name}"
             f" --engine-version {after.inputs.get('engineVersion')} --allow-major-version-upgrade"
             f" --db-parameter-group-name default.postgres{_major(after)} --apply-immediately",
             f"aws rds wait db-instance-available --db-instance-identifier {name}",
             f"pulumi refresh --stack {stack}"),
            f"{RDS_GUIDE}USER_UpgradeDBInstance.PostgreSQL.html",
        )  # fmt: skip


_WAITING: Final = ("instanceClass", "multiAz", "allocatedStorage", "iops", "storageType", "engineVersion")


def window(context: Context) -> Iterator[Step]:
    commands: list[str] = []
    pages: list[str] = []
    for planned in context.of(RDS):
        resource = context.after(planned)
        waits = resource.inputs.get("applyImmediately") is not True
        if waits and any(changed(planned, path) for path in _WAITING):
            name = resource.inputs.get("identifier")
            pages.append(f"{RDS_GUIDE}USER_ModifyInstance.ApplyImmediately.html")
            commands.append(f"aws rds modify-db-instance --db-instance-identifier {name} --apply-immediately")
            if _major(resource) != _major(context.before(planned)):
                commands.append(f"aws rds reboot-db-instance --db-instance-identifier {name}")
    for planned in context.of(GROUP):
        resource = context.after(planned)
        waits = resource.inputs.get("applyImmediately") is not True
        if waits and any(changed(planned, path) for path in ("nodeType", "multiAzEnabled")):
            name = resource.inputs.get("replicationGroupId")
            pages.append(f"{CACHE_GUIDE}Clusters.Modify.html")
            commands.append(
                f"aws elasticache modify-replication-group --replication-group-id {name} --apply-immediately"
            )
            commands.append(f"aws elasticache wait replication-group-available --replication-group-id {name}")
    if commands:
        yield Step(
            0, "Let the services follow",
            "Changes of class, node type and standby wait for the maintenance window. Wait for it, or choose"
            " the hour yourself:", tuple(commands), pages[0],
        )  # fmt: skip


_LASTING: Final = ("disabled", "async", "sync")
"""From what keeps least through a lost node to what keeps most."""


def durability(context: Context, *, down: bool) -> Iterator[Step]:
    """D15: a change of its own; the program ignores the property.

    Up it comes last, when node type, replica and Multi-AZ are there, which the service demands. Down it comes
    before them: a cache that is still durable may not lose what durability needs.
    """
    old = {r.urn: r for r in context.base.resources if r.type == GROUP}
    for resource in context.head.resources:
        before = old.get(resource.urn)
        if before is None:
            continue
        was, wanted = (str(r.inputs.get("durability") or "disabled") for r in (before, resource))
        if was != wanted and down is (_rank(wanted) < _rank(was)):
            yield _changed_durability(resource, was, wanted, down)


def _rank(word: str) -> int:
    return _LASTING.index(word) if word in _LASTING else len(_LASTING)


def _changed_durability(resource: Resource, was: str, wanted: str, down: bool) -> Step:
    name = resource.inputs.get("replicationGroupId")
    when = (
        "before node type, replica or Multi-AZ change: the service demands them for as long as it is on"
        if down
        else "when node type, replica and Multi-AZ are done: the service demands them"
    )
    return Step(
        0, f"Change the cache's durability from {was} to {wanted}",
        f"A change of its own, {when}. The program leaves this property alone because a provider may plan a"
        " replacement for it. AWS changes it on a running cache since October 2026; where the call is"
        " refused, stop here.",
        (f"aws elasticache modify-replication-group --replication-group-id {name}"
         f" --durability {wanted} --apply-immediately",
         f"aws elasticache wait replication-group-available --replication-group-id {name}"),
        f"{CACHE_GUIDE}Durability.ChangingDurability.html",
    )  # fmt: skip
