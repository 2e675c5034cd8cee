"""The steps of an upgrade that is not refused: what people do, and where ``pulumi up`` stands between.

Each rule looks at the changes and says nothing when it does not concern them; none knows a size's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from infra.graph import Graph, Resource
from infra.upgrade.model import PlannedChange, Step
from infra.upgrade.refusals import is_copy, size_of

_RDS = "aws:rds/instance:Instance"
_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_TEMPLATE = "prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests"
_NODES = ("eks:index:ManagedNodeGroup", "gcp:container/nodePool:NodePool")

_RDS_GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_CACHE_GUIDE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules look at. ``target`` is the stack file that has the wanted settings."""

    changes: Sequence[PlannedChange]
    base: Graph
    head: Graph
    target: str

    def of(self, *types: str, action: str = "update") -> list[PlannedChange]:
        """Changes of these types with this action."""
        return [p for p in self.changes if p.change.type in types and p.change.action == action]

    def before(self, planned: PlannedChange) -> Resource:
        """The resource as it runs."""
        return self.base.by_urn()[planned.change.old_urn or planned.change.urn]

    def after(self, planned: PlannedChange) -> Resource:
        """The resource as it is wanted."""
        return self.head.by_urn()[planned.change.urn]


def _changed(planned: PlannedChange, path: str) -> bool:
    return any(p.path == path for p in planned.change.paths)


def _grown(context: Context, release: str, *ends: str) -> JsonValue:
    """The new size of a claim in a release's values that grows; None when it does not."""
    for planned in context.of(_RELEASE):
        for path in planned.change.paths:
            old, new = size_of(path.old), size_of(path.new)
            named = planned.change.name == release and path.path.endswith(ends)
            if named and old is not None and new is not None and new > old:
                return path.new
    return None


def _quotas(context: Context) -> Iterator[Step]:
    if any(context.of(*_NODES, action=action) for action in ("create", "replace")):
        yield Step(
            0, "Ask for quotas",
            "Old and new nodes run side by side for a while. Raise what is short before anything starts.",
            (f"gateway quotas {context.target}",),
        )  # fmt: skip


def _backup(context: Context) -> Iterator[Step]:
    databases = [p for p in context.of(_RDS, _SQL) if not is_copy(context.before(p))]
    commands: list[str] = []
    for planned in databases:
        if planned.change.type == _RDS:
            name = context.before(planned).inputs.get("identifier")
            commands.append(
                f"aws rds create-db-snapshot --db-instance-identifier {name}"
                f" --db-snapshot-identifier {name}-before-upgrade"
            )
        else:
            commands.append("gcloud sql backups create --instance INSTANCE --description before-upgrade")
    if any(p.change.name == "vault-vault" for p in context.of(_RELEASE)):
        commands.append("kubectl -n vault create job --from=cronjob/vault-snapshot vault-before-upgrade")
    if commands:
        yield Step(
            0, "Save what there is", "Nothing below loses data; this is for the day that it does.",
            tuple(commands),
        )  # fmt: skip


def _standby(context: Context) -> Iterator[Step]:
    for planned in context.of(_RDS):
        name = context.before(planned).inputs.get("identifier")
        gains = _changed(planned, "multiAz") and context.after(planned).inputs.get("multiAz") is True
        if gains and _changed(planned, "instanceClass"):
            yield Step(
                0, "Give the database its standby first",
                "With a standby the change of class is a failover of one or two minutes, without it an outage"
                " of many. The standby is made online.",
                (f"aws rds modify-db-instance --db-instance-identifier {name} --multi-az --apply-immediately",
                 f"aws rds wait db-instance-available --db-instance-identifier {name}"),
                f"{_RDS_GUIDE}Concepts.MultiAZ.Migrating.html",
            )  # fmt: skip


def _grow(namespace: str, name: str, size: JsonValue, only: str = "") -> str:
    """A shell's loop over the claims of one application."""
    patch = json.dumps({"spec": {"resources": {"requests": {"storage": size}}}}, separators=(",", ":"))
    claims = f"kubectl -n {namespace} get pvc -l app.kubernetes.io/name={name} -o name{only}"
    return (
        f"for claim in $({claims}); do"
        f" kubectl -n {namespace} patch \"$claim\" --type merge -p '{patch}'; done"
    )


def _volumes(context: Context) -> Iterator[Step]:
    size = _grown(context, "vault-vault", "dataStorage.size")
    if size is not None:
        yield Step(
            0, "Grow Vault's volumes",
            "A StatefulSet's claims are fixed, and Kubernetes refuses the release that asks for larger ones."
            " Grow the claims, then remove the StatefulSet alone: its pods go on, and the release makes it"
            " again with the new size.",
            (_grow("vault", "vault", size, " | grep /data-"),
             "kubectl -n vault delete statefulset vault --cascade=orphan"),
            "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations",
        )  # fmt: skip
    size = _grown(context, "observability-metrics-kube-prometheus-stack", f"{_TEMPLATE}.storage")
    if size is not None:
        yield Step(
            0, "Grow Prometheus' volumes",
            "Its operator makes the StatefulSet again by itself, and leaves claims as they are: grow them.",
            (_grow("monitoring", "prometheus", size),),
            "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"
            "#expanding-persistent-volumes-claims",
        )  # fmt: skip


