"""Initialise Vault once, configure it, and give up the root token. May run any number of times.

Environment: VAULT_SERVERS (addresses, comma separated; the first one is initialised), VAULT_CACERT,
VAULT_CONFIGURATION (file, see ``Configuration``), TOKEN_FILE, ROLE, RECOVERY_ENTRY, ROOT_ENTRY (entries of
the secret store), DEADLINE_S, and what ``cloud_store`` needs.

What happens when a run breaks off:

- before the initialisation: nothing has happened;
- between the initialisation and the write of the recovery keys, a second or so: they are lost, and Vault
  holds nothing yet. This is why the right to write is proven first. The next run says so;
- after that: the next run goes on with the root token of the entry ``ROOT_ENTRY``, which stays there only
  until Vault is configured.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from components.kubernetes.scripts.cloud_store import Entry, StoreError, entry
from components.kubernetes.scripts.vault_client import ACTIVE, STANDBY, Vault, VaultError

SHARES, THRESHOLD = 5, 3
"""Recovery keys and how many of them authorise a new root token: HashiCorp's own defaults."""

PAUSE_S = 2.0
ATTEMPTS = 5

T = TypeVar("T")
log = logging.getLogger("vault-init")


class Refusal(Exception):
    """The run cannot go on; the message says what a person must do."""


@dataclass(frozen=True)
class Job:
    """Inputs of one run. ``sleep`` and ``now`` are time.sleep and time.monotonic but in tests."""

    servers: tuple[Vault, ...]
    configuration: Mapping[str, Any]
    token_file: Path
    role: str
    recovery: Entry
    root: Entry
    deadline_s: float
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


def run(job: Job) -> list[str]:
    """Bring Vault to where it should be; return what was changed, so that a second run returns nothing."""
    end = job.now() + job.deadline_s
    changed: list[str] = []
    if not _await_answers(job, end):
        _initialise(job)
        changed.append("initialised")
    leader = _await(job, end, "a leader that is unsealed", lambda: _leader(job))
    vault, root = _authenticate(job, leader)
    changed += configure(vault, job.configuration)
    _await(job, end, "every server among the voters", lambda: _all_vote(vault, len(job.servers)))
    if root:
        _give_up_root(job, leader, vault, end)
        changed.append("revoked the root token")
    return changed


def _await(job: Job, end: float, what: str, found: Callable[[], T | None]) -> T:
    while (result := found()) is None:
        if job.now() >= end:
            states = ", ".join(f"{server.address} {server.health()}" for server in job.servers)
            raise Refusal(f"waited {job.deadline_s:.0f} s in vain for {what}; health: {states}")
        job.sleep(PAUSE_S)
    return result


def _await_answers(job: Job, end: float) -> bool:
    """True when Vault is initialised. Every server must answer before one is initialised: a server whose
    volume was lost would otherwise become a second cluster beside the one that holds the data."""

    def answers() -> bool | None:
        states = [server.initialised() for server in job.servers]
        if any(states):
            return True
        return False if all(state is False for state in states) else None

    return _await(job, end, "an answer from every server", answers)


def _initialise(job: Job) -> None:
    job.recovery.prove()
    job.root.prove()
    label = f"init-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    first = job.servers[0]
    answer = first.write("sys/init", {"recovery_shares": SHARES, "recovery_threshold": THRESHOLD})
    keys = {"recovery_keys_base64": answer["recovery_keys_base64"], "threshold": THRESHOLD}
    _persist(job, job.recovery, json.dumps(keys), label)
    _persist(job, job.root, json.dumps({"token": answer["root_token"]}), label)
    log.info("initialised; recovery keys and root token are in the secret store")


def _persist(job: Job, into: Entry, value: str, label: str) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            into.write(value, label)
            return
        except StoreError as error:
            log.warning("write %d of %d failed: %s", attempt, ATTEMPTS, error)
            if attempt == ATTEMPTS:
                raise
            job.sleep(PAUSE_S * attempt)


