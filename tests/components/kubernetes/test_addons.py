"""Cluster services: the plan's figures in every chart, CRDs first, webhooks ready, GPU daemons apart."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.addon_values_cloud import autoscaler_tag
from components.kubernetes.addons import Addons, AddonsArgs
from infra.graph.model import Graph
from sizing.specs import Workload
from tests.factories_platform import (
    PLATFORM_WORKLOADS,
    addons_spec,
    bindings,
    changed,
    release,
    release_names,
)
from tests.factories_workloads import Build, Stand, captured, check_contract, values, waits_for
from tests.harness import at

GENERAL = {"prometheus-operator-crds", "external-secrets", "cert-manager", "keda"}
CLOUD = {"cluster-autoscaler", "aws-load-balancer-controller"}
GPU = {"nvidia-device-plugin", "dcgm-exporter"}

HOOK = "cert-manager-startupapicheck"
CERTS = "external-secrets-cert-controller"
PLACES = [  # workload, release, prefix of its values, key of its count, path of its resources
    ("external-secrets", "external-secrets", "", "replicaCount", "resources"),
    ("external-secrets-webhook", "external-secrets", "webhook.", "replicaCount", "webhook.resources"),
    (CERTS, "external-secrets", "certController.", "replicaCount", "certController.resources"),
    ("cert-manager", "cert-manager", "", "replicaCount", "resources"),
    ("cert-manager-webhook", "cert-manager", "webhook.", "replicaCount", "webhook.resources"),
    ("cert-manager-cainjector", "cert-manager", "cainjector.", "replicaCount", "cainjector.resources"),
    ("keda-operator", "keda", "operator.", "replicaCount", "resources.operator"),
    ("keda-metrics-apiserver", "keda", "metricsServer.", "replicaCount", "resources.metricServer"),
    ("keda-webhooks", "keda", "webhooks.", "replicaCount", "resources.webhooks"),
    ("cluster-autoscaler", "cluster-autoscaler", "", "replicaCount", "resources"),
    ("aws-load-balancer-controller", "aws-load-balancer-controller", "", "replicaCount", "resources"),
]  # fmt: skip


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": addons_spec(),
            "workloads": PLATFORM_WORKLOADS,
            "bindings": bindings(),
            "kubernetes_version": "1.35",
            "tags": {"team": "platform"},
            "ready": (Stand("platform", opts),),
            "identities": (Stand("identities", opts),),
        }
        return Addons("addons", AddonsArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def test_contract() -> None:
    check_contract(build())


@pytest.mark.parametrize(("name", "chart", "prefix", "count", "resources"), PLACES)
def test_replicas_and_resources_are_the_workloads(
    graph: Graph, name: str, chart: str, prefix: str, count: str, resources: str
) -> None:
    workload = PLATFORM_WORKLOADS[name]
    found = values(graph, chart)
    assert at(found, prefix + count) == workload.replicas
    assert at(found, resources) == workload.container(name).resources()


@pytest.mark.parametrize("name", sorted(GPU))
def test_gpu_daemons_run_on_tainted_gpu_nodes_only(graph: Graph, name: str) -> None:
    found = values(graph, name)
    assert found["resources"] == PLATFORM_WORKLOADS[name].container(name).resources()
    assert found["nodeSelector"] == {"ai-gateway/pool": "gpu"}
    assert found["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}
    ]
    assert found["priorityClassName"] == "system-node-critical"


def test_device_plugin_does_not_ask_for_labels_that_nobody_sets(graph: Graph) -> None:
    """The chart's default affinity has three terms of node-feature-discovery; only a list replaces it."""
    required = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    terms = at(values(graph, "nvidia-device-plugin"), required)
    assert terms == [{"matchExpressions": [{"key": "ai-gateway/pool", "operator": "In", "values": ["gpu"]}]}]


