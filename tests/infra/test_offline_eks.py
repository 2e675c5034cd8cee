"""Components whose children their own plugin makes (pulumi-eks): one registration, and dependants work.

Names and parents of the children were compared with a preview of the real component under the real engine.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws
import pulumi_eks as eks
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pytest

from infra.graph import SECRET, UNKNOWN, Graph
from infra.offline import OfflineError
from tests.infra.programs import PREFIX, aws, find, take, urns, using

CLUSTER = "shop:x:Platform$eks:index:Cluster"


class Platform(pulumi.ComponentResource):
    """A cluster with everything that hangs on it in practice."""

    def __init__(self, *, handed: bool = True, **options: Any) -> None:
        provider = pulumi_aws.Provider("main", region="us-east-1")
        super().__init__("shop:x:Platform", "platform", None, pulumi.ResourceOptions(providers=[provider]))
        here = pulumi.ResourceOptions(parent=self)
        given = pulumi.ResourceOptions(parent=self, providers={"aws": provider}) if handed else None
        vpc = pulumi_aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=here)
        role = pulumi_aws.iam.Role("nodes", assume_role_policy="{}", opts=here)
        self.cluster = eks.Cluster(
            "gateway",
            name="gateway",
            vpc_id=vpc.id,
            authentication_mode=eks.AuthenticationMode.API,
            skip_default_node_group=True,
            opts=given,
            **options,
        )
        group = eks.ManagedNodeGroup("cpu", cluster=self.cluster, node_role=role, opts=given)
        after = pulumi.ResourceOptions.merge(given, pulumi.ResourceOptions(depends_on=[group]))
        eks.Addon("coredns", cluster=self.cluster, addon_name="coredns", opts=after)
        self.kubernetes = kubernetes.Provider(
            "cluster", kubeconfig=self.cluster.kubeconfig_json, cluster_identifier="gateway", opts=here
        )
        self.register_outputs({})


def full() -> None:
    """The platform with resources in it that use the cluster's outputs."""
    platform = Platform()
    inside = pulumi.ResourceOptions(provider=platform.kubernetes, depends_on=[platform])
    password = random.RandomPassword("pw", length=20, opts=using(pulumi_random_provider()))
    kubernetes.core.v1.Secret("secret", string_data={"password": password.result}, opts=inside)
    values = {"name": platform.cluster.eks_cluster.name, "url": platform.cluster.eks_cluster.endpoint}
    values["core"] = platform.cluster.core.apply(lambda core: core.endpoint)
    kubernetes.helm.v3.Release("chart", chart="chart", values=values, opts=inside)


