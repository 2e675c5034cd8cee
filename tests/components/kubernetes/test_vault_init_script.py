"""The script of Vault's first start, against a Vault and secret stores that hold to their documented APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.scripts import vault_init as script
from components.kubernetes.scripts.cloud_store import StoreError, entry
from components.kubernetes.scripts.vault_client import Vault, VaultError
from components.kubernetes.scripts.vault_init import Job, Refusal, run
from components.kubernetes.vault_access import ACCOUNTS, AUDIENCE, configuration
from tests.fakes.clouds import FakeAws, FakeGoogle, current
from tests.fakes.server import serving
from tests.fakes.vault import FakeVault, jwt

RECOVERY, ROOT = "gw-vault-recovery-keys", "gw-vault-root-token"
LABEL = "AWSCURRENT"


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> float:
        return self.seconds


class Place:
    """Three servers, a store in each cloud, and the Job's own token."""

    def __init__(self, stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: str) -> None:
        self.vault, self.clock = FakeVault(), Clock()
        self.aws = FakeAws(secrets={RECOVERY: {}, ROOT: {}}, readable={ROOT})
        self.google = FakeGoogle(secrets={RECOVERY: [], ROOT: []})
        urls = [stack.enter_context(serving(self.vault.server(index))) for index in range(3)]
        store = stack.enter_context(serving((self.aws if cloud == "aws" else self.google).answer))
        self.token = tmp_path / "token"
        self.token.write_text(jwt("vault", "vault-init", AUDIENCE))
        credentials = tmp_path / "credentials"
        credentials.write_text("pod-token")
        environment = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{store}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(credentials),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": store,
            "GCE_METADATA_HOST": store.removeprefix("http://"),
            "SECRET_MANAGER_ENDPOINT": store,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        where = {"AWS_REGION": "eu-test-1"} if cloud == "aws" else {"GOOGLE_CLOUD_PROJECT": "my-project"}
        self.job = Job(
            servers=tuple(Vault(url) for url in urls),
            configuration=configuration(3),
            token_file=self.token,
            role="init",
            recovery=entry(RECOVERY, where),
            root=entry(ROOT, where),
            deadline_s=60,
            sleep=self.clock.sleep,
            now=self.clock.now,
        )
        self.cloud = cloud

    def kept(self, name: str) -> Any:
        """The current content of an entry."""
        if self.cloud == "aws":
            return current(self.aws.secrets[name][LABEL])
        return current(self.google.secrets[name][-1])


@pytest.fixture(params=["aws", "gcp"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack, tmp_path, monkeypatch, request.param)


@pytest.fixture
def on_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack, tmp_path, monkeypatch, "aws")


def test_the_first_run_initialises_configures_and_gives_up_the_root_token(place: Place) -> None:
    changed = run(place.job)
    assert changed[0] == "initialised"
    assert changed[-1] == "revoked the root token"
    assert place.kept(RECOVERY) == {
        "recovery_keys_base64": [f"recovery-key-{n}" for n in range(5)],
        "threshold": 3,
    }
    assert place.kept(ROOT) == {"token": None}
    assert place.vault.root is None
    assert set(place.vault.tables["sys/audit"]) == {"stdout/", "file/"}
    assert place.vault.tables["sys/mounts"]["keys/"]["options"] == {"version": "2"}
    for role in ACCOUNTS:
        assert f"sys/policies/acl/{role}" in place.vault.stored
        assert place.vault.stored[f"auth/kubernetes/role/{role}"]["audience"] == AUDIENCE


def test_the_audit_log_comes_first(place: Place) -> None:
    run(place.job)
    assert place.vault.writes[0].startswith("sys/audit/")


def test_a_second_run_changes_nothing(place: Place) -> None:
    run(place.job)
    done = list(place.vault.writes)
    before = json.dumps([place.aws.secrets, place.google.secrets])
    assert run(place.job) == []
    assert place.vault.writes == done
    assert json.dumps([place.aws.secrets, place.google.secrets]) == before


def test_a_changed_configuration_is_all_that_is_written_and_needs_no_root_token(place: Place) -> None:
    run(place.job)
    done = len(place.vault.writes)
    assert run(replace(place.job, configuration=configuration(5))) == [
        "sys/storage/raft/autopilot/configuration"
    ]
    assert place.vault.writes[done:] == ["sys/storage/raft/autopilot/configuration"]


def test_what_people_added_stays(place: Place) -> None:
    run(place.job)
    place.vault.stored["sys/policies/acl/theirs"] = {"policy": "x"}
    place.vault.tables["sys/mounts"]["team/"] = {"type": "kv"}
    assert run(place.job) == []
    assert "team/" in place.vault.tables["sys/mounts"]
    assert place.vault.stored["sys/policies/acl/theirs"] == {"policy": "x"}


def test_a_run_that_broke_off_is_continued_with_the_kept_root_token(place: Place) -> None:
    place.vault.reviews_tokens = False  # the Kubernetes API does not answer Vault: the Job cannot log in yet
    with pytest.raises(Refusal, match="waited 60 s in vain for the login as init"):
        run(place.job)
    assert place.kept(ROOT) == {"token": "hvs.root"}
    assert place.vault.root == "hvs.root"
    place.vault.reviews_tokens = True
    place.vault.stored.pop("auth/kubernetes/role/snapshot")
    assert run(place.job) == ["auth/kubernetes/role/snapshot"]
    assert run(place.job) == []


