"""The cluster: what pulumi-eks is told, who gets in, and what protects it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws.cluster import EKS_LOGICAL_NAME_LIMIT, Cluster, is_private
from infra.graph.model import UNKNOWN, Graph, Resource
from tests import factories_cluster as make

PRIVATE_CLIENTS = "10.64.0.0/12"


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: Cluster("eks", make.cluster_args(**changes), opts))


def control_plane(graph: Graph) -> Resource:
    return next(r for r in graph.resources if r.type == "eks:index:Cluster")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


@pytest.fixture(scope="module")
def inputs(graph: Graph) -> dict[str, Any]:
    return control_plane(graph).inputs


def test_contract() -> None:
    make.check_contract(lambda opts: Cluster("eks", make.cluster_args(), opts))


def test_name_version_and_network_are_the_specification_s(inputs: dict[str, Any]) -> None:
    assert inputs["name"] == make.CLUSTER
    assert inputs["version"] == "1.35"
    assert inputs["vpcId"] == make.VPC_ID
    assert inputs["kubernetesServiceIpAddressRange"] == make.SERVICE_CIDR
    assert inputs["privateSubnetIds"] == [make.SUBNETS[zone] for zone in make.ZONES]
    assert "publicSubnetIds" not in inputs
    assert inputs["encryptionConfigKeyArn"] == make.key("secrets")
    assert inputs["upgradePolicy"] == {"supportType": "EXTENDED"}


def test_nothing_is_made_that_goes_unused(inputs: dict[str, Any], graph: Graph) -> None:
    assert inputs["skipDefaultNodeGroup"] is True
    assert inputs["skipDefaultSecurityGroups"] is True
    assert inputs["createOidcProvider"] is False
    assert inputs["createInstanceRole"] is False
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert not make.made(graph, "aws:ec2/securityGroup:SecurityGroup")
    assert not make.made(graph, "aws:iam/openIdConnectProvider:OpenIdConnectProvider")


def test_protected_twice(graph: Graph) -> None:
    cluster = control_plane(graph)
    assert cluster.protect is True
    assert cluster.inputs["deletionProtection"] is True


def test_network_add_ons_are_pinned_and_configured(inputs: dict[str, Any]) -> None:
    assert inputs["vpcCniOptions"]["addonVersion"] == "v1.21.0-eksbuild.1"
    assert inputs["vpcCniOptions"]["configurationValues"] == {"enableNetworkPolicy": "true"}
    assert inputs["kubeProxyAddonOptions"]["version"] == "v1.35.0-eksbuild.2"
    assert inputs["kubeProxyAddonOptions"]["configurationValues"] == {"mode": "iptables"}
    assert "corednsAddonOptions" not in inputs  # made there it would wait for nodes that wait for it


@pytest.mark.parametrize("name", ["vpc-cni", "kube-proxy"])
def test_a_network_add_on_without_a_version_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        graph_of(addons=tuple(spec for spec in make.ADDONS if spec.name != name))


def test_the_log_group_is_there_before_eks_would_make_its_own(graph: Graph) -> None:
    group = make.only(graph, "LogGroup")
    assert group.inputs["name"] == f"/aws/eks/{make.CLUSTER}/cluster"
    assert group.inputs["retentionInDays"] == 90
    assert group.inputs["kmsKeyId"] == make.key("logs")
    assert group.name in make.depends_on(graph, control_plane(graph))
    assert control_plane(graph).inputs["enabledClusterLogTypes"] == ["api", "audit"]


def test_administrators_get_in_by_access_entries(inputs: dict[str, Any]) -> None:
    assert inputs["authenticationMode"] == "API"
    entries = inputs["accessEntries"]
    assert [entry["principalArn"] for entry in entries.values()] == [make.ADMIN]
    policy = next(iter(entries.values()))["accessPolicies"]["admin"]
    assert policy["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert policy["accessScope"] == {"type": "cluster"}
    assert next(iter(entries.values()))["tags"] == make.TAGS


def test_every_administrator_has_an_entry_of_its_own() -> None:
    """Roles of one name in two accounts, and paths that read alike."""
    accounts = ("123456789012", "210987654321")
    arns = tuple(f"arn:aws:iam::{a}:role/{r}" for a in accounts for r in ("a-b", "a/b", "admin"))
    entries = control_plane(graph_of(admin_role_arns=arns)).inputs["accessEntries"]
    assert sorted(entry["principalArn"] for entry in entries.values()) == sorted(arns)


def test_no_administrators_no_entries() -> None:
    assert control_plane(graph_of(admin_role_arns=())).inputs["accessEntries"] == {}


def test_private_unless_addresses_are_listed(graph: Graph, inputs: dict[str, Any]) -> None:
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in inputs  # pulumi-eks refuses it together with a private endpoint
    rule = make.only(graph, "SecurityGroupIngressRule").inputs
    assert rule["cidrIpv4"] == make.VPC_CIDR
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")


def test_public_for_listed_addresses_only() -> None:
    graph = graph_of(api_allowed_cidrs=(make.PUBLIC_CIDR,))
    inputs = control_plane(graph).inputs
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is True
    assert inputs["publicAccessCidrs"] == [make.PUBLIC_CIDR]
    assert _let_in(graph) == [make.VPC_CIDR]  # whoever comes from inside still does


def _let_in(graph: Graph) -> list[str]:
    rules = make.of_type(graph, "SecurityGroupIngressRule").values()
    return sorted(str(rule.inputs["cidrIpv4"]) for rule in rules)


def test_private_ranges_are_let_in_behind_the_private_endpoint() -> None:
    """EKS refuses them as clients of the public one."""
    graph = graph_of(api_allowed_cidrs=(PRIVATE_CLIENTS, make.PUBLIC_CIDR))
    assert control_plane(graph).inputs["publicAccessCidrs"] == [make.PUBLIC_CIDR]
    assert _let_in(graph) == [make.VPC_CIDR, PRIVATE_CLIENTS]

    only_private = graph_of(api_allowed_cidrs=(PRIVATE_CLIENTS, make.VPC_CIDR))
    assert control_plane(only_private).inputs["endpointPublicAccess"] is False
    assert _let_in(only_private) == [make.VPC_CIDR, PRIVATE_CLIENTS]


def test_the_way_to_the_api_outlives_the_objects_in_the_cluster() -> None:
    """Who runs this from a private network would lock itself out before it has deleted them."""
    graph = graph_of(api_allowed_cidrs=(PRIVATE_CLIENTS,))
    rules = make.of_type(graph, "SecurityGroupIngressRule")
    assert len(rules) == 2  # the network's own range and the listed one
    assert set(rules) <= make.depends_on(graph, make.only(graph, "kubernetes"))


@pytest.mark.parametrize(
    ("cidr", "private"),
    [
        ("10.0.0.0/8", True),
        ("172.31.0.0/16", True),
        ("192.168.1.0/24", True),
        ("100.64.0.0/10", True),
        ("203.0.113.0/24", False),
        ("172.0.0.0/8", False),
        ("8.8.8.8/32", False),
        ("2001:db8::/32", False),
    ],
)
def test_private_ranges(cidr: str, private: bool) -> None:
    assert is_private(cidr) is private


@pytest.mark.parametrize("tier", ["standard", "tier-xl"])
def test_the_control_plane_s_tier_is_always_set(tier: str) -> None:
    made = make.made(graph_of(control_plane_tier=tier), "aws:eks/cluster:Cluster")
    assert [child.inputs for child in made.values()] == [{"controlPlaneScalingConfig": {"tier": tier}}]


def test_no_kubernetes_provider_is_replaced_by_an_update_of_the_cluster(graph: Graph) -> None:
    """The component's own one is protected with the cluster: its replacement would fail every preview."""
    ours = make.only(graph, "kubernetes")
    assert ours.inputs["clusterIdentifier"] == make.CLUSTER
    assert ours.inputs["kubeconfig"] == UNKNOWN
    theirs = make.made(graph, "pulumi:providers:kubernetes")
    assert [child.inputs for child in theirs.values()] == [{"clusterIdentifier": make.CLUSTER}]


