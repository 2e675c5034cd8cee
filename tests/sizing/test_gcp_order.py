"""Google Cloud: what is bought for each tier, figure by figure."""

from __future__ import annotations

import pytest

from infra import clouds
from infra.planning import PLACEHOLDER_PROJECT, project_of, relocated
from infra.settings import ConfigError, load
from sizing.choices import ZONES
from sizing.clouds.gcp import network, system
from sizing.clouds.gcp.limits.database import IOPS_PER_GIB
from sizing.clouds.gcp.machines import EQUIVALENTS, machines, regions
from sizing.clouds.gcp.postgres import CustomTier
from sizing.findings import Finding, Kind
from sizing.gpu import card
from sizing.guide import app_a_instances, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.plan import Plan
from sizing.report import size_report
from tests.sizing.cloud_plans import CLOUDS, TIERS, plan_on, plan_with

S, M, L, E = TIERS
every_tier = pytest.mark.parametrize("tier", TIERS)


def _finding(plan: Plan, path: str) -> Finding | None:
    return next((f for f in plan.findings if f.path == path), None)


@pytest.mark.parametrize(
    ("tier", "cpu", "gpu"),
    [
        (S, ("n2-standard-4", 3, 8), [("gpu", "g2-standard-4", "nvidia-l4", 1, 1, 4)]),
        (M, ("n2-standard-8", 5, 9), [("gpu", "g2-standard-8", "nvidia-l4", 1, 2, 4)]),
        (L, ("n2-standard-16", 10, 12), [("gpu", "g2-standard-16", "nvidia-l4", 1, 4, 4)]),
        (
            E,
            ("n2-standard-32", 20, 21),
            [
                ("gpu-llama-3-1-8b", "a2-highgpu-8g", "nvidia-tesla-a100", 8, 4, 4),
                ("gpu-llama-3-1-70b", "a2-highgpu-8g", "nvidia-tesla-a100", 8, 4, 4),
            ],
        ),
    ],
)
def test_node_pools_have_total_counts_over_all_zones(
    tier: Tier, cpu: tuple[str, int, int], gpu: list[tuple[str, str, str, int, int, int]]
) -> None:
    plan = plan_on("gcp", tier)
    [pool] = plan.groups("cpu_nodes")
    assert (pool.machine_type, pool.desired, pool.max) == cpu
    assert pool.min == pool.desired
    made = [
        (g.name, g.machine_type, g.gpu_model, g.gpus_per_node, g.desired, g.max)
        for g in plan.groups("gpu_nodes")
    ]
    assert made == gpu
    for group in plan.node_groups:
        assert group.zones == plan.order.zones == ("us-central1-a", "us-central1-b", "us-central1-c")
        assert group.tainted == bool(group.gpus_per_node)


@every_tier
def test_machine_types_are_what_runs_with_a_finding(tier: Tier) -> None:
    plan, row = plan_on("gcp", tier), ch3_infrastructure.CLUSTER[tier]
    cluster = size_report(plan)["cluster"]
    for pool, guide in (("cpu_nodes", row.cpu_nodes), ("gpu_nodes", row.gpu_nodes)):
        found = _finding(plan, f"cluster.{pool}.machine_type")
        assert found is not None
        assert (found.id, found.kind, found.guide) == ("D28", Kind.CHANGED, guide.machine_type)
        assert found.actual == cluster[pool]["machine_type"] == EQUIVALENTS[guide.machine_type]


def test_a_machine_type_of_the_stack_is_an_override_without_d28() -> None:
    plan = plan_with("gcp", L, {"nodes": {"cpu": {"machineType": "n2d-standard-16"}}})
    found = _finding(plan, "cluster.cpu_nodes.machine_type")
    assert found is not None
    assert (found.id, found.actual) == ("override", "n2d-standard-16")
    assert plan.groups("cpu_nodes")[0].machine_type == "n2d-standard-16"


def test_equivalents_are_as_large_as_the_guides_machines() -> None:
    named = {row.instance_type: row for row in app_a_instances.AWS_INSTANCES}
    for guide, ours in EQUIVALENTS.items():
        machine = machines()[ours]
        if guide in named and not machine.gpus:
            assert machine.vcpu >= named[guide].vcpu
            assert machine.memory_mib >= named[guide].memory.mib
    for tier in TIERS:
        theirs, mine = plan_on("aws", tier).order, plan_on("gcp", tier).order
        assert mine.cpu.machine.memory_mib >= theirs.cpu.machine.memory_mib
        old, new = card(theirs.gpu.machine.gpu_model), card(mine.gpu.machine.gpu_model)
        assert new.memory_mib >= old.memory_mib