def _leader(job: Job) -> Vault | None:
    """The active server, once all others are unsealed too."""
    states = {server: server.health() for server in job.servers}
    if not all(state in (ACTIVE, STANDBY) for state in states.values()):
        return None
    return next((server for server, state in states.items() if state == ACTIVE), None)


def _authenticate(job: Job, leader: Vault) -> tuple[Vault, bool]:
    """A client that may configure Vault, and whether it is the root token's."""
    try:
        return leader.login(job.role, job.token_file), False
    except VaultError as error:
        reason = error
    stored = json.loads(job.root.read() or "{}").get("token")
    if not stored:
        raise Refusal(
            f"Vault is initialised, and neither Kubernetes ({reason}) nor a root token lets this Job in: see"
            " docs/runbooks/vault.md, 'The init Job fails'"
        )
    return leader.with_token(stored), True


def _give_up_root(job: Job, leader: Vault, vault: Vault, end: float) -> None:
    """Only after the Job's own way in has worked."""

    def enters() -> bool | None:
        try:
            leader.login(job.role, job.token_file)
        except VaultError as error:
            log.info("not yet: %s", error)
            return None
        return True

    _await(job, end, f"the login as {job.role}", enters)
    vault.write("auth/token/revoke-self", {})
    _persist(job, job.root, json.dumps({"token": None}), f"revoked-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")


def _all_vote(vault: Vault, wanted: int) -> bool | None:
    answer = vault.read("sys/storage/raft/configuration") or {}
    servers = answer["data"]["config"]["servers"]
    return True if sum(1 for server in servers if server["voter"]) >= wanted else None


# ------------------------------------------------------------------------------------------- configuration
def configure(vault: Vault, wanted: Mapping[str, Any]) -> list[str]:
    """Write what differs; never remove what is not ours. ``wanted`` has the keys ``audit``, ``mounts``,
    ``auth``, ``policies``, ``writes`` (path -> data), each optional.

    Audit devices come first, so that the log has the rest, and policies before the roles that carry them.
    """
    changed: list[str] = []
    for table, kind in (("sys/audit", "audit"), ("sys/mounts", "mounts"), ("sys/auth", "auth")):
        changed += _enable(vault, table, wanted.get(kind, {}))
    for name, text in wanted.get("policies", {}).items():
        changed += _put(vault, f"sys/policies/acl/{name}", {"policy": text})
    for path, data in wanted.get("writes", {}).items():
        changed += _put(vault, path, data)
    for path in changed:
        log.info("changed %s", path)
    return changed


def _enable(vault: Vault, table: str, wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Audit devices, engines and auth methods: enabled when they are missing, else left as they are."""
    there = (vault.read(table) or {}).get("data", {})
    missing = [name for name in wanted if f"{name}/" not in there]
    for name in missing:
        vault.write(f"{table}/{name}", wanted[name])
    return [f"{table}/{name}" for name in missing]


def _put(vault: Vault, path: str, data: Mapping[str, Any]) -> list[str]:
    there = (vault.read(path) or {}).get("data", {})
    if all(there.get(key) == value for key, value in data.items()):
        return []
    vault.write(path, data)
    return [path]


def main() -> int:
    """Run with what the environment says; 1 and one line when it fails."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    env = os.environ
    servers = tuple(Vault(url, env.get("VAULT_CACERT")) for url in env["VAULT_SERVERS"].split(","))
    job = Job(
        servers=servers,
        configuration=json.loads(Path(env["VAULT_CONFIGURATION"]).read_text(encoding="utf-8")),
        token_file=Path(env["TOKEN_FILE"]),
        role=env["ROLE"],
        recovery=entry(env["RECOVERY_ENTRY"], env),
        root=entry(env["ROOT_ENTRY"], env),
        deadline_s=float(env["DEADLINE_S"]),
    )
    try:
        changed = run(job)
    except (Refusal, StoreError, VaultError) as error:
        log.error("%s", error)
        return 1
    log.info("done: %s", ", ".join(changed) or "nothing to change")
    return 0


if __name__ == "__main__":
    sys.exit(main())