def test_the_default_storage_class(graph: Graph) -> None:
    storage = make.only(graph, "StorageClass")
    assert storage.provider == make.only(graph, "kubernetes").urn
    assert storage.inputs["metadata"] == {
        "name": "gp3",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        "labels": {"app.kubernetes.io/part-of": "ai-gateway", "app.kubernetes.io/managed-by": "pulumi"},
    }
    assert storage.inputs["provisioner"] == "ebs.csi.aws.com"
    assert storage.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage.inputs["allowVolumeExpansion"] is True
    assert storage.inputs["reclaimPolicy"] == "Retain"
    parameters = storage.inputs["parameters"]
    assert isinstance(parameters, dict)
    assert parameters["type"] == "gp3"
    assert (parameters["encrypted"], parameters["kmsKeyId"]) == ("true", make.key("ebs"))


def test_what_others_use() -> None:
    found: dict[str, object] = {}

    def build(opts: pulumi.ResourceOptions) -> None:
        cluster = Cluster("eks", make.cluster_args(), opts)
        found.update(name=cluster.name, command=cluster.kubeconfig_command)
        found.update(cpu=len(cluster.nodes.cpu), gpu=len(cluster.nodes.gpu))
        pulumi.export("security_group", cluster.security_group_id)

    graph = make.captured(build)
    assert found == {
        "name": make.CLUSTER,
        "command": f"aws eks update-kubeconfig --region {make.REGION} --name {make.CLUSTER}",
        "cpu": 3,
        "gpu": 1,
    }
    assert graph.outputs == {"security_group": UNKNOWN}


def test_a_long_name_is_shortened_to_what_iam_allows() -> None:
    graph = make.captured(lambda opts: Cluster("a-very-long-" * 6 + "name", make.cluster_args(), opts))
    assert len(control_plane(graph).name) <= EKS_LOGICAL_NAME_LIMIT
    for role in make.made(graph, "aws:iam/role:Role").values():
        assert len(role.name) + len("-1234567") <= 64
