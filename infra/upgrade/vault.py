"""Steps on Vault: its servers vote, keep their claims, and wait for somebody who replaces them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from infra.graph import Resource
from infra.upgrade.context import RELEASE, Context
from infra.upgrade.model import PlannedChange, Step

VAULT: Final = "vault-vault"
"""Logical name of Vault's release."""

_RUNBOOK: Final = "docs/runbooks/vault.md"
_EXEC: Final = 'kubectl -n vault exec -ti vault-0 -- env VAULT_TOKEN="$ROOT"'


def changed_release(context: Context) -> PlannedChange | None:
    """The update of Vault's release."""
    return next((p for p in context.of(RELEASE) if p.change.name == VAULT), None)


def _servers(resource: Resource) -> int | None:
    value: JsonValue = resource.inputs
    for key in ("values", "server", "ha", "replicas"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int) else None


def _leaving(context: Context) -> tuple[range, int]:
    """The numbers of the servers that go, and how many there were."""
    planned = changed_release(context)
    if planned is None:
        return range(0), 0
    old, new = _servers(context.before(planned)), _servers(context.after(planned))
    return (range(0), 0) if old is None or new is None else (range(new, old), old)


def fewer(context: Context) -> Iterator[Step]:
    """A server that goes without notice is still counted: for a day, or for good where one is left."""
    leaving, servers = _leaving(context)
    if not leaving:
        return
    majority = leaving.start > servers // 2
    why = (
        "and until they are removed, one more that fails is one too many"
        if majority
        else f"and {leaving.start} of {servers} is no majority: without this Vault answers nobody"
        " after the deployment, and cannot be helped from inside"
    )
    yield Step(
        0, "Take the servers that go out of Vault's quorum",
        f"The last ones go, their votes stay, {why}. Needs a root token ({_RUNBOOK}, \"Make a root token\")"
        " in $ROOT. If one of them leads, hand over first: `vault operator step-down`, until one that stays"
        " leads. Deploy straight after it: what was removed does not come back.",
        ("kubectl -n vault get pods -L vault-active,vault-sealed",
         *(f"{_EXEC} vault operator raft remove-peer vault-{number}" for number in reversed(leaving)),
         f"{_EXEC} vault operator raft list-peers"),
        "https://developer.hashicorp.com/vault/docs/commands/operator/raft#remove-peer",
    )  # fmt: skip


def claims(context: Context) -> Iterator[Step]:
    """A server that comes back one day must not find the data of one that was removed."""
    leaving, _ = _leaving(context)
    if leaving:
        names = " ".join(f"{kind}-vault-{number}" for number in leaving for kind in ("data", "audit"))
        yield Step(
            0, "Delete the claims of Vault's former servers",
            "Their data is a copy of what the others have, and a server that was removed cannot start from it"
            " again. The volumes themselves stay until somebody deletes them.",
            (f"kubectl -n vault delete pvc {names}",),
            "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations",
        )  # fmt: skip


def replace_pods(context: Context) -> Iterator[Step]:
    if changed_release(context) is not None:
        yield Step(
            0, "Replace Vault's pods one by one",
            f"Vault's pods wait for you (OnDelete). Standbys first, the leader last: {_RUNBOOK},"
            " \"Replace pods after a change\".",
            ("kubectl -n vault get pods -L vault-active,vault-sealed",),
        )  # fmt: skip
