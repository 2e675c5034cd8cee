"""``gateway preview --cloud gcp``: the figures that matter of Google Cloud's resources."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, cast

import pytest

import infra.preview
from infra.graph import Graph
from infra.planning import relocated
from infra.settings import Settings
from infra.stackfile import read
from tests.cli.conftest import Run
from tests.harness import ROOT, of_type, releases
from tests.infra.graphs import graph, resource

STACKS = pytest.mark.parametrize("stack", ["small", "enterprise"])
"""The least and the most: one of each, and all that only some tiers have."""
real_preview = infra.preview.preview_graph


@functools.cache
def captured(tier: str, stack: str = "") -> Graph:
    """A shipped stack file under the name of ``stack``, or its own."""
    return real_preview(relocated(read(ROOT, tier), "gcp", None), stack or tier)


@pytest.fixture(autouse=True)
def _captured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def preview_graph(settings: Settings, stack: str) -> Graph:
        assert settings.cloud == "gcp"
        return captured(settings.tier, stack)

    monkeypatch.setattr(infra.preview, "preview_graph", preview_graph)


def _text(gateway: Run, stack: str, *options: str) -> str:
    """The output with its wrapped lines joined."""
    result = gateway("preview", stack, "--cloud", "gcp", *options)
    assert (result.status, result.err) == (0, "")
    return " ".join(re.sub(r"[│├└─]+", " ", result.out).split())


def _order(stack: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", captured(stack).sizing)["order"]


@STACKS
def test_database_and_cache_show_what_is_ordered(gateway: Run, stack: str) -> None:
    text = _text(gateway, stack)
    postgres, redis = _order(stack)["postgres"], _order(stack)["redis"]
    version = postgres["engine_version"].removeprefix("POSTGRES_")
    disk = (
        f"{postgres['storage_gib']} GiB {postgres['storage_type']}, up to {postgres['max_storage_gib']} GiB"
    )
    database = f"{postgres['instance_class']}, postgres {version}, edition {postgres['edition']}, {disk}"
    standby = "REGIONAL" if postgres["multi_az"] else "ZONAL"
    kept = postgres["backup_retention_days"]
    assert f"gcp.sql.DatabaseInstance {database}, {standby}, backups kept {kept} protected" in text
    if postgres["read_replicas"]:
        many = f"gcp.sql.DatabaseInstance x {postgres['read_replicas']} protected read replica, "
        assert many + postgres["instance_class"] in text
    cache = f"{redis['node_type']}, shards {redis['shards']}, replicas a shard {redis['replicas_per_shard']}"
    assert f"gcp.redis.Cluster {cache}, " in text
    saved = {"async": "AOF EVERYSEC", "sync": "AOF ALWAYS", None: "RDB ONE_HOUR"}[redis["durability"]]
    assert f"{saved}, backups kept {redis['snapshot_retention_days']} days" in text


@STACKS
def test_cluster_and_pools_show_totals_over_all_zones(gateway: Run, stack: str) -> None:
    text = _text(gateway, stack, "--all")
    cluster, zones = _order(stack)["cluster"], _order(stack)["zones"]
    control = f"Kubernetes {cluster['kubernetes_version']}, channel {cluster['release_channel']}"
    place = f"us-central1 with {len(zones)} zones, private nodes, private API"
    assert f"gcp.container.Cluster {control}, {place} protected" in text
    for group in _order(stack)["nodes"]:
        sizes = f"{group['machine_type']} ({group['min']} to {group['max']} over {len(zones)} zones)"
        cards = f", {group['gpus_per_node']} x {group['gpu_model']} a node" if group["gpus_per_node"] else ""
        disk = f"disk {group['disk_gib']} GiB pd-balanced"
        assert re.search(rf"gcp\.container\.NodePool \S+ {re.escape(f'{sizes}{cards}, {disk}')}", text)


@STACKS
def test_network_keys_and_backups_show_their_figures(gateway: Run, stack: str) -> None:
    text = _text(gateway, stack)
    network, cluster = _order(stack)["network"], _order(stack)["cluster"]
    ranges = f"pods {network['pod_cidr']}, services {network['service_cidr']}, Private Google Access"
    assert f"gcp.compute.Subnetwork {network['private_cidrs'][0]}, {ranges}" in text
    assert f"gcp.compute.RouterNat addresses {network['nat_gateways']}, ports a node 256 to 8192" in text
    count = len(of_type(captured(stack), "gcp:kms/cryptoKey:CryptoKey"))
    assert f"gcp.kms.CryptoKey x {count} protected rotated every 90 days" in text
    plan = f"BackupPlan backup at 0 1 * * *, backups kept {cluster['backup_retention_days']} days"
    assert (plan in text) == cluster["backup"]
    assert "provider gcp placeholder-project, us-central1" in text
    assert re.search(r"storage\.Bucket \S+ versioned protected|Bucket vault-snapshots versioned", text)


@STACKS
def test_what_google_brings_is_no_release(gateway: Run, stack: str) -> None:
    """GKE has its own autoscaler, load balancer controller, device plugin and GPU metrics."""
    own = {"cluster-autoscaler", "aws-load-balancer-controller", "nvidia-device-plugin", "dcgm-exporter"}
    assert own.isdisjoint(releases(captured(stack)))
    text = _text(gateway, stack)
    assert f": {len(captured(stack).resources)} resources" in text
    assert not re.search(r"\baws\.|\beks\.", text)


def test_an_open_endpoint_is_said(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    private = {"enablePrivateNodes": True, "enablePrivateEndpoint": False}
    shown = graph(
        resource("gcp:container/cluster:Cluster", "main", inputs={"privateClusterConfig": private}),
        resource("gcp:kms/cryptoKey:CryptoKey", "key", inputs={"rotationPeriod": "90000s"}),
    )
    monkeypatch.setattr(infra.preview, "preview_graph", lambda settings, stack: shown)
    text = gateway("preview", "small", "--cloud", "gcp").out
    assert "gcp.container.Cluster  main  private nodes, public API, private API\n" in text
    assert "gcp.kms.CryptoKey  key  rotated every 90000s\n" in text


@STACKS
def test_size_speaks_of_google(gateway: Run, stack: str) -> None:
    result = gateway("size", stack, "--cloud", "gcp")
    assert (result.status, result.err) == (0, "")
    rows = {line[:26].strip(): " ".join(line[26:].split()) for line in result.out.splitlines()}
    assert rows["Engine"] == "redis 7.2"  # the last of two
    assert "PostgreSQL 17\n" in result.out
    assert rows["Edition"] == "ENTERPRISE"
    assert rows["Release channel"] == _order(stack)["cluster"]["release_channel"]
    network = _order(stack)["network"]
    assert rows["Pods / control plane"] == f"{network['pod_cidr']} / {network['control_plane_cidr']}"
    assert not re.search(r"EKS|RDS|ElastiCache|POSTGRES_", result.out)


def test_size_on_aws_has_no_rows_of_google(gateway: Run) -> None:
    text = gateway("size", "small").out
    assert not re.search(r"Edition|Release channel|Pods / control plane", text)


def test_two_stacks_can_be_compared_on_another_cloud(gateway: Run) -> None:
    """Under one name, so that only what differs does."""
    result = gateway("diff", "small", "enterprise", "--cloud", "gcp")
    assert (result.status, result.err) == (0, "")
    assert "gcp:sql/databaseInstance:DatabaseInstance" in result.out
    assert "aws:" not in result.out
