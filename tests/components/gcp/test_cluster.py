"""The cluster: regional and private, reachable for whom D32 lets, encrypted, protected."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from components.gcp.cluster import ACCOUNT_ID_LIMIT, CLUSTER_NAME_LIMIT, NODE_ROLE, WEBHOOK_PORTS, is_public
from components.gcp.control_plane import WINDOW_DAYS, WINDOW_END, WINDOW_START, private_address
from components.gcp.volumes import STORAGE_CLASS
from infra.graph.model import Graph
from tests import factories_gcp as make


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: make.cluster(opts, **changes), preview=False)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def gke(graph: Graph) -> dict[str, Any]:
    return make.only(graph, "Cluster").inputs


def test_contract() -> None:
    make.check_contract(make.cluster)


def test_it_is_regional_and_named(graph: Graph) -> None:
    inputs = gke(graph)
    assert inputs["name"] == make.CLUSTER
    assert inputs["location"] == make.REGION
    assert inputs["nodeLocations"] == list(make.ZONES)
    assert inputs["releaseChannel"] == {"channel": "REGULAR"}
    assert inputs["minMasterVersion"] == "1.35"


def test_a_long_name_is_shortened() -> None:
    assert len(gke(graph_of(name="ai-gateway-" + "x" * 60))["name"]) <= CLUSTER_NAME_LIMIT


def test_it_is_protected_twice(graph: Graph) -> None:
    cluster = make.only(graph, "Cluster")
    assert cluster.protect
    assert cluster.inputs["deletionProtection"] is True


def test_pods_and_services_have_the_subnets_ranges(graph: Graph) -> None:
    inputs = gke(graph)
    assert inputs["network"] == make.NETWORK
    assert inputs["subnetwork"] == make.SUBNET
    assert inputs["ipAllocationPolicy"] == {
        "clusterSecondaryRangeName": "pods",
        "servicesSecondaryRangeName": "services",
    }
    assert inputs["datapathProvider"] == "ADVANCED_DATAPATH"
    assert "networkPolicy" not in inputs  # excluded by the data plane


def test_without_allowed_ranges_only_the_network_reaches_it(graph: Graph) -> None:
    inputs = gke(graph)
    assert inputs["privateClusterConfig"] == {
        "enablePrivateNodes": True,
        "enablePrivateEndpoint": True,
        "masterIpv4CidrBlock": make.CONTROL_PLANE,
    }
    authorised = inputs["masterAuthorizedNetworksConfig"]
    assert [block["cidrBlock"] for block in authorised["cidrBlocks"]] == [make.NETWORK_CIDR]
    assert authorised["gcpPublicCidrsAccessEnabled"] is False
    assert authorised["privateEndpointEnforcementEnabled"] is True
    assert inputs["controlPlaneEndpointsConfig"]["dnsEndpointConfig"] == {"allowExternalTraffic": False}


@pytest.mark.parametrize(
    ("allowed", "private", "clients"),
    [
        ((make.PUBLIC_CIDR,), False, [make.PUBLIC_CIDR]),
        (("8.8.8.0/24", "10.99.0.0/16"), False, ["8.8.8.0/24", "10.99.0.0/16"]),
        (("10.99.0.0/16",), True, [make.NETWORK_CIDR, "10.99.0.0/16"]),
        ((make.NETWORK_CIDR,), True, [make.NETWORK_CIDR]),
    ],
)
def test_allowed_ranges_reach_it(allowed: tuple[str, ...], private: bool, clients: list[str]) -> None:
    inputs = gke(graph_of(api_allowed_cidrs=allowed))
    assert inputs["privateClusterConfig"]["enablePrivateEndpoint"] is private
    blocks = inputs["masterAuthorizedNetworksConfig"]["cidrBlocks"]
    assert [block["cidrBlock"] for block in blocks] == clients


@pytest.mark.parametrize(
    ("cidr", "public"),
    [("8.8.8.0/24", True), ("10.0.0.0/8", False), ("100.64.0.0/10", False), ("192.168.1.0/24", False)],
)
def test_public_ranges_are_told_from_private_ones(cidr: str, public: bool) -> None:
    assert is_public(cidr) is public


def test_secrets_are_encrypted_and_pods_have_identities(graph: Graph) -> None:
    inputs = gke(graph)
    assert inputs["databaseEncryption"] == {"state": "ENCRYPTED", "keyName": make.key("cluster")}
    assert inputs["workloadIdentityConfig"] == {"workloadPool": f"{make.PROJECT}.svc.id.goog"}
    assert inputs["enableShieldedNodes"] is True


def test_googles_own_prometheus_and_gateways_are_off(graph: Graph) -> None:
    inputs = gke(graph)
    assert inputs["monitoringConfig"] == {
        "enableComponents": ["SYSTEM_COMPONENTS"],
        "managedPrometheus": {"enabled": False},
    }
    assert inputs["gatewayApiConfig"] == {"channel": "CHANNEL_DISABLED"}
    assert inputs["loggingConfig"] == {"enableComponents": ["SYSTEM_COMPONENTS", "APISERVER"]}
    assert inputs["addonsConfig"]["dnsCacheConfig"] == {"enabled": True}


def test_the_maintenance_window_is_as_long_as_gke_wants(graph: Graph) -> None:
    window = gke(graph)["maintenancePolicy"]["recurringWindow"]
    assert window == {"startTime": WINDOW_START, "endTime": WINDOW_END, "recurrence": WINDOW_DAYS}
    assert WINDOW_START.endswith("Z")
    assert WINDOW_END.endswith("Z")
    hours = int(WINDOW_END[11:13]) - int(WINDOW_START[11:13])
    days = WINDOW_DAYS.split("BYDAY=")[1].split(",")
    assert hours >= 4
    assert hours * len(days) * 4 >= 48  # any 32 days hold each weekday four times at least


def test_the_first_pool_goes_and_changes_to_it_replace_nothing(graph: Graph) -> None:
    cluster = make.only(graph, "Cluster")
    assert cluster.inputs["removeDefaultNodePool"] is True
    assert cluster.inputs["initialNodeCount"] == 1
    assert set(cluster.ignore_changes) == {"initialNodeCount", "nodeConfig"}
    first: Any = cluster.inputs["nodeConfig"]
    assert first["serviceAccount"] == "gke-nodes-email"
    assert first["bootDiskKmsKey"] == make.key("disks")


def test_nodes_write_logs_and_metrics_and_no_more(graph: Graph) -> None:
    account = make.of_type(graph, "Account")["gke-nodes"].inputs
    assert len(str(account["accountId"])) <= ACCOUNT_ID_LIMIT
    (role,) = make.of_type(graph, "IAMMember").values()
    assert role.inputs["role"] == NODE_ROLE
    assert role.inputs["member"] == "gke-nodes-member"


def test_the_control_plane_reaches_webhooks_on_nodes_only(graph: Graph) -> None:
    rule = make.only(graph, "Firewall").inputs
    assert rule["sourceRanges"] == [make.CONTROL_PLANE]
    assert rule["targetServiceAccounts"] == ["gke-nodes-email"]
    assert rule["allows"] == [{"protocol": "tcp", "ports": list(WEBHOOK_PORTS)}]


def test_it_waits_for_its_api_and_its_nodes_rights(graph: Graph) -> None:
    waits = make.depends_on(graph, make.only(graph, "Cluster"))
    assert {"Service services-container", "IAMMember gke-nodes"} <= waits


def test_logs_are_kept_for_as_long_as_ordered(graph: Graph) -> None:
    """The control plane's and those of all pods, each apart and each once."""
    kinds = ("ProjectBucketConfig", "ProjectSink", "ProjectExclusion")
    buckets, sinks, exclusions = (
        [r for r in graph.resources if r.type.endswith(f":{kind}")] for kind in kinds
    )
    assert [bucket.inputs["retentionDays"] for bucket in buckets] == [90, 90]
    selected = [str(sink.inputs["filter"]) for sink in sinks]
    assert all('cluster_name="gateway-test"' in text for text in selected)
    assert "k8s_control_plane_component" in selected[0]
    assert "k8s_container" in selected[1]
    assert [exclusion.inputs["filter"] for exclusion in exclusions] == selected


