"""Managed add-ons: exact versions, in an order that cannot deadlock."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.cluster import Cluster
from components.aws.cluster_addons import ClusterAddons, ClusterAddonsArgs
from infra.graph.model import Graph
from sizing.specs import AddonSpec
from tests import factories_cluster as make


def build(opts: pulumi.ResourceOptions, specs: tuple[AddonSpec, ...] = make.ADDONS) -> ClusterAddons:
    cluster = Cluster("eks", make.cluster_args(), opts)
    identity = aws.eks.PodIdentityAssociation(
        "identity",
        cluster_name=cluster.name,
        namespace="kube-system",
        service_account="ebs-csi-controller-sa",
        role_arn="arn:aws:iam::123456789012:role/csi",
        tags=make.TAGS,
        opts=pulumi.ResourceOptions(parent=cluster),
    )
    return ClusterAddons("addons", ClusterAddonsArgs(specs, cluster, [identity], make.TAGS), opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return make.captured(build)


@pytest.fixture(scope="module")
def addons(graph: Graph) -> dict[str, dict[str, Any]]:
    return {str(a.inputs["addonName"]): a.inputs for a in make.of_type(graph, "Addon").values()}


def waits(graph: Graph, name: str) -> set[str]:
    return make.waits_for(graph, make.of_type(graph, "Addon")[f"addons-{name}"])


def test_contract() -> None:
    make.check_contract(build)


def test_all_but_the_network_add_ons_at_their_versions(addons: dict[str, dict[str, Any]]) -> None:
    assert {name: inputs["addonVersion"] for name, inputs in addons.items()} == {
        "coredns": "v1.13.1-eksbuild.3",
        "aws-ebs-csi-driver": "v1.53.0-eksbuild.4",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.5",
        "metrics-server": "v0.8.0-eksbuild.6",
    }
    for inputs in addons.values():
        assert inputs["clusterName"] == make.CLUSTER
        assert inputs["preserve"] is True
        assert inputs["resolveConflictsOnCreate"] == inputs["resolveConflictsOnUpdate"] == "OVERWRITE"


def test_configuration_is_passed_on(addons: dict[str, dict[str, Any]]) -> None:
    assert json.loads(addons["coredns"]["configurationValues"]) == {"replicaCount": 2}
    assert json.loads(addons["metrics-server"]["configurationValues"]) == {"replicas": 2}
    assert "configurationValues" not in addons["eks-pod-identity-agent"]


def test_volumes_get_the_stack_s_tags(addons: dict[str, dict[str, Any]]) -> None:
    assert json.loads(addons["aws-ebs-csi-driver"]["configurationValues"]) == {
        "controller": {"replicaCount": 2, "extraVolumeTags": make.TAGS},
        "node": {"tolerateAllTaints": True},
    }


def test_add_ons_with_pods_wait_for_cpu_nodes_and_none_for_gpu_nodes(graph: Graph) -> None:
    cpu = {f"eks-nodes-cpu-{zone}-m5-4xlarge" for zone in make.ZONES}
    for name in ("coredns", "metrics-server", "aws-ebs-csi-driver"):
        assert cpu <= waits(graph, name)
    for name in ("coredns", "metrics-server", "aws-ebs-csi-driver", "eks-pod-identity-agent"):
        assert not any("gpu" in waited for waited in waits(graph, name))


def test_the_identity_agent_is_there_before_nodes(graph: Graph) -> None:
    assert "eks" in waits(graph, "eks-pod-identity-agent")
    assert not any("nodes" in waited for waited in waits(graph, "eks-pod-identity-agent"))


def test_the_volume_driver_starts_with_its_identity(graph: Graph) -> None:
    direct = make.depends_on(graph, make.of_type(graph, "Addon")["addons-aws-ebs-csi-driver"])
    assert {"identity", "addons-eks-pod-identity-agent"} <= direct
    assert "identity" not in waits(graph, "coredns")


def test_what_workloads_wait_for() -> None:
    names: set[str] = set()

    def program(opts: pulumi.ResourceOptions) -> None:
        ready = build(opts).ready
        names.update(resource._name for resource in ready)

    make.captured(program)
    assert names == {
        *(f"eks-nodes-cpu-{zone}-m5-4xlarge" for zone in make.ZONES),
        "addons-coredns",
        "addons-aws-ebs-csi-driver",
        "addons-eks-pod-identity-agent",
        "eks-gp3",
    }


@pytest.mark.parametrize("name", ["coredns", "aws-ebs-csi-driver", "eks-pod-identity-agent"])
def test_an_add_on_that_workloads_need_is_not_forgotten(name: str) -> None:
    specs = tuple(spec for spec in make.ADDONS if spec.name != name)
    with pytest.raises(ValueError, match=name):
        make.captured(lambda opts: build(opts, specs))


def test_metrics_can_be_left_out() -> None:
    specs = tuple(spec for spec in make.ADDONS if spec.name != "metrics-server")
    graph = make.captured(lambda opts: build(opts, specs))
    assert "addons-metrics-server" not in make.of_type(graph, "Addon")
    assert "addons-coredns" in make.of_type(graph, "Addon")
