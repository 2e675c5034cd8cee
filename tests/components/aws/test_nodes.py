"""Node groups: one per zone and pool, as specified, with nothing open to pods."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aws.cluster import Cluster
from components.aws.nodes import NODE_GROUP_NAME_LIMIT, ROLE_NAME_LIMIT, ami_type
from infra.graph.model import Graph, Resource
from sizing.specs import NodeGroupSpec
from tests import factories_cluster as make


def graph_of(*specs: NodeGroupSpec) -> Graph:
    return make.captured(lambda opts: Cluster("eks", make.cluster_args(node_groups=specs), opts))


def group(graph: Graph, text: str = "") -> Resource:
    found = [r for name, r in make.of_type(graph, "ManagedNodeGroup").items() if text in name]
    assert len(found) == 1, [r.name for r in found]
    return found[0]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(make.node_group(make.ZONES[0]), make.gpu_group(make.ZONES[1]))


@pytest.fixture(scope="module")
def template(graph: Graph) -> dict[str, Any]:
    return make.of_type(graph, "LaunchTemplate")["eks-nodes-gpu-us-east-1b"].inputs


def test_a_group_is_in_its_zone_only_and_sized_as_specified(graph: Graph) -> None:
    cpu, gpu = group(graph, "cpu").inputs, group(graph, "gpu").inputs
    assert cpu["subnetIds"] == [make.SUBNETS[make.ZONES[0]]]
    assert gpu["subnetIds"] == [make.SUBNETS[make.ZONES[1]]]
    assert cpu["scalingConfig"] == {"minSize": 3, "desiredSize": 4, "maxSize": 7}
    assert gpu["scalingConfig"] == {"minSize": 0, "desiredSize": 1, "maxSize": 2}
    assert cpu["instanceTypes"] == ["m5.4xlarge"]
    assert gpu["instanceTypes"] == ["g5.4xlarge"]
    assert cpu["capacityType"] == gpu["capacityType"] == "ON_DEMAND"


def test_the_autoscaler_s_sizes_are_left_alone(graph: Graph) -> None:
    for resource in make.of_type(graph, "ManagedNodeGroup").values():
        assert resource.inputs["ignoreScalingChanges"] is True


def test_images_are_pinned_and_fit_the_machine(graph: Graph) -> None:
    cpu, gpu = group(graph, "cpu").inputs, group(graph, "gpu").inputs
    assert (cpu["version"], cpu["releaseVersion"]) == ("1.35", "1.35.2-20261101")
    assert (gpu["version"], gpu["releaseVersion"]) == ("1.35", "1.35.2-20261101")
    assert cpu["amiType"] == "AL2023_x86_64_STANDARD"
    assert gpu["amiType"] == "AL2023_x86_64_NVIDIA"
    assert "amiId" not in cpu


@pytest.mark.parametrize(
    ("machine", "gpu", "expected"),
    [
        ("m5.xlarge", False, "AL2023_x86_64_STANDARD"),
        ("m7g.xlarge", False, "AL2023_ARM_64_STANDARD"),
        ("c6gn.4xlarge", False, "AL2023_ARM_64_STANDARD"),
        ("r8gd.2xlarge", False, "AL2023_ARM_64_STANDARD"),
        ("a1.large", False, "AL2023_ARM_64_STANDARD"),
        ("g4dn.xlarge", True, "AL2023_x86_64_NVIDIA"),
        ("g6e.xlarge", True, "AL2023_x86_64_NVIDIA"),
        ("g5g.xlarge", True, "AL2023_ARM_64_NVIDIA"),
        ("p4d.24xlarge", True, "AL2023_x86_64_NVIDIA"),
        ("p5en.48xlarge", True, "AL2023_x86_64_NVIDIA"),
    ],
)
def test_image_of_a_machine_type(machine: str, gpu: bool, expected: str) -> None:
    assert ami_type(machine, gpu=gpu) == expected


def test_gpu_nodes_are_tainted_and_labelled(graph: Graph) -> None:
    cpu, gpu = group(graph, "cpu").inputs, group(graph, "gpu").inputs
    assert gpu["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert "taints" not in cpu
    # the autoscaler waits for the device plugin on nodes with this label, whatever its value
    assert set(gpu["labels"]) == {"ai-gateway/pool", "k8s.amazonaws.com/accelerator"}
    assert gpu["labels"]["ai-gateway/pool"] == "gpu"
    assert cpu["labels"] == {"ai-gateway/pool": "cpu"}


def test_gpu_nodes_without_taint_stay_open() -> None:
    gpu = group(graph_of(make.gpu_group(tainted=False))).inputs
    assert "taints" not in gpu
    assert gpu["amiType"] == "AL2023_x86_64_NVIDIA"


def test_disks_are_encrypted_and_of_the_specified_size(template: dict[str, Any], graph: Graph) -> None:
    assert template["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "volumeSize": 300,
                "volumeType": "gp3",
                "encrypted": "true",
                "kmsKeyId": make.key("ebs"),
                "deleteOnTermination": "true",
            },
        }
    ]
    cpu = make.of_type(graph, "LaunchTemplate")["eks-nodes-cpu-us-east-1a"].inputs["blockDeviceMappings"]
    assert isinstance(cpu, list)
    assert cpu[0] == {**template["blockDeviceMappings"][0], "ebs": {**cpu[0]["ebs"], "volumeSize": 120}}


def test_pods_cannot_reach_the_nodes_credentials(template: dict[str, Any]) -> None:
    options = template["metadataOptions"]
    assert options["httpTokens"] == "required"
    assert options["httpPutResponseHopLimit"] == 1
    assert options["httpEndpoint"] == "enabled"


def test_what_a_template_of_a_managed_group_must_not_name(template: dict[str, Any]) -> None:
    forbidden = {"imageId", "instanceType", "iamInstanceProfile", "userData"}
    security = {"networkInterfaces", "vpcSecurityGroupIds", "securityGroupNames"}
    assert not (forbidden | security) & set(template)


def test_instances_disks_and_interfaces_are_tagged(template: dict[str, Any]) -> None:
    specifications = {s["resourceType"]: s["tags"] for s in template["tagSpecifications"]}
    assert set(specifications) == {"instance", "volume", "network-interface"}
    for tags in specifications.values():
        assert tags == {**make.TAGS, "Name": "gateway-test-gpu-us-east-1b"}


def test_every_group_takes_the_newest_version_of_its_own_template(graph: Graph) -> None:
    for text in ("cpu-us-east-1a", "gpu-us-east-1b"):
        assert f"eks-nodes-{text}" in make.depends_on(graph, group(graph, text))
        assert set(group(graph, text).inputs["launchTemplate"]) == {"id", "version"}
    fixed = make.captured(
        lambda opts: Cluster("eks", make.cluster_args(node_groups=(make.node_group(),)), opts), preview=False
    )
    assert group(fixed).inputs["launchTemplate"]["version"] == "1"


def test_the_cluster_s_name_is_known_while_the_cluster_is_updated(graph: Graph) -> None:
    assert group(graph, "cpu").inputs["clusterName"] == make.CLUSTER


def test_another_machine_type_is_another_group() -> None:
    """Ignored sizes would otherwise go over to the replacement and contradict its minimum."""
    before = group(graph_of(make.node_group(machine_type="m5.xlarge")))
    after = group(graph_of(make.node_group(machine_type="m5.2xlarge")))
    assert before.urn != after.urn
    assert group(graph_of(make.node_group(machine_type="m5.xlarge", min=5, desired=5))).urn == before.urn


def test_role_of_the_nodes(graph: Graph) -> None:
    role = make.only(graph, "Role")
    trust = json.loads(str(role.inputs["assumeRolePolicy"]))["Statement"]
    assert [s["Principal"] for s in trust] == [{"Service": "ec2.amazonaws.com"}]
    attached = {str(a.inputs["policyArn"]) for a in make.of_type(graph, "RolePolicyAttachment").values()}
    assert attached == {
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    }


def test_nodes_start_after_cluster_policies_and_way_out() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        nat = aws.ec2.Eip("nat", opts=pulumi.ResourceOptions.merge(opts, None))
        Cluster("eks", make.cluster_args(egress=(nat,)), opts)

    graph = make.captured(build)
    for node_group in make.of_type(graph, "ManagedNodeGroup").values():
        waits = make.depends_on(graph, node_group)
        assert {"eks", "nat", "eks-nodes-AmazonEKS_CNI_Policy"} <= waits
        assert "eks-nodes-AmazonEKSWorkerNodePolicy" in waits
    control_plane = next(r for r in graph.resources if r.type == "eks:index:Cluster")
    assert "nat" not in make.waits_for(graph, control_plane)


def test_a_zone_without_subnet_is_refused() -> None:
    with pytest.raises(ValueError, match="us-east-1f"):
        graph_of(make.node_group("us-east-1f"))


def test_names_fit() -> None:
    spec = make.node_group(name="cpu-nodes-with-a-long-name-in-us-east-1a")
    args = make.cluster_args(node_groups=(spec,))
    graph = make.captured(lambda opts: Cluster("a-long-name-of-a-cluster-in-a-large-company", args, opts))
    assert len(group(graph).name) <= NODE_GROUP_NAME_LIMIT
    assert all(len(name) <= ROLE_NAME_LIMIT for name in make.of_type(graph, "Role"))