def test_the_kept_root_token_is_used_while_there_is_no_other_way_in(place: Place) -> None:
    run(place.job)
    place.vault.tables["sys/auth"].clear()
    place.vault.root = "hvs.root"
    place.job.root.write(json.dumps({"token": "hvs.root"}), "by-hand")
    assert run(place.job) == ["sys/auth/kubernetes", "revoked the root token"]
    assert place.kept(ROOT) == {"token": None}


def test_no_way_in_is_said(place: Place) -> None:
    place.vault.initialised = True
    with pytest.raises(Refusal, match=r"neither Kubernetes \(.*404.*\) nor a root token"):
        run(place.job)


def test_nothing_is_initialised_when_the_keys_could_not_be_kept(place: Place) -> None:
    place.aws.refuse, place.google.may_add = 1, False
    with pytest.raises(StoreError, match=r"500|may not add a version"):
        run(place.job)
    assert not place.vault.initialised


def test_a_write_that_fails_is_repeated(on_aws: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = on_aws.job.servers[0]

    def initialised(self: Vault, path: str, data: Any) -> Any:
        answer = write(self, path, data)
        if path == "sys/init":
            on_aws.aws.refuse = script.ATTEMPTS - 1
        return answer

    write = Vault.write
    monkeypatch.setattr(Vault, "write", initialised)
    assert first.initialised() is False
    run(on_aws.job)
    assert len(on_aws.kept(RECOVERY)["recovery_keys_base64"]) == 5
    assert on_aws.clock.seconds == script.PAUSE_S * sum(range(1, script.ATTEMPTS))


def test_keys_of_an_earlier_initialisation_stay_under_a_label(on_aws: Place) -> None:
    """A Vault that is made anew and restored from a snapshot has the earlier keys again."""
    on_aws.aws.secrets[RECOVERY] = {LABEL: "old", "init-20200101T000000Z": "old"}
    run(on_aws.job)
    labels = on_aws.aws.secrets[RECOVERY]
    assert labels["init-20200101T000000Z"] == "old"
    assert sorted(labels) == ["AWSCURRENT", "AWSPENDING", *sorted(x for x in labels if x.startswith("init-"))]
    assert len([x for x in labels if x.startswith("init-")]) == 2


def test_one_silent_server_keeps_the_others_from_becoming_a_second_cluster(place: Place) -> None:
    silent = Vault("http://127.0.0.1:9")
    with pytest.raises(Refusal, match=r"in vain for an answer from every server; health: .*:9 0"):
        run(replace(place.job, servers=(*place.job.servers[:2], silent)))
    assert not place.vault.initialised
    assert place.vault.writes == []


def test_servers_that_never_join_are_named(place: Place) -> None:
    place.vault.servers = 2
    with pytest.raises(Refusal, match="in vain for every server among the voters"):
        run(place.job)
    assert place.kept(ROOT) == {"token": "hvs.root"}


def test_no_value_is_ever_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run(place.job)
    assert caplog.text
    for value in ("hvs.", "recovery-key-"):
        assert value not in caplog.text
    assert "hvs" not in repr(place.job.servers[0].with_token("hvs.root"))


def test_the_jobs_role_may_do_what_it_does_and_no_more(place: Place) -> None:
    run(place.job)
    vault = place.job.servers[0].login("init", place.token)
    for path in ("keys/data/openai-key", "sys/storage/raft/snapshot"):
        with pytest.raises(VaultError, match="permission denied"):
            vault.read(path)
    with pytest.raises(VaultError, match="permission denied"):
        vault.write("sys/policies/acl/own", {"policy": ""})


@pytest.mark.parametrize(
    ("role", "account", "may", "may_not"),
    [
        ("snapshot", "vault-snapshot", "sys/storage/raft/snapshot", "keys/data/openai-key"),
        ("external-secrets", "external-secrets", "keys/data/openai-key", "sys/storage/raft/snapshot"),
        ("operator", "vault-operator", "sys/storage/raft/configuration", "keys/data/openai-key"),
    ],
)
def test_each_role_reads_its_own(place: Place, role: str, account: str, may: str, may_not: str) -> None:
    run(place.job)
    place.vault.stored["keys/data/openai-key"] = {"data": {"value": "sk-1"}}
    place.vault.snapshot = b"{}"
    place.token.write_text(jwt(ACCOUNTS[role].namespace, account, AUDIENCE))
    vault = place.job.servers[0].login(role, place.token)
    assert vault.read(may) is not None
    with pytest.raises(VaultError, match="permission denied"):
        vault.read(may_not)


def test_a_token_for_another_audience_is_refused(place: Place) -> None:
    run(place.job)
    place.token.write_text(jwt("vault", "vault-init", "https://kubernetes.default.svc"))
    with pytest.raises(VaultError, match="not authorized"):
        place.job.servers[0].login("init", place.token)


def test_people_put_keys_and_cannot_read_them_back(place: Place) -> None:
    run(place.job)
    place.token.write_text(jwt("vault", "vault-operator", AUDIENCE))
    vault = place.job.servers[0].login("operator", place.token)
    vault.write("keys/data/openai-key", {"data": {"value": "sk-1"}})
    with pytest.raises(VaultError, match="permission denied"):
        vault.read("keys/data/openai-key")
