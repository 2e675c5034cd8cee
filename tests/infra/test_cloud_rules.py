"""Rules that the components keep: no resource of a preview has arguments that its provider would refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.harness import CASES, captured, of_type
from tests.sizing.cloud_plans import CLOUDS

Inputs = Mapping[str, Any]
RULES = {rule.id for cloud in CLOUDS.values() for rule in cloud.rules if rule.components}
REPLICA_OWN = ("engine", "username", "dbName", "allocatedStorage", "finalSnapshotIdentifier")


def _replica(inputs: Inputs) -> bool:
    return "replicateSourceDb" not in inputs or not any(inputs.get(key) for key in REPLICA_OWN)


def _gpu_ami(inputs: Inputs) -> bool:
    gpu = inputs["labels"]["ai-gateway/pool"] == "gpu"
    return inputs["amiType"] == ("AL2023_x86_64_NVIDIA" if gpu else "AL2023_x86_64_STANDARD")


def _auth(inputs: Inputs) -> bool:
    return inputs["transitEncryptionEnabled"] is inputs["atRestEncryptionEnabled"] is True


def _no_aof(inputs: Inputs) -> bool:
    return not {p["name"] for p in inputs.get("parameters", ())} & {"appendonly", "appendfsync"}


def _regional(inputs: Inputs) -> bool:
    backup = inputs["settings"].get("backupConfiguration", {})
    return "masterInstanceName" in inputs or bool(backup["enabled"] and backup["pointInTimeRecoveryEnabled"])


def _log_days(inputs: Inputs) -> bool:
    backup = inputs["settings"].get("backupConfiguration", {})
    return "masterInstanceName" in inputs or 1 <= backup["transactionLogRetentionDays"] <= 7


def _persistence(inputs: Inputs) -> bool:
    config = inputs["persistenceConfig"]
    return ("aofConfig" in config) is not ("rdbConfig" in config)


def _totals(inputs: Inputs) -> bool:
    scaling = inputs["autoscaling"]
    per_zone = {"minNodeCount", "maxNodeCount"} & scaling.keys() or "nodeCount" in inputs
    return not per_zone and scaling["totalMinNodeCount"] <= scaling["totalMaxNodeCount"]


def _gpus(inputs: Inputs) -> bool:
    cards = inputs["nodeConfig"].get("guestAccelerators", ())
    known = {"g2-standard-4": 1, "g2-standard-8": 1, "g2-standard-16": 1, "a2-highgpu-8g": 8}
    return [card["count"] for card in cards] == [
        known[t] for t in (inputs["nodeConfig"]["machineType"],) if t in known
    ]


def _shorter(key: str, limit: int) -> Callable[[Inputs], bool]:
    return lambda inputs: len(str(inputs.get(key, ""))) <= limit


INSTANCE, CACHE = "aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup"
NODES, SQL = "eks:index:ManagedNodeGroup", "gcp:sql/databaseInstance:DatabaseInstance"
REDIS, POOL = "gcp:redis/cluster:Cluster", "gcp:container/nodePool:NodePool"
KEPT: dict[str, tuple[str, Callable[[Inputs], bool]]] = {
    "rds-managed-password": (INSTANCE, lambda i: not i.get("manageMasterUserPassword")),
    "rds-replica-arguments": (INSTANCE, _replica),
    "rds-multi-az-zone": (INSTANCE, lambda i: not (i.get("multiAz") and i.get("availabilityZone"))),
    "rds-identifier": (INSTANCE, _shorter("identifier", 63)),
    "elasticache-failover": (CACHE, lambda i: i["automaticFailoverEnabled"] is True),
    "elasticache-no-aof": ("aws:elasticache/parameterGroup:ParameterGroup", _no_aof),
    "elasticache-auth-token": (CACHE, _auth),
    "elasticache-id": (CACHE, _shorter("replicationGroupId", 40)),
    "eks-names": (NODES, _shorter("nodeGroupNamePrefix", 63)),
    "eks-gpu-ami": (NODES, _gpu_ami),
    "eks-launch-template": (NODES, lambda i: not {"diskSize", "remoteAccess"} & i.keys()),
    "cloudsql-regional": (SQL, _regional),
    "cloudsql-backups": (SQL, _log_days),
    "memorystore-persistence": (REDIS, _persistence),
    "memorystore-endpoint": (REDIS, lambda i: len(i["pscConfigs"]) == 1),
    "memorystore-id": (REDIS, _shorter("name", 63)),
    "gke-names": ("gcp:container/cluster:Cluster", _shorter("name", 40)),
    "gke-total-counts": (POOL, _totals),
    "gke-gpu-count": (POOL, _gpus),
    "psc-rule-name": (
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        lambda i: bool(re.fullmatch(r"[a-z][a-z0-9]{0,19}", i["name"])),
    ),
}


def test_every_rule_that_the_components_keep_is_here() -> None:
    assert set(KEPT) == RULES


@pytest.mark.parametrize("id_", KEPT)
def test_resources_keep_the_rule(id_: str) -> None:
    token, keeps = KEPT[id_]
    found = [
        resource.inputs
        for stack, cloud in CASES
        if token.startswith(("eks:", f"{cloud}:"))
        for resource in of_type(captured(stack, cloud), token)
    ]
    assert found, "no resource of the type: the rule is not tested"
    assert [inputs for inputs in found if not keeps(inputs)] == []
