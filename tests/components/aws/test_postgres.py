"""The database: ordered as specified, closed, protected, and nothing that RDS refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.postgres import IDENTIFIER_LIMIT, Postgres
from infra.graph.model import SECRET, UNKNOWN, Graph, Resource
from tests import factories_cluster as make

IDENTIFIER = f"{make.CLUSTER}-postgres"
ABSENT_ON_REPLICAS = {
    "engine",
    "username",
    "password",
    "passwordWo",
    "passwordWoVersion",
    "manageMasterUserPassword",
    "dbName",
    "allocatedStorage",
    "dbSubnetGroupName",
    "kmsKeyId",
    "finalSnapshotIdentifier",
    "backupWindow",
}


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: Postgres("db", make.postgres_args(**changes), opts))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


@pytest.fixture(scope="module")
def primary(graph: Graph) -> Resource:
    return make.of_type(graph, "Instance")["db"]


@pytest.fixture(scope="module")
def replicas(graph: Graph) -> list[Resource]:
    return [make.of_type(graph, "Instance")[f"db-replica-{number}"] for number in (1, 2)]


def test_contract() -> None:
    make.check_contract(lambda opts: Postgres("db", make.postgres_args(), opts))


def test_ordered_as_specified(primary: Resource) -> None:
    expected = {
        "identifier": IDENTIFIER,
        "engine": "postgres",
        "engineVersion": "17.11",
        "instanceClass": "db.m6i.2xlarge",
        "storageType": "gp3",
        "allocatedStorage": 500,
        "maxAllocatedStorage": 1024,
        "multiAz": True,
        "dbName": "litellm",
        "port": 5432,
        "backupRetentionPeriod": 14,
        "performanceInsightsRetentionPeriod": 7,
    }
    assert {key: primary.inputs.get(key) for key in expected} == expected


def test_iops_only_when_they_are_not_included() -> None:
    for resource in make.of_type(graph_of(iops=None), "Instance").values():
        assert "iops" not in resource.inputs
    bought = make.of_type(graph_of(iops=20_000, storage_type="io2"), "Instance").values()
    assert [(r.inputs["iops"], r.inputs["storageType"]) for r in bought] == [(20_000, "io2")] * 3


def test_nothing_changes_by_itself_or_at_once(graph: Graph) -> None:
    for resource in make.of_type(graph, "Instance").values():
        assert resource.inputs["autoMinorVersionUpgrade"] is False
        assert resource.inputs["applyImmediately"] is False
        assert "allowMajorVersionUpgrade" not in resource.inputs


def test_every_instance_is_protected_twice(graph: Graph) -> None:
    instances = make.of_type(graph, "Instance").values()
    assert len(instances) == 3
    for resource in instances:
        assert resource.protect is True
        assert resource.inputs["deletionProtection"] is True


def test_the_data_outlives_the_instance(primary: Resource) -> None:
    assert primary.inputs["skipFinalSnapshot"] is False
    assert primary.inputs["finalSnapshotIdentifier"] == f"{IDENTIFIER}-final"
    assert primary.inputs["deleteAutomatedBackups"] is False
    assert primary.inputs["copyTagsToSnapshot"] is True


def test_maintenance_is_outside_the_backup_window_and_replicas_come_first(
    primary: Resource, replicas: list[Resource]
) -> None:
    assert primary.inputs["backupWindow"] == "03:00-04:00"
    assert primary.inputs["maintenanceWindow"] == "sun:04:30-sun:05:30"
    assert {r.inputs["maintenanceWindow"] for r in replicas} == {"sat:04:30-sat:05:30"}


def test_encrypted_with_the_given_keys(primary: Resource, replicas: list[Resource]) -> None:
    assert primary.inputs["storageEncrypted"] is True
    assert primary.inputs["kmsKeyId"] == make.key("database")
    for resource in (primary, *replicas):
        assert resource.inputs["performanceInsightsEnabled"] is True
        assert resource.inputs["performanceInsightsKmsKeyId"] == make.key("database")
        # left out, the provider plans a replacement of every replica at the second update
        assert resource.inputs["storageEncrypted"] is True


def test_the_password_is_write_only_and_secret(primary: Resource) -> None:
    assert primary.inputs["username"] == "gateway_admin"
    assert primary.inputs["passwordWo"] == SECRET
    assert primary.inputs["passwordWoVersion"] == 3
    assert not {"password", "manageMasterUserPassword"} & set(primary.inputs)


def test_replicas_repeat_nothing_that_is_the_source_s(replicas: list[Resource]) -> None:
    for number, replica in enumerate(replicas, start=1):
        assert not ABSENT_ON_REPLICAS & set(replica.inputs)
        assert replica.inputs["replicateSourceDb"] == IDENTIFIER  # not the ARN: no subnet group is given
        assert replica.inputs["identifier"] == f"{IDENTIFIER}-replica-{number}"
        assert replica.inputs["instanceClass"] == "db.m6i.2xlarge"
        assert replica.inputs["maxAllocatedStorage"] == 1024
        assert replica.inputs["skipFinalSnapshot"] is True
        assert replica.inputs["backupRetentionPeriod"] == 0
        assert replica.inputs["multiAz"] is False


def test_replicas_follow_the_primary(graph: Graph, replicas: list[Resource]) -> None:
    for replica in replicas:
        assert any(urn.endswith("Instance::db") for urn in replica.depends_on)


def test_replicas_are_in_different_zones(primary: Resource, replicas: list[Resource]) -> None:
    assert [r.inputs["availabilityZone"] for r in replicas] == ["us-east-1b", "us-east-1c"]
    assert "availabilityZone" not in primary.inputs  # RDS refuses it with a standby
    free = make.of_type(graph_of(zones=()), "Instance").values()
    assert not any("availabilityZone" in r.inputs for r in free)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_replicas_as_specified(count: int) -> None:
    graph = graph_of(read_replicas=count)
    assert len(make.of_type(graph, "Instance")) == 1 + count
    assert len(make.of_type(graph, "LogGroup")) == 2 * (1 + count)


def test_without_standby() -> None:
    assert make.of_type(graph_of(multi_az=False), "Instance")["db"].inputs["multiAz"] is False


def test_reachable_from_the_clients_only(graph: Graph) -> None:
    group = make.only(graph, "SecurityGroup")
    assert group.inputs["vpcId"] == make.VPC_ID
    assert not {"ingress", "egress"} & set(group.inputs)  # without egress the provider removes AWS's own
    assert not make.of_type(graph, "SecurityGroupEgressRule")
    rule = make.only(graph, "SecurityGroupIngressRule").inputs
    assert rule["referencedSecurityGroupId"] == make.CLIENTS
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (5432, 5432, "tcp")
    assert not {"cidrIpv4", "cidrIpv6"} & set(rule)
    for resource in make.of_type(graph, "Instance").values():
        assert resource.inputs["publiclyAccessible"] is False
        assert len(resource.inputs["vpcSecurityGroupIds"]) == 1


def test_in_the_data_subnets(graph: Graph, primary: Resource) -> None:
    subnets = make.only(graph, "SubnetGroup")
    assert subnets.inputs["subnetIds"] == ["data-a", "data-b", "data-c"]
    assert primary.inputs["dbSubnetGroupName"] == UNKNOWN


def test_parameters(graph: Graph) -> None:
    group = make.only(graph, "ParameterGroup").inputs
    assert group["family"] == "postgres17"
    found = {p["name"]: (p["value"], p["applyMethod"]) for p in group["parameters"]}
    assert found == {
        "max_connections": ("1700", "pending-reboot"),
        "rds.force_ssl": ("1", "pending-reboot"),
        "shared_preload_libraries": ("pg_stat_statements", "pending-reboot"),
        "idle_in_transaction_session_timeout": ("300000", "immediate"),
        "log_lock_waits": ("1", "immediate"),
        "log_min_duration_statement": ("1000", "immediate"),
    }
    assert "log_statement" not in found  # would log the passwords of CREATE ROLE


def test_logs_go_to_groups_that_exist_before(graph: Graph) -> None:
    groups = {str(g.inputs["name"]): g for g in make.of_type(graph, "LogGroup").values()}
    for resource in make.of_type(graph, "Instance").values():
        assert resource.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
        for export in ("postgresql", "upgrade"):
            group = groups.pop(f"/aws/rds/instance/{resource.inputs['identifier']}/{export}")
            assert group.inputs["kmsKeyId"] == make.key("logs")
            assert group.inputs["retentionInDays"] == 30
            assert group.urn in resource.depends_on
    assert not groups


def test_enhanced_monitoring_with_its_role(graph: Graph, primary: Resource) -> None:
    attachment = make.only(graph, "RolePolicyAttachment")
    arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    assert attachment.inputs["policyArn"] == arn
    assert "monitoring.rds.amazonaws.com" in str(make.only(graph, "Role").inputs["assumeRolePolicy"])
    assert primary.inputs["monitoringInterval"] == 60
    assert attachment.urn in primary.depends_on


def test_the_server_certificate_s_authority(graph: Graph) -> None:
    for resource in make.of_type(graph, "Instance").values():
        assert resource.inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"


def test_what_others_use() -> None:
    found: dict[str, object] = {}

    def build(opts: pulumi.ResourceOptions) -> None:
        database = Postgres("db", make.postgres_args(), opts)
        found.update(port=database.port, name=database.database, user=database.admin_user)
        pulumi.export("writer", database.writer_host)
        pulumi.export("readers", list(database.reader_hosts))
        pulumi.export("group", database.security_group_id)

    graph = make.captured(build, preview=False)
    assert found == {"port": 5432, "name": "litellm", "user": "gateway_admin"}
    assert graph.outputs["writer"] == "db-address"
    assert graph.outputs["readers"] == ["db-replica-1-address", "db-replica-2-address"]
    assert graph.outputs["group"] == "db-id"


def test_a_long_name_is_shortened_to_what_rds_allows() -> None:
    graph = graph_of(name="a-cluster-with-a-name-that-is-much-longer-than-anybody-would-like-to-type")
    identifiers = [str(r.inputs["identifier"]) for r in make.of_type(graph, "Instance").values()]
    assert len(set(identifiers)) == 3
    assert all(len(identifier) <= IDENTIFIER_LIMIT and "--" not in identifier for identifier in identifiers)


def test_waits_for_what_must_be_there_before() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        service = "rds.amazonaws.com"
        role = aws.iam.ServiceLinkedRole("role", aws_service_name=service, opts=opts)
        Postgres("db", replace(make.postgres_args(), before=[role]), opts)

    graph = make.captured(build)
    for resource in make.of_type(graph, "Instance").values():
        assert "role" in make.depends_on(graph, resource)
