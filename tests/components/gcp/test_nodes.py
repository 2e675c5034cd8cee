"""Node pools: totals, not counts per zone; GPUs with a driver; nothing that replaces a pool by accident."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.nodes import NODE_POOL_NAME_LIMIT
from infra.graph.model import Graph
from sizing.specs import NodeGroupSpec
from tests import factories_gcp as make


def graph_of(*groups: NodeGroupSpec) -> Graph:
    return make.captured(
        lambda opts: make.cluster(opts, **({"node_groups": groups} if groups else {})), preview=False
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def config(graph: Graph, name: str) -> dict[str, Any]:
    found: Any = make.of_type(graph, "NodePool")[name].inputs["nodeConfig"]
    return found


def test_counts_are_totals_balanced_over_the_zones(graph: Graph) -> None:
    pools = make.of_type(graph, "NodePool")
    for name, spec in (("gke-nodes-cpu", make.node_group()), ("gke-nodes-gpu", make.gpu_group())):
        inputs = pools[name].inputs
        assert inputs["nodeLocations"] == list(spec.zones)
        assert inputs["location"] == make.REGION
        assert inputs["autoscaling"] == {
            "totalMinNodeCount": spec.min,
            "totalMaxNodeCount": spec.max,
            "locationPolicy": "BALANCED",
        }
        assert "nodeCount" not in inputs
        assert inputs["initialNodeCount"] == spec.initial_per_zone
        assert pools[name].ignore_changes == ("initialNodeCount",)


def test_nodes_are_encrypted_shielded_and_private(graph: Graph) -> None:
    for name, spec in (("gke-nodes-cpu", make.node_group()), ("gke-nodes-gpu", make.gpu_group())):
        found = config(graph, name)
        assert found["machineType"] == spec.machine_type
        assert found["diskSizeGb"] == spec.disk_gib
        assert found["bootDiskKmsKey"] == make.key("disks")
        assert found["imageType"] == "COS_CONTAINERD"
        assert found["labels"] == dict(spec.labels)
        assert found["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
        assert found["shieldedInstanceConfig"] == {
            "enableSecureBoot": True,
            "enableIntegrityMonitoring": True,
        }
        assert found["serviceAccount"] == "gke-nodes-email"
        assert make.of_type(graph, "NodePool")[name].inputs["networkConfig"] == {"enablePrivateNodes": True}


def test_gke_installs_drivers_and_taints_by_itself(graph: Graph) -> None:
    gpu = config(graph, "gke-nodes-gpu")
    assert gpu["guestAccelerators"] == [
        {"type": "nvidia-l4", "count": 4, "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"}}
    ]
    assert "taints" not in gpu
    assert "guestAccelerators" not in config(graph, "gke-nodes-cpu")


def test_gpus_without_a_model_are_refused() -> None:
    with pytest.raises(ValueError, match="4 GPUs per node, but no gpu_model"):
        graph_of(make.gpu_group(gpu_model=""))


def test_gpu_nodes_are_drained_before_their_quota_is_needed_twice(graph: Graph) -> None:
    pools = make.of_type(graph, "NodePool")
    assert pools["gke-nodes-cpu"].inputs["upgradeSettings"] == {
        "strategy": "SURGE",
        "maxSurge": 1,
        "maxUnavailable": 0,
    }
    assert pools["gke-nodes-gpu"].inputs["upgradeSettings"] == {
        "strategy": "SURGE",
        "maxSurge": 0,
        "maxUnavailable": 1,
    }


def test_pools_wait_for_the_way_out_and_the_nodes_rights() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        enabled = make.services(opts)
        make.cluster(opts, services=enabled, egress=enabled.of("dns.googleapis.com"))

    graph = make.captured(build)
    for pool in make.of_type(graph, "NodePool").values():
        expected = {"Service services-dns", "IAMMember gke-nodes", "Cluster gke"}
        assert expected <= make.depends_on(graph, pool)
    assert "Service services-dns" not in make.depends_on(graph, make.only(graph, "Cluster"))


def test_gpu_pools_wait_for_other_nodes_or_gke_would_not_taint_them(graph: Graph) -> None:
    pools = make.of_type(graph, "NodePool")
    assert "NodePool gke-nodes-cpu" in make.depends_on(graph, pools["gke-nodes-gpu"])
    assert "NodePool gke-nodes-gpu" not in make.depends_on(graph, pools["gke-nodes-cpu"])


def test_long_names_are_shortened() -> None:
    graph = graph_of(make.node_group(name="gpu-" + "llama-3-1-70b-instruct-awq-int4"))
    (name,) = make.of_type(graph, "NodePool")
    assert len(name) <= NODE_POOL_NAME_LIMIT


def test_pools_are_told_apart() -> None:
    found: list[tuple[int, int]] = []

    def build(opts: pulumi.ResourceOptions) -> None:
        nodes = make.cluster(opts).nodes
        found.append((len(nodes.cpu), len(nodes.gpu)))

    make.captured(build)
    assert found == [(1, 1)]
