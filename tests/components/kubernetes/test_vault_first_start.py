"""Vault's first start, its snapshots and the store over its keys, as registered."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.kubernetes.brought_keys import KeyStore, KeyStoreArgs
from components.kubernetes.vault import Vault, VaultArgs
from components.kubernetes.vault_access import ACCOUNTS, POLICIES, autopilot, configuration, policy
from components.kubernetes.vault_init import VaultInit, VaultInitArgs
from components.kubernetes.vault_snapshot import VaultSnapshots, VaultSnapshotsArgs
from infra.graph.model import Graph
from tests.factories_workloads import (
    WORKLOADS,
    Stand,
    bindings,
    captured,
    check_contract,
    manifests,
    one,
    replaced,
    resources,
    vault_spec,
    waits_for,
)


def build(opts: pulumi.ResourceOptions, **changes: Any) -> None:
    pods, found = changes.get("workloads", WORKLOADS), bindings()
    ready = (Stand("identity", opts),)
    vault = Vault("vault", VaultArgs(vault_spec(), pods, found, Stand("cert-manager", opts)), opts)
    init = VaultInit("init", VaultInitArgs(vault, pods, found, ready), opts)
    VaultSnapshots("snapshots", VaultSnapshotsArgs(vault, init, pods, found, 11, ready), opts)
    KeyStore("keys", KeyStoreArgs(vault, init, (Stand("external-secrets", opts),)), opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build)


def pod(spec: dict[str, Any]) -> dict[str, Any]:
    found = spec["template"]["spec"]
    assert isinstance(found, dict)
    return found


def environment(spec: dict[str, Any]) -> dict[str, str]:
    (container,) = pod(spec)["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def job(graph: Graph) -> dict[str, Any]:
    found = one(graph, "Job").inputs["spec"]
    assert isinstance(found, dict)
    return found


def cron(graph: Graph) -> dict[str, Any]:
    found = one(graph, "CronJob").inputs["spec"]
    assert isinstance(found, dict)
    return found


def test_contract() -> None:
    """The store is of the cluster, not of a namespace."""
    check_contract(lambda opts: _namespaced(opts))


def _namespaced(opts: pulumi.ResourceOptions) -> None:
    found = bindings()
    vault = Vault("vault", VaultArgs(vault_spec(), WORKLOADS, found, Stand("cert-manager", opts)), opts)
    init = VaultInit("init", VaultInitArgs(vault, WORKLOADS, found), opts)
    VaultSnapshots("snapshots", VaultSnapshotsArgs(vault, init, WORKLOADS, found, 11), opts)


def test_every_server_is_asked_and_the_entries_are_the_stacks(graph: Graph) -> None:
    env = environment(job(graph))
    assert env["VAULT_SERVERS"].split(",") == [f"https://vault-{n}.vault-internal:8200" for n in range(5)]
    assert env["RECOVERY_ENTRY"] == "gw/test/vault-recovery-keys"
    assert env["ROOT_ENTRY"] == "gw/test/vault-root-token"
    assert env["AWS_REGION"] == "eu-test-1"


def test_the_job_is_bounded_retried_and_waited_for(graph: Graph) -> None:
    spec = job(graph)
    assert spec["backoffLimit"] >= 3
    tries = float(environment(spec)["DEADLINE_S"])
    assert tries < spec["activeDeadlineSeconds"]
    metadata = one(graph, "Job").inputs["metadata"]
    assert int(metadata["annotations"]["pulumi.com/timeoutSeconds"]) > spec["activeDeadlineSeconds"]
    assert "ttlSecondsAfterFinished" not in spec
    assert pod(spec)["restartPolicy"] == "Never"


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_its_pods_have_one_identity_one_certificate_and_no_rights(graph: Graph, kind: str) -> None:
    spec = job(graph) if kind == "Job" else cron(graph)["jobTemplate"]["spec"]
    found = pod(spec)
    name = {"Job": "vault-init", "CronJob": "vault-snapshot"}[kind]
    assert found["serviceAccountName"] == name
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    volumes = {volume["name"]: volume for volume in found["volumes"]}
    assert volumes["ca"]["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]  # and not the key
    (source,) = volumes["token"]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "vault"
    (container,) = found["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"] == WORKLOADS[name].container(name).resources()
    assert container["command"][:2] == ["python3", "-m"]
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)


def test_the_modules_lie_where_python_looks_for_them(graph: Graph) -> None:
    (container,) = pod(job(graph))["containers"]
    env = environment(job(graph))
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    module = container["command"][2]
    assert mounts["scripts"] == f"{env['PYTHONPATH']}/{module.rpartition('.')[0].replace('.', '/')}"
    data = resources(graph, "ConfigMap")["init-scripts"].inputs["data"]
    assert f"{module.rpartition('.')[2]}.py" in data
    imported = {
        line.split()[1].rpartition(".")[2]
        for text in data.values()
        for line in str(text).splitlines()
        if line.startswith("from components.")
    }
    assert {f"{name}.py" for name in imported} <= set(data)


def test_other_access_is_another_job(graph: Graph) -> None:
    def names(graph: Graph) -> dict[str, str]:
        volumes = {v["name"]: v for v in pod(job(graph))["volumes"]}
        return {name: volumes[name]["configMap"]["name"] for name in ("configuration", "scripts")}

    three = captured(lambda opts: build(opts, workloads=replaced("vault", replicas=3)))
    assert names(three)["configuration"] != names(graph)["configuration"]
    assert names(three)["scripts"] == names(graph)["scripts"]


def test_order(graph: Graph) -> None:
    assert waits_for(graph, "init-run", "vault-vault")
    assert waits_for(graph, "init-run", "identity-map")
    assert waits_for(graph, "keys-store", "init-run")
    assert waits_for(graph, "keys-store", "external-secrets-map")
    assert waits_for(graph, "snapshots-hourly", "init-run")


def test_a_snapshot_every_hour_one_at_a_time(graph: Graph) -> None:
    found = cron(graph)
    minute, *rest = found["schedule"].split()
    assert rest == ["*", "*", "*", "*"]
    assert 0 < int(minute) < 60
    assert found["concurrencyPolicy"] == "Forbid"
    assert one(graph, "CronJob").inputs["metadata"]["name"] == "vault-snapshot"
    env = environment(found["jobTemplate"]["spec"])
    assert (env["TARGET"], env["ROLE"]) == ("s3://snapshots", "snapshot")
    assert env["VAULT_ADDR"] == "https://vault-active.vault.svc:8200"
    volumes = {v["name"]: v for v in pod(found["jobTemplate"]["spec"])["volumes"]}
    assert volumes["work"]["emptyDir"] == {"sizeLimit": "11Gi"}


def test_the_store_logs_in_with_the_controllers_account_over_verified_tls(graph: Graph) -> None:
    found = manifests(graph, "ClusterSecretStore")["ai-gateway-keys"]["spec"]
    provider = found["provider"]["vault"]
    assert (provider["path"], provider["version"]) == ("keys", "v2")
    assert provider["server"].startswith("https://vault-active.vault.svc")
    assert provider["caProvider"]["key"] == "ca.crt"
    login = provider["auth"]["kubernetes"]
    account = ACCOUNTS[login["role"]]
    wanted = {"name": account.name, "namespace": account.namespace, "audiences": ["vault"]}
    assert login["serviceAccountRef"] == wanted
    assert found["conditions"]


def test_accounts_are_made_for_every_role_of_vaults_own_namespace(graph: Graph) -> None:
    made = {str(r.inputs["metadata"]["name"]) for r in resources(graph, "ServiceAccount").values()}
    assert made == {account.name for account in ACCOUNTS.values() if account.namespace == "vault"}


def test_only_the_first_start_touches_the_configuration() -> None:
    for role, paths in POLICIES.items():
        assert role == "init" or not [
            p for p in paths if p.startswith(("sys/policies", "auth/", "sys/mounts"))
        ]
    assert not [path for paths in POLICIES.values() for path in paths if path in {"*", "sys/*"}]


def test_policies_are_written_as_vault_reads_them() -> None:
    assert policy({"a/b": ("read", "list")}) == 'path "a/b" {\n  capabilities = ["read", "list"]\n}\n'


def test_autopilot_never_goes_below_the_planned_servers() -> None:
    assert autopilot(5)["min_quorum"] == 5
    assert autopilot(1) == {"cleanup_dead_servers": False}


def test_no_secret_stands_in_the_configuration() -> None:
    text = json.dumps(configuration(3))
    assert "hvs." not in text
    assert "token_reviewer_jwt" not in text
