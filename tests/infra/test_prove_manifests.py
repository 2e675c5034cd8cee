"""What ``make prove`` gives the scheduler is what the previews hold: rules, priorities, tolerations, nodes.

Every workload of every stack is either compared here with its release's values, or made by the cloud.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from sizing.clouds.aws.system import ADDON_VERSIONS
from sizing.clouds.gcp.system import RELEASE
from sizing.specs import Workload
from tests import harness
from tests.prove import manifests

PARAMETERS = "kubernetes:agentgateway.dev/v1alpha1:AgentgatewayParameters"
PATCH = "kubernetes:apps/v1:DeploymentPatch"
BY_CLOUD = {*ADDON_VERSIONS, RELEASE}
"""Releases that are the cloud's: no values of ours place their pods."""

POD = {
    "alertmanager": "alertmanager.alertmanagerSpec",
    "cert-manager-cainjector": "cainjector",
    "cert-manager-webhook": "webhook",
    "elasticsearch": "nodeSets[0].podTemplate.spec",
    "external-secrets-cert-controller": "certController",
    "external-secrets-webhook": "webhook",
    "grafana": "grafana",
    "jaeger": "jaeger",
    "kube-state-metrics": "kube-state-metrics",
    "litellm": "gateway",
    "node-exporter": "prometheus-node-exporter",
    "prometheus": "prometheus.prometheusSpec",
    "prometheus-operator": "prometheusOperator",
    "thanos-compactor": "compactor",
    "thanos-query": "query",
    "thanos-storegateway": "storegateway",
    "vault": "server",
    "vllm-router": "routerSpec",
}
"""Where a release's values keep a workload's rules; at the top when it is not listed."""
SPREAD = {
    "keda-operator": "operator",
    "keda-metrics-apiserver": "metricsServer",
    "keda-webhooks": "webhooks",
}
"""Below ``topologySpreadConstraints``, where a chart has one list for each of its pods."""
PRIORITY = {
    "agentgateway-controller": "controller",
    "cert-manager": "global",
    "cert-manager-cainjector": "global",
    "cert-manager-webhook": "global",
    "keda-metrics-apiserver": "",
    "keda-operator": "",
    "keda-webhooks": "",
}
"""Where the priority class stands, when not beside the rules."""
DEFAULT_PRIORITY = "jaeger"
"""Its chart has no key for it: it gets the default class."""
EVERYWHERE = dict.fromkeys(("affinity", "topologySpreadConstraints", "tolerations", "nodeSelector"))


def pod_values(graph: Any, workload: Workload) -> Mapping[str, Any]:
    """The part of a preview that says where a workload's pods go, under the pod's own keys."""
    if workload.release == "edge":
        (parameters,) = harness.of_type(graph, PARAMETERS)
        return harness.at(parameters.inputs, "spec.deployment.spec.template.spec")  # type: ignore[return-value]
    values: Any = harness.releases(graph)[workload.release]["values"]
    if workload.name.startswith("vllm-") and workload.node_group == "gpu_nodes":
        patch = patched(graph, f"{workload.name}-deployment-vllm")
        return {**_engine(values, workload.name.removeprefix("vllm-")), **patch}
    path = POD.get(workload.name, "")
    found = dict(harness.at(values, path) if path else values)
    if workload.name in SPREAD:
        found["topologySpreadConstraints"] = found["topologySpreadConstraints"][SPREAD[workload.name]]
    if workload.name in PRIORITY:
        place = PRIORITY[workload.name]
        found["priorityClassName"] = harness.at(values, f"{place}.priorityClassName".lstrip("."))
    return {**found, **patched(graph, workload.name)}


def patched(graph: Any, deployment: str) -> Mapping[str, Any]:
    """What a patch sets in the deployment's pods, for want of a key in its chart."""
    for patch in harness.of_type(graph, PATCH):
        if harness.at(patch.inputs, "metadata.name") == deployment:
            return harness.at(patch.inputs, "spec.template.spec")  # type: ignore[return-value]
    return {}


def _engine(values: Any, slug: str) -> Mapping[str, Any]:
    found = dict(harness.at(values, f"servingEngineSpec.modelSpec[{slug}]"))
    (term,) = found.pop("nodeSelectorTerms")
    assert all(e["operator"] == "In" and len(e["values"]) == 1 for e in term["matchExpressions"])
    found["nodeSelector"] = {e["key"]: e["values"][0] for e in term["matchExpressions"]}
    return found


def rules_in(pod: Mapping[str, Any]) -> tuple[str, set[str]]:
    """What decides about placement, with selectors left out, and the selectors apart."""
    selectors: set[str] = set()

    def stripped(value: Any) -> Any:
        if isinstance(value, Mapping):
            kept = {k: stripped(v) for k, v in sorted(value.items()) if k != "labelSelector"}
            if "labelSelector" in value:
                selectors.add(json.dumps(value["labelSelector"], sort_keys=True))
            return kept
        return [stripped(v) for v in value] if isinstance(value, list) else value

    return json.dumps(stripped({k: pod[k] for k in EVERYWHERE if pod.get(k)}), sort_keys=True), selectors


def ours(stack: str, cloud: str) -> list[Workload]:
    """Workloads of the stack that releases of ours make."""
    return [w for w in harness.plan(stack, cloud).workloads.items if w.release not in BY_CLOUD]


@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_the_scheduler_gets_the_rules_of_the_preview(stack: str, cloud: str) -> None:
    graph = harness.captured(stack, cloud)
    for workload in ours(stack, cloud):
        in_preview = dict(pod_values(graph, workload))
        if workload.name == "nvidia-device-plugin":
            affinity = in_preview.pop("affinity")  # replaces the chart's; asks for what nodeSelector asks for
            assert json.dumps(in_preview["nodeSelector"]).strip("{}").split(": ")[0] in json.dumps(affinity)
        given = manifests.pod_spec(workload)
        assert rules_in(given)[0] == rules_in(in_preview)[0], workload.name
        if workload.name == DEFAULT_PRIORITY:
            assert "priorityClassName" not in in_preview
            (default,) = [c for c in manifests.priority_classes() if c["globalDefault"]]
            assert given["priorityClassName"] == default["metadata"]["name"]
        else:
            assert given["priorityClassName"] == in_preview["priorityClassName"], workload.name


@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_a_workloads_rules_select_its_own_pods_only(stack: str, cloud: str) -> None:
    """The scheduler counts what a selector matches in the namespace; here each workload has its own label."""
    graph = harness.captured(stack, cloud)
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for workload in ours(stack, cloud):
        _, selectors = rules_in(pod_values(graph, workload))
        assert len(selectors) <= 1, workload.name
        for selector in selectors:
            seen[workload.namespace, selector].append(workload.name)
    assert {key: names for key, names in seen.items() if len(names) > 1} == {}
    assert len(seen) > 10


def test_the_priority_classes_are_the_previews_own_and_known_to_every_workload() -> None:
    known = {c["metadata"]["name"]: c["value"] for c in manifests.priority_classes()}
    assert len(known) == 3
    for stack, cloud in harness.CASES:
        for workload in harness.plan(stack, cloud).workloads.items:
            assert workload.priority_class.startswith("system-") or workload.priority_class in known
