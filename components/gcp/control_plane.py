"""Parts of the control plane's configuration that do not depend on its specification, and access to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

WINDOW_START = "2026-01-03T02:00:00Z"
WINDOW_END = "2026-01-03T10:00:00Z"
WINDOW_DAYS = "FREQ=WEEKLY;BYDAY=SA,SU"
"""Saturdays and Sundays, 02:00 to 10:00 UTC: 64 hours in any 32 days, of which GKE wants at least 48 in
blocks of 4 (https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions).
The dates only say when the series begins."""

AUTH_PLUGIN = "gke-gcloud-auth-plugin"


def maintenance() -> gcp.container.ClusterMaintenancePolicyArgs:
    """When Google may upgrade."""
    return gcp.container.ClusterMaintenancePolicyArgs(
        recurring_window=gcp.container.ClusterMaintenancePolicyRecurringWindowArgs(
            start_time=WINDOW_START, end_time=WINDOW_END, recurrence=WINDOW_DAYS
        )
    )


def endpoints() -> gcp.container.ClusterControlPlaneEndpointsConfigArgs:
    """By address for who is authorised; by name inside Google's network only."""
    module = gcp.container
    return module.ClusterControlPlaneEndpointsConfigArgs(
        dns_endpoint_config=module.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
            allow_external_traffic=False
        ),
        ip_endpoints_config=module.ClusterControlPlaneEndpointsConfigIpEndpointsConfigArgs(enabled=True),
    )


def authorized_networks(
    clients: Sequence[str],
) -> gcp.container.ClusterMasterAuthorizedNetworksConfigArgs:
    """Who may open a connection to the API server; Google's own public addresses may not."""
    module = gcp.container
    return module.ClusterMasterAuthorizedNetworksConfigArgs(
        cidr_blocks=[
            module.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=cidr, display_name=cidr)
            for cidr in clients
        ],
        gcp_public_cidrs_access_enabled=False,
        private_endpoint_enforcement_enabled=True,
    )


def addons(*, backup: bool) -> gcp.container.ClusterAddonsConfigArgs:
    """NodeLocal DNS, disks, load balancers; the agent of Backup for GKE when there is a plan."""
    module = gcp.container
    return module.ClusterAddonsConfigArgs(
        dns_cache_config=module.ClusterAddonsConfigDnsCacheConfigArgs(enabled=True),
        gce_persistent_disk_csi_driver_config=module.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(
            enabled=True
        ),
        http_load_balancing=module.ClusterAddonsConfigHttpLoadBalancingArgs(disabled=False),
        horizontal_pod_autoscaling=module.ClusterAddonsConfigHorizontalPodAutoscalingArgs(disabled=False),
        gke_backup_agent_config=module.ClusterAddonsConfigGkeBackupAgentConfigArgs(enabled=backup),
    )


def monitoring() -> gcp.container.ClusterMonitoringConfigArgs:
    """Google's metrics of the system only: its Prometheus would collect, and bill, what ours does."""
    module = gcp.container
    return module.ClusterMonitoringConfigArgs(
        enable_components=["SYSTEM_COMPONENTS"],
        managed_prometheus=module.ClusterMonitoringConfigManagedPrometheusArgs(enabled=False),
    )


def kubeconfig_command(name: str, region: str, project: str, *, internal: bool) -> str:
    """Shell command that makes kubectl use the cluster; ``internal`` from inside the network only."""
    command = f"gcloud container clusters get-credentials {name} --region {region} --project {project}"
    return f"{command} --internal-ip" if internal else command


def kubeconfig(name: str, cluster: gcp.container.Cluster, *, internal: bool) -> pulumi.Output[str]:
    """A kubeconfig with the caller's own Google credentials; ``internal`` over the private address.

    The private address is asked for by name: a cluster without public access may still have a public one,
    and ``endpoint`` may tell that.

    Made of address and authority only, which change with the access alone: from anything else an update of
    the cluster would preview as a replacement of everything in it.
    """
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": AUTH_PLUGIN,
            "installHint": f"gcloud components install {AUTH_PLUGIN}",
            "interactiveMode": "Never",
            "provideClusterInfo": True,
        }
    }
    address = (
        pulumi.Output.all(cluster.private_cluster_config, cluster.endpoint).apply(private_address)
        if internal
        else cluster.endpoint
    )
    server = {
        "server": pulumi.Output.concat("https://", address),
        "certificate-authority-data": cluster.master_auth.cluster_ca_certificate,
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": server}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return pulumi.Output.json_dumps(content)


def private_address(told: Sequence[Any]) -> str:
    """Of the private cluster's configuration and the endpoint; a preview knows the inputs' part only."""
    configuration, endpoint = told
    return getattr(configuration, "private_endpoint", None) or endpoint
