"""Snapshots, signatures, rollouts and the rotation of the audit file: the scripts themselves."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.scripts import roll_on_change, vault_snapshot
from components.kubernetes.scripts.cloud_store import Credentials, Scope, signed
from components.kubernetes.scripts.roll_on_change import ANNOTATION, Kubernetes, digest, roll
from components.kubernetes.vault_access import configuration
from tests.fakes.clouds import FakeAws, FakeGoogle
from tests.fakes.server import Answer, Request, serving
from tests.fakes.vault import FakeVault, jwt

EMPTY = hashlib.sha256(b"").hexdigest()


def test_the_signature_is_that_of_the_published_example() -> None:
    """ "get-vanilla" of AWS's test suite for Signature Version 4."""
    scope = Scope("service", "us-east-1", datetime(2015, 8, 30, 12, 36, tzinfo=UTC))
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
    headers = signed("GET", "https://example.amazonaws.com/", {}, EMPTY, scope, keys)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        " SignedHeaders=host;x-amz-date,"
        " Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


# ------------------------------------------------------------------------------------------------ snapshots
def snapshot(*, sums: bool = True, data: bytes = b"state") -> bytes:
    """As Vault writes one: a compressed archive with checksums of its own."""
    files = {"meta.json": b"{}", "state.bin": data}
    if sums:
        lines = (f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items())
        files["SHA256SUMS"] = "\n".join(lines).encode()
        files["SHA256SUMS.sealed"] = b"sealed"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def vault() -> Iterator[tuple[FakeVault, str]]:
    fake = FakeVault(initialised=True)
    fake.tables["sys/auth"]["kubernetes/"] = {}
    wanted: Any = configuration(3)
    fake.stored |= wanted["writes"]
    fake.stored |= {f"sys/policies/acl/{name}": {"policy": text} for name, text in wanted["policies"].items()}
    with serving(fake.server(0)) as url:
        yield fake, url


def run_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, store: str, **env: str) -> int:
    (tmp_path / "token").write_text(jwt("vault", "vault-snapshot", "vault"))
    (tmp_path / "credentials").write_text("pod-token")
    settings = {
        "VAULT_ADDR": url,
        "TOKEN_FILE": str(tmp_path / "token"),
        "ROLE": "snapshot",
        "WORK_DIR": str(tmp_path),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{store}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL_S3": store,
        "GCE_METADATA_HOST": store.removeprefix("http://"),
        "STORAGE_EMULATOR_HOST": store,
        **env,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return vault_snapshot.main()


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_snapshot_reaches_the_bucket_whole(
    cloud: str, vault: tuple[FakeVault, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, url = vault
    fake.snapshot = snapshot(data=b"x" * 3_000_000)
    aws, google = FakeAws(), FakeGoogle()
    with serving((aws if cloud == "aws" else google).answer) as store:
        target = {"aws": "s3://bucket", "gcp": "gs://bucket"}[cloud]
        where = {"AWS_REGION": "eu-test-1"} if cloud == "aws" else {"GOOGLE_CLOUD_PROJECT": "my-project"}
        assert run_snapshot(monkeypatch, tmp_path, url, store, TARGET=target, **where) == 0
    ((key, content),) = (aws if cloud == "aws" else google).objects.items()
    assert content == fake.snapshot
    assert vault_snapshot.key_of(datetime.now(UTC))[:7] in key


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", snapshot()[:-20], snapshot(sums=False)],
    ids=["none", "no", "cut", "bare"],
)
def test_what_is_no_whole_snapshot_is_not_uploaded(
    content: bytes, vault: tuple[FakeVault, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, url = vault
    fake.snapshot = content
    aws = FakeAws()
    with serving(aws.answer) as store:
        assert run_snapshot(monkeypatch, tmp_path, url, store, TARGET="s3://b", AWS_REGION="eu-test-1") == 1
    assert aws.objects == {}


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "vault.snap"
    path.write_bytes(snapshot(data=b"good"))
    assert vault_snapshot.check(path) == 4
    with tarfile.open(path, "r:gz") as archive:
        members = {m.name: archive.extractfile(m) for m in archive}
        contents = {name: stream.read() for name, stream in members.items() if stream is not None}
    contents["state.bin"] = b"evil"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(ValueError, match="not whole"):
        vault_snapshot.check(path)


def test_names_sort_by_time() -> None:
    moments = [datetime(2026, 1, 2, hour, tzinfo=UTC) for hour in (3, 14)]
    keys = [vault_snapshot.key_of(moment) for moment in moments]
    assert keys == sorted(keys) == ["2026/01/02/vault-20260102T030000Z.snap", keys[1]]


# ------------------------------------------------------------------------------------------------- rollouts
class FakeKubernetes:
    """One Deployment and its Secrets."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, str]] = {}
        self.template: dict[str, Any] = {"metadata": {}}
        self.patches = 0

    def answer(self, request: Request) -> Answer:
        assert request.headers["authorization"] == "Bearer token"
        *_, kind, name = request.path.split("/")
        if kind == "secrets":
            return (200, {"data": self.secrets[name]}) if name in self.secrets else (404, {})
        if request.method == "PATCH":
            assert request.headers["content-type"] == "application/strategic-merge-patch+json"
            self.patches += 1
            self.template["metadata"] |= request.json["spec"]["template"]["metadata"]
        return 200, {"metadata": {"uid": "u-1"}, "spec": {"template": self.template}}


@pytest.fixture
def cluster() -> Iterator[tuple[FakeKubernetes, Callable[[], bool]]]:
    fake = FakeKubernetes()
    with serving(fake.answer) as url:
        kubernetes = Kubernetes(url, "token")
        yield fake, lambda: roll(kubernetes, "litellm", "litellm", ["openai-key", "other"])


def test_pods_are_rolled_when_a_key_comes_or_changes_and_not_otherwise(
    cluster: tuple[FakeKubernetes, Callable[[], bool]],
) -> None:
    fake, rolled = cluster
    assert not rolled()
    fake.secrets["openai-key"] = {"BROUGHT_OPENAI_KEY": "c2st"}
    assert [rolled(), rolled()] == [True, False]
    fake.secrets["openai-key"] = {"BROUGHT_OPENAI_KEY": "bmV3"}
    assert [rolled(), rolled()] == [True, False]
    assert fake.patches == 2


def test_the_note_tells_nothing_of_the_key() -> None:
    secrets = {"openai-key": {"BROUGHT_OPENAI_KEY": "c2st"}}
    assert digest("uid-1", secrets) != digest("uid-2", secrets)
    assert digest("uid-1", {"a": {}}) == ""


def test_a_refusal_is_an_error_and_no_rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("token")
    with serving(lambda request: (403, {})) as url:
        for name, value in {
            "API": url, "TOKEN_FILE": str(tmp_path / "token"), "NAMESPACE": "litellm",
            "DEPLOYMENT": "litellm", "SECRETS": "openai-key",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        assert roll_on_change.main() == 1


def test_the_annotation_is_ours() -> None:
    assert ANNOTATION.startswith("ai-gateway/")