def test_accelerators_attached_to_n1_are_named_apart() -> None:
    plan = plan_with("gcp", S, {"nodes": {"gpu": {"machineType": "n1-standard-8+1xT4"}}})
    [pool] = plan.groups("gpu_nodes")
    assert (pool.machine_type, pool.gpu_model, pool.gpus_per_node) == ("n1-standard-8", "nvidia-tesla-t4", 1)
    assert plan.engines[0].precision == "int4"


def test_a_moved_card_is_a_change_and_the_same_card_is_none() -> None:
    found = _finding(plan_on("gcp", L), "vllm.engines[0].gpu_model")
    assert found is not None
    assert (found.id, found.kind, found.guide, found.actual) == ("D28", Kind.CHANGED, "A10G", "L4")
    assert _finding(plan_on("gcp", E), "vllm.engines[0].gpu_model") is None


@pytest.mark.parametrize(
    ("tier", "name", "gib", "limit", "iops", "replicas", "standby", "connections"),
    [
        (S, "db-custom-2-4096", 100, 126, 3000, 0, False, 100),
        (M, "db-custom-4-8192", 200, 252, 6000, 1, True, 400),
        (L, "db-custom-8-16384", 500, 1024, 15_000, 2, True, 500),
        (E, "db-custom-16-32768", 1024, 5120, 25_000, 2, True, 600),
    ],
)
def test_cloud_sql(
    tier: Tier, name: str, gib: int, limit: int, iops: int, replicas: int, standby: bool, connections: int
) -> None:
    bought = plan_on("gcp", tier).order.postgres
    spec = bought.spec
    assert (spec.instance_class, spec.edition, spec.storage_type) == (name, "ENTERPRISE", "PD_SSD")
    assert (spec.storage_gib, spec.max_storage_gib, bought.included_iops) == (gib, limit, iops)
    assert (spec.read_replicas, spec.multi_az, spec.max_connections) == (replicas, standby, connections)
    assert (spec.engine_version, spec.parameter_family, spec.iops) == ("POSTGRES_17", "", None)


@pytest.mark.parametrize(("tier", "iops"), [(S, None), (M, None), (L, 15_000), (E, 25_000)])
def test_iops_of_the_disk_are_a_finding_where_they_differ(tier: Tier, iops: int | None) -> None:
    found = _finding(plan_on("gcp", tier), "postgres.iops")
    assert (None if found is None else found.actual) == iops


@pytest.mark.parametrize(("iops", "gib"), [(3000, 100), (3001, 110), (6000, 200), (9_999, 340)])
def test_disk_for_the_iops_is_rounded_up_to_ten(iops: int, gib: int) -> None:
    spec = plan_with("gcp", S, {"postgres": {"iops": iops}}).order.postgres.spec
    assert spec.storage_gib == gib
    assert gib * IOPS_PER_GIB >= iops


def test_more_iops_than_the_vcpus_take_order_a_larger_tier_with_a_finding() -> None:
    plan = plan_with("gcp", L, {"postgres": {"iops": 20_000}})
    assert plan.order.postgres.spec.instance_class == "db-custom-16-16384"
    found = _finding(plan, "postgres.vcpu")
    assert found is not None
    assert (found.id, found.guide, found.actual) == ("D10", 8, 16)


@pytest.mark.parametrize(
    ("vcpu", "memory_mib", "buildable"),
    [
        (1, 3840, True),
        (1, 3584, False),
        (1, 6656, True),
        (1, 6912, False),
        (2, 4096, True),
        (3, 8192, False),
        (4, 8192, True),
        (4, 8300, False),
        (8, 7168, False),
        (96, 98_304, True),
        (98, 196_608, False),
    ],
)
def test_custom_tiers_follow_cloud_sqls_rules(vcpu: int, memory_mib: int, buildable: bool) -> None:
    assert CustomTier(vcpu=vcpu, memory_mib=memory_mib).buildable is buildable


