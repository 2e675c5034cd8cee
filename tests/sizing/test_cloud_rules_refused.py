"""Every setting by which a stack could break a provider's rule is refused, with the rule's page."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.errors import SizingError
from sizing.guide.cells import Tier
from tests.sizing.cloud_plans import CLOUDS, plan_with

RULES = {(cloud, rule.id): rule for cloud, found in CLOUDS.items() for rule in found.rules}
REFUSED: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {
    # cloud, rule, path: tier and overrides
    ("aws", "rds-storage-size", "postgres.storageGib"): ("small", {"postgres": {"storageGib": 19}}),
    ("aws", "rds-gp3-small", "postgres.storageGib"): ("medium", {"postgres": {"storageGib": 100}}),
    ("aws", "rds-gp3-iops", "postgres.iops"): ("small", {"postgres": {"iops": 64_001}}),
    ("aws", "rds-io1", "postgres.storageGib"): (
        "small",
        {"postgres": {"storageGib": 50, "storageType": "io1"}},
    ),
    ("aws", "rds-io1", "postgres.iops"): ("small", {"postgres": {"iops": 256_001, "storageType": "io1"}}),
    ("aws", "rds-io2", "postgres.storageGib"): (
        "small",
        {"postgres": {"storageGib": 50, "storageType": "io2"}},
    ),
    ("aws", "rds-io2", "postgres.iops"): ("small", {"postgres": {"iops": 256_001, "storageType": "io2"}}),
    ("aws", "rds-autoscaling-limit", "postgres.maxStorageGib"): (
        "small",
        {"postgres": {"maxStorageGib": 54}},
    ),
    ("aws", "rds-autoscaling-limit", "postgres.storageGib"): ("small", {"postgres": {"storageGib": 60_000}}),
    ("aws", "rds-class", "postgres.instanceClass"): ("small", {"postgres": {"instanceClass": "db.x"}}),
    ("aws", "rds-class-iops", "postgres.instanceClass"): (
        "medium",
        {"postgres": {"instanceClass": "db.t3.micro"}},
    ),
    ("aws", "rds-class-iops", "postgres"): ("small", {"postgres": {"vcpu": 1000}}),
    ("aws", "rds-version", "postgres.engineVersion"): ("small", {"postgres": {"engineVersion": "17.99"}}),
    ("aws", "rds-backups", "postgres.backupRetentionDays"): (
        "small",
        {"postgres": {"backupRetentionDays": 36}},
    ),
    ("aws", "rds-read-replicas", "postgres.readReplicas"): ("small", {"postgres": {"readReplicas": 16}}),
    ("aws", "elasticache-nodes", "redis.shards"): ("medium", {"redis": {"shards": 46}}),
    ("aws", "elasticache-replicas", "redis.replicasPerShard"): ("medium", {"redis": {"replicasPerShard": 6}}),
    ("aws", "elasticache-node-type", "redis.nodeType"): ("medium", {"redis": {"nodeType": "cache.x"}}),
    ("aws", "elasticache-node-type", "redis.memoryGibPerNode"): (
        "medium",
        {"redis": {"memoryGibPerNode": 5000}},
    ),
    ("aws", "elasticache-durability", "redis.durability"): ("small", {"redis": {"durability": "sync"}}),
    ("aws", "elasticache-durability", "redis.nodeType"): (
        "medium",
        {"redis": {"nodeType": "cache.m5.large"}},
    ),
    ("aws", "elasticache-snapshots", "redis.snapshotRetentionDays"): (
        "small",
        {"redis": {"snapshotRetentionDays": 0}},
    ),
    ("aws", "eks-group-nodes", "nodes.cpu.max"): ("small", {"nodes": {"cpu": {"max": 1400}}}),
    ("aws", "eks-group-nodes", "nodes.gpu.max"): ("small", {"nodes": {"gpu": {"max": 1400}}}),
    ("aws", "eks-group-nodes", "vllm.engines"): ("small", {"vllm": {"engines": [{"maxReplicas": 1400}]}}),
    ("aws", "eks-groups", "vllm.engines"): (
        "enterprise",
        {
            "vllm": {
                "engines": [
                    {"repository": "meta-llama/Llama-3.1-70B-Instruct", "precision": "bf16"},
                    *({"name": f"copy-{n}", "maxReplicas": 24} for n in range(10)),
                ]
            },
            "nodes": {"gpu": {"desired": 33, "min": 33}},
            "network": {"cidr": "10.0.0.0/16"},
        },
    ),
    ("aws", "eks-zones", "region"): ("small", {}),
    ("aws", "ec2-offerings", "nodes.gpu.machineType"): (
        "small",
        {"nodes": {"gpu": {"machineType": "p5en.48xlarge"}}},
    ),
    ("aws", "eks-api-cidrs", "network.apiAllowedCidrs"): (
        "small",
        {"network": {"apiAllowedCidrs": [f"203.0.113.{n}/32" for n in range(41)]}},
    ),
    ("aws", "ebs-gp3-size", "vault.storageGib"): ("small", {"vault": {"storageGib": 16_385}}),
    ("aws", "ebs-gp3-size", "observability.prometheus.storageGib"): (
        "small",
        {"observability": {"prometheus": {"storageGib": 16_385}}},
    ),
    ("aws", "vpc-size", "network.cidr"): ("small", {"network": {"cidr": "10.0.0.0/15"}}),
    ("aws", "eks-service-range", "network.cidr"): ("small", {"network": {"cidr": "172.20.0.0/16"}}),
    ("aws", "vpc-addresses", "network.cidr"): ("large", {"network": {"cidr": "10.0.0.0/22"}}),
    ("aws", "acm-region", "ingress.certificateArn"): (
        "small",
        {
            "ingress": {
                "domain": "llm.example.com",
                "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/a",
            }
        },
    ),
    ("aws", "acm-domain-length", "ingress.domain"): (
        "small",
        {"ingress": {"domain": f"{'a' * 53}.example.com", "dnsZone": "Z1"}},
    ),
    ("aws", "eks-access-partition", "access.adminRoleArns"): (
        "small",
        {"access": {"adminRoleArns": ["arn:aws-cn:iam::123456789012:role/admin"]}},
    ),
    ("gcp", "cloudsql-tier", "postgres.instanceClass"): (
        "small",
        {"postgres": {"instanceClass": "db-custom-3-8192"}},
    ),
    ("gcp", "cloudsql-tier", "postgres"): ("small", {"postgres": {"vcpu": 97}}),
    ("gcp", "cloudsql-version", "postgres.engineVersion"): (
        "small",
        {"postgres": {"engineVersion": "17.11"}},
    ),
    ("gcp", "cloudsql-storage-size", "postgres.storageGib"): ("small", {"postgres": {"storageGib": 9}}),
    ("gcp", "cloudsql-storage-iops", "postgres.storageGib"): ("medium", {"postgres": {"storageGib": 100}}),
    ("gcp", "cloudsql-storage-type", "postgres.storageType"): ("small", {"postgres": {"storageType": "gp3"}}),
    ("gcp", "cloudsql-tier-iops", "postgres.instanceClass"): (
        "medium",
        {"postgres": {"instanceClass": "db-custom-8-16384", "iops": 20_000}},
    ),
    ("gcp", "cloudsql-tier-iops", "postgres"): ("small", {"postgres": {"iops": 100_001}}),
    ("gcp", "cloudsql-autoresize-limit", "postgres.maxStorageGib"): (
        "small",
        {"postgres": {"maxStorageGib": 65_537}},
    ),
    ("gcp", "cloudsql-read-replicas", "postgres.readReplicas"): ("small", {"postgres": {"readReplicas": 11}}),
    ("gcp", "cloudsql-backups", "postgres.backupRetentionDays"): (
        "small",
        {"postgres": {"backupRetentionDays": 366}},
    ),
    ("gcp", "memorystore-units", "redis.shards"): ("medium", {"redis": {"shards": 126}}),
    ("gcp", "memorystore-replicas", "redis.replicasPerShard"): ("medium", {"redis": {"replicasPerShard": 3}}),
    ("gcp", "memorystore-node-type", "redis.nodeType"): (
        "medium",
        {"redis": {"nodeType": "cache.m7g.large"}},
    ),
    ("gcp", "memorystore-node-type", "redis.memoryGibPerNode"): (
        "small",
        {"redis": {"memoryGibPerNode": 89}},
    ),
    ("gcp", "memorystore-backups", "redis.snapshotRetentionDays"): (
        "small",
        {"redis": {"snapshotRetentionDays": 366}},
    ),
    ("gcp", "gke-pool-nodes", "nodes.cpu.max"): ("small", {"nodes": {"cpu": {"max": 3001}}}),
    ("gcp", "gke-pool-nodes", "nodes.gpu.max"): ("small", {"nodes": {"gpu": {"max": 3001}}}),
    ("gcp", "gke-pool-nodes", "vllm.engines"): ("small", {"vllm": {"engines": [{"maxReplicas": 3001}]}}),
    ("gcp", "gke-gpu-zones", "nodes.gpu.machineType"): (
        "small",
        {"nodes": {"gpu": {"machineType": "a2-ultragpu-1g"}}},
    ),
    ("gcp", "gce-machine-types", "nodes.gpu.machineType"): (
        "small",
        {"nodes": {"gpu": {"machineType": "a3-highgpu-1g"}}},
    ),
    ("gcp", "gke-authorized-networks", "network.apiAllowedCidrs"): (
        "small",
        {"network": {"apiAllowedCidrs": [f"8.8.{n}.0/24" for n in range(51)]}},
    ),
    ("gcp", "pd-size", "vault.storageGib"): ("small", {"vault": {"storageGib": 9}}),
    ("gcp", "pd-size", "observability.prometheus.storageGib"): (
        "small",
        {"observability": {"prometheus": {"storageGib": 65_537}}},
    ),
    ("gcp", "vpc-ranges", "network.cidr"): ("small", {"network": {"cidr": "172.16.0.0/16"}}),
    ("gcp", "gke-pod-range", "network.cidr"): ("small", {"network": {"cidr": "10.0.0.0/21"}}),
    ("gcp", "cloudsql-own-range", "network.cidr"): ("small", {"network": {"cidr": "172.17.0.0/16"}}),
}
OTHERWISE = {
    *((cloud, f"{service}-max-connections", f"pgbouncer.{key}")
      for cloud, service in (("aws", "rds"), ("gcp", "cloudsql"))
      for key in ("defaultPoolSize", "replicas")),
    *((cloud, rule, "stack") for cloud, rule in (("aws", "eks-names"), ("gcp", "cloudsql-name"))),
    # no CPU type of either catalogue is sold in fewer than three zones
    ("aws", "ec2-offerings", "nodes.cpu.machineType"),
    ("gcp", "gke-gpu-zones", "nodes.cpu.machineType"),
}  # fmt: skip
"""Tested where they belong: tests of connections and names; the last two need another catalogue."""


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: "-".join(case))
def test_a_setting_that_breaks_a_rule_is_refused_with_its_page(case: tuple[str, str, str]) -> None:
    cloud, id_, path = case
    tier, overrides = REFUSED[case]
    region = "us-west-1" if id_ == "eks-zones" else None
    with pytest.raises(SizingError) as refused:
        plan_with(cloud, Tier(tier), overrides, region)
    rule = RULES[cloud, id_]
    assert refused.value.path == path
    assert rule.source in refused.value.limit
    assert refused.value.remedy.endswith((".", "?"))


def test_every_refusal_that_a_rule_promises_is_tested() -> None:
    promised = {(cloud, id_, path) for (cloud, id_), rule in RULES.items() for path in rule.overrides}
    assert promised == set(REFUSED) | OTHERWISE
