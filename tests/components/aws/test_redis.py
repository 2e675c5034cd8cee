"""The cache: cluster protocol, TLS and token in every size, and nothing that would replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.redis import REPLICATION_GROUP_LIMIT, Redis
from infra.graph.model import SECRET, Graph, Resource
from tests import factories_cluster as make


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: Redis("cache", make.redis_args(**changes), opts))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


@pytest.fixture(scope="module")
def group(graph: Graph) -> Resource:
    return make.only(graph, "ReplicationGroup")


def test_contract() -> None:
    make.check_contract(lambda opts: Redis("cache", make.redis_args(), opts))


def test_ordered_as_specified(group: Resource) -> None:
    expected = {
        "replicationGroupId": f"{make.CLUSTER}-redis",
        "engine": "valkey",
        "engineVersion": "9.0",
        "nodeType": "cache.m7g.xlarge",
        "numNodeGroups": 3,
        "replicasPerNodeGroup": 1,
        "multiAzEnabled": True,
        "durability": "async",
        "port": 6379,
        "snapshotRetentionLimit": 7,
    }
    assert {key: group.inputs.get(key) for key in expected} == expected
    assert not {"numCacheClusters", "nodeGroupConfigurations", "globalReplicationGroupId"} & set(group.inputs)


def test_a_single_node_speaks_the_same_protocol() -> None:
    spec: dict[str, Any] = {"shards": 1, "replicas_per_shard": 0, "multi_az": False, "durability": None}
    one = make.only(graph_of(**spec), "ReplicationGroup")
    assert one.inputs["clusterMode"] == "enabled"
    assert one.inputs["automaticFailoverEnabled"] is True  # cluster mode demands it
    assert one.inputs["multiAzEnabled"] is False
    assert (one.inputs["numNodeGroups"], one.inputs["replicasPerNodeGroup"]) == (1, 0)
    assert "durability" not in one.inputs


def test_durability_never_replaces_the_cache() -> None:
    for durability in (None, "async", "sync"):
        group = make.only(graph_of(durability=durability), "ReplicationGroup")
        assert group.ignore_changes == ("durability",)
        assert group.inputs.get("durability") == durability


def test_encrypted_in_transit_and_at_rest(group: Resource) -> None:
    assert group.inputs["transitEncryptionEnabled"] is True
    assert group.inputs["transitEncryptionMode"] == "required"
    assert group.inputs["atRestEncryptionEnabled"] is True
    assert group.inputs["kmsKeyId"] == make.key("cache")


def test_the_token_is_write_only_and_secret(group: Resource) -> None:
    assert group.inputs["authTokenWo"] == SECRET
    assert group.inputs["authTokenWoVersion"] == 2
    assert group.inputs["authTokenUpdateStrategy"] == "ROTATE"
    assert not {"authToken", "userGroupIds"} & set(group.inputs)


def test_protected_and_kept(group: Resource) -> None:
    assert group.protect is True
    assert group.inputs["finalSnapshotIdentifier"] == f"{make.CLUSTER}-redis-final"
    assert group.inputs["applyImmediately"] is False
    assert group.inputs["autoMinorVersionUpgrade"] is False


def test_windows_do_not_meet(group: Resource) -> None:
    assert group.inputs["snapshotWindow"] == "02:00-03:00"
    assert group.inputs["maintenanceWindow"] == "sun:05:30-sun:06:30"


def test_parameters(graph: Graph) -> None:
    group = make.only(graph, "ParameterGroup").inputs
    assert group["family"] == "valkey9"
    assert {p["name"]: p["value"] for p in group["parameters"]} == {
        "cluster-enabled": "yes",
        "maxmemory-policy": "volatile-lru",
    }


def test_logs_are_delivered_to_encrypted_groups(graph: Graph, group: Resource) -> None:
    groups = {str(g.inputs["name"]): g for g in make.of_type(graph, "LogGroup").values()}
    deliveries = {str(d["logType"]): d for d in group.inputs["logDeliveryConfigurations"]}
    assert set(deliveries) == {"engine-log", "slow-log"}
    for log_type, delivery in deliveries.items():
        assert delivery["destinationType"] == "cloudwatch-logs"
        assert delivery["logFormat"] == "json"
        target = groups[str(delivery["destination"])]
        assert str(target.inputs["name"]).startswith("/aws/vendedlogs/")
        assert str(target.inputs["name"]).endswith(log_type)
        assert target.inputs["kmsKeyId"] == make.key("logs")
        assert target.inputs["retentionInDays"] == 30
        assert target.urn in group.depends_on


def test_reachable_from_the_clients_only(graph: Graph, group: Resource) -> None:
    security = make.only(graph, "SecurityGroup")
    assert security.inputs["vpcId"] == make.VPC_ID
    assert not {"ingress", "egress"} & set(security.inputs)
    rule = make.only(graph, "SecurityGroupIngressRule").inputs
    assert rule["referencedSecurityGroupId"] == make.CLIENTS
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (6379, 6379, "tcp")
    assert not {"cidrIpv4", "cidrIpv6"} & set(rule)
    assert security.urn in group.depends_on
    assert make.only(graph, "SubnetGroup").inputs["subnetIds"] == ["data-a", "data-b", "data-c"]


def test_what_others_use() -> None:
    ports: list[int] = []

    def build(opts: pulumi.ResourceOptions) -> None:
        redis = Redis("cache", make.redis_args(), opts)
        ports.append(redis.port)
        pulumi.export("host", redis.host)
        pulumi.export("group", redis.security_group_id)

    graph = make.captured(build, preview=False)
    assert ports == [6379]
    assert graph.outputs["host"] == "cache-configurationEndpointAddress"
    assert graph.outputs["group"] == "cache-id"


def test_a_long_name_is_shortened_to_what_elasticache_allows() -> None:
    group = make.only(graph_of(name="A-Cluster-With-A-Name-Longer-Than-Forty-Characters"), "ReplicationGroup")
    identifier = str(group.inputs["replicationGroupId"])
    assert len(identifier) <= REPLICATION_GROUP_LIMIT
    assert identifier == identifier.lower()
    assert "--" not in identifier


def test_waits_for_what_must_be_there_before() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        service = "elasticache.amazonaws.com"
        role = aws.iam.ServiceLinkedRole("role", aws_service_name=service, opts=opts)
        Redis("cache", replace(make.redis_args(), before=[role]), opts)

    graph = make.captured(build)
    for resource in [make.only(graph, "ReplicationGroup")]:
        assert "role" in make.depends_on(graph, resource)