@pytest.mark.parametrize(
    ("tier", "node", "shards", "replicas", "durability", "usable"),
    [
        (S, "REDIS_STANDARD_SMALL", 1, 0, "async", 5.2),
        (M, "REDIS_STANDARD_SMALL", 1, 1, "async", 5.2),
        (L, "REDIS_HIGHMEM_MEDIUM", 3, 1, "async", 10.4),
        (E, "REDIS_STANDARD_LARGE", 3, 1, "sync", 20.8),
    ],
)
def test_memorystore(
    tier: Tier, node: str, shards: int, replicas: int, durability: str, usable: float
) -> None:
    bought = plan_on("gcp", tier).order.redis
    spec = bought.spec
    assert (spec.engine, spec.node_type, spec.shards, spec.replicas_per_shard) == (
        "redis",
        node,
        shards,
        replicas,
    )
    assert (spec.durability, spec.multi_az, bought.usable_gib) == (durability, replicas > 0, usable)


def test_aof_always_is_the_guides_own_and_no_finding() -> None:
    assert _finding(plan_on("gcp", E), "redis.persistence") is None
    found = _finding(plan_on("gcp", M), "redis.persistence")
    assert found is not None
    assert found.actual == "AOF every second; daily backups, 7 days"
    without = plan_with("gcp", E, {"redis": {"durability": "none"}})
    assert without.order.redis.persistence == "RDB every hour; daily backups, 35 days"
    assert _finding(without, "redis.persistence") is not None


def test_a_shared_core_node_is_taken_only_when_named() -> None:
    plan = plan_with("gcp", S, {"redis": {"nodeType": "REDIS_SHARED_CORE_NANO"}})
    assert plan.order.redis.spec.node_type == "REDIS_SHARED_CORE_NANO"


def test_clients_of_the_cache_have_an_identity_and_no_password() -> None:
    for tier in TIERS:
        here, there = plan_on("gcp", tier).platform, plan_on("aws", tier).platform
        assert "litellm" in {identity.role for identity in here.identities}
        assert "redis-auth" not in {secret.name for secret in here.secrets}
        assert "redis-auth" in {secret.name for secret in there.secrets}
        own = {"cluster-autoscaler", "load-balancer-controller", "ebs-csi"}
        assert own <= {identity.role for identity in there.identities}
        assert not own & {identity.role for identity in here.identities}


@every_tier
def test_small_volumes_are_ordered_at_the_smallest_disk(tier: Tier) -> None:
    plan = plan_on("gcp", tier)
    sizes = [volume.size_gib for workload in plan.workloads.items for volume in workload.volumes]
    assert min(sizes) >= plan.order.volume_min_gib == 10
    found, guide = _finding(plan, "vault.storage_gib"), plan.requirements.vault.storage_gib
    assert (found is not None) == (guide < 10)
    if found is not None:
        assert (found.guide, found.actual) == (1, 10)
        assert plan.platform.vault.storage_gib == plan.workloads["vault"].volumes[0].size_gib == 10


@every_tier
def test_network_ranges(tier: Tier) -> None:
    spec = plan_on("gcp", tier).network
    assert (spec.cidr, spec.private_cidrs, spec.pod_cidr) == (
        "10.0.0.0/16",
        ("10.0.0.0/18",),
        "10.0.128.0/17",
    )
    assert (spec.service_cidr, spec.control_plane_cidr) == ("172.20.0.0/16", "172.16.0.0/28")
    assert (spec.public_cidrs, spec.data_cidrs, spec.nat_gateways) == ((), (), 1)
    assert spec.interface_endpoints == (("all-apis",) if tier in (L, E) else ())


def test_endpoints_can_be_chosen() -> None:
    assert plan_with("gcp", S, {"network": {"interfaceEndpoints": True}}).network.interface_endpoints
    assert not plan_with("gcp", L, {"network": {"interfaceEndpoints": False}}).network.interface_endpoints


def test_pods_range_holds_every_node_at_the_maximum_with_surge() -> None:
    assert network.nodes_at_most(plan_on("gcp", E).node_groups) == 32
    plan = plan_with("gcp", E, {"network": {"cidr": "10.0.0.0/18"}})  # 32 nodes
    assert plan.network.pod_cidr == "10.0.32.0/19"


@every_tier
def test_cluster(tier: Tier) -> None:
    spec = plan_on("gcp", tier).cluster
    assert (spec.control_plane_tier, spec.release_channel, spec.node_release_version) == (
        "regional",
        "REGULAR",
        "",
    )
    assert spec.addons == ()
    assert spec.backup == (tier in (L, E))
    assert (spec.backup_retention_days > 0) == spec.backup
    assert not any(plan_on("gcp", tier).order.addons.model_dump().values())