@pytest.mark.parametrize("name", sorted(GPU))
def test_gpu_daemons_have_a_seccomp_profile(graph: Graph, name: str) -> None:
    assert values(graph, name)["podSecurityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}


def test_gpu_metrics_keep_the_names_of_the_gpus_users(graph: Graph) -> None:
    assert at(values(graph, "dcgm-exporter"), "serviceMonitor.honorLabels") is True


NAME, INSTANCE, COMPONENT = (f"app.kubernetes.io/{label}" for label in ("name", "instance", "component"))
SELECTORS = {  # the labels that each chart's pods really carry
    "external-secrets": {NAME: "external-secrets", INSTANCE: "external-secrets"},
    "external-secrets-webhook": {NAME: "external-secrets-webhook", INSTANCE: "external-secrets"},
    CERTS: {NAME: CERTS, INSTANCE: "external-secrets"},
    "cert-manager": {NAME: "cert-manager", INSTANCE: "cert-manager", COMPONENT: "controller"},
    "cert-manager-webhook": {NAME: "webhook", INSTANCE: "cert-manager", COMPONENT: "webhook"},
    "cert-manager-cainjector": {NAME: "cainjector", INSTANCE: "cert-manager", COMPONENT: "cainjector"},
    "keda-operator": {"app": "keda-operator"},
    "keda-metrics-apiserver": {"app": "keda-operator-metrics-apiserver"},
    "keda-webhooks": {"app": "keda-admission-webhooks"},
    "cluster-autoscaler": {NAME: "cluster-autoscaler", INSTANCE: "cluster-autoscaler"},
    "aws-load-balancer-controller": {
        NAME: "aws-load-balancer-controller",
        INSTANCE: "aws-load-balancer-controller",
    },
}


@pytest.mark.parametrize(("name", "chart", "prefix"), [place[:3] for place in PLACES])
def test_pods_are_spread_by_the_labels_they_carry(graph: Graph, name: str, chart: str, prefix: str) -> None:
    path = f"topologySpreadConstraints.{prefix}" if chart == "keda" else f"{prefix}topologySpreadConstraints"
    constraints = at(values(graph, chart), path.rstrip("."))
    assert isinstance(constraints, list)
    assert {entry["topologyKey"] for entry in constraints} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }
    for entry in constraints:
        assert entry["whenUnsatisfiable"] == "ScheduleAnyway"
        assert entry["labelSelector"] == {"matchLabels": SELECTORS[name]}


def test_names_behind_the_autoscalers_labels(graph: Graph) -> None:
    """The chart would put the cloud's name in front of its own."""
    found = values(graph, "cluster-autoscaler")
    assert found["nameOverride"] == found["fullnameOverride"] == "cluster-autoscaler"


def test_priorities(graph: Graph) -> None:
    assert at(values(graph, "cert-manager"), "global.priorityClassName") == "gateway-platform"
    for chart in ("external-secrets", "keda"):
        assert values(graph, chart)["priorityClassName"] == "gateway-platform"
    for part in ("webhook", "certController"):
        assert at(values(graph, "external-secrets"), f"{part}.priorityClassName") == "gateway-platform"
    for chart in sorted(CLOUD):
        assert values(graph, chart)["priorityClassName"] == "system-cluster-critical"


@pytest.mark.parametrize(
    ("chart", "path"),
    [
        ("external-secrets", "serviceMonitor"),
        ("cert-manager", "prometheus.servicemonitor"),
        ("keda", "prometheus.operator"),
        ("keda", "prometheus.metricServer"),
        ("keda", "prometheus.webhooks"),
        ("keda", "prometheus.operator.serviceMonitor"),
        ("keda", "prometheus.metricServer.serviceMonitor"),
        ("keda", "prometheus.webhooks.serviceMonitor"),
        ("cluster-autoscaler", "serviceMonitor"),
        ("aws-load-balancer-controller", "serviceMonitor"),
        ("dcgm-exporter", "serviceMonitor"),
    ],
)
def test_everything_is_scraped(graph: Graph, chart: str, path: str) -> None:
    assert at(values(graph, chart), f"{path}.enabled") is True