def pulumi_random_provider() -> pulumi.ProviderResource:
    """The explicit provider that the password needs."""
    return random.Provider("random")


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The preview; captured once, since loading the SDKs takes a while."""
    return take(full)


def test_dependants_see_what_is_known_and_wait_for_the_rest(graph: Graph) -> None:
    chart = find(graph, "kubernetes:helm.sh/v3:Release::chart")
    assert chart.inputs["values"] == {"name": "gateway", "url": UNKNOWN, "core": UNKNOWN}
    assert find(graph, "shop:x:Platform$pulumi:providers:kubernetes::cluster").inputs["kubeconfig"] == UNKNOWN
    assert find(graph, "kubernetes:core/v1:Secret::secret").inputs["stringData"] == SECRET


def test_references_are_closed_over_the_graph(graph: Graph) -> None:
    """What depends on a child of the component depends on the component: the child itself is not there."""
    known = graph.by_urn()
    saved = graph.annotated(cloud="aws")
    assert Graph.from_json(saved.to_json()) == saved
    assert f"{PREFIX}{CLUSTER}::gateway" in find(graph, "kubernetes:helm.sh/v3:Release::chart").depends_on
    assert all(urn in known for resource in graph.resources for urn in resource.depends_on)


def test_node_groups_depend_on_what_they_are_handed(graph: Graph) -> None:
    group = find(graph, "shop:x:Platform$eks:index:ManagedNodeGroup::cpu")
    role = f"{PREFIX}shop:x:Platform$aws:iam/role:Role::nodes"
    assert group.remote
    assert group.depends_on == (role, f"{PREFIX}{CLUSTER}::gateway")
    assert group.property_depends_on["nodeRole"] == (role,)
    assert group.providers == {"aws": f"{PREFIX}pulumi:providers:aws::main"}


def test_an_addon_stands_below_its_cluster_whatever_parent_it_is_given(graph: Graph) -> None:
    addon = find(graph, f"{CLUSTER}$eks:index:Addon::coredns")
    assert addon.parent == f"{PREFIX}{CLUSTER}::gateway"
    assert [child.urn for child in addon.creates] == [
        f"{PREFIX}{CLUSTER}$eks:index:Addon$aws:eks/addon:Addon::coredns"
    ]


def test_the_clusters_children_are_named(graph: Graph) -> None:
    children = {
        child.urn.removeprefix(PREFIX + CLUSTER) for child in find(graph, f"{CLUSTER}::gateway").creates
    }
    rule = "$aws:ec2/securityGroupRule:SecurityGroupRule::gateway-eks"
    assert children == {
        "$aws:ec2/securityGroup:SecurityGroup::gateway-eksClusterSecurityGroup",
        "$aws:ec2/securityGroup:SecurityGroup::gateway-nodeSecurityGroup",
        f"{rule}ClusterIngressRule",
        f"{rule}ClusterInternetEgressRule",
        f"{rule}ExtApiServerClusterIngressRule",
        f"{rule}NodeClusterIngressRule",
        f"{rule}NodeIngressRule",
        f"{rule}NodeInternetEgressRule",
        "$aws:eks/addon:Addon::gateway-kube-proxy",
        "$aws:eks/cluster:Cluster::gateway-eksCluster",
        "$eks:index:ServiceRole::gateway-eksRole",
        "$eks:index:ServiceRole$aws:iam/role:Role::gateway-eksRole-role",
        "$eks:index:ServiceRole$aws:iam/rolePolicyAttachment:RolePolicyAttachment::gateway-eksRole-4b490823",
        "$eks:index:VpcCniAddon::gateway-vpc-cni",
        "$eks:index:VpcCniAddon$aws:eks/addon:Addon::gateway-vpc-cni",
        "$pulumi:providers:kubernetes::gateway-eks-k8s",
    }


def test_arguments_change_which_children_there_are() -> None:
    def program() -> None:
        Platform(
            skip_default_security_groups=True,
            use_default_vpc_cni=True,
            create_oidc_provider=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=True),
            access_entries={
                "admin": eks.AccessEntryArgs(
                    principal_arn="arn:aws:iam::1:role/a",
                    access_policies={
                        "all": {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/x", "access_scope": {}}
                    },
                )
            },
        )

    names = {child.name for child in find(take(program), f"{CLUSTER}::gateway").creates}
    assert names == {
        "gateway-admin",
        "gateway-admin-all",
        "gateway-coredns",
        "gateway-eks-k8s",
        "gateway-eksCluster",
        "gateway-eksRole",
        "gateway-eksRole-4b490823",
        "gateway-eksRole-role",
        "gateway-oidcProvider",
    }


def test_transforms_show_on_the_children_they_reach() -> None:
    def provisioned(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "aws:eks/cluster:Cluster":
            return None
        return pulumi.ResourceTransformResult(
            {**args.props, "controlPlaneScalingConfig": {"tier": "tier-xl"}}, args.opts
        )

    def program() -> None:
        pulumi.runtime.register_resource_transform(provisioned)
        Platform()

    changed = [child for child in find(take(program), f"{CLUSTER}::gateway").creates if child.inputs]
    assert [(child.name, child.inputs) for child in changed] == [
        ("gateway-eksCluster", {"controlPlaneScalingConfig": {"tier": "tier-xl"}})
    ]


def test_a_transform_that_reads_a_childs_unknown_inputs_is_a_warning() -> None:
    def reads(args: pulumi.ResourceTransformArgs) -> None:
        if args.type_ == "aws:eks/cluster:Cluster":
            args.props["roleArn"]

    def program() -> None:
        pulumi.runtime.register_resource_transform(reads)
        Platform()

    (warning,) = take(program).warnings
    assert "a transform could not be followed on" in warning
    assert "KeyError: 'roleArn'" in warning


def test_a_component_that_is_handed_no_provider_for_its_children_is_an_error() -> None:
    with pytest.raises(OfflineError) as caught:
        take(lambda: Platform(handed=False))
    text = str(caught.value)
    assert f"Default provider for 'aws' disabled. '{PREFIX}eks:index:Cluster::gateway'" in text
    assert f"Default provider for 'aws' disabled. '{PREFIX}eks:index:ManagedNodeGroup::cpu'" in text


def test_both_modes_have_the_same_resources_and_update_mode_knows_everything(graph: Graph) -> None:
    update = take(full, preview=False)
    assert urns(update) == urns(graph)
    assert UNKNOWN not in update.to_json()
    values = find(update, "kubernetes:helm.sh/v3:Release::chart").inputs["values"]
    assert values == {
        "core": "gateway-core-endpoint",
        "name": "gateway",
        "url": "gateway-eksCluster-endpoint",
    }


def test_made_up_outputs_have_the_types_that_the_sdk_declares() -> None:
    seen: dict[str, object] = {}

    def program() -> None:
        options = using(aws())
        role = pulumi_aws.iam.Role("role", assume_role_policy="{}", opts=options)
        template = pulumi_aws.ec2.LaunchTemplate("template", opts=options)
        database = pulumi_aws.rds.Instance("db", instance_class="db.t4g.micro", opts=options)
        for name, output in {
            "arn": role.arn,
            "path": role.path,
            "version": template.latest_version,
            "zone": database.availability_zone,
            "users": database.master_user_secrets,
        }.items():
            output.apply(lambda value, name=name: seen.update({name: value}))

    take(program, preview=False)
    users: Any = seen.pop("users")
    assert users[0].kms_key_id == "db-masterUserSecrets-0-kmsKeyId"
    assert seen == {"arn": "role-arn", "path": None, "version": 1, "zone": "db-availabilityZone"}
