"""Secret stores and object storage of both clouds, and the places where pods get their credentials."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.server import Answer, Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=AKID/(\d{8})/eu-test-1/(\w+)/aws4_request, SignedHeaders=([a-z0-9;-]+),"
    r" Signature=[0-9a-f]{64}"
)


@dataclass
class FakeAws:
    """Pod Identity, Secrets Manager and S3. ``refuse`` is how many writes fail first; ``readable`` which
    secrets the caller may read."""

    secrets: dict[str, dict[str, str]] = field(default_factory=dict)  # name -> label -> value
    objects: dict[str, bytes] = field(default_factory=dict)
    readable: set[str] = field(default_factory=set)
    refuse: int = 0

    def answer(self, request: Request) -> Answer:
        if request.path == "/credentials":
            good = request.headers["authorization"] == "pod-token"
            keys = {"AccessKeyId": "AKID", "SecretAccessKey": "secret", "Token": "session"}
            return (200, keys) if good else (401, {})
        signed = AUTHORIZATION.fullmatch(request.headers["authorization"])
        assert signed is not None, request.headers["authorization"]
        assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed[3].split(";"))
        if request.method == "PUT":
            assert signed[2] == "s3"
            self.objects[unquote(request.path)] = request.body
            return 200, None
        action = request.headers["x-amz-target"].removeprefix("secretsmanager.")
        return self._secrets(action, request.json)

    def _secrets(self, action: str, given: dict[str, Any]) -> Answer:
        name = given["SecretId"]
        if name not in self.secrets:
            return 400, {"__type": "ResourceNotFoundException"}
        if action == "GetSecretValue":
            if name not in self.readable:
                return 400, {"__type": "AccessDeniedException"}
            value = self.secrets[name].get("AWSCURRENT")
            missing = {"__type": "ResourceNotFoundException", "Message": "no version AWSCURRENT"}
            return (400, missing) if value is None else (200, {"SecretString": value})
        assert action == "PutSecretValue"
        assert 32 <= len(given["ClientRequestToken"]) <= 64
        if self.refuse:
            self.refuse -= 1
            return 500, {"__type": "InternalServiceError"}
        for label in given["VersionStages"]:
            self.secrets[name][label] = given["SecretString"]
        return 200, {}


@dataclass
class FakeGoogle:
    """The metadata server, Secret Manager and Cloud Storage."""

    secrets: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    may_add: bool = True

    def answer(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        if parts.path.endswith("/service-accounts/default/token"):
            assert request.headers["metadata-flavor"] == "Google"
            return 200, {"access_token": "token", "expires_in": 3599}
        assert request.headers["authorization"] == "Bearer token"
        if parts.path.startswith("/upload/storage/v1/b/"):
            query = parse_qs(parts.query)
            assert query["ifGenerationMatch"] == ["0"]
            self.objects[query["name"][0]] = request.body
            return 200, {}
        found = re.fullmatch(
            r"/v1/projects/my-project/secrets/([\w-]+)(:\w+|/versions/latest:access)", parts.path
        )
        assert found is not None, parts.path
        return self._secrets(found[1], found[2], request)

    def _secrets(self, name: str, verb: str, request: Request) -> Answer:
        versions = self.secrets[name]
        if verb == ":testIamPermissions":
            return 200, {"permissions": request.json["permissions"] if self.may_add else []}
        if verb == ":addVersion":
            versions.append(base64.b64decode(request.json["payload"]["data"]).decode())
            return 200, {}
        if not versions:
            return 404, {"error": {"status": "NOT_FOUND"}}
        return 200, {"payload": {"data": base64.b64encode(versions[-1].encode()).decode()}}


def current(value: str) -> Any:
    """The JSON that an entry holds."""
    return json.loads(value)
