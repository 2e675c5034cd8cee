"""The steps of an upgrade that is not refused: what people do, and where ``pulumi up`` stands between.

Each rule looks at the changes and says nothing when it does not concern them; none knows a size's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from pydantic import JsonValue

from infra.graph import Graph
from infra.upgrade import vault
from infra.upgrade.context import NODES, RDS, RELEASE, SQL, Context
from infra.upgrade.model import PlannedChange, Step
from infra.upgrade.refusals import is_copy, size_of
from infra.upgrade.services import durability, major_version, sql_name, standby, window

_TEMPLATE = "prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests"


def _grown(context: Context, release: str, *ends: str) -> JsonValue:
    """The new size of a claim in a release's values that grows; None when it does not."""
    for planned in context.of(RELEASE):
        for path in planned.change.paths:
            old, new = size_of(path.old), size_of(path.new)
            named = planned.change.name == release and path.path.endswith(ends)
            if named and old is not None and new is not None and new > old:
                return path.new
    return None


def _quotas(context: Context) -> Iterator[Step]:
    rolled = any(planned.change.restarts for planned in context.of(*NODES))
    if rolled or any(context.of(*NODES, action=action) for action in ("create", "replace")):
        yield Step(
            0, "Ask for quotas",
            "Old and new nodes run side by side for a while. Raise what is short before anything starts.",
            (f"gateway quotas {context.target}",),
        )  # fmt: skip


def _backup(context: Context) -> Iterator[Step]:
    databases = [p for p in context.of(RDS, SQL) if not is_copy(context.before(p))]
    commands: list[str] = []
    for planned in databases:
        if planned.change.type == RDS:
            name = context.before(planned).inputs.get("identifier")
            commands.append(
                f"aws rds create-db-snapshot --db-instance-identifier {name}"
                f" --db-snapshot-identifier {name}-before-upgrade"
            )
        else:
            name = sql_name(planned, context.before(planned))
            commands.append(f"gcloud sql backups create --instance {name} --description before-upgrade")
    if vault.changed_release(context) is not None:
        commands.append("kubectl -n vault create job --from=cronjob/vault-snapshot vault-before-upgrade")
    if commands:
        yield Step(
            0, "Save what there is", "Nothing below loses data; this is for the day that it does.",
            tuple(commands),
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
    size = _grown(context, vault.VAULT, "dataStorage.size")
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
        if planned.change.type == RDS:
            name = resource.inputs.get("identifier")
            commands.append(
                f"aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection"
                " --apply-immediately"
            )
        if planned.change.type == SQL:
            name = sql_name(planned, resource)
            commands.append(f"gcloud sql instances patch {name} --no-deletion-protection")
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
    preview = f"pulumi preview --diff --stack {context.head.stack}"
    if not context.changes:
        yield Step(
            0, "Put the settings into the stack file",
            "No resource changes by them: Pulumi leaves alone what is done by hand. The file has to say what"
            " runs all the same.", (preview,),
        )  # fmt: skip
        return
    moved = any(context.of(*NODES, action=action) for action in ("create", "replace"))
    nodes = (
        " New nodes come first; old ones are drained at the end, pods move within their disruption budgets."
        if moved
        else ""
    )
    yield Step(
        0, "Put the settings into the stack file, and deploy",
        f"The stack keeps its name; its file gets the new settings.{nodes}",
        (preview, f"pulumi up --stack {context.head.stack}"),
        changes=len(context.changes),
    )  # fmt: skip


def _check(context: Context) -> Iterator[Step]:
    yield Step(
        0, "See that all of it has arrived", "A second preview has nothing to do.",
        (f"pulumi refresh --stack {context.head.stack}",
         f"pulumi preview --expect-no-changes --stack {context.head.stack}"),
    )  # fmt: skip


RULES: Final[tuple[Callable[[Context], Iterator[Step]], ...]] = (
    _quotas, _backup, standby, _volumes, _protected, major_version, partial(durability, down=True),
    vault.fewer, _up, vault.claims, window, partial(durability, down=False), vault.replace_pods, _check,
)  # fmt: skip
"""In the order of the steps."""


def steps(changes: Sequence[PlannedChange], base: Graph, head: Graph, target: str) -> Iterator[Step]:
    """The numbered steps, none when nothing changes; ``base`` carries the names of ``head``."""
    context = Context(changes, base, head, target)
    by_hand = [*durability(context, down=True), *durability(context, down=False)]
    if not changes and not by_hand:
        return
    found = [step for rule in RULES for step in rule(context)]
    for number, step in enumerate(found, start=1):
        yield replace(step, number=number)
