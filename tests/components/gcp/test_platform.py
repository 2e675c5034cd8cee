"""The whole of Google Cloud below Kubernetes: in the order in which an empty project accepts it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from components.gcp import services as api
from components.gcp.platform import GcpPlatform
from components.platform import CloudPlatformArgs
from infra.graph.model import SECRET, Graph
from infra.offline import capture
from sizing.platform_specs import ENTRIES
from sizing.specs import AgentGatewaySpec, HpaSpec
from tests import factories_gcp as make

HPA = HpaSpec(
    min_replicas=2,
    max_replicas=8,
    cpu_percent=70,
    memory_percent=None,
    scale_down_stabilization_s=300,
    scale_down_percent=25,
    scale_down_period_s=60,
    scale_up_stabilization_s=0,
    scale_up_percent=100,
    scale_up_period_s=15,
)


def args(**changes: Any) -> CloudPlatformArgs:
    public = changes.pop("public", False)
    gateway = AgentGatewaySpec(
        hpa=HPA, domain=None, certificate_arn=None, public=public, drain_min_s=15, drain_max_s=300
    )
    base = CloudPlatformArgs(
        name=make.CLUSTER,
        region=make.REGION,
        network=make.network_spec(),
        cluster=make.cluster_spec(),
        postgres=make.postgres_spec(),
        redis=make.redis_spec(),
        buckets=(
            make.bucket_spec("vault-snapshots"),
            make.bucket_spec("model-cache", versioned=False, protect=False),
            make.bucket_spec("thanos"),
        ),
        keys=make.KEYS,
        secrets=make.SECRETS,
        entries=ENTRIES,
        secret_users={"postgres-admin": "gateway_admin", "grafana-admin": "admin"},
        identities=make.IDENTITIES,
        gateway=gateway,
        postgres_ca_bundle=None,
        bedrock=False,
        service_linked_roles=True,
        tags=make.TAGS,
        project=make.PROJECT,
    )
    return replace(base, **changes)


def graph_of(*, preview: bool = False, **changes: Any) -> Graph:
    def program() -> None:
        platform = GcpPlatform("cloud", args(**changes))
        bindings = platform.bindings
        pulumi.export("place", [bindings.cloud, bindings.region, bindings.cluster_name])
        pulumi.export("volumes", bindings.storage_class)
        pulumi.export("balancer", dict(bindings.load_balancer_annotations))
        pulumi.export("class", bindings.load_balancer_class)
        pulumi.export("store", dict(bindings.secret_store_provider))
        pulumi.export("prefix", bindings.secret_prefix)
        pulumi.export("seal", bindings.vault_seal)
        pulumi.export("objstore", bindings.thanos_objstore)
        pulumi.export("models", bindings.model_cache_uri)
        pulumi.export("snapshots", bindings.vault_snapshot_uri)
        pulumi.export("environment", dict(bindings.environment))
        pulumi.export("ca", bindings.postgres.ca_bundle)
        pulumi.export("names", bindings.postgres.ca_names_host)
        pulumi.export("principal", bindings.redis.iam_principal)
        pulumi.export("password", bindings.redis.auth_secret)
        pulumi.export("vault", bindings.annotations("vault"))
        pulumi.export("nobody", bindings.annotations("nobody"))
        pulumi.export("identities", sorted(platform.identities))
        pulumi.export("ready", [type(resource).__name__ for resource in platform.ready])
        pulumi.export("access", [type(resource).__name__ for resource in bindings.secret_access])
        pulumi.export("outputs", dict(platform.outputs))

    return capture(
        program,
        project="test",
        stack="test",
        config={"pulumi:disable-default-providers": ["gcp", "kubernetes", "random"]},
        preview=preview,
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def waits(graph: Graph, type_: str, name: str) -> set[str]:
    return make.waits_for(graph, make.of_type(graph, type_)[name])


def test_contract() -> None:
    def build(opts: pulumi.ResourceOptions) -> object:
        del opts  # the platform brings its own providers
        return GcpPlatform("cloud", args())

    make.check_contract(build)


def test_providers_know_project_and_region(graph: Graph) -> None:
    provider = next(r for r in graph.resources if r.type == "pulumi:providers:gcp")
    assert provider.inputs["project"] == make.PROJECT
    assert provider.inputs["region"] == make.REGION
    assert graph.by_urn()[str(provider.parent)].name == "cloud"


def test_without_a_project_nothing_is_built() -> None:
    with pytest.raises(ValueError, match="set gcpProject"):
        graph_of(project="")


def test_everything_comes_after_its_api(graph: Graph) -> None:
    needed = {
        ("Network", "cloud-network"): "compute",
        ("KeyRing", "cloud-keys-us-central1"): "cloudkms",
        ("Bucket", "cloud-storage-thanos"): "storage",
        ("Secret", "cloud-secrets-postgres-admin"): "secretmanager",
        ("Cluster", "cloud-cluster"): "container",
        ("BackupPlan", "cloud-cluster-backup"): "gkebackup",
        ("DatabaseInstance", "cloud-postgres"): "sqladmin",
        ("Connection", "cloud-network-private-services"): "servicenetworking",
        ("ServiceConnectionPolicy", "cloud-network-redis"): "networkconnectivity",
        ("Cluster", "cloud-redis"): "redis",
        ("Account", "cloud-identity-vault"): "iam",
        ("ManagedZone", "cloud-network-endpoints-pkg-dev"): "dns",
        ("ProjectBucketConfig", "cloud-network-flow-logs"): "logging",
    }
    for (type_, name), service in needed.items():
        assert f"Service cloud-services-{service}" in waits(graph, type_, name), name


def test_keys_can_be_used_before_they_are_named(graph: Graph) -> None:
    needed = {
        ("Cluster", "cloud-cluster"): ("cluster-container", "disks-compute"),
        ("NodePool", "cloud-cluster-nodes-cpu"): ("disks-compute",),
        ("DatabaseInstance", "cloud-postgres"): ("database-sqladmin",),
        ("Cluster", "cloud-redis"): ("cache-redis",),
        ("Bucket", "cloud-storage-vault-snapshots"): ("storage-storage",),
        ("Secret", "cloud-secrets-litellm-salt-key"): ("secrets-secretmanager",),
        ("BackupPlan", "cloud-cluster-backup"): ("cluster-gkebackup",),
    }
    for (type_, name), grants in needed.items():
        found = waits(graph, type_, name)
        for grant in grants:
            assert f"CryptoKeyIAMMember cloud-keys-{grant}" in found, name


def test_managed_services_come_after_the_networks_ways_to_them(graph: Graph) -> None:
    database = waits(graph, "DatabaseInstance", "cloud-postgres")
    assert "Connection cloud-network-private-services" in database
    assert "ServiceConnectionPolicy cloud-network-redis" in waits(graph, "Cluster", "cloud-redis")


def test_database_cache_and_cluster_are_made_in_parallel(graph: Graph) -> None:
    assert not {w for w in waits(graph, "DatabaseInstance", "cloud-postgres") if w.startswith("Cluster")}
    assert not {w for w in waits(graph, "Cluster", "cloud-redis") if w.startswith(("Cluster", "Database"))}
    assert not {w for w in waits(graph, "Cluster", "cloud-cluster") if w.startswith("Database")}


def test_no_service_is_asked_for_that_is_not_used() -> None:
    bare = graph_of(cluster=make.cluster_spec(backup=False))
    found = {r.inputs["service"] for r in make.of_type(bare, "Service").values()}
    assert not found & {api.BACKUP, api.MODELS}
    assert "cloud-keys-cluster-gkebackup" not in make.of_type(bare, "CryptoKeyIAMMember")
    rich = graph_of(bedrock=True)
    assert api.MODELS in {r.inputs["service"] for r in make.of_type(rich, "Service").values()}


def test_workloads_are_told_where_they_are(graph: Graph) -> None:
    found = graph.outputs
    assert found["place"] == ["gcp", make.REGION, make.CLUSTER]
    assert found["volumes"] == "pd-balanced"
    assert found["environment"] == {"GOOGLE_CLOUD_PROJECT": make.PROJECT}
    assert found["models"] == "gs://cloud-storage-model-cache-name"
    assert found["snapshots"] == "gs://cloud-storage-vault-snapshots-name"
    assert found["ready"] == ["NodePool", "StorageClass"]


def test_secrets_are_read_by_the_controllers_own_identity(graph: Graph) -> None:
    assert graph.outputs["store"] == {"gcpsm": {"projectID": make.PROJECT}}
    assert graph.outputs["prefix"] == "gateway-test-"
    assert graph.outputs["access"] == ["IAMMember", *["SecretVersion"] * len(make.SECRETS)]


def test_vault_unseals_with_a_key_outside_the_region(graph: Graph) -> None:
    assert graph.outputs["seal"] == (
        'seal "gcpckms" {\n'
        f'  project    = "{make.PROJECT}"\n'
        '  region     = "us"\n'
        '  key_ring   = "cloud-keys-us-name"\n'
        '  crypto_key = "cloud-keys-seal-name"\n'
        "}\n"
    )


def test_metrics_go_to_the_bucket_without_a_credential(graph: Graph) -> None:
    assert json.loads(str(graph.outputs["objstore"])) == {
        "type": "GCS",
        "config": {"bucket": "cloud-storage-thanos-name"},
    }
    without = graph_of(buckets=args().buckets[:2], identities=make.IDENTITIES[:3] + make.IDENTITIES[5:])
    assert without.outputs.get("objstore") is None


def test_the_load_balancer_is_inside_unless_public(graph: Graph) -> None:
    assert graph.outputs["balancer"] == {"networking.gke.io/load-balancer-type": "Internal"}
    assert graph.outputs.get("class") is None
    assert graph_of(public=True).outputs["balancer"] == {"cloud.google.com/l4-rbs": "enabled"}


def test_the_caches_clients_are_litellms_account(graph: Graph) -> None:
    assert graph.outputs["principal"] == "projects/-/serviceAccounts/cloud-identity-litellm-email"
    assert graph.outputs.get("password") is None


def test_service_accounts_carry_their_accounts(graph: Graph) -> None:
    assert graph.outputs["vault"] == {"iam.gke.io/gcp-service-account": "cloud-identity-vault-email"}
    assert graph.outputs["nobody"] == {}
    assert graph.outputs["identities"] == sorted(spec.role for spec in make.IDENTITIES)


def test_the_database_is_verified_where_its_authority_is_known(graph: Graph) -> None:
    assert graph.outputs["ca"] == "cloud-postgres-serverCaCerts-0-cert\n"
    assert graph.outputs["names"] is False


def test_the_administrators_password_is_the_stored_one(graph: Graph) -> None:
    user = make.only(graph, "User")
    assert user.inputs["passwordWo"] == SECRET
    assert "RandomPassword cloud-secrets-postgres-admin" in make.waits_for(graph, user)


def test_outputs(graph: Graph) -> None:
    found: Any = graph.outputs["outputs"]
    assert set(found) == {"kubeconfigCommand", "postgresWriterHost", "redisHost", "modelCacheUri"}
    assert found["postgresWriterHost"] == "cloud-postgres-privateIpAddress"


def test_all_data_is_protected(graph: Graph) -> None:
    types = (
        *(gcp.kms.CryptoKey, gcp.kms.KeyRing, gcp.secretmanager.Secret, gcp.sql.DatabaseInstance),
        *(gcp.sql.Database, gcp.redis.Cluster, gcp.container.Cluster, gcp.gkebackup.BackupPlan),
    )
    tokens = {str(vars(class_)["pulumi_type"]) for class_ in types}
    found = [r for r in graph.resources if r.type in tokens]
    assert {r.type for r in found} == tokens
    assert all(r.protect for r in found)