@every_tier
def test_googles_own_pods_are_counted(tier: Tier) -> None:
    plan = plan_on("gcp", tier)
    own = [workload for workload in plan.workloads.items if workload.release == system.RELEASE]
    on_every_node = [w for w in own if w.node_group == "all"]
    assert (sum(w.cpu_m for w in on_every_node), sum(w.memory_mib for w in on_every_node)) == (450, 800)
    measured = {w.name: (w.cpu_m, w.memory_mib) for w in on_every_node if w.source == system.MEASURED}
    assert measured == {
        "fluentbit-gke": (105, 230),
        "gke-metadata-server": (100, 100),
        "node-local-dns": (30, 50),
        "gke-metrics-agent": (21, 145),
        "ip-masq-agent": (10, 16),
        "pdcsi-node": (10, 20),
        "netd": (8, 65),
    }
    assert {w.name for w in own if w.node_group == "gpu_nodes"} == {
        "nvidia-gpu-device-plugin",
        "gke-managed-dcgm-exporter",
    }
    absent = ("nvidia-device-plugin", "dcgm-exporter", "cluster-autoscaler", "aws-load-balancer-controller")
    assert [name for name in absent if name in plan.workloads] == []
    nodes = system.GROWTH * plan.order.cpu.desired
    replicas = plan.workloads["kube-dns"].replicas
    assert replicas >= 2
    assert replicas * system.DNS_NODES >= nodes
    assert replicas * system.DNS_CORES >= nodes * plan.order.cpu.machine.vcpu
    assert plan.pool_max("cpu_nodes") <= nodes


def test_keys_and_buckets_serve_the_same_purposes_as_on_aws() -> None:
    here, there = plan_on("gcp", E).order, plan_on("aws", E).order
    assert {bucket.purpose for bucket in here.buckets} == {bucket.purpose for bucket in there.buckets}
    renamed = {"ebs": "disks"}
    theirs = {
        renamed.get(key.purpose, key.purpose): key.multi_region for key in there.keys if key.purpose != "logs"
    }
    assert {key.purpose: key.multi_region for key in here.keys} == theirs


def test_another_region_is_a_risk() -> None:
    plan = plan_with("gcp", L, {}, "europe-west1")
    assert plan.order.zones == ("europe-west1-b", "europe-west1-c", "europe-west1-d")
    found = _finding(plan, "region")
    assert found is not None
    assert (found.id, found.kind, found.guide) == ("D34", Kind.RISK, "us-central1")


def test_every_region_has_zones_for_a_platform() -> None:
    assert len(regions()) > 40
    for region, zones in regions().items():
        assert len(zones) >= ZONES
        assert all(zone.startswith(f"{region}-") for zone in zones)


def test_project_is_needed_where_the_cloud_has_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "model", lambda name: CLOUDS[name])
    aws = load({"tier": "small", "gcpProject": "my-platform-42"})
    assert project_of(aws, offline=False) == ""
    moved = relocated(aws, "gcp", None)
    assert project_of(moved, offline=False) == "my-platform-42"
    unnamed = relocated(load({"tier": "small"}), "gcp", None)
    assert project_of(unnamed, offline=True) == PLACEHOLDER_PROJECT
    with pytest.raises(ConfigError) as caught:
        project_of(unnamed, offline=False)
    assert caught.value.path == "gcpProject"


def test_another_cloud_or_region_drops_what_is_not_there() -> None:
    arn = "arn:aws:iam::123456789012:role/admin"
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/abc"
    settings = load(
        {
            "tier": "small",
            "region": "eu-west-1",
            "access": {"adminRoleArns": [arn]},
            "ingress": {"domain": "llm.example.com", "certificateArn": certificate},
        }
    )
    moved = relocated(settings, "gcp", None)
    assert (moved.region, moved.access.admin_role_arns, moved.ingress.certificate_arn) == (None, (), None)
    assert moved.ingress.domain == "llm.example.com"
    away = relocated(settings, None, "us-east-1")
    assert (away.region, away.ingress.certificate_arn) == ("us-east-1", None)
    assert away.access.admin_role_arns == (arn,)
    assert relocated(settings, None, "eu-west-1").ingress.certificate_arn == certificate
    assert relocated(settings, "aws", None).access.admin_role_arns == (arn,)
