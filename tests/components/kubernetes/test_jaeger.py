"""Jaeger and its stores: one process per local store, no password in sight, no lost zone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from components.kubernetes.jaeger import max_traces
from infra.graph.model import Graph
from tests.contracts.checker import crd_problems
from tests.factories_platform import PLATFORM_WORKLOADS, traces
from tests.factories_workloads import (
    captured,
    container,
    manifests,
    one,
    resources,
    values,
    waits_for,
)
from tests.harness import at


@pytest.fixture(scope="module")
def elastic() -> Graph:
    return captured(traces())


@pytest.fixture(scope="module")
def badger() -> Graph:
    return captured(traces("badger"))


@pytest.fixture(scope="module")
def memory() -> Graph:
    return captured(traces("memory"))


def store(graph: Graph) -> dict[str, Any]:
    backends = at(values(graph, "jaeger"), "userconfig.extensions.jaeger_storage.backends")
    assert isinstance(backends, dict)
    assert list(backends) == ["main"]
    return cast(dict[str, Any], backends["main"])


def test_jaeger_has_the_workloads_figures(elastic: Graph) -> None:
    found = values(elastic, "jaeger")["jaeger"]
    workload = PLATFORM_WORKLOADS["jaeger"]
    assert found["replicas"] == workload.replicas
    assert found["resources"] == workload.container("jaeger").resources()
    assert {"name": "GOMEMLIMIT", "value": "1681MiB"} in found["extraEnv"]
    assert workload.container("jaeger").memory_limit_mib == 2102


@pytest.mark.parametrize("backend", ["memory", "badger", "elasticsearch"])
def test_jaeger_listens_everywhere_is_probed_and_scraped(backend: str) -> None:
    graph = captured(traces(backend))
    config = values(graph, "jaeger")["userconfig"]
    assert config["extensions"]["healthcheckv2"]["http"] == {"endpoint": "0.0.0.0:13133"}
    query = config["extensions"]["jaeger_query"]
    assert query["http"] == {"endpoint": "0.0.0.0:16686"}
    assert query["grpc"] == {"endpoint": "0.0.0.0:16685"}
    assert query["storage"] == {"traces": "main"}
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    assert config["exporters"]["jaeger_storage_exporter"]["retry_on_failure"] == {"enabled": True}
    monitor = manifests(graph, "ServiceMonitor")["jaeger"]
    assert monitor["spec"]["endpoints"] == [{"port": "internal-metrics", "path": "/metrics"}]
    assert crd_problems(monitor) == []


def test_a_changed_configuration_changes_the_pods() -> None:
    def digest(days: int, nodes: int) -> str:
        graph = captured(traces(elasticsearch_nodes=nodes, prometheus_retention_days=days))
        return str(at(values(graph, "jaeger"), "jaeger.podLabels.ai-gateway/config"))

    assert digest(1, 3) == digest(2, 3)
    assert digest(1, 3) != digest(1, 4)


def test_a_store_of_its_own_is_never_opened_twice(memory: Graph, badger: Graph, elastic: Graph) -> None:
    for graph in (memory, badger):
        assert values(graph, "jaeger")["jaeger"]["strategy"] == {"type": "Recreate"}
    rolling = values(elastic, "jaeger")["jaeger"]["strategy"]
    assert rolling == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


@pytest.mark.parametrize("backend", ["memory", "badger"])
def test_replicas_over_a_local_store_are_refused(backend: str) -> None:
    with pytest.raises(ValueError, match="2 replicas cannot share"):
        captured(traces(backend, PLATFORM_WORKLOADS))


def test_memory_is_bounded_by_the_containers_limit(memory: Graph) -> None:
    limit = PLATFORM_WORKLOADS["jaeger"].container("jaeger")
    assert store(memory) == {"memory": {"max_traces": max_traces(limit)}}
    assert max_traces(container("jaeger", 1, 512)) == 8192
    assert max_traces(container("jaeger", 1, 512, memory_limit_mib=None)) == 4096


def test_badger_writes_to_a_claim_that_its_pod_mounts(badger: Graph) -> None:
    claim = one(badger, "PersistentVolumeClaim")
    assert at(claim.inputs, "spec.resources.requests.storage") == "21Gi"
    assert at(claim.inputs, "spec.storageClassName") == "gp3"
    assert at(claim.inputs, "spec.accessModes") == ["ReadWriteOnce"]
    # bound only when its pod is scheduled: waiting for it would wait for ever
    assert at(claim.inputs, "metadata.annotations") == {"pulumi.com/skipAwait": "true"}
    jaeger = values(badger, "jaeger")["jaeger"]
    (volume,) = jaeger["extraVolumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == at(claim.inputs, "metadata.name")
    (mount,) = jaeger["extraVolumeMounts"]
    directories = store(badger)["badger"]["directories"]
    assert all(path.startswith(mount["mountPath"] + "/") for path in directories.values())
    assert store(badger)["badger"]["ephemeral"] is False
    assert waits_for(badger, "traces-jaeger", "traces-badger")


def test_only_badger_has_a_claim(memory: Graph, elastic: Graph) -> None:
    assert not resources(memory, "PersistentVolumeClaim")
    assert not resources(elastic, "PersistentVolumeClaim")
    assert "extraVolumes" not in values(memory, "jaeger")["jaeger"]


def test_jaeger_authenticates_over_tls_without_a_password_in_the_values(elastic: Graph) -> None:
    found = store(elastic)["elasticsearch"]
    jaeger = values(elastic, "jaeger")["jaeger"]
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in jaeger["extraVolumes"]}
    paths = {mount["mountPath"]: secrets[mount["name"]] for mount in jaeger["extraVolumeMounts"]}
    assert found["server_urls"] == ["https://elasticsearch-es-http.tracing.svc:9200"]
    basic = found["auth"]["basic"]
    assert set(basic) == {"username", "password_file", "reload_interval"}
    assert paths[basic["password_file"].rpartition("/")[0]] == "elasticsearch-es-elastic-user"
    assert paths[found["tls"]["ca_file"].rpartition("/")[0]] == "elasticsearch-es-http-certs-public"
    assert "password" not in elastic.to_json().replace("password_file", "").replace("ES_PASSWORD", "").lower()


@pytest.mark.parametrize(("nodes", "copies"), [(1, 0), (3, 1), (6, 1)])
def test_indices_have_a_shard_per_node_and_a_copy_where_one_fits(nodes: int, copies: int) -> None:
    indices = store(captured(traces(elasticsearch_nodes=nodes)))["elasticsearch"]["indices"]
    assert set(indices) == {"spans", "services", "dependencies", "sampling"}
    assert all(index == {"shards": nodes, "replicas": copies} for index in indices.values())


def test_old_indices_are_deleted_every_night(elastic: Graph, badger: Graph) -> None:
    found = values(elastic, "jaeger")
    cleaner = found["esIndexCleaner"]
    assert cleaner["enabled"] is True
    plan = PLATFORM_WORKLOADS["jaeger-es-index-cleaner"]
    assert cleaner["resources"] == plan.container("jaeger-es-index-cleaner").resources()
    assert store(elastic)["elasticsearch"]["max_span_age"] == f"{cleaner['numberOfDays'] * 24}h"
    assert found["storage"]["elasticsearch"]["url"] == store(elastic)["elasticsearch"]["server_urls"][0]
    variables = {entry["name"]: entry for entry in cleaner["extraEnv"]}
    assert set(variables) == {"ES_USERNAME", "ES_PASSWORD", "ES_TLS_ENABLED", "ES_TLS_CA"}
    assert variables["ES_TLS_ENABLED"]["value"] == "true"
    (authority,) = cleaner["extraSecretMounts"]
    assert authority["secretName"] == "elasticsearch-es-http-certs-public"
    assert variables["ES_TLS_CA"]["value"] == authority["mountPath"] + "/ca.crt"
    assert "value" not in variables["ES_PASSWORD"]
    assert cleaner["image"]["tag"] == found["jaeger"]["image"]["tag"]
    assert "esIndexCleaner" not in values(badger, "jaeger")


def test_pods_meet_the_restricted_level_that_their_namespace_enforces(elastic: Graph) -> None:
    found = values(elastic, "jaeger")
    for part in (found["jaeger"], found["esIndexCleaner"]):
        assert part["podSecurityContext"]["runAsNonRoot"] is True
        assert part["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert part["securityContext"]["allowPrivilegeEscalation"] is False
        assert part["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_jaegers_budget_only_for_several_replicas(elastic: Graph, badger: Graph) -> None:
    budget = one(elastic, "PodDisruptionBudget").inputs
    assert at(budget, "spec.maxUnavailable") == 1
    assert at(budget, "spec.unhealthyPodEvictionPolicy") == "AlwaysAllow"
    assert at(budget, "spec.selector.matchLabels") == at(one(elastic, "Service").inputs, "spec.selector")
    assert not resources(badger, "PodDisruptionBudget")


def test_elasticsearch_has_the_workloads_figures(elastic: Graph) -> None:
    workload = PLATFORM_WORKLOADS["elasticsearch"]
    (nodes,) = values(elastic, "elasticsearch")["nodeSets"]
    assert nodes["count"] == 3
    (pod,) = nodes["podTemplate"]["spec"]["containers"]
    assert pod["resources"] == workload.container("elasticsearch").resources()
    (claim,) = nodes["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "elasticsearch-data"
    assert claim["spec"]["resources"]["requests"]["storage"] == "71Gi"
    assert claim["spec"]["storageClassName"] == "gp3"
    assert nodes["podTemplate"]["spec"]["priorityClassName"] == "gateway-platform"


def test_losing_a_zone_loses_one_copy(elastic: Graph) -> None:
    found = values(elastic, "elasticsearch")
    (nodes,) = found["nodeSets"]
    (zones,) = nodes["podTemplate"]["spec"]["topologySpreadConstraints"]
    assert (zones["topologyKey"], zones["whenUnsatisfiable"]) == (
        "topology.kubernetes.io/zone",
        "DoNotSchedule",
    )
    assert zones["labelSelector"]["matchLabels"] == {
        "elasticsearch.k8s.elastic.co/cluster-name": "elasticsearch"
    }
    config = nodes["config"]
    assert config["cluster.routing.allocation.awareness.attributes"].split(",") == ["k8s_node_name", "zone"]
    assert config["node.attr.zone"] == "${ZONE}"
    (pod,) = nodes["podTemplate"]["spec"]["containers"]
    (variable,) = pod["env"]
    assert variable["name"] == "ZONE"
    assert found["annotations"]["eck.k8s.elastic.co/downward-node-labels"] in at(
        variable, "valueFrom.fieldRef.fieldPath"
    )  # type: ignore[operator]


def test_elasticsearch_needs_nothing_of_the_node_and_meets_the_restricted_level(elastic: Graph) -> None:
    """Memory mapping needs a kernel setting, which only a privileged container could make."""
    (nodes,) = values(elastic, "elasticsearch")["nodeSets"]
    assert nodes["config"]["node.store.allow_mmap"] is False
    pod = nodes["podTemplate"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_claims_outlive_the_cluster(elastic: Graph) -> None:
    found = values(elastic, "elasticsearch")
    assert found["volumeClaimDeletePolicy"] == "DeleteOnScaledownOnly"
    assert found["fullnameOverride"] == "elasticsearch"


def test_operator_looks_after_traces_only_and_its_crds_are_apart(elastic: Graph) -> None:
    found = values(elastic, "eck-operator")
    workload = PLATFORM_WORKLOADS["eck-operator"]
    assert found["installCRDs"] is False
    assert found["telemetry"] == {"disabled": True}
    assert found["managedNamespaces"] == ["tracing"]
    assert found["replicaCount"] == 1
    assert found["resources"] == workload.container("eck-operator").resources()
    assert found["podDisruptionBudget"] == {"enabled": False}
