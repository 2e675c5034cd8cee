"""PgBouncer: the guide's pool figures, credentials by reference, rollouts that clients do not notice."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.kubernetes.pgbouncer import Pgbouncer, PgbouncerArgs
from infra.graph.model import Graph
from tests.factories_workloads import (
    PEM,
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    manifests,
    pgbouncer_spec,
    postgres_binding,
    resources,
    values,
    waits_for,
)
from tests.harness import at


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": pgbouncer_spec(),
            "workloads": WORKLOADS,
            "bindings": bindings(),
            "ready": (Stand("bootstrap", opts),),
        }
        return Pgbouncer("pgbouncer", PgbouncerArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def pooler(graph: Graph) -> dict[str, Any]:
    found = values(graph, "pgbouncer")["config"]["pgbouncer"]
    assert isinstance(found, dict)
    return found


def test_contract() -> None:
    check_contract(build())


def test_pool_figures_are_the_specifications(graph: Graph) -> None:
    found = pooler(graph)
    given = pgbouncer_spec()
    for key in ("pool_mode", "default_pool_size", "max_client_conn", "reserve_pool_size"):
        assert found[key] == getattr(given, key)
    assert found["max_prepared_statements"] == given.max_prepared_statements > 0


def test_replicas_and_resources_are_the_plans(graph: Graph) -> None:
    found = values(graph, "pgbouncer")
    plan = WORKLOADS["pgbouncer"]
    assert found["replicaCount"] == plan.replicas
    assert found["resources"] == plan.container("pgbouncer").resources()
    assert found["pgbouncerExporter"]["resources"] == plan.container("exporter").resources()
    assert found["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert len(found["topologySpreadConstraints"]) == 2
    assert found["priorityClassName"] == "gateway-critical"


def test_the_writer_is_the_only_server(graph: Graph) -> None:
    databases = values(graph, "pgbouncer")["config"]["databases"]
    assert databases == {"litellm": {"host": "writer.test", "port": 6432, "dbname": "litellm"}}


def test_clients_find_it_on_the_port_that_litellm_assumes(graph: Graph) -> None:
    assert values(graph, "pgbouncer")["service"]["port"] == 5432
    found = []

    def note(opts: pulumi.ResourceOptions) -> None:
        args = PgbouncerArgs(pgbouncer_spec(), WORKLOADS, bindings(), ())
        found.append(Pgbouncer("pgbouncer", args, opts).endpoint)

    captured(note)
    assert (found[0].host, found[0].port) == ("pgbouncer.database.svc", 5432)


def test_users_are_proven_by_scram_from_a_secret(graph: Graph) -> None:
    found = values(graph, "pgbouncer")["config"]
    assert found["pgbouncer"]["auth_type"] == "scram-sha-256"
    assert found["existingUserlistSecret"] == "pgbouncer-userlist"
    template = manifests(graph, "ExternalSecret")["pgbouncer-userlist"]["spec"]["target"]["template"]["data"]
    assert template == {
        "userlist.txt": '"{{ .username }}" "{{ .password }}"\n"pgbouncer_stats" "{{ .stats }}"\n'
    }


def test_no_password_is_in_the_values(graph: Graph) -> None:
    text = json.dumps(values(graph, "pgbouncer")).lower()
    assert "adminpassword" not in text
    assert "authpassword" not in text


def test_the_exporter_reads_statistics_and_nobody_administers(graph: Graph) -> None:
    found = values(graph, "pgbouncer")
    assert found["config"]["pgbouncer"]["stats_users"] == "pgbouncer_stats"
    assert found["config"]["adminUser"] != "pgbouncer_stats"
    assert found["pgbouncerExporter"]["auth"] == {"existingSecret": "pgbouncer-stats"}
    login = manifests(graph, "ExternalSecret")["pgbouncer-stats"]["spec"]["target"]["template"]["data"]
    assert login == {"adminUser": "pgbouncer_stats", "adminPassword": "{{ .password }}"}


def test_the_server_is_verified_when_the_authority_is_known(graph: Graph) -> None:
    assert pooler(graph)["server_tls_sslmode"] == "require"
    verified = captured(build(bindings=bindings(postgres=postgres_binding(ca_bundle=PEM))))
    found = values(verified, "pgbouncer")
    assert found["config"]["pgbouncer"]["server_tls_sslmode"] == "verify-full"
    (volume,), (mount,) = found["extraVolumes"], found["extraVolumeMounts"]
    assert found["config"]["pgbouncer"]["server_tls_ca_file"] == f"{mount['mountPath']}/ca.pem"
    stored = resources(verified, "ConfigMap")["pgbouncer-postgres-ca"].inputs["metadata"]
    assert isinstance(stored, dict)
    assert volume["configMap"]["name"] == stored["name"]


def test_an_authority_of_one_instance_proves_it_without_its_name() -> None:
    """Cloud SQL is reached by an address that its certificate does not carry."""
    binding = postgres_binding(ca_bundle=pulumi.Output.from_input(PEM), ca_names_host=False)
    found = captured(build(bindings=bindings(postgres=binding)))
    assert pooler(found)["server_tls_sslmode"] == "verify-ca"
    stored = resources(found, "ConfigMap")["pgbouncer-postgres-ca"].inputs
    assert stored["data"] == {"ca.pem": PEM}


def test_a_stopping_pod_sends_its_clients_away(graph: Graph) -> None:
    """SIGTERM alone waits for clients that never leave."""
    found = values(graph, "pgbouncer")
    command = found["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert "kill -INT 1" in command
    assert command.index("sleep") < command.index("kill -INT")
    assert found["terminationGracePeriodSeconds"] > 60
    assert found["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_a_fail_over_of_the_writer_is_short(graph: Graph) -> None:
    """Neither a cached name nor a dead connection nor a failed login may hold the pool for minutes."""
    found = pooler(graph)
    assert found["dns_max_ttl"] <= 5
    assert found["server_connect_timeout"] <= 5
    assert found["server_login_retry"] <= 1
    assert found["tcp_user_timeout"] <= 30_000
    assert found["tcp_keepidle"] + found["tcp_keepintvl"] * found["tcp_keepcnt"] <= 30


def test_it_has_no_token_of_the_kubernetes_api(graph: Graph) -> None:
    """The chart's own account would mount one."""
    account = resources(graph, "ServiceAccount")["pgbouncer-account"]
    assert account.inputs["automountServiceAccountToken"] is False
    assert at(account.inputs, "metadata.name") == at(values(graph, "pgbouncer"), "serviceAccount.name")
    assert waits_for(graph, "pgbouncer-pgbouncer", "pgbouncer-account")


def test_it_waits_for_roles_and_secrets(graph: Graph) -> None:
    assert waits_for(graph, "pgbouncer-pgbouncer", "bootstrap-map")
    assert waits_for(graph, "pgbouncer-pgbouncer", "pgbouncer-database-pgbouncer-userlist")
    assert waits_for(graph, "pgbouncer-pgbouncer", "pgbouncer-database-pgbouncer-stats")


def test_a_changed_user_list_is_read_again(graph: Graph) -> None:
    """The pool's process watches the file that the chart mounts, and stays the process that signals reach."""
    found = values(graph, "pgbouncer")
    assert found["command"] == ["/bin/sh", "-c"]
    (text,) = found["args"]
    assert "users=/etc/userlist/userlist.txt" in text
    assert "kill -HUP $$" in text
    assert text.rstrip().endswith("exec pgbouncer /etc/pgbouncer/pgbouncer.ini")
