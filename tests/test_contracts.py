"""The contract files are complete, and the checker tells real values from plausible ones.

Positive examples follow what this project installs; every negative one is a mistake that Helm or the API
server would either refuse late (during ``pulumi up``) or, worse, ignore.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.contracts.checker import chart_problems, charts, crd_problems

SPREAD = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}

GOOD_VALUES: Mapping[str, Mapping[str, object]] = {
    "vllm-stack": {
        "servingEngineSpec": {
            "runtimeClassName": "",
            "modelSpec": [
                {
                    "name": "llama-8b",
                    "repository": "vllm/vllm-openai",
                    "tag": "v0.11.0",
                    "modelURL": "/models/llama",
                    "replicaCount": 1,
                    "requestCPU": 3.0,
                    "requestMemory": "12Gi",
                    "requestGPU": 1,
                    "resources": RESOURCES,
                    "tolerations": [TOLERATION],
                    "pdb": {"enabled": True, "maxUnavailable": 1},
                    "vllmConfig": {"tensorParallelSize": 1, "maxModelLen": 4096, "extraArgs": ["--seed=1"]},
                }
            ],
        },
        "routerSpec": {"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 4}},
    },
    "litellm": {
        "image": {"tag": "1.104.0"},
        "monolith": {"enabled": True},
        "masterKey": {"secretName": "litellm-master", "secretKey": "master-key"},
        "gateway": {
            "replicaCount": None,
            "envSecrets": ["litellm-env"],
            "extraEnv": [{"name": "LITELLM_MODE", "value": "PRODUCTION"}],
            "config": {"proxy_config": {"model_list": []}},
            "hpa": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300, "policies": []}}},
            "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
            "topologySpreadConstraints": [SPREAD],
            "resources": RESOURCES,
            "pdb": {"enabled": True, "maxUnavailable": 1},
        },
        "database": {"writer": {"host": "[unknown]", "port": 5432}},
        "redis": {"host": "[unknown]", "port": "[unknown]", "cluster": True},
    },
    "kube-prometheus-stack": {
        "grafana": {
            "replicas": 2,
            "persistence": {"enabled": True, "storageClassName": "gp3"},
            "grafana.ini": {"auth.anonymous": {"enabled": False}},
            "sidecar": {"datasources": {"exemplarTraceIdDestinations": {}}},
        },
        "kube-state-metrics": {"metricLabelsAllowlist": ["nodes=[*]"], "resources": RESOURCES},
        "prometheus-node-exporter": {"priorityClassName": "system-node-critical"},
        "prometheus": {
            "prometheusSpec": {
                "sampleLimit": 100000,
                "storageSpec": {"volumeClaimTemplate": {"spec": {"storageClassName": "gp3"}}},
                "thanos": {
                    "objectStorageConfig": {"existingSecret": {"name": "thanos", "key": "objstore.yml"}}
                },
            }
        },
    },
    "vault": {
        "server": {
            "affinity": "",
            "ha": {"enabled": True, "replicas": 3, "raft": {"enabled": True, "config": "[secret]"}},
            "dataStorage": {"size": "10Gi", "storageClass": "gp3"},
            "readinessProbe": {"path": "/v1/sys/health?standbyok=true"},
            "extraSecretEnvironmentVars": [{"envName": "A", "secretName": "b", "secretKey": "c"}],
        }
    },
    "opentelemetry-collector": {
        "mode": "deployment",
        "image": {"repository": "otel/opentelemetry-collector-contrib"},
        "config": {"receivers": {"otlp": {}}, "exporters": {"anything": [1]}},
        "ports": {"otlp": {"enabled": True}, "custom": {"enabled": True, "containerPort": 9}},
    },
    "cluster-autoscaler": {
        "autoDiscovery": {"clusterName": "gateway"},
        "extraArgs": {"expander": "least-waste", "balance-similar-node-groups": True},
        "rbac": {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "[unknown]"}}},
    },
    "eck-elasticsearch": {
        "volumeClaimDeletePolicy": "DeleteOnScaledownOnly",
        "nodeSets": [{"name": "default", "count": 3, "config": {"node.store.allow_mmap": False}}],
    },
}

BAD_VALUES: list[tuple[str, Mapping[str, object], str]] = [
    (
        "vllm-stack",
        {"servingEngineSpec": {"modelSpec": [{"repository": "r", "tag": "t", "requestCPU": "500m"}]}},
        "vllm-stack: servingEngineSpec.modelSpec[0].requestCPU: string given, int expected",
    ),
    (
        "vllm-stack",
        {"servingEngineSpec": {"modelSpec": [{"repository": "r", "tag": "t", "keda": {"triggers": []}}]}},
        "vllm-stack: servingEngineSpec.modelSpec[0].keda.triggers: list given, object expected",
    ),
    (
        "vllm-stack",
        {"servingEngineSpec": {"modelSpec": [{"repository": "vllm/vllm-openai"}]}},
        "vllm-stack: servingEngineSpec.modelSpec[0].tag: missing, and required",
    ),
    (
        "jaeger",
        {"jaeger": {"topologySpreadContraints": []}},
        "jaeger: jaeger.topologySpreadContraints: unknown key (list); "
        "the nearest is jaeger.topologySpreadConstraints",
    ),
    (
        "litellm",
        {"gateway": {"image": {"tag": "1"}}},
        "litellm: gateway.image: unknown key (object); the nearest is image",
    ),
    (
        "litellm",
        {"gateway": {"resources": {"request": {"cpu": "1"}}}},
        "litellm: gateway.resources.request: unknown key (object); the nearest is gateway.resources.requests",
    ),
    (
        "litellm",
        {"gateway": {"hpa": {"enabled": "true"}}},
        "litellm: gateway.hpa.enabled: string given, bool expected",
    ),
    (
        "litellm",
        {"gateway": {"topologySpreadConstraints": [{"maxSkew": True}]}},
        "litellm: gateway.topologySpreadConstraints[0].maxSkew: bool given, int expected",
    ),
    (
        "kube-prometheus-stack",
        {"prometheus": {"prometheusSpec": {"thanos": {"objectStorageConfig": {"name": "thanos"}}}}},
        "kube-prometheus-stack: prometheus.prometheusSpec.thanos.objectStorageConfig.name: unknown key",
    ),
    (
        "kube-prometheus-stack",
        {"grafana": {"podDisruptionBudget": {"minAvailable": [1]}}},
        "kube-prometheus-stack: grafana.podDisruptionBudget.minAvailable: list given, int or string expected",
    ),
    (
        "vault",
        {"server": {"replicas": 3}},
        "vault: server.replicas: unknown key (int); the nearest is server.ha.replicas",
    ),
    (
        "vault",
        {"server": {"annotations": {"enabled": True}}},
        "vault: server.annotations.enabled: bool given, string expected",
    ),
    (
        "vault",
        {"server": {"ha": {"raft": {"config": {"ui": True}}}}},
        "vault: server.ha.raft.config: object given, string expected",
    ),
    (
        "opentelemetry-collector",
        {"mode": "sidecar", "image": {"repository": "r"}},
        "opentelemetry-collector: mode: 'sidecar' is not one of '', 'daemonset', 'deployment', 'statefulset'",
    ),
    (
        "opentelemetry-collector",
        {"mode": "deployment"},
        "opentelemetry-collector: image: missing, and required",
    ),
    (
        "cert-manager",
        {"crds": {"install": True}},
        "cert-manager: crds.install: unknown key (bool); known here: enabled, keep",
    ),
    ("keda", {"operator": "[secret]"}, "keda: operator: [secret] hides a whole object; hide scalars only"),
    ("keda", {"operator": {"replicaCount": 1.5}}, "keda: operator.replicaCount: number given, int expected"),
]


def _manifest(api_version: str, kind: str, spec: Mapping[str, object]) -> dict[str, object]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": spec,
    }


def _scaled_object(**trigger: object) -> dict[str, object]:
    triggers = [{"type": "prometheus", "metadata": {"threshold": "10"}} | trigger]
    return _manifest(
        "keda.sh/v1alpha1", "ScaledObject", {"scaleTargetRef": {"name": "x"}, "triggers": triggers}
    )


GOOD_MANIFESTS = [
    _scaled_object(),
    _scaled_object(metricType="AverageValue", authenticationRef={"name": "prometheus"}),
    _manifest(
        "external-secrets.io/v1",
        "ClusterSecretStore",
        {"provider": {"aws": {"service": "SecretsManager", "region": "[unknown]"}}},
    ),
    _manifest(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        {"gatewayClassName": "agentgateway", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    ),
    _manifest(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": 1, "labels": {"severity": "info"}}]}]},
    ),
    _manifest(
        "agentgateway.dev/v1alpha1",
        "AgentgatewayParameters",
        {"resources": {"requests": {"cpu": "1"}}, "rawConfig": {"anything": True}},
    ),
]

BAD_MANIFESTS: list[tuple[dict[str, object], str]] = [
    (
        _scaled_object(metadata={"threshold": 10}),
        "ScaledObject: spec.triggers[0].metadata.threshold: int given, string expected",
    ),
    (
        _scaled_object(authenticationRef={"name": "x", "kind": "Secret"}),
        "ScaledObject: spec.triggers[0].authenticationRef.kind: 'Secret' is not one of",
    ),
    (
        _manifest("keda.sh/v1alpha1", "ScaledObject", {"scaleTargetRef": {"name": "x"}}),
        "ScaledObject: spec.triggers: missing, and required",
    ),
    (
        _manifest("keda.sh/v1", "ScaledObject", {}),
        "ScaledObject: apiVersion is keda.sh/v1, the contract is for keda.sh/v1alpha1",
    ),
    (
        _manifest("cert-manager.io/v1", "ClusterIssuer", {"selfSignd": {}}),
        "ClusterIssuer: spec.selfSignd: unknown key (object); the nearest is spec.selfSigned",
    ),
    (
        _scaled_object() | {"metadata": {"labels": {"size": 1}}},
        "ScaledObject: metadata.labels.size: int given, string expected",
    ),
    (
        _manifest("gateway.networking.k8s.io/v1", "Gateway", {"gatewayClassName": None, "listeners": []}),
        "Gateway: spec.gatewayClassName: null given, string expected",
    ),
    (
        _manifest("example.org/v1", "Widget", {}),
        "example.org/Widget: there is no contract for this kind; known: AgentgatewayBackend",
    ),
]


@pytest.mark.parametrize("chart", sorted(GOOD_VALUES))
def test_values_that_the_chart_takes_have_no_problems(chart: str) -> None:
    assert chart_problems(chart, GOOD_VALUES[chart]) == []


@pytest.mark.parametrize(("chart", "values", "problem"), BAD_VALUES)
def test_a_mistake_in_values_is_named_with_path_types_and_nearest_key(
    chart: str, values: Mapping[str, object], problem: str
) -> None:
    assert any(found.startswith(problem) for found in chart_problems(chart, values)), chart_problems(
        chart, values
    )


def test_no_values_are_fine_unless_the_chart_needs_some() -> None:
    needy = {chart for chart in charts() if chart_problems(chart, {})}
    assert needy == {"aws-load-balancer-controller", "opentelemetry-collector"}
    with pytest.raises(KeyError, match="no contract for chart 'nginx'"):
        _ = chart_problems("nginx", {})


@pytest.mark.parametrize("manifest", GOOD_MANIFESTS, ids=lambda manifest: str(manifest["kind"]))
def test_manifests_that_the_api_takes_have_no_problems(manifest: dict[str, object]) -> None:
    assert crd_problems(manifest) == []


@pytest.mark.parametrize(("manifest", "problem"), BAD_MANIFESTS)
def test_a_mistake_in_a_manifest_is_named(manifest: dict[str, object], problem: str) -> None:
    assert any(found.startswith(problem) for found in crd_problems(manifest)), crd_problems(manifest)