@pytest.mark.parametrize(
    "probe", ["livenessProbe", "readinessProbe", "webhook.livenessProbe", "certController.livenessProbe"]
)
def test_a_hung_secrets_controller_is_restarted(graph: Graph, probe: str) -> None:
    assert at(values(graph, "external-secrets"), probe) == {"enabled": True}


def test_releases_are_in_their_workloads_namespaces(graph: Graph) -> None:
    namespaces = {w.release: w.namespace for w in PLATFORM_WORKLOADS.items}
    for name in release_names(graph) - {"prometheus-operator-crds"}:
        assert release(graph, name).inputs["namespace"] == namespaces[name]
    assert (
        release(graph, "prometheus-operator-crds").inputs["namespace"] == namespaces["kube-prometheus-stack"]
    )


def test_budgets_let_one_go_and_never_hold_a_lone_pod(graph: Graph) -> None:
    secrets, keda = values(graph, "external-secrets"), values(graph, "keda")
    assert secrets["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert at(secrets, "certController.podDisruptionBudget") == {"enabled": False}
    assert at(keda, "podDisruptionBudget.operator") == {"maxUnavailable": 1}
    assert at(keda, "podDisruptionBudget.webhooks") == {}
    assert at(values(graph, "aws-load-balancer-controller"), "podDisruptionBudget.maxUnavailable") == 1
    for name in sorted(CLOUD):
        lone = captured(build(workloads=changed(name, replicas=1)))
        assert values(lone, name)["podDisruptionBudget"] is None, "the autoscaler's chart has one by default"


def test_leader_election_only_where_there_is_somebody_to_elect(graph: Graph) -> None:
    assert values(graph, "external-secrets")["leaderElect"] is True
    lone = captured(build(workloads=changed("external-secrets", replicas=1)))
    assert values(lone, "external-secrets")["leaderElect"] is False


def test_a_limit_the_workload_leaves_out_does_not_come_from_the_chart() -> None:
    """KEDA's chart limits cpu to 1: left alone it would throttle the operator behind the plan's back."""
    operator = PLATFORM_WORKLOADS["keda-operator"]
    container = operator.containers[0].model_copy(update={"cpu_limit_m": None})
    graph = captured(build(workloads=changed("keda-operator", containers=(container,))))
    limits = at(release(graph, "keda").inputs["values"], "resources.operator.limits")
    assert limits == {"cpu": None, "memory": container.resources()["limits"]["memory"]}
    assert release(graph, "keda").inputs["allowNullValues"] is True


def test_service_accounts_carry_their_roles(graph: Graph) -> None:
    accounts = {
        "external-secrets": ("external-secrets", "serviceAccount", "external-secrets"),
        "cluster-autoscaler": ("cluster-autoscaler", "rbac.serviceAccount", "cluster-autoscaler"),
        "load-balancer-controller": (
            "aws-load-balancer-controller", "serviceAccount", "aws-load-balancer-controller",
        ),
    }  # fmt: skip
    for role, (chart, path, name) in accounts.items():
        assert at(values(graph, chart), path) == {
            "create": True,
            "name": name,
            "annotations": {"test/role": role},
        }


def test_autoscaler_finds_its_groups_and_runs_without_cluster_dns(graph: Graph) -> None:
    found = values(graph, "cluster-autoscaler")
    assert found["autoDiscovery"] == {"clusterName": "gateway-test"}
    assert found["awsRegion"] == "eu-test-1"
    assert found["dnsPolicy"] == "Default"
    arguments = found["extraArgs"]
    assert arguments["balance-similar-node-groups"] is True
    assert arguments["skip-nodes-with-local-storage"] is False
    assert arguments["emit-per-nodegroup-metrics"] is True
    assert arguments["expander"] == "least-waste"


def test_autoscaler_is_of_the_clusters_minor_version(graph: Graph) -> None:
    assert at(values(graph, "cluster-autoscaler"), "image.tag") == "v1.35.2"
    other = captured(build(kubernetes_version="1.36"))
    assert at(values(other, "cluster-autoscaler"), "image.tag") == "v1.36.1"
    assert autoscaler_tag("1.99") == "v1.99.0"


def test_load_balancer_controller_stands_in_nobodys_way(graph: Graph) -> None:
    found = values(graph, "aws-load-balancer-controller")
    assert found["enableServiceMutatorWebhook"] is False
    assert found["keepTLSSecret"] is True
    assert at(found, "controllerConfig.featureGates") == {
        "NLBGatewayAPI": False,
        "ALBGatewayAPI": False,
        "GatewayListenerSet": False,
    }
    assert (found["clusterName"], found["region"], found["vpcId"]) == ("gateway-test", "eu-test-1", "vpc-1")
    assert found["defaultTags"] == {"team": "platform"}


def test_crds_outlive_cert_manager(graph: Graph) -> None:
    assert values(graph, "cert-manager")["crds"] == {"enabled": True, "keep": True}


def test_prometheus_crds_come_before_every_chart_that_brings_a_monitor(graph: Graph) -> None:
    crds = "addons-prometheus-operator-crds"
    for name in (GENERAL | CLOUD | GPU) - {"prometheus-operator-crds"}:
        assert waits_for(graph, f"addons-{name}", crds), name
    assert waits_for(graph, crds, "platform-map")
    assert not waits_for(graph, crds, "identities-map")


def test_pods_with_a_role_start_after_it_is_bound(graph: Graph) -> None:
    with_role = {"external-secrets", *CLOUD}
    for name in GENERAL | CLOUD | GPU:
        assert waits_for(graph, f"addons-{name}", "identities-map") is (name in with_role), name


def test_a_broken_gpu_node_stops_nothing_else(graph: Graph) -> None:
    for name in GENERAL | CLOUD | GPU:
        assert bool(release(graph, name).inputs.get("skipAwait")) is (name in GPU), name


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("cluster_autoscaler", "cluster-autoscaler"),
        ("load_balancer_controller", "aws-load-balancer-controller"),
        ("nvidia_device_plugin", "nvidia-device-plugin"),
        ("dcgm_exporter", "dcgm-exporter"),
    ],
)
def test_each_service_only_when_asked_for(graph: Graph, field: str, name: str) -> None:
    assert release_names(graph) == GENERAL | CLOUD | GPU
    without = captured(build(spec=addons_spec(**{field: False})))
    assert release_names(without) == (GENERAL | CLOUD | GPU) - {name}


def test_ready_is_what_custom_resources_wait_for() -> None:
    names: dict[bool, set[str]] = {}

    def program(controller: bool) -> Build:
        def make(opts: pulumi.ResourceOptions) -> object:
            made = build(spec=addons_spec(load_balancer_controller=controller))(opts)
            assert isinstance(made, Addons)
            names[controller] = {str(resource._name) for resource in made.ready}
            return made

        return make

    for controller in (True, False):
        captured(program(controller))
    always = {f"addons-{name}" for name in GENERAL}
    assert names == {True: always | {"addons-aws-load-balancer-controller"}, False: always}


def test_the_hook_of_cert_manager_has_its_workloads_figures(graph: Graph) -> None:
    check = PLATFORM_WORKLOADS[HOOK]
    assert values(graph, "cert-manager")["startupapicheck"]["resources"] == check.container(HOOK).resources()


def test_no_workload_of_these_namespaces_is_forgotten(graph: Graph) -> None:
    """Every workload of the factory that belongs to a release here is in the table, a hook, a GPU daemon."""
    mine: list[Workload] = [w for w in PLATFORM_WORKLOADS.items if w.release in release_names(graph)]
    assert {w.name for w in mine} == {place[0] for place in PLACES} | GPU | {HOOK}
