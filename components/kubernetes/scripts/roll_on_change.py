"""Roll a Deployment when one of the Secrets that its pods read at their start has changed.

Environment: NAMESPACE, DEPLOYMENT, SECRETS (names, comma separated), API, CA_FILE, TOKEN_FILE. A Secret that
is missing counts as empty. What the pods run with is noted on their template: a digest keyed by the
Deployment's uid, which tells nobody what is in the Secrets. A rollout takes as long as the Deployment's
strategy says; this script waits for nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANNOTATION = "ai-gateway/keys"
TIMEOUT_S = 30

log = logging.getLogger("roll-on-change")


@dataclass(frozen=True)
class Kubernetes:
    """The API server, as this pod's service account."""

    api: str
    token: str = field(repr=False)
    ca_file: str | None = None

    def call(self, path: str, patch: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """GET, or PATCH when there is one; None for what does not exist.

        Raises:
            OSError: every other answer but a good one.
        """
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/strategic-merge-patch+json",
        }
        body = None if patch is None else json.dumps(patch).encode()
        method = "GET" if body is None else "PATCH"
        request = urllib.request.Request(  # noqa: S310
            f"{self.api}{path}", data=body, headers=headers, method=method
        )
        tls = ssl.create_default_context(cafile=self.ca_file) if self.api.startswith("https://") else None
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=tls) as answer:  # noqa: S310
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise OSError(f"{method} {path}: {error.code} {error.reason}") from None


def digest(key: str, secrets: Mapping[str, Mapping[str, str]]) -> str:
    """Of names and content; empty when there is no Secret at all."""
    if not any(secrets.values()):
        return ""
    text = json.dumps(secrets, sort_keys=True).encode()
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()[:16]


def roll(kubernetes: Kubernetes, namespace: str, deployment: str, names: Sequence[str]) -> bool:
    """True when a rollout was started."""
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    path = f"{apps}/deployments/{deployment}"
    found = kubernetes.call(path)
    if found is None:
        return False
    secrets: dict[str, dict[str, str]] = {
        name: (kubernetes.call(f"{core}/secrets/{name}") or {}).get("data") or {} for name in names
    }
    wanted = digest(found["metadata"]["uid"], secrets)
    annotated: dict[str, str] = found["spec"]["template"]["metadata"].get("annotations") or {}
    noted = annotated.get(ANNOTATION, "")
    if noted == wanted:
        return False
    annotations = {"metadata": {"annotations": {ANNOTATION: wanted}}}
    kubernetes.call(path, {"spec": {"template": annotations}})
    return True


def main() -> int:
    """Run with what the environment says; 1 and one line when it fails."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    env = os.environ
    try:
        token = Path(env["TOKEN_FILE"]).read_text(encoding="utf-8").strip()
        kubernetes = Kubernetes(env["API"], token, env.get("CA_FILE"))
        rolled = roll(kubernetes, env["NAMESPACE"], env["DEPLOYMENT"], env["SECRETS"].split(","))
    except OSError as error:
        log.error("%s", error)
        return 1
    log.info("rollout started" if rolled else "nothing has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
