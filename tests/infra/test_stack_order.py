"""The captured graph of every shipped stack says what the plan says: nodes, database, cache, releases."""

from __future__ import annotations

import pytest

from infra.graph import Resource
from sizing.guide.cells import Tier
from sizing.guide.ch3_infrastructure import CLUSTER
from sizing.quantities import format_cpu, format_memory
from tests.harness import CASES, STACKS, at, captured, of_type, plan, releases

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
RESOURCES = {
    "litellm/litellm": "gateway.resources",
    "litellm/metrics": "gateway.metricsServer.resources",
    "agentgateway-controller/controller": "resources",
    "pgbouncer/pgbouncer": "resources",
    "pgbouncer/exporter": "pgbouncerExporter.resources",
    "vault/vault": "server.resources",
    "vllm-router/router": "routerSpec.resources",
    "keda-operator/keda-operator": "resources.operator",
    "keda-metrics-apiserver/keda-metrics-apiserver": "resources.metricServer",
    "keda-webhooks/keda-webhooks": "resources.webhooks",
    "cert-manager/cert-manager": "resources",
    "cert-manager-webhook/cert-manager-webhook": "webhook.resources",
    "cert-manager-cainjector/cert-manager-cainjector": "cainjector.resources",
    "external-secrets/external-secrets": "resources",
    "external-secrets-webhook/external-secrets-webhook": "webhook.resources",
    "external-secrets-cert-controller/external-secrets-cert-controller": "certController.resources",
    "cluster-autoscaler/cluster-autoscaler": "resources",
    "aws-load-balancer-controller/aws-load-balancer-controller": "resources",
    "nvidia-device-plugin/nvidia-device-plugin": "resources",
    "dcgm-exporter/dcgm-exporter": "resources",
    "prometheus/prometheus": "prometheus.prometheusSpec.resources",
    "prometheus/config-reloader": "prometheusOperator.prometheusConfigReloader.resources",
    "prometheus/thanos-sidecar": "prometheus.prometheusSpec.thanos.resources",
    "alertmanager/alertmanager": "alertmanager.alertmanagerSpec.resources",
    "alertmanager/config-reloader": "prometheusOperator.prometheusConfigReloader.resources",
    "grafana/grafana": "grafana.resources",
    "grafana/grafana-sc-dashboard": "grafana.sidecar.resources",
    "grafana/grafana-sc-datasources": "grafana.sidecar.resources",
    "kube-state-metrics/kube-state-metrics": "kube-state-metrics.resources",
    "prometheus-operator/prometheus-operator": "prometheusOperator.resources",
    "node-exporter/node-exporter": "prometheus-node-exporter.resources",
    "thanos-query/thanos-query": "query.resources",
    "thanos-storegateway/thanos-storegateway": "storegateway.resources",
    "thanos-compactor/thanos-compactor": "compactor.resources",
    "otel-collector/otel-collector": "resources",
    "jaeger/jaeger": "jaeger.resources",
    "elasticsearch/elasticsearch": "nodeSets[0].podTemplate.spec.containers[elasticsearch].resources",
    "eck-operator/eck-operator": "resources",
}
"""workload/container -> path of its resources in its release's values."""

