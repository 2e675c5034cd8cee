"""A client of Vault's HTTP API for the Jobs beside it: standard library only, no token in any message.

https://developer.hashicorp.com/vault/api-docs
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

TIMEOUT_S = 30

ACTIVE, STANDBY = 200, 429
"""``sys/health``: the leader, and a server that is unsealed and follows it
(https://developer.hashicorp.com/vault/api-docs/system/health)."""


class VaultError(Exception):
    """Vault refused, or did not answer. ``status`` is 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Vault:
    """One address of Vault, ``https://host:port``, with or without a token."""

    address: str
    ca_file: str | None = None
    token: str | None = field(default=None, repr=False)

    def with_token(self, token: str) -> Vault:
        """The same server, as whoever the token belongs to."""
        return Vault(self.address, self.ca_file, token)

    def read(self, path: str) -> dict[str, Any] | None:
        """The answer to GET, None when there is nothing at ``path``."""
        try:
            return self._json("GET", path, None)
        except VaultError as error:
            if error.status == 404:
                return None
            raise

    def write(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to POST, empty when Vault has nothing to say."""
        return self._json("POST", path, data)

    def login(self, role: str, token_file: Path, mount: str = "kubernetes") -> Vault:
        """As ``role``, by the service account's token, which the kubelet keeps fresh in a file."""
        jwt = token_file.read_text(encoding="utf-8").strip()
        answer = self.write(f"auth/{mount}/login", {"role": role, "jwt": jwt})
        return self.with_token(str(answer["auth"]["client_token"]))

    def health(self) -> int:
        """Status of ``sys/health``: 200, 429, 501 (not initialised), 503 (sealed); 0 without an answer."""
        try:
            with self.open("GET", "sys/health") as answer:
                return int(answer.status)
        except VaultError as error:
            return error.status

    def initialised(self) -> bool | None:
        """None when the server does not answer."""
        try:
            return bool(self._json("GET", "sys/init", None)["initialized"])
        except VaultError:
            return None

    def save(self, path: str, file: IO[bytes]) -> None:
        """Stream the answer to GET into a file."""
        with self.open("GET", path) as answer:
            while block := answer.read(1 << 20):
                file.write(block)

    def open(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """The open answer.

        Raises:
            VaultError: a status of 400 or more, or no answer.
        """
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json"} | ({"X-Vault-Token": self.token} if self.token else {})
        url = f"{self.address}/v1/{path}"
        request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT_S, context=self._tls())  # noqa: S310
        except urllib.error.HTTPError as error:
            raise VaultError(f"{method} {url}: {error.code} {_reasons(error)}", error.code) from None
        except (OSError, HTTPException) as error:
            raise VaultError(f"{method} {url}: {error}") from None

    def _json(self, method: str, path: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
        with self.open(method, path, data) as answer:
            text = answer.read()
        return dict(json.loads(text)) if text else {}

    def _tls(self) -> ssl.SSLContext | None:
        if not self.address.startswith("https://"):
            return None
        return ssl.create_default_context(cafile=self.ca_file)


def _reasons(error: urllib.error.HTTPError) -> str:
    """Vault's own words; they name paths and rights, never values."""
    try:
        return "; ".join(json.loads(error.read()).get("errors", [])) or str(error.reason)
    except (ValueError, AttributeError):
        return str(error.reason)
