"""Secrets come from the store by name: no value ever stands in an input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.kubernetes.secretstore import STORE_NAME, SecretStore, SecretStoreArgs, external_secret
from infra.graph.model import Graph
from tests.factories_workloads import Stand, bindings, captured, manifests, one, spec, waits_for

KEYS = {"user": "username", "pass": "password"}


class Owner(Stand):
    """A component that uses ``external_secret``."""


def secret(opts: pulumi.ResourceOptions, **changes: Any) -> object:
    fields: dict[str, Any] = {"namespace": "app", "name": "login", "store_key": "gw/test/login", "keys": KEYS}
    return external_secret(Owner("owner", opts), **{**fields, **changes})


def made(**changes: Any) -> dict[str, Any]:
    return spec(captured(lambda opts: secret(opts, **changes)), "ExternalSecret", "login")


def sources(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        entry["secretKey"]: (entry["remoteRef"]["key"], entry["remoteRef"]["property"])
        for entry in found["data"]
    }


@pytest.fixture(scope="module")
def store() -> Graph:
    def build(opts: pulumi.ResourceOptions) -> object:
        access = Stand("access", opts)
        return SecretStore(
            "secrets",
            SecretStoreArgs(bindings(secret_access=(access,)), (Stand("external-secrets", opts),)),
            opts,
        )

    return captured(build)


def test_each_key_reads_one_property_of_the_entry() -> None:
    found = made()
    assert sources(found) == {"user": ("gw/test/login", "username"), "pass": ("gw/test/login", "password")}
    assert found["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": STORE_NAME}
    assert found["target"]["name"] == "login"
    assert "data" not in found["target"]["template"]
    assert found["target"]["template"]["type"] == "Opaque"


def test_a_mistake_in_the_store_takes_no_running_pod_down() -> None:
    target = made()["target"]
    assert (target["creationPolicy"], target["deletionPolicy"]) == ("Owner", "Retain")


def test_a_template_replaces_the_keys() -> None:
    template = {"userlist.txt": '"{{ .user }}" "{{ .pass }}"'}
    found = made(template=template)["target"]["template"]
    assert found["data"] == template
    assert found["mergePolicy"] == "Replace"


def test_one_secret_may_draw_on_several_entries() -> None:
    found = made(more={"gw/test/stats": {"stats": "password"}})
    assert sources(found)["stats"] == ("gw/test/stats", "password")
    assert len(found["data"]) == 3


@pytest.mark.parametrize("changes", [{"keys": {}}, {"more": {"gw/test/other": {"user": "value"}}}])
def test_no_key_or_a_key_twice_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="distinct keys"):
        captured(lambda opts: secret(opts, **changes))


def test_pulumi_waits_until_the_secret_is_there() -> None:
    graph = captured(lambda opts: secret(opts, depends_on=[Stand("store", opts)]))
    metadata = manifests(graph, "ExternalSecret")["login"]["metadata"]
    assert metadata["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    assert metadata["labels"]["app.kubernetes.io/part-of"] == "ai-gateway"
    assert metadata["namespace"] == "app"
    resource = one(graph, "ExternalSecret")
    assert resource.name == "owner-app-login"
    assert graph.by_urn()[str(resource.parent)].name == "owner"
    assert waits_for(graph, "owner-app-login", "store-map")


def test_the_store_has_the_clouds_provider_and_serves_our_namespaces_only(store: Graph) -> None:
    found = manifests(store, "ClusterSecretStore")[STORE_NAME]
    assert found["spec"]["provider"] == {"aws": {"service": "SecretsManager", "region": "eu-test-1"}}
    assert found["spec"]["conditions"] == [
        {"namespaceSelector": {"matchLabels": {"app.kubernetes.io/part-of": "ai-gateway"}}}
    ]
    assert found["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_the_store_waits_for_its_webhook_and_for_access_to_the_cloud(store: Graph) -> None:
    assert waits_for(store, "secrets-store", "external-secrets-map")
    assert waits_for(store, "secrets-store", "access-map")