REPLICAS = {
    "agentgateway-controller": "controller.replicaCount",
    "pgbouncer": "replicaCount",
    "vault": "server.ha.replicas",
    "vllm-router": "routerSpec.replicaCount",
    "keda-operator": "operator.replicaCount",
    "keda-metrics-apiserver": "metricsServer.replicaCount",
    "keda-webhooks": "webhooks.replicaCount",
    "cert-manager": "replicaCount",
    "cert-manager-webhook": "webhook.replicaCount",
    "cert-manager-cainjector": "cainjector.replicaCount",
    "external-secrets": "replicaCount",
    "external-secrets-webhook": "webhook.replicaCount",
    "external-secrets-cert-controller": "certController.replicaCount",
    "cluster-autoscaler": "replicaCount",
    "aws-load-balancer-controller": "replicaCount",
    "prometheus": "prometheus.prometheusSpec.replicas",
    "alertmanager": "alertmanager.alertmanagerSpec.replicas",
    "grafana": "grafana.replicas",
    "kube-state-metrics": "kube-state-metrics.replicas",
    "thanos-query": "query.replicaCount",
    "thanos-storegateway": "storegateway.replicaCount",
    "thanos-compactor": "compactor.replicaCount",
    "otel-collector": "replicaCount",
    "jaeger": "jaeger.replicas",
    "elasticsearch": "nodeSets[0].count",
    "eck-operator": "replicaCount",
}
"""workload -> path of its replica count; autoscaled ones are checked against their autoscalers."""


def _provided(stack: str, cloud: str) -> set[str]:
    """What makes pods without a Helm release: the cloud's add-ons, what its clusters always run, and our own
    objects, whose test is their component's."""
    return {addon.name for addon in plan(stack, cloud).cluster.addons} | {"gke", "cloud-metrics"}


def _node_groups(stack: str) -> list[Resource]:
    return of_type(captured(stack), "eks:index:ManagedNodeGroup")


@EVERY_STACK
def test_node_groups_add_up_to_the_guides_counts_and_types(stack: str) -> None:
    row = CLUSTER[Tier(stack)]
    for nodes, gpu in ((row.cpu_nodes, False), (row.gpu_nodes, True)):
        groups = [g.inputs for g in _node_groups(stack) if bool(g.inputs.get("taints")) == gpu]
        assert {t for g in groups for t in g["instanceTypes"]} == {nodes.machine_type}
        assert sum(g["scalingConfig"]["desiredSize"] for g in groups) == nodes.count
        assert sum(g["scalingConfig"]["minSize"] for g in groups) == nodes.count
        pool = "gpu_nodes" if gpu else "cpu_nodes"
        assert sum(g["scalingConfig"]["maxSize"] for g in groups) == plan(stack).pool_max(pool)


@EVERY_STACK
def test_each_node_group_is_in_one_zone(stack: str) -> None:
    assert all(len(group.inputs["subnetIds"]) == 1 for group in _node_groups(stack))


@EVERY_STACK
def test_database_is_what_was_ordered(stack: str) -> None:
    spec = plan(stack).order.postgres.spec
    instances = of_type(captured(stack), "aws:rds/instance:Instance")
    primary = [i.inputs for i in instances if "replicateSourceDb" not in i.inputs]
    replicas = [i.inputs for i in instances if "replicateSourceDb" in i.inputs]
    assert len(primary) == 1
    assert len(replicas) == spec.read_replicas
    assert primary[0]["instanceClass"] == spec.instance_class
    assert primary[0]["allocatedStorage"] == spec.storage_gib
    assert primary[0]["maxAllocatedStorage"] == spec.max_storage_gib
    assert primary[0]["storageType"] == spec.storage_type
    assert primary[0].get("iops") == spec.iops
    assert primary[0]["multiAz"] is spec.multi_az


@EVERY_STACK
def test_each_read_replica_is_in_a_zone_of_its_own(stack: str) -> None:
    """D13; with outputs, since an account's names of zones are known only then."""
    instances = of_type(captured(stack, preview=False), "aws:rds/instance:Instance")
    zones = [i.inputs["availabilityZone"] for i in instances if "replicateSourceDb" in i.inputs]
    assert len(set(zones)) == len(zones) == plan(stack).order.postgres.spec.read_replicas


@EVERY_STACK
def test_cache_is_what_was_ordered(stack: str) -> None:
    spec = plan(stack).order.redis.spec
    groups = of_type(captured(stack), "aws:elasticache/replicationGroup:ReplicationGroup")
    assert [g.inputs["nodeType"] for g in groups] == [spec.node_type]
    inputs = groups[0].inputs
    assert inputs["numNodeGroups"] == spec.shards
    assert inputs["replicasPerNodeGroup"] == spec.replicas_per_shard
    assert inputs["transitEncryptionEnabled"] is True
    assert inputs.get("durability") == spec.durability


