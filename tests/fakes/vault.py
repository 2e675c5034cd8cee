"""A Vault as its HTTP API is documented: what may be asked before and after the initialisation, by whom.

https://developer.hashicorp.com/vault/api-docs. It enforces policies, the roles of Kubernetes' identities, and
that nothing is enabled twice. It is no Vault: nothing is encrypted, and raft is a list of names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import Answer, Request

SUDO = ("sys/audit", "sys/auth/", "sys/step-down")
"""Beginnings of paths that take the capability "sudo"
(https://developer.hashicorp.com/vault/docs/concepts/policies#root-protected-api-endpoints)."""
TABLES = {"sys/audit": "audit", "sys/mounts": "mounts", "sys/auth": "auth"}
SNAPSHOT = "sys/storage/raft/snapshot"


def jwt(namespace: str, account: str, audience: str) -> str:
    """A service account's token, as this Vault understands it."""
    return json.dumps({"namespace": namespace, "account": account, "audience": audience})


@dataclass
class FakeVault:
    """State of a cluster. ``servers`` is how many vote once it is initialised."""

    servers: int = 3
    initialised: bool = False
    root: str | None = None
    snapshot: bytes = b""
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {t: {} for t in TABLES})
    stored: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, list[str]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    logins: int = 0
    reviews_tokens: bool = True

    def server(self, index: int) -> Any:
        """What the server of that number answers; the first one leads."""
        return lambda request: self.answer(request, index)

    def answer(self, request: Request, index: int) -> Answer:
        path = request.path.removeprefix("/v1/")
        if path == "sys/health":
            return (501 if not self.initialised else 200 if index == 0 else 429), {}
        if path == "sys/init":
            return self._init(request)
        if not self.initialised:
            return 503, {"errors": ["Vault is sealed"]}
        if path == "auth/kubernetes/login":
            return self._login(request.json)
        granted = self._capabilities(request.headers.get("x-vault-token", ""), path)
        needed = {"read"} if request.method == "GET" else {"update"}
        if path.startswith(SUDO):
            needed |= {"sudo"}
        if not needed <= granted and "root" not in granted:
            return 403, {"errors": ["permission denied"]}
        return self._read(path) if request.method == "GET" else self._write(path, request)

    def _init(self, request: Request) -> Answer:
        if request.method == "GET":
            return 200, {"initialized": self.initialised}
        if self.initialised:
            return 400, {"errors": ["Vault is already initialized"]}
        assert set(request.json) == {"recovery_shares", "recovery_threshold"}
        self.initialised, self.root = True, "hvs.root"
        keys = [f"recovery-key-{number}" for number in range(request.json["recovery_shares"])]
        return 200, {"recovery_keys_base64": keys, "root_token": self.root, "keys": []}

    def _login(self, given: dict[str, str]) -> Answer:
        self.logins += 1
        if "kubernetes/" not in self.tables["sys/auth"]:
            return 404, {"errors": ["no handler for route"]}
        role = self.stored.get(f"auth/kubernetes/role/{given['role']}")
        if role is None or not self.reviews_tokens:
            return 400, {"errors": ["invalid role name" if role is None else "token review failed"]}
        who = json.loads(given["jwt"])
        allowed = (
            who["account"] in role["bound_service_account_names"]
            and who["namespace"] in role["bound_service_account_namespaces"]
            and who["audience"] == role["audience"]
        )
        if not allowed:
            return 403, {"errors": ["service account not authorized"]}
        token = f"hvs.{given['role']}.{self.logins}"
        self.tokens[token] = role["token_policies"]
        return 200, {"auth": {"client_token": token}}

    def _capabilities(self, token: str, path: str) -> set[str]:
        if token and token == self.root:
            return {"root"}
        found: set[str] = {"update"} if path == "auth/token/revoke-self" and token in self.tokens else set()
        for name in self.tokens.get(token, []):
            text = self.stored.get(f"sys/policies/acl/{name}", {}).get("policy", "")
            for pattern, capabilities in re.findall(r'path "([^"]+)" \{\s*capabilities = (\[[^]]*\])', text):
                exact = pattern == path
                if exact or (pattern.endswith("*") and path.startswith(pattern[:-1])):
                    found |= set(json.loads(capabilities))
        return found

    def _read(self, path: str) -> Answer:
        if path in self.tables:
            return 200, {"data": self.tables[path]}
        if path == "sys/storage/raft/configuration":
            servers = [{"node_id": f"vault-{i}", "voter": True} for i in range(self.servers)]
            return 200, {"data": {"config": {"servers": servers}}}
        if path == SNAPSHOT:
            return 200, self.snapshot
        return (200, {"data": self.stored[path]}) if path in self.stored else (404, {"errors": []})

    def _write(self, path: str, request: Request) -> Answer:
        self.writes.append(path)
        if path == "auth/token/revoke-self":
            token = request.headers["x-vault-token"]
            self.tokens.pop(token, None)
            self.root = None if token == self.root else self.root
            return 204, None
        table, _, name = path.rpartition("/")
        if table in self.tables:
            if f"{name}/" in self.tables[table]:
                return 400, {"errors": [f"path is already in use at {name}/"]}
            self.tables[table][f"{name}/"] = request.json
            return 204, None
        self.stored[path] = {**self.stored.get(path, {}), **request.json}
        return 204, None
