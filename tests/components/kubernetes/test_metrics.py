"""Prometheus, Alertmanager and Grafana: the plan's figures, storage, least privilege, nothing plain."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.metrics import NODE_LABELS, Metrics, MetricsArgs
from sizing.specs import Container
from tests.factories_platform import (
    PLATFORM_WORKLOADS,
    STACK,
    bindings,
    changed,
    observability_spec,
)
from tests.factories_workloads import Build, Stand, captured, check_contract, spec, values, waits_for
from tests.harness import at

THANOS = ServiceEndpoint("thanos-query", "monitoring", 9090)
JAEGER = ServiceEndpoint("jaeger", "tracing", 16686)


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": observability_spec(),
            "workloads": PLATFORM_WORKLOADS,
            "bindings": bindings(),
            "query": THANOS,
            "traces": JAEGER,
            "ready": (Stand("platform", opts),),
            "secrets": (Stand("store", opts),),
            "identities": (Stand("identities", opts),),
        }
        return Metrics("metrics", MetricsArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    return values(captured(build()), STACK)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """Without Thanos, one replica of everything."""
    workloads = PLATFORM_WORKLOADS
    for name in ("prometheus", "alertmanager", "grafana"):
        workloads = changed(name, workloads, replicas=1, max_unavailable=None)
    graph = captured(build(spec=observability_spec(thanos=False), query=None, workloads=workloads))
    return values(graph, STACK)


def test_contract() -> None:
    check_contract(build())


@pytest.mark.parametrize(
    ("workload", "container", "path"),
    [
        ("prometheus", "prometheus", "prometheus.prometheusSpec.resources"),
        ("prometheus", "thanos-sidecar", "prometheus.prometheusSpec.thanos.resources"),
        ("prometheus", "config-reloader", "prometheusOperator.prometheusConfigReloader.resources"),
        ("alertmanager", "config-reloader", "prometheusOperator.prometheusConfigReloader.resources"),
        ("alertmanager", "alertmanager", "alertmanager.alertmanagerSpec.resources"),
        ("grafana", "grafana", "grafana.resources"),
        ("grafana", "grafana-sc-dashboard", "grafana.sidecar.resources"),
        ("grafana", "grafana-sc-datasources", "grafana.sidecar.resources"),
        ("kube-state-metrics", "kube-state-metrics", "kube-state-metrics.resources"),
        ("prometheus-operator", "prometheus-operator", "prometheusOperator.resources"),
        ("node-exporter", "node-exporter", "prometheus-node-exporter.resources"),
        ("prometheus-admission-create", "create", "prometheusOperator.admissionWebhooks.patch.resources"),
        ("prometheus-admission-patch", "patch", "prometheusOperator.admissionWebhooks.patch.resources"),
    ],
)
def test_resources_are_the_workloads(stack: dict[str, Any], workload: str, container: str, path: str) -> None:
    assert at(stack, path) == PLATFORM_WORKLOADS[workload].container(container).resources()


def test_replicas_and_priorities_are_the_workloads(stack: dict[str, Any]) -> None:
    places = {
        "prometheus": "prometheus.prometheusSpec",
        "alertmanager": "alertmanager.alertmanagerSpec",
        "grafana": "grafana",
        "kube-state-metrics": "kube-state-metrics",
    }
    for name, path in places.items():
        assert at(stack, f"{path}.replicas") == PLATFORM_WORKLOADS[name].replicas
        assert at(stack, f"{path}.priorityClassName") == "gateway-platform"
    assert at(stack, "prometheus-node-exporter.priorityClassName") == "system-node-critical"
    hooks = "prometheusOperator.admissionWebhooks.patch.priorityClassName"
    assert at(stack, hooks) == PLATFORM_WORKLOADS["prometheus-admission-patch"].priority_class


def test_storage_and_retention_are_the_specs(stack: dict[str, Any]) -> None:
    prometheus = stack["prometheus"]["prometheusSpec"]
    assert (prometheus["retention"], prometheus["retentionSize"]) == ("17d", "41GiB")
    assert at(prometheus, "storageSpec.volumeClaimTemplate.spec") == {
        "storageClassName": "gp3",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "51Gi"}},
    }
    claim = at(
        stack, "alertmanager.alertmanagerSpec.storage.volumeClaimTemplate.spec.resources.requests.storage"
    )
    assert claim == "3Gi"


def test_alertmanager_without_a_volume_has_no_claim() -> None:
    graph = captured(build(workloads=changed("alertmanager", volumes=())))
    assert "storage" not in values(graph, STACK)["alertmanager"]["alertmanagerSpec"]


def test_hard_rules_are_hard_and_the_charts_own_are_off(stack: dict[str, Any]) -> None:
    prometheus = stack["prometheus"]["prometheusSpec"]
    zones = prometheus["topologySpreadConstraints"]
    assert [(z["topologyKey"], z["whenUnsatisfiable"]) for z in zones] == [
        ("topology.kubernetes.io/zone", "DoNotSchedule")
    ]
    terms = at(prometheus, "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    assert isinstance(terms, list)
    assert terms[0]["topologyKey"] == "kubernetes.io/hostname"
    selector = zones[0]["labelSelector"]["matchLabels"]
    assert selector == terms[0]["labelSelector"]["matchLabels"]
    assert selector["operator.prometheus.io/name"] == f"{STACK}-prometheus"
    assert prometheus["podAntiAffinity"] == ""
    for constraint in stack["alertmanager"]["alertmanagerSpec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == {
            "app.kubernetes.io/name": "alertmanager",
            "alertmanager": f"{STACK}-alertmanager",
        }
    assert stack["alertmanager"]["alertmanagerSpec"]["podAntiAffinity"] == ""


def test_budgets_keep_the_rest_running_and_let_a_lone_pod_go(
    stack: dict[str, Any], plain: dict[str, Any]
) -> None:
    """The default is minAvailable 1: beside maxUnavailable it is refused, for one replica it blocks."""
    assert at(stack, "prometheus.podDisruptionBudget") == {"enabled": True, "minAvailable": 1}
    assert at(stack, "alertmanager.podDisruptionBudget") == {"enabled": True, "minAvailable": 2}
    assert at(stack, "grafana.podDisruptionBudget") == {"maxUnavailable": 1}
    for part in ("prometheus", "alertmanager"):
        assert at(plain, f"{part}.podDisruptionBudget") == {"enabled": False}
    assert "podDisruptionBudget" not in plain["grafana"]


def test_every_monitor_and_rule_of_the_cluster_is_read(stack: dict[str, Any]) -> None:
    prometheus = stack["prometheus"]["prometheusSpec"]
    names = {name: value for name, value in prometheus.items() if name.endswith("SelectorNilUsesHelmValues")}
    assert names == {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")
    }


def test_reloaders_are_probed_and_alertmanager_has_no_token(stack: dict[str, Any]) -> None:
    assert at(stack, "prometheusOperator.prometheusConfigReloader.enableProbe") is True
    assert at(stack, "alertmanager.alertmanagerSpec.automountServiceAccountToken") is False


def test_what_the_cloud_hides_is_not_scraped(stack: dict[str, Any]) -> None:
    for part in ("crds", "kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy"):
        assert stack[part] == {"enabled": False}


def test_pushed_metrics_keep_replicas_apart(stack: dict[str, Any]) -> None:
    prometheus = stack["prometheus"]["prometheusSpec"]
    assert prometheus["enableOTLPReceiver"] is True
    assert "k8s.pod.name" in prometheus["otlp"]["promoteResourceAttributes"]
    assert prometheus["externalLabels"] == {"cluster": "gateway-test"}


def test_clients_stay_on_one_of_several_replicas(stack: dict[str, Any], plain: dict[str, Any]) -> None:
    for part in ("prometheus", "grafana"):
        assert at(stack, f"{part}.service") == {"sessionAffinity": "ClientIP"}
        assert "service" not in plain[part]


def test_thanos_sidecar_uploads_by_a_secret_that_exists_elsewhere(
    stack: dict[str, Any], plain: dict[str, Any]
) -> None:
    secret = at(stack, "prometheus.prometheusSpec.thanos.objectStorageConfig")
    assert secret == {"existingSecret": {"name": "thanos-objstore", "key": "objstore.yml"}}
    assert at(stack, "prometheus.thanosService.enabled") is True
    assert at(stack, "prometheus.thanosServiceMonitor.enabled") is True
    assert "thanos" not in plain["prometheus"]["prometheusSpec"]
    assert "thanosService" not in plain["prometheus"]


def test_prometheus_carries_its_role(stack: dict[str, Any]) -> None:
    account = at(stack, "prometheus.serviceAccount")
    assert account == {"create": True, "name": "prometheus", "annotations": {"test/role": "prometheus"}}


def test_grafana_asks_thanos_or_prometheus_itself(stack: dict[str, Any], plain: dict[str, Any]) -> None:
    assert at(stack, "grafana.sidecar.datasources.url") == "http://thanos-query.monitoring.svc:9090"
    assert "url" not in plain["grafana"]["sidecar"]["datasources"]
    jaeger = at(stack, "grafana.additionalDataSources[Jaeger]")
    assert isinstance(jaeger, dict)
    assert (jaeger["type"], jaeger["url"]) == ("jaeger", "http://jaeger.tracing.svc:16686")
    link = at(stack, "grafana.sidecar.datasources.exemplarTraceIdDestinations")
    assert isinstance(link, dict)
    assert link["datasourceUid"] == jaeger["uid"]
    assert link["traceIdLabelName"] == "trace_id"


def test_grafana_reads_config_maps_of_its_own_namespace_only(stack: dict[str, Any]) -> None:
    """By default the chart lets it read every Secret of the cluster."""
    assert at(stack, "grafana.rbac") == {"namespaced": True}
    assert at(stack, "grafana.sidecar.dashboards.searchNamespace") == "monitoring"
    assert at(stack, "grafana.sidecar.dashboards.enabled") is True
    for kind in ("dashboards", "datasources"):
        assert at(stack, f"grafana.sidecar.{kind}.resource") == "configmap"


def test_grafana_starts_without_disk_and_without_the_internet(stack: dict[str, Any]) -> None:
    grafana = stack["grafana"]
    assert grafana["persistence"] == {"enabled": False}
    assert grafana["grafana.ini"]["plugins"] == {"preinstall_disabled": True}
    assert grafana["grafana.ini"]["analytics"] == {
        "check_for_updates": False,
        "check_for_plugin_updates": False,
        "reporting_enabled": False,
    }


def test_grafanas_sidecars_share_one_setting() -> None:
    grafana = PLATFORM_WORKLOADS["grafana"]
    unequal: tuple[Container, ...] = (
        *grafana.containers[:2],
        grafana.containers[2].model_copy(update={"memory_request_mib": 999}),
    )
    with pytest.raises(ValueError, match="must be equal"):
        captured(build(workloads=changed("grafana", containers=unequal)))


def test_the_admin_password_comes_from_the_secret_store(stack: dict[str, Any]) -> None:
    graph = captured(build())
    found = spec(graph, "ExternalSecret", "grafana-admin")
    sources = {d["secretKey"]: (d["remoteRef"]["key"], d["remoteRef"]["property"]) for d in found["data"]}
    assert sources == {
        "admin-user": ("gw/test/grafana-admin", "username"),
        "admin-password": ("gw/test/grafana-admin", "password"),
    }
    admin = stack["grafana"]["admin"]
    assert admin["existingSecret"] == "grafana-admin"
    assert {admin["userKey"], admin["passwordKey"]} == set(sources)


def test_node_labels_that_alerts_group_by_are_kept(stack: dict[str, Any]) -> None:
    (allowed,) = stack["kube-state-metrics"]["metricLabelsAllowlist"]
    assert allowed == f"nodes=[{','.join(NODE_LABELS)}]"
    assert {"eks.amazonaws.com/nodegroup", "topology.kubernetes.io/zone", "ai-gateway/pool"} <= set(
        NODE_LABELS
    )


def test_node_exporter_runs_on_every_node(stack: dict[str, Any]) -> None:
    assert at(stack, "prometheus-node-exporter.tolerations") == [{"operator": "Exists"}]


def test_order_of_creation() -> None:
    graph = captured(build())
    assert waits_for(graph, f"metrics-{STACK}", "metrics-monitoring-grafana-admin")
    assert waits_for(graph, "metrics-monitoring-grafana-admin", "store-map")
    for awaited in ("platform-map", "identities-map"):
        assert waits_for(graph, f"metrics-{STACK}", awaited)
    assert not waits_for(graph, "metrics-monitoring-grafana-admin", "identities-map")