def test_the_provider_is_never_replaced_by_an_update(graph: Graph) -> None:
    provider = next(r for r in graph.resources if r.type == "pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"] == make.CLUSTER
    config = json.loads(str(provider.inputs["kubeconfig"]))
    assert config["clusters"][0]["cluster"] == {
        "server": "https://gke-endpoint",
        "certificate-authority-data": "gke-masterAuth-clusterCaCertificate",
    }
    assert config["users"][0]["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert config["current-context"] == make.CLUSTER


@pytest.mark.parametrize(("told", "address"), [("172.16.0.2", "172.16.0.2"), (None, "203.0.113.9")])
def test_a_private_cluster_is_reached_by_its_private_address(told: str | None, address: str) -> None:
    configuration = gcp.container.outputs.ClusterPrivateClusterConfig(private_endpoint=told)
    assert private_address([configuration, "203.0.113.9"]) == address


@pytest.mark.parametrize(("allowed", "flag"), [((), True), ((make.PUBLIC_CIDR,), False)])
def test_the_command_that_makes_a_kubeconfig(allowed: tuple[str, ...], flag: bool) -> None:
    found: list[str] = []
    make.captured(lambda opts: found.append(make.cluster(opts, api_allowed_cidrs=allowed).kubeconfig_command))
    command = (
        f"gcloud container clusters get-credentials {make.CLUSTER} --region {make.REGION}"
        f" --project {make.PROJECT}"
    )
    assert found == [f"{command} --internal-ip" if flag else command]


def test_the_default_storage_class(graph: Graph) -> None:
    class_ = make.only(graph, "StorageClass").inputs
    metadata: Any = class_["metadata"]
    assert metadata["name"] == STORAGE_CLASS
    assert metadata["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert class_["provisioner"] == "pd.csi.storage.gke.io"
    assert class_["parameters"] == {
        "type": "pd-balanced",
        "disk-encryption-kms-key": make.key("disks"),
        "csi.storage.k8s.io/fstype": "ext4",
        "labels": "cost-centre=ai-42,stack=test",
    }
    assert class_["volumeBindingMode"] == "WaitForFirstConsumer"
    assert class_["reclaimPolicy"] == "Retain"
    assert class_["allowVolumeExpansion"] is True


def test_backups_of_everything_when_ordered(graph: Graph) -> None:
    plan = make.only(graph, "BackupPlan")
    assert plan.protect
    assert plan.inputs["cluster"] == "gke-id"
    assert plan.inputs["backupConfig"] == {
        "allNamespaces": True,
        "includeSecrets": True,
        "includeVolumeData": True,
        "encryptionKey": {"gcpKmsEncryptionKey": make.key("cluster")},
    }
    assert plan.inputs["retentionPolicy"] == {"backupRetainDays": 21}
    assert "Service services-gkebackup" in make.depends_on(graph, plan)
    assert gke(graph)["addonsConfig"]["gkeBackupAgentConfig"] == {"enabled": True}


def test_no_backup_and_no_agent_otherwise() -> None:
    graph = graph_of(backup=False)
    assert not make.of_type(graph, "BackupPlan")
    assert gke(graph)["addonsConfig"]["gkeBackupAgentConfig"] == {"enabled": False}


def test_keys_are_granted_before() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        enabled = make.services(opts)
        make.cluster(opts, services=enabled, before=enabled.of("compute.googleapis.com"))

    graph = make.captured(build)
    assert "Service services-compute" in make.depends_on(graph, make.only(graph, "Cluster"))
    for pool in make.of_type(graph, "NodePool").values():
        assert "Service services-compute" in make.depends_on(graph, pool)
