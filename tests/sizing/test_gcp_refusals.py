"""Google Cloud: what cannot be bought is refused with path, value, limit and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.settings import ConfigError, load
from sizing.clouds.aws.provider import Aws
from sizing.clouds.gcp.checks import DATABASE_SUFFIX, check_overrides
from sizing.clouds.gcp.limits.database import NAME_LIMIT
from sizing.clouds.gcp.provider import Gcp
from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.overrides import Overrides, PostgresPart
from tests.sizing.cloud_plans import plan_with

CASES: list[tuple[str, Mapping[str, Any], str, str]] = [
    (
        "nodes.cpu.machineType",
        {"nodes": {"cpu": {"machineType": "n2-standard-5"}}},
        "not a machine",
        "n2-standard-",
    ),
    (
        "nodes.cpu.machineType",
        {"nodes": {"cpu": {"machineType": "m5.2xlarge"}}},
        "not a machine",
        "n2-standard-8",
    ),
    ("nodes.cpu.machineType", {"nodes": {"cpu": {"machineType": "g2-standard-8"}}}, "has a GPU", ""),
    ("nodes.gpu.machineType", {"nodes": {"gpu": {"machineType": "n2-standard-8"}}}, "has no GPU", ""),
    (
        "nodes.gpu.machineType",
        {"nodes": {"gpu": {"machineType": "a2-ultragpu-1g"}}},
        "offered in 2 zones",
        "",
    ),
    ("nodes.gpu.machineType", {"nodes": {"gpu": {"machineType": "a3-highgpu-1g"}}}, "Spot", ""),
    (
        "network.cidr",
        {"network": {"cidr": "172.16.0.0/16"}},
        "the control plane's range 172.16.0.0/28",
        "10.0.0.0/16",
    ),
    ("network.cidr", {"network": {"cidr": "172.16.0.0/21"}}, "the control plane's range", "10.0.0.0/16"),
    ("network.cidr", {"network": {"cidr": "172.20.0.0/16"}}, "service range", "10.0.0.0/16"),
    ("network.cidr", {"network": {"cidr": "172.17.0.0/16"}}, "Cloud SQL", "10.0.0.0/16"),
    ("network.cidr", {"network": {"cidr": "8.8.0.0/16"}}, "private range", ""),
    ("network.cidr", {"network": {"cidr": "10.0.0.0/8"}}, "/10 to /21", ""),
    ("network.cidr", {"network": {"cidr": "10.0.0.0/21"}}, "pods of 4 nodes", "/19 or larger"),
    ("network.cidr", {"network": {"cidr": "nonsense"}}, "not an IPv4 CIDR", ""),
    ("network.apiAllowedCidrs[0]", {"network": {"apiAllowedCidrs": ["0.0.0.0/0"]}}, "whole internet", ""),
    (
        "postgres.instanceClass",
        {"postgres": {"instanceClass": "db.m6i.large"}},
        "custom tier",
        "db-custom-4-8192",
    ),
    ("postgres.instanceClass", {"postgres": {"instanceClass": "db-custom-3-8192"}}, "even number", ""),
    ("postgres.instanceClass", {"postgres": {"instanceClass": "db-perf-optimized-N-4"}}, "ENTERPRISE", ""),
    ("postgres.instanceClass", {"postgres": {"instanceClass": "db-custom-2-8192"}}, "needed are 4 vCPU", ""),
    ("postgres.storageType", {"postgres": {"storageType": "io2"}}, "PD_SSD", ""),
    ("postgres.storageGib", {"postgres": {"storageGib": 9}}, "10 to 65536", ""),
    ("postgres.maxStorageGib", {"postgres": {"maxStorageGib": 199}}, "200 GiB allocated", ""),
    ("postgres.engineVersion", {"postgres": {"engineVersion": "17.11"}}, "majors", ""),
    ("postgres.readReplicas", {"postgres": {"readReplicas": 11}}, "10 read replicas", ""),
    ("postgres", {"postgres": {"iops": 100_001}}, "100000 IOPS", ""),
    ("redis.replicasPerShard", {"redis": {"replicasPerShard": 3}}, "takes 2", ""),
    ("redis.shards", {"redis": {"shards": 126}}, "252 nodes", ""),
    (
        "redis.nodeType",
        {"redis": {"nodeType": "REDIS_SHARED_CORE_NANO"}},
        "leaves 1.12",
        "REDIS_STANDARD_SMALL",
    ),
    ("redis.nodeType", {"redis": {"nodeType": "cache.m7g.large"}}, "not a Memorystore", ""),
    ("redis.memoryGibPerNode", {"redis": {"memoryGibPerNode": 89}}, "leaves 88", ""),
    ("vault.storageGib", {"vault": {"storageGib": 9}}, "10 GiB", ""),
    (
        "observability.prometheus.storageGib",
        {"observability": {"prometheus": {"storageGib": 5}}},
        "10 GiB",
        "",
    ),
    ("litellm.bedrock", {"litellm": {"bedrock": True}}, "AWS", ""),
    ("network.natGatewayPerZone", {"network": {"natGatewayPerZone": False}}, "AWS", "all zones"),
    (
        "litellm.externalModels[0].apiKeySecret",
        {"litellm": {"externalModels": [{"name": "claude", "model": "bedrock/claude"}]}},
        "AWS",
        "",
    ),
    (
        "ingress.certificateArn",
        {"ingress": {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}},
        "AWS",
        "",
    ),
    ("access.adminRoleArns", {"access": {"adminRoleArns": ["arn:aws:iam::123456789012:role/a"]}}, "AWS", ""),
]


@pytest.mark.parametrize(("path", "overrides", "limit", "remedy"), CASES)
def test_refusals(path: str, overrides: Mapping[str, Any], limit: str, remedy: str) -> None:
    with pytest.raises(SizingError) as caught:
        plan_with("gcp", Tier.MEDIUM, overrides)
    error = caught.value
    assert error.path == path
    assert limit in error.limit
    assert remedy in error.remedy
    assert error.remedy.endswith((".", "?"))


@pytest.mark.parametrize(
    ("region", "near"), [("us-central2", "us-central1"), ("europe-west11", "europe-west1")]
)
def test_a_region_that_does_not_exist(region: str, near: str) -> None:
    with pytest.raises(SizingError) as caught:
        plan_with("gcp", Tier.SMALL, {}, region)
    assert (caught.value.path, caught.value.value) == ("region", region)
    assert near in caught.value.remedy


@pytest.mark.parametrize(
    "project", ["short", "My-Platform", "1platform", "platform-", "a" * 31, "my_platform", ""]
)
def test_project_ids_that_cannot_be(project: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({"tier": "small", "gcpProject": project})
    assert (caught.value.path, caught.value.value) == ("gcpProject", project)
    assert "my-platform-42" in caught.value.remedy


@pytest.mark.parametrize("project", ["abcdef", "my-platform-42", "a" * 30])
def test_project_ids_that_can_be(project: str) -> None:
    assert load({"tier": "small", "gcpProject": project}).gcp_project == project


def test_a_database_name_over_the_limit() -> None:
    project = "my-platform-42"
    room = NAME_LIMIT - len(f"{project}:{DATABASE_SUFFIX}")
    Gcp().check_names("a" * room, project)
    with pytest.raises(SizingError) as caught:
        Gcp().check_names("a" * (room + 3), project)
    assert caught.value.path == "stack"
    assert "98" in caught.value.limit
    assert "3 characters shorter" in caught.value.remedy


def test_a_cluster_name_over_the_limit_of_eks() -> None:
    Aws().check_names("a" * 100, "")
    with pytest.raises(SizingError) as caught:
        Aws().check_names("a" * 101, "")
    assert "100" in caught.value.limit


def test_a_database_certificate_is_refused_where_it_could_not_be_verified() -> None:
    over = Overrides(postgres=PostgresPart.model_construct(ca_bundle="PEM"))
    with pytest.raises(SizingError, match=r"postgres\.caBundle"):
        check_overrides(over)


@pytest.mark.parametrize(
    ("cidrs", "most"),
    [
        ([f"8.8.{n}.0/24" for n in range(51)], 50),
        ([f"192.168.{n}.0/24" for n in range(50)], 49),  # the network's own is one of them
        (["10.0.0.0/16", *(f"192.168.{n}.0/24" for n in range(50))], 50),  # listed by the stack itself
    ],
)
def test_gke_lists_fifty_networks_the_own_one_among_them(cidrs: list[str], most: int) -> None:
    with pytest.raises(SizingError, match=f"at most {most} networks") as caught:
        plan_with("gcp", Tier.SMALL, {"network": {"apiAllowedCidrs": cidrs}})
    assert (caught.value.path, caught.value.value) == ("network.apiAllowedCidrs", most + 1)
    kept = plan_with("gcp", Tier.SMALL, {"network": {"apiAllowedCidrs": cidrs[:most]}}).cluster
    assert kept.api_allowed_cidrs == tuple(cidrs[:most])


@pytest.mark.parametrize("pool", ["cpu", "gpu"])
@pytest.mark.parametrize("name", ["a3-highgpu-8g", "n2-standard-5"])
def test_a_type_that_is_only_not_listed_is_not_called_spot_only(pool: str, name: str) -> None:
    with pytest.raises(SizingError) as caught:
        plan_with("gcp", Tier.SMALL, {"nodes": {pool: {"machineType": name}}})
    assert caught.value.limit == "not a machine type of the Google Cloud catalogue"
