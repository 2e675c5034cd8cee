"""Write to a cloud's secret store and object storage, with nothing but Python's standard library.

A Job that holds Vault's recovery keys should run little code: two vendors' command lines are hundreds of
megabytes, and would need a file between the containers. Credentials come from the pod's own identity:

- AWS, EKS Pod Identity (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html),
  requests signed by Signature Version 4
  (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html);
- Google Cloud, Workload Identity Federation for GKE, a token from the metadata server
  (https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity).

No error names a value: the services' answers to writes hold none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

TIMEOUT_S = 60
CURRENT, PROOF = "AWSCURRENT", "AWSPENDING"
"""Labels of versions: what readers get, and what nobody reads."""
UNSIGNED = "UNSIGNED-PAYLOAD"
"""S3 takes a body over TLS without its hash in the signature, so that a file is read once."""
ANSWER_SHOWN = 300


class StoreError(Exception):
    """The cloud did not take, or did not give, what it was asked for."""


class Entry(Protocol):
    """An entry of the secret store that exists already."""

    def prove(self) -> None:
        """Show that values can be written, without touching the value that readers get."""
        ...

    def write(self, value: str, label: str) -> None:
        """Make ``value`` the current one; versions before it stay. ``label`` keeps this one findable."""
        ...

    def read(self) -> str | None:
        """The current value, None when there is none."""
        ...


def entry(name: str, environment: Mapping[str, str]) -> Entry:
    """The entry called ``name`` in the store of the cloud that the environment tells of."""
    if "AWS_REGION" in environment:
        return AwsEntry(name, environment["AWS_REGION"])
    return GoogleEntry(name, environment["GOOGLE_CLOUD_PROJECT"])


def upload(target: str, key: str, path: Path, environment: Mapping[str, str]) -> None:
    """Put a file into the bucket of ``target`` (``s3://bucket`` or ``gs://bucket``) as ``key``."""
    scheme, bucket = target.split("://", 1)
    if scheme == "s3":
        _s3_put(bucket, key, path, environment["AWS_REGION"])
    else:
        _gcs_put(bucket, key, path)


def call(
    method: str, url: str, headers: Mapping[str, str], body: Any = None, *, missing: bool = False
) -> bytes | None:
    """The answer's body; None for 404 when that is expected (``missing``).

    Raises:
        StoreError: any other status but 2xx, or no answer.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310
    where = f"{method} {urllib.parse.urlsplit(url).netloc}{urllib.parse.urlsplit(url).path}"
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()[:ANSWER_SHOWN].decode("utf-8", "replace")
        if missing and (error.code == 404 or "ResourceNotFoundException" in text):
            return None
        raise StoreError(f"{where}: {error.code} {text}") from None
    except (OSError, HTTPException) as error:
        raise StoreError(f"{where}: {error}") from None


# ---------------------------------------------------------------------------------------------------- AWS
@dataclass(frozen=True)
class Credentials:
    """Of a role, for some hours; the token goes with the other two."""

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True)
class Scope:
    """What a signature is good for."""

    service: str
    region: str
    moment: datetime


def aws_credentials() -> Credentials:
    """From the Pod Identity agent of the node."""
    token_file = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    token = Path(token_file).read_text(encoding="utf-8").strip()
    answer = call("GET", os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], {"Authorization": token}) or b"{}"
    given = json.loads(answer)
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])


def signed(
    method: str, url: str, headers: Mapping[str, str], body_hash: str, scope: Scope, keys: Credentials
) -> dict[str, str]:
    """``headers`` with the signature. The path must be encoded as S3 wants it; there is no query here."""
    parts = urllib.parse.urlsplit(url)
    stamp = scope.moment.strftime("%Y%m%dT%H%M%SZ")
    full = {
        **{name.lower(): value for name, value in headers.items()},
        "host": parts.netloc,
        "x-amz-date": stamp,
        **({} if keys.token is None else {"x-amz-security-token": keys.token}),
    }
    names = ";".join(sorted(full))
    lines = "".join(f"{name}:{full[name].strip()}\n" for name in sorted(full))
    canonical = "\n".join([method, parts.path or "/", "", lines, names, body_hash])
    place = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{keys.secret_key}".encode()
    for part in place.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{place}\n{digest}"
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{keys.access_key}/{place}"
    full["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return full


@dataclass(frozen=True)
class AwsEntry:
    """A secret of Secrets Manager (https://docs.aws.amazon.com/secretsmanager/latest/apireference/)."""

    name: str
    region: str

    def prove(self) -> None:
        """As a pending version: readers go on seeing the current one."""
        self._put("{}", [PROOF], hashlib.sha256(os.urandom(32)).hexdigest())

    def write(self, value: str, label: str) -> None:
        # A version without a label may be deleted by the service; the second one stays with this version.
        self._put(value, [CURRENT, label], hashlib.sha256(f"{self.name}/{label}".encode()).hexdigest())

    def read(self) -> str | None:
        answer = self._ask("GetSecretValue", {"SecretId": self.name}, missing=True)
        return None if answer is None else str(json.loads(answer)["SecretString"])

    def _put(self, value: str, stages: list[str], request: str) -> None:
        body = {"SecretId": self.name, "SecretString": value, "VersionStages": stages}
        self._ask("PutSecretValue", {**body, "ClientRequestToken": request})

    def _ask(self, action: str, content: Mapping[str, Any], *, missing: bool = False) -> bytes | None:
        default = f"https://secretsmanager.{self.region}.amazonaws.com"
        url = f"{os.environ.get('AWS_ENDPOINT_URL_SECRETS_MANAGER', default)}/"
        body = json.dumps(content).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"secretsmanager.{action}"}
        scope = Scope("secretsmanager", self.region, datetime.now(UTC))
        digest = hashlib.sha256(body).hexdigest()
        return call(
            "POST", url, signed("POST", url, headers, digest, scope, aws_credentials()), body, missing=missing
        )


def _s3_put(bucket: str, key: str, path: Path, region: str) -> None:
    """One request: a snapshot of a Vault that holds keys is far below S3's 5 GB for one."""
    override = os.environ.get("AWS_ENDPOINT_URL_S3")
    base = f"{override}/{bucket}" if override else f"https://{bucket}.s3.{region}.amazonaws.com"
    url = f"{base}/{urllib.parse.quote(key, safe='/-_.~')}"
    headers = {"x-amz-content-sha256": UNSIGNED, "content-type": "application/octet-stream"}
    full = signed("PUT", url, headers, UNSIGNED, Scope("s3", region, datetime.now(UTC)), aws_credentials())
    full["content-length"] = str(path.stat().st_size)
    with path.open("rb") as body:
        call("PUT", url, full, body)


# ---------------------------------------------------------------------------------------------- Google Cloud
def google_token() -> str:
    """An access token of the service account that the pod's own is bound to."""
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    answer = call("GET", url, {"Metadata-Flavor": "Google"}) or b"{}"
    return str(json.loads(answer)["access_token"])


@dataclass(frozen=True)
class GoogleEntry:
    """A secret of Secret Manager (https://cloud.google.com/secret-manager/docs/reference/rest). Versions
    stay until somebody destroys them, so ``label`` is not needed."""

    name: str
    project: str

    def prove(self) -> None:
        """Nothing is written: every version would be the newest, which readers get. The right itself is asked
        for (https://cloud.google.com/iam/docs/testing-permissions)."""
        wanted = "secretmanager.versions.add"
        answer = self._ask(":testIamPermissions", {"permissions": [wanted]}) or b"{}"
        if wanted not in json.loads(answer).get("permissions", []):
            raise StoreError(f"{self.name}: this identity may not add a version")

    def write(self, value: str, label: str) -> None:  # noqa: ARG002
        self._ask(":addVersion", {"payload": {"data": base64.b64encode(value.encode()).decode()}})

    def read(self) -> str | None:
        answer = self._ask("/versions/latest:access", None, missing=True)
        if answer is None:
            return None
        return base64.b64decode(json.loads(answer)["payload"]["data"]).decode()

    def _ask(self, path: str, content: Mapping[str, Any] | None, *, missing: bool = False) -> bytes | None:
        base = os.environ.get("SECRET_MANAGER_ENDPOINT", "https://secretmanager.googleapis.com")
        url = f"{base}/v1/projects/{self.project}/secrets/{self.name}{path}"
        headers = {"Authorization": f"Bearer {google_token()}", "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content).encode()
        return call("GET" if body is None else "POST", url, headers, body, missing=missing)


def _gcs_put(bucket: str, key: str, path: Path) -> None:
    """https://cloud.google.com/storage/docs/uploading-objects"""
    base = os.environ.get("STORAGE_EMULATOR_HOST", "https://storage.googleapis.com")
    name = urllib.parse.quote(key, safe="")
    url = f"{base}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}&ifGenerationMatch=0"
    headers = {"Authorization": f"Bearer {google_token()}", "Content-Type": "application/octet-stream"}
    headers["Content-Length"] = str(path.stat().st_size)
    with path.open("rb") as body:
        call("POST", url, headers, body)