def _protected(context: Context) -> Iterator[Step]:
    """What goes and is not refused: a copy, or what holds nothing. Pulumi and the service both keep it."""
    going = [p for p in context.changes if p.change.protected and p.change.action in ("delete", "replace")]
    commands: list[str] = []
    for planned in going:
        resource, stack = context.before(planned), context.head.stack
        commands.append(f"pulumi state unprotect '{resource.urn}' --yes --stack {stack}")
        if planned.change.type == _RDS:
            name = resource.inputs.get("identifier")
            commands.append(
                f"aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection"
                " --apply-immediately"
            )
        if planned.change.type == _SQL:
            commands.append("gcloud sql instances patch INSTANCE --no-deletion-protection")
    own = any(p.change.type.startswith("gcp:") for p in going)
    if commands:
        yield Step(
            0, "Lift the protection of what goes",
            "Pulumi refuses to delete what is protected, and so does the service."
            + (" Google's provider has a flag of its own in the state: docs/runbooks/destroy.md, \"Take the"
               " protections off\", has the edit, for this resource alone." if own else ""),
            tuple(commands), "https://www.pulumi.com/docs/iac/cli/commands/pulumi_state_unprotect/",
        )  # fmt: skip


def _up(context: Context) -> Iterator[Step]:
    moved = any(context.of(*_NODES, action=action) for action in ("create", "replace"))
    nodes = (
        " New nodes come first; old ones are drained at the end, pods move within their disruption budgets."
        if moved
        else ""
    )
    yield Step(
        0, "Put the settings into the stack file, and deploy",
        f"The stack keeps its name; its file gets the new settings.{nodes}",
        (f"pulumi preview --diff --stack {context.head.stack}", f"pulumi up --stack {context.head.stack}"),
        changes=len(context.changes),
    )  # fmt: skip


_WAITING: Final = ("instanceClass", "multiAz", "allocatedStorage", "iops")


def _window(context: Context) -> Iterator[Step]:
    commands: list[str] = []
    for planned in context.of(_RDS):
        resource = context.after(planned)
        waits = resource.inputs.get("applyImmediately") is not True
        if waits and any(_changed(planned, path) for path in _WAITING):
            name = resource.inputs.get("identifier")
            commands.append(f"aws rds modify-db-instance --db-instance-identifier {name} --apply-immediately")
    for planned in context.of(_GROUP):
        resource = context.after(planned)
        waits = resource.inputs.get("applyImmediately") is not True
        if waits and any(_changed(planned, path) for path in ("nodeType", "multiAzEnabled")):
            name = resource.inputs.get("replicationGroupId")
            commands.append(
                f"aws elasticache modify-replication-group --replication-group-id {name} --apply-immediately"
            )
            commands.append(f"aws elasticache wait replication-group-available --replication-group-id {name}")
    if commands:
        yield Step(
            0, "Let the services follow",
            "Changes of class, node type and standby wait for the maintenance window. Wait for it, or choose"
            " the hour yourself:", tuple(commands), f"{_RDS_GUIDE}USER_ModifyInstance.ApplyImmediately.html",
        )  # fmt: skip


def _durability(context: Context) -> Iterator[Step]:
    """D15: a change of its own, after nodes, replicas and Multi-AZ; the program ignores the property."""
    old = {r.urn: r for r in context.base.resources if r.type == _GROUP}
    for resource in context.head.resources:
        before = old.get(resource.urn)
        if before is None:
            continue
        was, wanted = (r.inputs.get("durability") or "disabled" for r in (before, resource))
        if was != wanted:
            name = resource.inputs.get("replicationGroupId")
            yield Step(
                0, f"Change the cache's durability from {was} to {wanted}",
                "A change of its own, when node type, replica and Multi-AZ are done: the service demands"
                " them, and the program leaves this property alone because a provider may plan a replacement"
                " for it.",
                (f"aws elasticache modify-replication-group --replication-group-id {name}"
                 f" --durability {wanted} --apply-immediately",
                 f"aws elasticache wait replication-group-available --replication-group-id {name}"),
                f"{_CACHE_GUIDE}Durability.ChangingDurability.html",
            )  # fmt: skip


def _vault(context: Context) -> Iterator[Step]:
    if any(p.change.name == "vault-vault" for p in context.of(_RELEASE)):
        yield Step(
            0, "Replace Vault's pods one by one",
            "Vault's pods wait for you (OnDelete). Standbys first, the leader last: docs/runbooks/vault.md,"
            " \"Replace pods after a change\".",
            ("kubectl -n vault get pods -L vault-active,vault-sealed",),
        )  # fmt: skip


def _check(context: Context) -> Iterator[Step]:
    yield Step(
        0, "See that all of it has arrived", "A second preview has nothing to do.",
        (f"pulumi refresh --stack {context.head.stack}",
         f"pulumi preview --expect-no-changes --stack {context.head.stack}"),
    )  # fmt: skip


RULES: Final[tuple[Callable[[Context], Iterator[Step]], ...]] = (
    _quotas, _backup, _standby, _volumes, _protected, _up, _window, _durability, _vault, _check,
)  # fmt: skip
"""In the order of the steps."""


def steps(changes: Sequence[PlannedChange], base: Graph, head: Graph, target: str) -> Iterator[Step]:
    """The numbered steps; ``base`` carries the names of ``head``."""
    context = Context(changes, base, head, target)
    found = [step for rule in RULES for step in rule(context)]
    for number, step in enumerate(found, start=1):
        yield replace(step, number=number)
