"""The EKS cluster: control plane, its logs, who reaches and administers it, its nodes, its storage class."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s

from components.aws.control_plane import control_plane_transform
from components.aws.iam import Text
from components.aws.nodes import AUTONAME_SUFFIX, Nodes, NodesArgs
from components.base import Component, merge_tags, safe_name
from components.kubernetes.labels import own_labels
from sizing.specs import AddonSpec, ClusterSpec

EKS_LOGICAL_NAME_LIMIT = 64 - AUTONAME_SUFFIX - len("-eksRole-role")
"""pulumi-eks names the control plane's IAM role after its component; IAM allows 64 characters."""

STORAGE_CLASS = "gp3"

API_PORT = 443

MADE_BY_EKS_COMPONENT = ("vpc-cni", "kube-proxy")
"""Add-ons that pulumi-eks makes itself, in the newest version when none is given."""

PRIVATE_NETWORKS = tuple(
    ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""Reserved addresses (RFC 1918, RFC 6598), which EKS refuses as clients of the public endpoint
(https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html)."""


@dataclass(frozen=True)
class ClusterArgs:
    """What the cluster is made of.

    ``name`` is the cluster's name, fixed for its life. ``private_subnet_by_zone`` has a subnet for every zone
    of the specification's node groups; the control plane's interfaces are in all of them. ``service_cidr`` is
    the range of Service addresses, ``vpc_cidr`` that of the network. ``volume_key_arn`` encrypts node disks
    and persistent volumes, ``secrets_key_arn`` Kubernetes Secrets, ``log_key_arn`` the control plane's logs.
    ``egress`` is what nodes need to reach the internet.
    """

    spec: ClusterSpec
    name: str
    region: str
    partition: Text
    vpc_id: Text
    vpc_cidr: str
    service_cidr: str
    private_subnet_by_zone: Mapping[str, Text]
    secrets_key_arn: Text
    volume_key_arn: Text
    log_key_arn: Text
    egress: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Cluster(Component):
    """An EKS cluster with private nodes, as pulumi-eks builds it, and the platform's default storage class.

    Decisions:

    - Security group: only the one that EKS itself makes. pulumi-eks' own two would go unused, since managed
      nodes without a group in their launch template join EKS's, and would add rules that open everything
      outwards.
    - Access: entries only (no aws-auth). Whoever creates the cluster becomes administrator through an entry
      of its own, so it must not be listed in ``admin_role_arns`` again: EKS refuses a second entry of one
      principal.
    - Endpoint: private always, public for the listed public ranges only. The VPC, and private ranges in the
      list, are let into the cluster's security group instead: without that nothing but nodes reaches a
      private endpoint. The VPC's rule does not depend on the list: whoever lists an address besides would
      lock out a bastion that works.
    - Support: EXTENDED. STANDARD would upgrade the control plane by itself at the end of support, at a time
      nobody chose, and leave the pinned version behind, so that every later update fails until it is raised.
      Extended support costs six times the hourly price: raise ``kubernetes_version`` in time.
    - No OpenID Connect provider: workloads use Pod Identity.
    - Nothing self-managed is put in at creation: all add-ons are managed and pinned. The network add-ons are
      made here, before nodes; the others by ``ClusterAddons``, since one of them needs an identity that needs
      the cluster.
    - Volumes of deleted claims stay (Retain): a claim or namespace deleted by mistake must not take Vault's
      or Prometheus' data with it. What is left over is found by its tags.

    Protected, as is everything that pulumi-eks makes in it, and EKS's deletion protection is on. The control
    plane's log group is made first: EKS would make one that is neither encrypted nor ever emptied.

    Attributes:
        name: the cluster's name, a plain string.
        eks_cluster: the pulumi-eks component, for what must wait for the control plane.
        kubernetes_provider: provider for Kubernetes objects; never replaced by an update of the cluster.
        security_group_id: security group of nodes, pods and control plane: the clients of databases.
        nodes: role and groups; ``nodes.cpu`` and ``nodes.gpu`` by pool.
        storage_class: the default storage class.
        kubeconfig_command: shell command that makes kubectl use the cluster.
    """

    TYPE = "ai-gateway:aws:Cluster"

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._network_addons = _network_addons(args.spec.addons)
        self._public = [cidr for cidr in args.spec.api_allowed_cidrs if not is_private(cidr)]
        self.name = args.name
        self.kubeconfig_command = f"aws eks update-kubeconfig --region {args.region} --name {args.name}"
        self.eks_cluster = self._eks_cluster(self._log_group())
        self.security_group_id: pulumi.Output[str] = self.eks_cluster.cluster_security_group_id
        private_clients = self._let_in_private_clients()
        self.nodes = self._nodes()
        self.kubernetes_provider = k8s.Provider(
            f"{self.prefix}-kubernetes",
            kubeconfig=self.eks_cluster.kubeconfig_json,
            cluster_identifier=args.name,
            enable_server_side_apply=True,
            # whoever runs this may be such a client: the way in comes before the first object and goes last
            opts=self.child(depends_on=[*private_clients]),
        )
        self.storage_class = self._storage_class()
        self.register_outputs(
            {
                "name": self.name,
                "control_plane_tier": args.spec.control_plane_tier,
                "kubeconfig_command": self.kubeconfig_command,
                "security_group_id": self.security_group_id,
            }
        )

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self.prefix}-control-plane",
            name=f"/aws/eks/{self._args.name}/cluster",  # the name that EKS writes to
            retention_in_days=self._args.spec.log_retention_days,
            kms_key_id=self._args.log_key_arn,
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )

    def _eks_cluster(self, log_group: aws.cloudwatch.LogGroup) -> eks.Cluster:
        args, spec, addons = self._args, self._args.spec, self._network_addons
        options = self.child(protect=True, depends_on=[log_group])
        transform = control_plane_transform(args.name, spec.control_plane_tier)
        subnets = args.private_subnet_by_zone
        return eks.Cluster(
            safe_name(self.prefix, EKS_LOGICAL_NAME_LIMIT),
            name=args.name,
            version=spec.kubernetes_version,
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="EXTENDED"),
            deletion_protection=True,
            vpc_id=args.vpc_id,
            private_subnet_ids=[subnets[zone] for zone in sorted(subnets)],
            kubernetes_service_ip_address_range=args.service_cidr,
            endpoint_private_access=True,
            endpoint_public_access=bool(self._public),
            public_access_cidrs=self._public or None,
            authentication_mode=eks.AuthenticationMode.API,
            access_entries=self._access_entries(),
            encryption_config_key_arn=args.secrets_key_arn,
            enabled_cluster_log_types=list(spec.log_types),
            skip_default_node_group=True,
            skip_default_security_groups=True,
            create_instance_role=False,
            create_oidc_provider=False,
            bootstrap_self_managed_addons=False,
            vpc_cni_options=eks.VpcCniOptionsArgs(
                addon_version=addons["vpc-cni"].version,
                configuration_values=dict(addons["vpc-cni"].configuration),
            ),
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(
                enabled=True,
                version=addons["kube-proxy"].version,
                configuration_values=dict(addons["kube-proxy"].configuration),
            ),
            tags=merge_tags(args.tags),
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(transforms=[transform])),
        )

    def _access_entries(self) -> dict[str, eks.AccessEntryArgs]:
        """An administrator entry per role.

        Under account, path and name as they are: two accounts may have a role of one name, and ``a/b`` is not
        ``a-b``.
        """
        policy = pulumi.Output.concat(
            "arn:", self._args.partition, ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        )
        admin = eks.AccessPolicyAssociationArgs(
            policy_arn=policy,
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        )
        return {
            _entry_name(arn): eks.AccessEntryArgs(
                principal_arn=arn, access_policies={"admin": admin}, tags=merge_tags(self._args.tags)
            )
            for arn in self._args.spec.admin_role_arns
        }

    def _let_in_private_clients(self) -> list[aws.vpc.SecurityGroupIngressRule]:
        """Private ranges reach the API server through its interfaces in the VPC."""
        listed = [cidr for cidr in self._args.spec.api_allowed_cidrs if is_private(cidr)]
        return [
            aws.vpc.SecurityGroupIngressRule(
                f"{self.prefix}-api-{cidr.replace('/', '-')}",
                security_group_id=self.security_group_id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=API_PORT,
                to_port=API_PORT,
                description="Kubernetes API from a private network",
                tags=merge_tags(self._args.tags),
                opts=self.child(),
            )
            for cidr in dict.fromkeys([self._args.vpc_cidr, *listed])
        ]

    def _nodes(self) -> Nodes:
        args = self._args
        return Nodes(
            f"{self.prefix}-nodes",
            NodesArgs(
                specs=args.spec.node_groups,
                cluster=self.eks_cluster,
                cluster_name=args.name,
                kubernetes_version=args.spec.kubernetes_version,
                release_version=args.spec.node_release_version,
                subnet_by_zone=args.private_subnet_by_zone,
                volume_key_arn=args.volume_key_arn,
                partition=args.partition,
                before=args.egress,
                tags=args.tags,
            ),
            self.child(),
        )

    def _storage_class(self) -> k8s.storage.v1.StorageClass:
        """The default class; EKS has had none since 1.30.

        https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
        """
        return k8s.storage.v1.StorageClass(
            f"{self.prefix}-{STORAGE_CLASS}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=STORAGE_CLASS,
                labels=own_labels(),
                annotations={"storageclass.kubernetes.io/is-default-class": "true"},
            ),
            provisioner="ebs.csi.aws.com",
            parameters={
                "type": "gp3",
                "encrypted": "true",
                "kmsKeyId": self._args.volume_key_arn,
                "csi.storage.k8s.io/fstype": "ext4",
            },
            allow_volume_expansion=True,
            volume_binding_mode="WaitForFirstConsumer",  # a volume is made in its pod's zone
            reclaim_policy="Retain",
            opts=pulumi.ResourceOptions.merge(
                self.child(), pulumi.ResourceOptions(provider=self.kubernetes_provider)
            ),
        )


def _entry_name(role_arn: str) -> str:
    _, _, _, _, account, role = role_arn.split(":")
    return f"{account}-{role.removeprefix('role/')}"


def is_private(cidr: str) -> bool:
    """Whether all addresses of ``cidr`` are reserved for private networks."""
    network = ipaddress.ip_network(cidr)
    if not isinstance(network, ipaddress.IPv4Network):
        return False
    return any(network.subnet_of(known) for known in PRIVATE_NETWORKS)


def _network_addons(specs: tuple[AddonSpec, ...]) -> dict[str, AddonSpec]:
    """The add-ons that pulumi-eks makes.

    Raises:
        ValueError: one is missing; it would be made in whatever version is newest that day.
    """
    found = {spec.name: spec for spec in specs if spec.name in MADE_BY_EKS_COMPONENT}
    missing = [name for name in MADE_BY_EKS_COMPONENT if name not in found]
    if missing:
        raise ValueError(f"the add-ons {', '.join(missing)} need a pinned version")
    return found
