"""The GKE cluster: control plane, its logs, who reaches it, its nodes, its storage class, its backup."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s

from components.base import Component, safe_name
from components.gcp import control_plane
from components.gcp import services as api
from components.gcp.labels import Text, labels
from components.gcp.logs import RetainedLogs, RetainedLogsArgs
from components.gcp.network import LOG_NAME_LIMIT, POD_RANGE, SERVICE_RANGE
from components.gcp.nodes import SCOPES, Nodes, NodesArgs
from components.gcp.services import Services
from components.gcp.volumes import default_storage_class
from sizing.specs import ClusterSpec

CLUSTER_NAME_LIMIT = 40
"""GKE allows 40 characters in the name of a cluster."""

ACCOUNT_ID_LIMIT = 30
"""IAM allows 6 to 30 characters in the id of a service account."""

NODE_ROLE = "roles/container.defaultNodeServiceAccount"
"""Writing logs and metrics, and nothing else
(https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa)."""

WEBHOOK_PORTS = ("6443", "8443", "9443")
"""Ports of admission webhooks and of KEDA's metrics API, beside 443 and 10250, which GKE opens itself
(https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#add_firewall_rules)."""

BACKUP_SCHEDULE = "0 1 * * *"
"""Daily at 01:00 UTC, before the windows in which Google maintains cluster and database."""

FIRST_POOL_DISK_GIB = 20
FIRST_POOL_MACHINE = "e2-medium"
"""The pool that GKE insists on is deleted right away; by default its disks take 300 GB of a quota of 500."""

LOGS = (
    ("logs", "control plane", '"k8s_cluster" OR "k8s_control_plane_component"'),
    ("pod-logs", "pods", '"k8s_container"'),
)
"""Part of the name, description and resource types of each log that is kept apart."""


@dataclass(frozen=True)
class ClusterArgs:
    """What the cluster is made of.

    ``name`` is the cluster's name, fixed for its life; longer ones than GKE allows are shortened.
    ``zones`` are the region's zones in use. ``network_cidr`` is let in to a private control plane;
    ``control_plane_cidr`` is the control plane's own /28. ``secrets_key_id`` encrypts Kubernetes Secrets and
    backups, ``disk_key_id`` node disks and persistent volumes. ``before``: the keys' grants. ``egress``: what
    nodes need to reach the internet.
    """

    spec: ClusterSpec
    name: str
    project: str
    region: str
    zones: tuple[str, ...]
    network_id: Text
    subnet_id: Text
    network_cidr: str
    control_plane_cidr: str
    secrets_key_id: Text
    disk_key_id: Text
    services: Services
    before: tuple[pulumi.Resource, ...] = ()
    egress: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Cluster(Component):
    """A regional GKE Standard cluster with private nodes, and the platform's default storage class.

    Decisions:

    - Regional: the control plane is in three zones. Its size cannot be chosen and none is dedicated (D23).
    - Endpoint: private always, public for the listed public ranges only (D32). The endpoint with a DNS name
      answers inside Google's network only: outside it would be open to the world, guarded by IAM alone.
    - Versions: a release channel, with the specification's version as the least. Nodes follow in the window.
    - Dataplane V2 (network policies without an add-on) and NodeLocal DNS from the start: the one cannot be
      changed later, the other recreates every node.
    - Workload Identity: pods have accounts of their own; the nodes' account writes logs and metrics only.
    - Built-in Prometheus and Gateway API off: the platform brings its own.
    - Volumes of deleted claims stay (Retain): a claim or namespace deleted by mistake must not take Vault's
      or Prometheus' data with it. What is left over is found by its labels.

    Protected, and the provider's deletion protection is on. Grants nobody access: whoever holds a role of
    the project's IAM that includes ``container.clusters.connect`` has it.

    Attributes:
        name: the cluster's name, a plain string.
        gke: the cluster, for what must wait for the control plane.
        workload_pool: domain of Kubernetes service accounts in IAM.
        kubernetes_provider: provider for Kubernetes objects; never replaced by an update of the cluster.
        nodes: the pools; ``nodes.cpu`` and ``nodes.gpu``.
        storage_class: the default storage class.
        kubeconfig_command: shell command that makes kubectl use the cluster.
    """

    TYPE = "ai-gateway:gcp:Cluster"

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.name = safe_name(args.name, CLUSTER_NAME_LIMIT)
        self.workload_pool = f"{args.project}.svc.id.goog"
        self._public = any(is_public(cidr) for cidr in args.spec.api_allowed_cidrs)
        self.kubeconfig_command = control_plane.kubeconfig_command(
            self.name, args.region, args.project, internal=not self._public
        )
        self._account, self._account_role = self._node_account()
        self._retained_logs()
        self.gke = self._cluster()
        self._let_webhooks_in()
        self.nodes = self._nodes()
        self.kubernetes_provider = k8s.Provider(
            f"{self.prefix}-kubernetes",
            kubeconfig=control_plane.kubeconfig(self.name, self.gke, internal=not self._public),
            cluster_identifier=self.name,
            enable_server_side_apply=True,
            opts=self.child(),
        )
        self.storage_class = default_storage_class(
            self, self.kubernetes_provider, args.disk_key_id, args.tags
        )
        if args.spec.backup:
            self._backup()
        self.register_outputs(
            {
                "name": self.name,
                "control_plane_tier": args.spec.control_plane_tier,
                "kubeconfig_command": self.kubeconfig_command,
            }
        )

    def _node_account(self) -> tuple[gcp.serviceaccount.Account, gcp.projects.IAMMember]:
        args = self._args
        account = gcp.serviceaccount.Account(
            f"{self.prefix}-nodes",
            project=args.project,
            account_id=safe_name(f"nodes-{args.name}", ACCOUNT_ID_LIMIT),
            display_name=f"{self.name}: nodes",
            opts=self.child(depends_on=[*args.services.of(api.IAM)]),
        )
        role = gcp.projects.IAMMember(
            f"{self.prefix}-nodes",
            project=args.project,
            role=NODE_ROLE,
            member=account.member,
            opts=self.child(depends_on=[*args.services.of(api.PROJECTS)]),
        )
        return account, role

    def _retained_logs(self) -> None:
        """Before the cluster, so that the entries of its creation are kept as well."""
        for part, description, types in LOGS:
            self._retained(part, description, types)

    def _retained(self, part: str, description: str, types: str) -> None:
        args = self._args
        RetainedLogs(
            f"{self.prefix}-{part}",
            RetainedLogsArgs(
                project=args.project,
                region=args.region,
                name=safe_name(f"{args.name}-{description.replace(' ', '-')}", LOG_NAME_LIMIT),
                description=f"{self.name}: {description}",
                filter=(
                    f"resource.type=({types})"
                    f' AND resource.labels.cluster_name="{self.name}"'
                    f' AND resource.labels.location="{args.region}"'
                ),
                retention_days=args.spec.log_retention_days,
                before=args.services.of(api.LOGGING),
            ),
            self.child(),
        )

    def _cluster(self) -> gcp.container.Cluster:
        args, spec, module = self._args, self._args.spec, gcp.container
        return module.Cluster(
            self.prefix,
            name=self.name,
            project=args.project,
            location=args.region,
            node_locations=list(args.zones),
            min_master_version=spec.kubernetes_version,
            release_channel=module.ClusterReleaseChannelArgs(channel=spec.release_channel),
            maintenance_policy=control_plane.maintenance(),
            network=args.network_id,
            subnetwork=args.subnet_id,
            networking_mode="VPC_NATIVE",
            ip_allocation_policy=module.ClusterIpAllocationPolicyArgs(
                cluster_secondary_range_name=POD_RANGE, services_secondary_range_name=SERVICE_RANGE
            ),
            datapath_provider="ADVANCED_DATAPATH",
            enable_l4_ilb_subsetting=True,
            private_cluster_config=module.ClusterPrivateClusterConfigArgs(
                enable_private_nodes=True,
                enable_private_endpoint=not self._public,
                master_ipv4_cidr_block=args.control_plane_cidr,
            ),
            control_plane_endpoints_config=control_plane.endpoints(),
            master_authorized_networks_config=control_plane.authorized_networks(self._clients()),
            workload_identity_config=module.ClusterWorkloadIdentityConfigArgs(
                workload_pool=self.workload_pool
            ),
            database_encryption=module.ClusterDatabaseEncryptionArgs(
                state="ENCRYPTED", key_name=args.secrets_key_id
            ),
            enable_shielded_nodes=True,
            addons_config=control_plane.addons(backup=spec.backup),
            gateway_api_config=module.ClusterGatewayApiConfigArgs(channel="CHANNEL_DISABLED"),
            logging_config=module.ClusterLoggingConfigArgs(enable_components=list(spec.log_types)),
            monitoring_config=control_plane.monitoring(),
            cost_management_config=module.ClusterCostManagementConfigArgs(enabled=True),
            remove_default_node_pool=True,
            initial_node_count=1,
            node_config=self._first_pool(),
            deletion_protection=True,
            resource_labels=labels(args.tags),
            opts=self.child(
                protect=True,
                depends_on=[*args.services.of(api.CONTAINER), *args.before, self._account_role],
                # the first pool's, which is gone; a change would replace the cluster
                ignore_changes=["initialNodeCount", "nodeConfig"],
            ),
        )

    def _clients(self) -> list[str]:
        """Who reaches the API server: what is listed, and the network itself when nothing public is."""
        listed = list(self._args.spec.api_allowed_cidrs)
        if self._public or self._args.network_cidr in listed:
            return listed
        return [self._args.network_cidr, *listed]

    def _first_pool(self) -> gcp.container.ClusterNodeConfigArgs:
        """The pool that is deleted again: not with the project's default account, which may do anything or
        not exist, nor with unencrypted disks, which a policy may forbid."""
        return gcp.container.ClusterNodeConfigArgs(
            service_account=self._account.email,
            oauth_scopes=list(SCOPES),
            machine_type=FIRST_POOL_MACHINE,
            disk_size_gb=FIRST_POOL_DISK_GIB,
            boot_disk_kms_key=self._args.disk_key_id,
            shielded_instance_config=gcp.container.ClusterNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
        )

    def _let_webhooks_in(self) -> None:
        args = self._args
        gcp.compute.Firewall(
            f"{self.prefix}-webhooks",
            project=args.project,
            network=args.network_id,
            description=f"{self.name}: control plane to admission webhooks",
            direction="INGRESS",
            source_ranges=[args.control_plane_cidr],
            target_service_accounts=[self._account.email],
            allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=list(WEBHOOK_PORTS))],
            opts=self.child(),
        )

    def _nodes(self) -> Nodes:
        args = self._args
        return Nodes(
            f"{self.prefix}-nodes",
            NodesArgs(
                specs=args.spec.node_groups,
                project=args.project,
                region=args.region,
                cluster=self.gke,
                service_account=self._account.email,
                disk_key_id=args.disk_key_id,
                before=(*args.before, self._account_role, *args.egress),
                tags=args.tags,
            ),
            self.child(),
        )

    def _backup(self) -> None:
        """Objects, Secrets and volumes of all namespaces, every day."""
        args, module = self._args, gcp.gkebackup
        key = module.BackupPlanBackupConfigEncryptionKeyArgs(gcp_kms_encryption_key=args.secrets_key_id)
        module.BackupPlan(
            f"{self.prefix}-backup",
            project=args.project,
            location=args.region,
            cluster=self.gke.id,
            description=f"{self.name}: daily",
            backup_config=module.BackupPlanBackupConfigArgs(
                all_namespaces=True, include_secrets=True, include_volume_data=True, encryption_key=key
            ),
            backup_schedule=module.BackupPlanBackupScheduleArgs(cron_schedule=BACKUP_SCHEDULE),
            retention_policy=module.BackupPlanRetentionPolicyArgs(
                backup_retain_days=args.spec.backup_retention_days
            ),
            labels=labels(args.tags),
            opts=self.child(protect=True, depends_on=[*args.services.of(api.BACKUP)]),
        )


def is_public(cidr: str) -> bool:
    """Whether ``cidr`` is of the internet, not reserved for private networks."""
    return ipaddress.ip_network(cidr).is_global
