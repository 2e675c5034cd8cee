"""Cloud SQL: as ordered, private, three times protected, and growing without surprises."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.postgres import NAME_LIMIT, Postgres
from infra.graph.model import SECRET, Graph
from tests import factories_gcp as make


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: Postgres("db", make.postgres_args(**changes), opts), preview=False)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def settings(graph: Graph, name: str = "db") -> dict[str, Any]:
    found: Any = make.of_type(graph, "DatabaseInstance")[name].inputs["settings"]
    return found


def test_contract() -> None:
    make.check_contract(lambda opts: Postgres("db", make.postgres_args(), opts))


def test_every_instance_is_what_was_ordered(graph: Graph) -> None:
    instances = make.of_type(graph, "DatabaseInstance")
    assert set(instances) == {"db", "db-replica-1", "db-replica-2"}
    for name, instance in instances.items():
        found = settings(graph, name)
        assert instance.inputs["databaseVersion"] == "POSTGRES_17"
        assert instance.inputs["region"] == make.REGION
        assert found["edition"] == "ENTERPRISE"
        assert found["tier"] == "db-custom-8-16384"
        assert (found["diskType"], found["diskSize"]) == ("PD_SSD", 500)
        assert found["diskAutoresize"] is True
        assert found["diskAutoresizeLimit"] == 1024
        assert "dataDiskProvisionedIops" not in found


def test_iops_are_ordered_where_the_disk_takes_them() -> None:
    found = settings(graph_of(storage_type="HYPERDISK_BALANCED", iops=20_000))
    assert found["dataDiskProvisionedIops"] == 20_000
    assert "dataDiskProvisionedIops" not in settings(graph_of(iops=20_000))


def test_a_larger_disk_is_not_ignored(graph: Graph) -> None:
    """The provider passes over smaller ones while the disk may grow by itself."""
    for instance in make.of_type(graph, "DatabaseInstance").values():
        assert instance.ignore_changes == ()


def test_everything_is_protected_by_pulumi_the_provider_and_the_service(graph: Graph) -> None:
    for name, instance in make.of_type(graph, "DatabaseInstance").items():
        assert instance.protect
        assert instance.inputs["deletionProtection"] is True
        assert settings(graph, name)["deletionProtectionEnabled"] is True
    assert settings(graph)["retainBackupsOnDelete"] is True
    assert settings(graph)["finalBackupConfig"] == {"enabled": True, "retentionDays": 30}
    assert make.only(graph, "Database").protect


def test_it_is_private_and_speaks_tls(graph: Graph) -> None:
    for name in make.of_type(graph, "DatabaseInstance"):
        assert settings(graph, name)["ipConfiguration"] == {
            "ipv4Enabled": False,
            "privateNetwork": make.NETWORK,
            "sslMode": "ENCRYPTED_ONLY",
        }


@pytest.mark.parametrize(("multi_az", "expected"), [(True, "REGIONAL"), (False, "ZONAL")])
def test_a_standby_when_ordered(multi_az: bool, expected: str) -> None:
    graph = graph_of(multi_az=multi_az)
    assert settings(graph)["availabilityType"] == expected
    assert settings(graph, "db-replica-1")["availabilityType"] == "ZONAL"


def test_backups_are_always_on_since_standby_and_replicas_need_them() -> None:
    for days, log_days in ((14, 7), (3, 3)):
        backups = settings(graph_of(multi_az=False, read_replicas=0, backup_retention_days=days))[
            "backupConfiguration"
        ]
        assert backups["enabled"] is True
        assert backups["pointInTimeRecoveryEnabled"] is True
        assert backups["backupRetentionSettings"] == {"retainedBackups": days, "retentionUnit": "COUNT"}
        assert backups["transactionLogRetentionDays"] == log_days
        assert backups["location"] == make.REGION


def test_replicas_follow_the_primary_and_keep_no_backups(graph: Graph) -> None:
    instances = make.of_type(graph, "DatabaseInstance")
    assert instances["db"].inputs["encryptionKeyName"] == make.key("database")
    for name in ("db-replica-1", "db-replica-2"):
        inputs = instances[name].inputs
        assert inputs["masterInstanceName"] == instances["db"].inputs["name"]
        assert "encryptionKeyName" not in inputs
        assert not {
            "backupConfiguration",
            "finalBackupConfig",
            "maintenanceWindow",
            "retainBackupsOnDelete",
        } & set(settings(graph, name))
    assert settings(graph, "db")["maintenanceWindow"]["updateTrack"] == "stable"


def test_connections_are_known_and_the_same_everywhere(graph: Graph) -> None:
    for name in make.of_type(graph, "DatabaseInstance"):
        flags = {flag["name"]: flag["value"] for flag in settings(graph, name)["databaseFlags"]}
        assert flags["max_connections"] == "510"
        assert flags["log_min_duration_statement"] == "1000"
        assert "log_statement" not in flags  # would show the passwords of CREATE ROLE


def test_names_end_in_random_characters_and_fit(graph: Graph) -> None:
    instances = make.of_type(graph, "DatabaseInstance")
    assert instances["db"].inputs["name"] == "gateway-test-postgres-db-suffix-hex"
    assert instances["db-replica-2"].inputs["name"] == "gateway-test-postgres-replica-2-db-suffix-hex"
    assert make.only(graph, "RandomId").inputs["byteLength"] == 3
    longest = make.of_type(graph_of(name="x" * 200, read_replicas=10), "DatabaseInstance").values()
    for instance in longest:
        name = str(instance.inputs["name"]).replace("db-suffix-hex", "0a1b2c")
        assert len(f"{make.PROJECT}:{name}") <= NAME_LIMIT


def test_database_and_administrator(graph: Graph) -> None:
    assert make.only(graph, "Database").inputs["name"] == "litellm"
    user = make.only(graph, "User").inputs
    assert user["name"] == "gateway_admin"
    assert user["passwordWo"] == SECRET
    assert user["passwordWoVersion"] == 3
    assert "password" not in user
    assert user["deletionPolicy"] == "ABANDON"


def test_it_waits_for_what_it_is_given() -> None:
    def build(opts: Any) -> None:
        before = make.services(opts).of("sqladmin.googleapis.com")
        Postgres("db", make.postgres_args(before=before), opts)

    graph = make.captured(build)
    for instance in make.of_type(graph, "DatabaseInstance").values():
        assert "Service services-sqladmin" in make.depends_on(graph, instance)


def test_clients_get_private_addresses() -> None:
    import pulumi

    def program(opts: pulumi.ResourceOptions) -> None:
        database = Postgres("db", make.postgres_args(), opts)
        pulumi.export("writer", database.writer_host)
        pulumi.export("readers", list(database.reader_hosts))

    assert make.captured(program, preview=False).outputs == {
        "writer": "db-privateIpAddress",
        "readers": ["db-replica-1-privateIpAddress", "db-replica-2-privateIpAddress"],
    }
