"""Memorystore: cluster protocol, TLS, identities, a file or snapshots, and no way to lose it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.redis import NAME_LIMIT, Redis
from infra.graph.model import Graph
from tests import factories_gcp as make


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: Redis("cache", make.redis_args(**changes), opts), preview=False)


def inputs(**changes: Any) -> dict[str, Any]:
    return make.only(graph_of(**changes), "Cluster").inputs


def test_contract() -> None:
    make.check_contract(lambda opts: Redis("cache", make.redis_args(), opts))


def test_it_is_what_was_ordered() -> None:
    found = inputs()
    assert found["name"] == "gateway-test-redis"
    assert found["nodeType"] == "REDIS_HIGHMEM_MEDIUM"
    assert (found["shardCount"], found["replicaCount"]) == (3, 1)
    assert found["region"] == make.REGION
    assert found["pscConfigs"] == [{"network": make.NETWORK}]
    assert found["kmsKey"] == make.key("cache")
    assert found["redisConfigs"] == {"maxmemory-policy": "volatile-lru"}


def test_clients_are_identities_over_tls() -> None:
    found = inputs()
    assert found["authorizationMode"] == "AUTH_MODE_IAM_AUTH"
    assert found["transitEncryptionMode"] == "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION"


@pytest.mark.parametrize(
    ("durability", "expected"),
    [
        ("async", {"mode": "AOF", "aofConfig": {"appendFsync": "EVERYSEC"}}),
        ("sync", {"mode": "AOF", "aofConfig": {"appendFsync": "ALWAYS"}}),
        (None, {"mode": "RDB", "rdbConfig": {"rdbSnapshotPeriod": "ONE_HOUR"}}),
    ],
)
def test_durability_is_a_file_or_snapshots(durability: str | None, expected: dict[str, Any]) -> None:
    assert inputs(durability=durability)["persistenceConfig"] == expected


def test_backups_come_on_top_for_as_long_as_ordered() -> None:
    assert inputs()["automatedBackupConfig"] == {
        "retention": "604800s",
        "fixedFrequencySchedule": {"startTime": {"hours": 2}},
    }
    assert "automatedBackupConfig" not in inputs(snapshot_retention_days=0)


def test_it_is_protected_twice() -> None:
    cluster = make.only(graph_of(), "Cluster")
    assert cluster.protect
    assert cluster.inputs["deletionProtectionEnabled"] is True


@pytest.mark.parametrize("multi_az", [True, False])
def test_zones_are_left_to_the_service_since_they_cannot_change(multi_az: bool) -> None:
    assert "zoneDistributionConfig" not in inputs(multi_az=multi_az)


def test_a_long_name_is_shortened() -> None:
    assert len(inputs(name="x" * 90)["name"]) <= NAME_LIMIT


def test_it_waits_for_its_policy() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        before = make.services(opts).of("redis.googleapis.com")
        Redis("cache", make.redis_args(before=before), opts)

    graph = make.captured(build)
    assert make.depends_on(graph, make.only(graph, "Cluster")) == {"Service services-redis"}


def test_clients_get_the_discovery_endpoint_and_the_authority() -> None:
    def program(opts: pulumi.ResourceOptions) -> None:
        cache = Redis("cache", make.redis_args(port=6380), opts)
        pulumi.export("host", cache.host)
        pulumi.export("port", cache.port)
        pulumi.export("ca", cache.ca_pem)

    assert make.captured(program, preview=False).outputs == {
        "host": "cache-discoveryEndpoints-0-address",
        "port": 6380,
        "ca": "cache-managedServerCas-0-caCerts-0-certificates-0\n",
    }