@EVERY_CASE
def test_every_container_has_the_plans_resources_in_its_release(stack: str, cloud: str) -> None:
    found, seen = releases(captured(stack, cloud)), 0
    for workload in plan(stack, cloud).workloads.items:
        if workload.release in _provided(stack, cloud) or workload.release == "edge":
            continue
        if workload.gpus:
            continue
        for container in workload.containers:
            values = found[workload.release]["values"]
            assert at(values, RESOURCES[f"{workload.name}/{container.name}"]) == container.resources(), (
                workload.name
            )
            seen += 1
    assert seen > 25


@EVERY_CASE
def test_every_fixed_replica_count_is_in_its_release(stack: str, cloud: str) -> None:
    found = releases(captured(stack, cloud))
    for workload in plan(stack, cloud).workloads.items:
        if workload.name in REPLICAS:
            assert at(found[workload.release]["values"], REPLICAS[workload.name]) == workload.replicas, (
                workload.name
            )
        else:
            by_chart = workload.release in _provided(stack, cloud) or workload.kind == "DaemonSet"
            assert by_chart or workload.max_replicas is not None or workload.replicas == 1, workload.name


@EVERY_CASE
def test_engines_run_as_planned(stack: str, cloud: str) -> None:
    values = releases(captured(stack, cloud))["vllm"]["values"]
    specs = at(values, "servingEngineSpec.modelSpec")
    assert isinstance(specs, list)
    scaled = of_type(captured(stack, cloud), "kubernetes:keda.sh/v1alpha1:ScaledObject")
    scalers = {s.inputs["spec"]["scaleTargetRef"]["name"]: s.inputs["spec"] for s in scaled}
    assert [s["name"] for s in specs] == [e.slug for e in plan(stack, cloud).engines]
    for spec, engine in zip(specs, plan(stack, cloud).engines, strict=True):
        gpus = str(engine.gpus)
        assert spec["resources"]["requests"] == {
            "cpu": format_cpu(engine.cpu_request_m),
            "memory": format_memory(engine.memory_request_mib),
            "nvidia.com/gpu": gpus,
        }
        assert spec["resources"]["limits"]["nvidia.com/gpu"] == gpus
        assert spec["vllmConfig"]["tensorParallelSize"] == engine.tensor_parallel_size
        scaler = scalers[f"vllm-{engine.slug}-deployment-vllm"]
        assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (
            engine.min_replicas,
            engine.max_replicas,
        )


@EVERY_CASE
def test_autoscalers_have_the_plans_bounds(stack: str, cloud: str) -> None:
    graph, need = captured(stack, cloud), plan(stack, cloud).requirements
    hpa = at(releases(graph)["litellm"]["values"], "gateway.hpa")
    assert isinstance(hpa, dict)
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (need.litellm.replicas, 4 * need.litellm.replicas)
    assert hpa["targetCPUUtilizationPercentage"] == need.litellm.hpa.cpu_percent
    assert hpa["targetMemoryUtilizationPercentage"] == need.litellm.hpa.memory_percent
    assert hpa["behavior"] == need.litellm.hpa.behavior()
    [parameters] = of_type(graph, "kubernetes:agentgateway.dev/v1alpha1:AgentgatewayParameters")
    edge = plan(stack, cloud).workloads["agentgateway"]
    assert parameters.inputs["spec"]["resources"] == edge.containers[0].resources()
    bounds = parameters.inputs["spec"]["horizontalPodAutoscaler"]["spec"]
    assert (bounds["minReplicas"], bounds["maxReplicas"]) == (edge.replicas, edge.max_replicas)
