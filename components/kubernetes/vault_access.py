"""Who may do what in Vault: policies, roles of Kubernetes' own identities, the engine, the audit devices.

What the Job of ``vault_init`` brings about. Nobody has a token that lives long: each comes with a service
account's token, made for Vault alone (``AUDIENCE``) and checked by the Kubernetes API
(https://developer.hashicorp.com/vault/docs/auth/kubernetes). The root token is revoked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from components.kubernetes.vault_audit import AUDIT_FILE

AUDIENCE = "vault"

KEYS_MOUNT = "keys"
"""Path of the engine (KV version 2) that holds what people bring: keys of model providers, the token of the
model repository."""

INIT, SNAPSHOT, EXTERNAL_SECRETS, OPERATOR = "init", "snapshot", "external-secrets", "operator"

KUBERNETES_API = "https://kubernetes.default.svc"

TOKEN_TTL_S = 1200
"""Jobs and the operator for external secrets log in whenever they need to."""
OPERATOR_TTL_S = 3600

DEAD_AFTER = "24h0m0s"
"""Autopilot forgets a server that has been away for a day; HashiCorp's default, in Vault's own spelling."""
SMALLEST_QUORUM = 3


@dataclass(frozen=True)
class ServiceAccount:
    """Who may log in as a role."""

    name: str
    namespace: str


ACCOUNTS: Mapping[str, ServiceAccount] = {
    INIT: ServiceAccount("vault-init", "vault"),
    SNAPSHOT: ServiceAccount("vault-snapshot", "vault"),
    EXTERNAL_SECRETS: ServiceAccount("external-secrets", "external-secrets"),
    OPERATOR: ServiceAccount("vault-operator", "vault"),
}
"""Role and policy, both called like this -> its service account. People are ``OPERATOR``: whoever may create
tokens of that service account in Kubernetes."""

_READ, _WRITE, _SUDO = ("read",), ("create", "read", "update"), ("create", "read", "update", "sudo")

POLICIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # What the Job looks at and writes, path by path. It can rewrite these policies, its own among them: who
    # may run pods as this service account owns Vault's configuration, and could as well enter the server.
    INIT: {
        "sys/audit": ("read", "sudo"),
        "sys/audit/stdout": _SUDO,
        "sys/audit/file": _SUDO,
        "sys/mounts": _READ,
        f"sys/mounts/{KEYS_MOUNT}": _WRITE,
        "sys/auth": _READ,
        "sys/auth/kubernetes": _SUDO,
        "auth/kubernetes/config": _WRITE,
        **{f"auth/kubernetes/role/{role}": _WRITE for role in ACCOUNTS},
        **{f"sys/policies/acl/{role}": _WRITE for role in ACCOUNTS},
        "sys/storage/raft/configuration": _READ,
        "sys/storage/raft/autopilot/configuration": _WRITE,
    },
    SNAPSHOT: {"sys/storage/raft/snapshot": _READ},
    EXTERNAL_SECRETS: {f"{KEYS_MOUNT}/data/*": _READ},
    # Keys can be put, replaced, listed and deleted, and not be read back.
    OPERATOR: {
        f"{KEYS_MOUNT}/data/*": ("create", "update", "delete"),
        f"{KEYS_MOUNT}/metadata/*": ("list", "read", "delete"),
        f"{KEYS_MOUNT}/metadata/": ("list",),
        "sys/storage/raft/configuration": _READ,
        "sys/storage/raft/autopilot/state": _READ,
        "sys/step-down": ("update", "sudo"),
        # Vault 2 starts the generation of a root token for nobody who is not logged in; recovery keys decide.
        "sys/generate-root/attempt": ("create", "read", "update", "delete", "sudo"),
        "sys/generate-root/update": ("create", "update", "sudo"),
    },
}


def policy(paths: Mapping[str, tuple[str, ...]]) -> str:
    """In HCL (https://developer.hashicorp.com/vault/docs/concepts/policies)."""
    blocks = (
        f'path "{path}" {{\n  capabilities = {json.dumps(capabilities)}\n}}\n'
        for path, capabilities in paths.items()
    )
    return "\n".join(blocks)


def configuration(replicas: int) -> dict[str, object]:
    """What ``scripts/vault_init.py`` writes where it differs."""
    return {
        "audit": {
            # Requests go on while one of the two can be written: the volume may fill, or the log be away.
            "stdout": {"type": "file", "options": {"file_path": "stdout"}},
            "file": {"type": "file", "options": {"file_path": AUDIT_FILE}},
        },
        "mounts": {KEYS_MOUNT: {"type": "kv", "options": {"version": "2"}}},
        "auth": {"kubernetes": {"type": "kubernetes"}},
        "policies": {role: policy(paths) for role, paths in POLICIES.items()},
        "writes": {
            "auth/kubernetes/config": {"kubernetes_host": KUBERNETES_API},
            **{f"auth/kubernetes/role/{role}": _role(role) for role in ACCOUNTS},
            "sys/storage/raft/autopilot/configuration": autopilot(replicas),
        },
    }


def _role(role: str) -> dict[str, object]:
    account = ACCOUNTS[role]
    return {
        "bound_service_account_names": [account.name],
        "bound_service_account_namespaces": [account.namespace],
        "audience": AUDIENCE,
        "token_policies": [role],
        "token_ttl": OPERATOR_TTL_S if role == OPERATOR else TOKEN_TTL_S,
    }


def autopilot(replicas: int) -> dict[str, object]:
    """A server that is gone for good leaves the quorum's count, never below the planned number
    (https://developer.hashicorp.com/vault/docs/concepts/integrated-storage/autopilot)."""
    if replicas < SMALLEST_QUORUM:
        return {"cleanup_dead_servers": False}
    return {
        "cleanup_dead_servers": True,
        "dead_server_last_contact_threshold": DEAD_AFTER,
        "min_quorum": replicas,
    }
