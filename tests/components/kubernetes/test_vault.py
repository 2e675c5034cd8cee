"""Vault: raft in every size, TLS between all, sealed by the cloud's key, drains that keep the quorum."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.vault import SCRATCH_DIR, Vault, VaultArgs
from components.kubernetes.vault_config import dns_names, peer_names, server_config
from infra.graph.model import Graph
from tests.factories_workloads import (
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    one,
    replaced,
    spec,
    values,
    vault_spec,
    waits_for,
)


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": vault_spec(),
            "workloads": WORKLOADS,
            "bindings": bindings(),
            "cert_manager": Stand("cert-manager", opts),
            "ready": (Stand("storage", opts),),
        }
        return Vault("vault", VaultArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def server(graph: Graph) -> dict[str, Any]:
    found = values(graph, "vault")["server"]
    assert isinstance(found, dict)
    return found


def lone() -> Graph:
    changes: dict[str, Any] = {
        "replicas": 1, "max_unavailable": None, "spread_zones": "none", "spread_hosts": "none",
    }  # fmt: skip
    return captured(build(workloads=replaced("vault", **changes)))


def test_contract() -> None:
    check_contract(build())


def test_replicas_resources_and_sizes_are_the_plans(graph: Graph) -> None:
    found = server(graph)
    assert found["ha"]["replicas"] == 5
    assert found["resources"] == WORKLOADS["vault"].container("vault").resources()
    assert (found["dataStorage"]["size"], found["auditStorage"]["size"]) == ("11Gi", "6Gi")
    assert found["dataStorage"]["storageClass"] == found["auditStorage"]["storageClass"] == "gp3"
    assert found["priorityClassName"] == "gateway-critical"


def test_raft_with_every_peer_in_every_size(graph: Graph) -> None:
    """One server too: development mode forgets everything (D16)."""
    raft = server(graph)["ha"]["raft"]
    config = raft["config"]
    assert raft["setNodeId"] is True
    assert config.count("retry_join") == 5
    assert 'leader_tls_servername = "vault-4.vault-internal"' in config
    assert 'leader_api_addr = "https://vault-4.vault-internal:8200"' in config
    single = server(lone())["ha"]
    assert (single["enabled"], single["raft"]["enabled"], single["replicas"]) == (True, True, 1)
    assert single["raft"]["config"].count("retry_join") == 1
    assert "dev" not in server(lone())


def test_the_clouds_seal_is_in_the_configuration(graph: Graph) -> None:
    assert 'seal "awskms" {\n  kms_key_id = "mrk-1"\n}' in server(graph)["ha"]["raft"]["config"]


def test_the_file_has_no_word_that_the_chart_replaces() -> None:
    """The chart runs ``sed`` over the file for these."""
    config = server_config("vault", 3, 'seal "x" {}')
    for word in ("HOST_IP", "POD_IP", "HOSTNAME", "API_ADDR", "TRANSIT_ADDR", "RAFT_ADDR"):
        assert word not in config


def test_tls_everywhere(graph: Graph) -> None:
    found = values(graph, "vault")
    assert found["global"]["tlsDisable"] is False
    config = server(graph)["ha"]["raft"]["config"]
    assert "tls_disable" not in config
    assert 'tls_cert_file = "/vault/tls/tls.crt"' in config
    assert config.count('leader_ca_cert_file = "/vault/tls/ca.crt"') == 5
    (volume, _), (mount, _) = server(graph)["volumes"], server(graph)["volumeMounts"]
    assert volume == {"name": "tls", "secret": {"secretName": "vault-server-tls"}}
    assert (mount["name"], mount["mountPath"]) == ("tls", "/vault/tls")
    assert "subPath" not in mount


def test_the_root_file_system_is_read_only_and_the_start_command_has_its_place(graph: Graph) -> None:
    found = server(graph)
    assert found["statefulSet"]["securityContext"]["container"]["readOnlyRootFilesystem"] is True
    mounts = {mount["mountPath"]: mount["name"] for mount in found["volumeMounts"]}
    assert {"name": mounts[SCRATCH_DIR], "emptyDir": {"sizeLimit": "16Mi"}} in found["volumes"]


def test_the_certificate_names_every_server_and_service(graph: Graph) -> None:
    certificate = spec(graph, "Certificate", "vault-server-tls")
    assert certificate["secretName"] == "vault-server-tls"
    assert certificate["issuerRef"] == {"kind": "Issuer", "name": "vault-ca"}
    assert certificate["ipAddresses"] == ["127.0.0.1"]
    assert {"*.vault-internal", "vault-active.vault.svc", "vault.vault.svc"} <= set(certificate["dnsNames"])
    assert peer_names("vault", 2) == ["vault-0.vault-internal", "vault-1.vault-internal"]
    assert len(set(dns_names("vault", "vault"))) == len(dns_names("vault", "vault"))


def test_the_authority_keeps_its_key(graph: Graph) -> None:
    authority = spec(graph, "Certificate", "vault-ca")
    assert authority["isCA"] is True
    assert authority["privateKey"]["rotationPolicy"] == "Never"
    assert spec(graph, "Issuer", "vault-ca") == {"ca": {"secretName": "vault-ca"}}


def test_the_audit_file_is_rotated_beside_the_server(graph: Graph) -> None:
    """All files together leave a fifth of the volume of 6 GiB free; also reads renewed certificates."""
    found = server(graph)
    assert found["shareProcessNamespace"] is True
    assert "postStart" not in found
    (beside,) = found["extraContainers"]
    assert beside["resources"] == WORKLOADS["vault"].container("audit-rotate").resources()
    assert beside["image"] == f"{found['image']['repository']}:{found['image']['tag']}"
    env = {e["name"]: e["value"] for e in beside["env"]}
    assert env["AUDIT_FILE"].startswith(beside["volumeMounts"][0]["mountPath"])
    files = int(env["KEEP"]) + 1
    assert 0.75 < files * int(env["MAX_KIB"]) / (6 * 1024 * 1024) <= 0.8
    assert int(env["RELOAD_S"]) <= 86_400
    security = beside["securityContext"]
    assert (security["allowPrivilegeEscalation"], security["capabilities"]) == (False, {"drop": ["ALL"]})
    assert security["readOnlyRootFilesystem"] is True


def test_one_server_per_host_and_zones_apart(graph: Graph) -> None:
    found = server(graph)
    assert "requiredDuringSchedulingIgnoredDuringExecution" in found["affinity"]["podAntiAffinity"]
    (zones,) = found["topologySpreadConstraints"]
    assert zones["whenUnsatisfiable"] == "DoNotSchedule"
    assert zones["labelSelector"]["matchLabels"]["component"] == "server"


def test_the_budget_keeps_the_quorum_and_lets_a_lone_server_go(graph: Graph) -> None:
    assert server(graph)["ha"]["disruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert server(lone())["ha"]["disruptionBudget"] == {"enabled": False}
    assert server(lone())["affinity"] == {}


def test_a_sealed_server_is_not_ready_and_not_restarted(graph: Graph) -> None:
    found = server(graph)
    assert "sealedcode" not in found["readinessProbe"]["path"]
    assert "sealedcode=204" in found["livenessProbe"]["path"]
    assert "uninitcode=204" in found["livenessProbe"]["path"]


def test_the_release_is_not_waited_for_and_comes_last(graph: Graph) -> None:
    """Servers are sealed until the Job has initialised the first one."""
    assert one(graph, "Release").inputs["skipAwait"] is True
    assert waits_for(graph, "vault-vault", "vault-vault-server-tls-certificate")
    assert waits_for(graph, "vault-vault-ca-certificate", "cert-manager-map")
    assert waits_for(graph, "vault-vault", "storage-map")


def test_metrics_of_all_servers_over_verified_tls(graph: Graph) -> None:
    monitor = values(graph, "vault")["serverTelemetry"]["serviceMonitor"]
    assert monitor["matchLabels"] == {"vault-internal": "true"}
    assert monitor["tlsConfig"]["ca"]["secret"] == {"name": "vault-server-tls", "key": "ca.crt"}
    assert monitor["tlsConfig"]["serverName"] in dns_names("vault", "vault")


def test_identity_and_region(graph: Graph) -> None:
    found = server(graph)
    assert found["serviceAccount"]["name"] == "vault"
    assert found["extraEnvironmentVars"]["AWS_REGION"] == "eu-test-1"
