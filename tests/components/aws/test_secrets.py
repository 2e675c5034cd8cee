"""Generated secrets: form, store, protection, rotation, and that no value is visible."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aws.secrets import Secrets, SecretsArgs
from infra.graph.model import SECRET, Graph
from tests.factories_foundation import ACCOUNT, REGION, TAGS, captured, check_contract, of_type, secret_spec

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets"
SPECS = (
    secret_spec("postgres-admin", length=30),
    secret_spec("litellm-master-key", length=48, prefix="sk-"),
    secret_spec("litellm-salt-key", length=40, rotates=False),
)


def args(**changes: Any) -> SecretsArgs:
    fields: dict[str, Any] = {
        "specs": SPECS,
        "prefix": "gateway/test/",
        "key_arn": KEY,
        "recovery_window_days": 14,
        "users": {"postgres-admin": "gateway"},
        "tags": TAGS,
    }
    return SecretsArgs(**{**fields, **changes})


def graph_of(**changes: Any) -> Graph:
    return captured(lambda opts: Secrets("secrets", args(**changes), opts))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def test_contract() -> None:
    check_contract(lambda opts: Secrets("secrets", args(), opts))


def test_values_are_letters_and_digits_of_the_specified_length(graph: Graph) -> None:
    passwords = of_type(graph, "RandomPassword")
    assert {name: found.inputs["length"] for name, found in passwords.items()} == {
        "secrets-postgres-admin": 30,
        "secrets-litellm-master-key": 48,
        "secrets-litellm-salt-key": 40,
    }
    assert all(found.inputs["special"] is False for found in passwords.values())


def test_the_store_holds_each_under_its_full_name(graph: Graph) -> None:
    secrets = of_type(graph, "Secret")
    assert {found.inputs["name"] for found in secrets.values()} == {
        f"gateway/test/{spec.name}" for spec in SPECS
    }
    for found in secrets.values():
        assert found.inputs["kmsKeyId"] == KEY
        assert found.inputs["recoveryWindowInDays"] == 14
        assert found.protect is True


def test_the_value_is_written_write_only_and_never_seen(graph: Graph) -> None:
    versions = of_type(graph, "SecretVersion")
    assert len(versions) == len(SPECS)
    for found in versions.values():
        assert found.inputs["secretStringWo"] == SECRET
        assert found.inputs["secretStringWoVersion"] == 1
        assert "secretString" not in found.inputs


def test_what_is_written() -> None:
    seen: dict[str, Any] = {}

    def program(opts: pulumi.ResourceOptions) -> None:
        secrets = Secrets("secrets", args(), opts)
        for name, version in secrets.versions.items():
            version.secret_string_wo.apply(
                lambda text, name=name: seen.update({name: json.loads(text or "")})
            )

    captured(program, preview=False)
    assert seen == {
        "postgres-admin": {"username": "gateway", "password": "secrets-postgres-admin-result"},
        "litellm-master-key": {"value": "sk-secrets-litellm-master-key-result"},
        "litellm-salt-key": {"value": "secrets-litellm-salt-key-result"},
    }


def test_values_are_secrets_and_those_in_the_store() -> None:
    def program(opts: pulumi.ResourceOptions) -> None:
        for name, value in Secrets("secrets", args(), opts).values.items():
            pulumi.export(name, value)

    for preview in (True, False):
        assert captured(program, preview=preview).outputs == {spec.name: SECRET for spec in SPECS}


def test_entries_are_made_empty_and_protected() -> None:
    graph = graph_of(entries=("vault-recovery-keys",))
    found = of_type(graph, "Secret")["secrets-vault-recovery-keys"]
    assert found.inputs["name"] == "gateway/test/vault-recovery-keys"
    assert found.inputs["kmsKeyId"] == KEY
    assert found.protect is True
    assert "secrets-vault-recovery-keys" not in of_type(graph, "SecretVersion")
    assert "secrets-vault-recovery-keys" not in of_type(graph, "RandomPassword")


def test_a_new_generation_replaces_the_value_and_writes_it() -> None:
    graph = graph_of(generations={"postgres-admin": 3})
    passwords, versions = of_type(graph, "RandomPassword"), of_type(graph, "SecretVersion")
    assert passwords["secrets-postgres-admin"].inputs["keepers"] == {"generation": "3"}
    assert versions["secrets-postgres-admin"].inputs["secretStringWoVersion"] == 3
    assert passwords["secrets-litellm-master-key"].inputs["keepers"] == {"generation": "1"}
    assert versions["secrets-litellm-master-key"].inputs["secretStringWoVersion"] == 1


def test_what_rotates_can_be_replaced_and_what_does_not_cannot(graph: Graph) -> None:
    for type_ in ("RandomPassword", "SecretVersion"):
        protected = {name for name, found in of_type(graph, type_).items() if found.protect}
        assert protected == {"secrets-litellm-salt-key"}
    passwords = of_type(graph, "RandomPassword")
    assert set(passwords["secrets-litellm-salt-key"].ignore_changes) == {"keepers", "length", "special"}
    assert passwords["secrets-postgres-admin"].ignore_changes == ()
    assert "keepers" not in passwords["secrets-litellm-salt-key"].inputs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generations": {"litellm-salt-key": 2}}, "litellm-salt-key must never change"),
        ({"generations": {"nothing": 2}}, "no such secret: nothing"),
        ({"users": {"nobody": "x"}}, "no such secret: nobody"),
    ],
)
def test_wrong_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph_of(**changes)
