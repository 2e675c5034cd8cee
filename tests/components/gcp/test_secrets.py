"""Secrets: made once, written once, readable in no state, encrypted in one region."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.gcp.secrets import Secrets, SecretsArgs
from infra.graph.model import SECRET, Graph
from tests import factories_gcp as make


def args(keys: Any, **changes: Any) -> SecretsArgs:
    fields: dict[str, Any] = {
        "specs": make.SECRETS,
        "prefix": "gateway-test-",
        "project": make.PROJECT,
        "region": make.REGION,
        "key_id": keys.ids["secrets"],
        "recovery_days": 30,
        "users": {"postgres-admin": "gateway"},
        "before": keys.grants["secrets"],
        "tags": make.TAGS,
    }
    return SecretsArgs(**{**fields, **changes})


def build(opts: pulumi.ResourceOptions, **changes: Any) -> Secrets:
    return Secrets("secrets", args(make.keys(opts), **changes), opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return make.captured(build, preview=False)


def test_contract() -> None:
    make.check_contract(build)


def test_the_store_keeps_them_in_the_region_under_our_key(graph: Graph) -> None:
    found = make.of_type(graph, "Secret")
    assert {r.inputs["secretId"] for r in found.values()} == {f"gateway-test-{s.name}" for s in make.SECRETS}
    for secret in found.values():
        encryption = {"kmsKeyName": "keys-secrets-id"}
        replica = {"location": make.REGION, "customerManagedEncryption": encryption}
        assert secret.inputs["replication"] == {"userManaged": {"replicas": [replica]}}
        assert secret.inputs["versionDestroyTtl"] == "2592000s"
        assert secret.inputs["deletionProtection"] is True
        assert secret.protect
        assert "CryptoKeyIAMMember keys-secrets-secretmanager" in make.depends_on(graph, secret)


def test_values_are_written_only(graph: Graph) -> None:
    for version in make.of_type(graph, "SecretVersion").values():
        assert version.inputs["secretDataWo"] == SECRET
        assert version.inputs["secretDataWoVersion"] == "1"
        assert "secretData" not in version.inputs


def test_accounts_hold_a_user_and_a_password() -> None:
    seen: dict[str, Any] = {}

    def program(opts: pulumi.ResourceOptions) -> None:
        for name, version in build(opts).versions.items():
            version.secret_data_wo.apply(lambda text, name=name: seen.update({name: json.loads(text or "")}))

    make.captured(program, preview=False)
    assert seen == {
        "postgres-admin": {"username": "gateway", "password": "secrets-postgres-admin-result"},
        "litellm-master-key": {"value": "sk-secrets-litellm-master-key-result"},
        "litellm-salt-key": {"value": "secrets-litellm-salt-key-result"},
    }


def test_what_rotates_can_be_replaced_and_what_does_not_cannot(graph: Graph) -> None:
    for type_ in ("RandomPassword", "SecretVersion"):
        protected = {name for name, found in make.of_type(graph, type_).items() if found.protect}
        assert protected == {"secrets-litellm-salt-key"}


def test_entries_are_made_empty_and_protected() -> None:
    graph = make.captured(lambda opts: build(opts, entries=("vault-recovery-keys",)))
    found = make.of_type(graph, "Secret")["secrets-vault-recovery-keys"]
    assert found.inputs["secretId"] == "gateway-test-vault-recovery-keys"
    assert found.inputs["deletionProtection"] is True
    assert found.protect
    assert "secrets-vault-recovery-keys" not in make.of_type(graph, "SecretVersion")


def test_a_new_generation_replaces_the_value_and_writes_it() -> None:
    graph = make.captured(lambda opts: build(opts, generations={"postgres-admin": 3}))
    passwords, versions = make.of_type(graph, "RandomPassword"), make.of_type(graph, "SecretVersion")
    assert passwords["secrets-postgres-admin"].inputs["keepers"] == {"generation": "3"}
    assert versions["secrets-postgres-admin"].inputs["secretDataWoVersion"] == "3"
    assert versions["secrets-litellm-master-key"].inputs["secretDataWoVersion"] == "1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generations": {"litellm-salt-key": 2}}, "litellm-salt-key must never change"),
        ({"users": {"nobody": "x"}}, "no such secret: nobody"),
    ],
)
def test_wrong_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make.captured(lambda opts: build(opts, **changes))
