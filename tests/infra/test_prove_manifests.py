"""What ``make prove`` gives the scheduler is what the previews hold: spread, affinity, tolerations, nodes,
priority.

Every workload of every stack is compared with its release's values, by the table of tests/contracts, or with
the object of ours that makes its pods; only the cloud's own pods have neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.graph import Graph
from sizing.quantities import parse_cpu
from sizing.specs import Workload
from tests import harness
from tests.contracts.pods import named, own_pods, pods_of, sources
from tests.prove import manifests

RULES = ("affinity", "topologySpreadConstraints", "tolerations", "nodeSelector")
every_stack = pytest.mark.parametrize(("stack", "cloud"), harness.CASES)


def in_preview(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Workload -> what the preview says of its pods' place, under the pod's own keys."""
    for source in sources(graph):
        for pods in pods_of(source):
            if not source.addon:
                yield (
                    pods.workload,
                    {
                        "affinity": pods.value("affinity"),
                        "topologySpreadConstraints": pods.value("spread"),
                        "tolerations": pods.value("tolerations"),
                        "nodeSelector": _nodes(pods.value("node_selector"), pods.value("node_terms")),
                    },
                )
    yield from ((name, spec) for name, _, spec in own_pods(graph))
    parameters: Any = named(graph, "AgentgatewayParameters", "edge").inputs["spec"]
    yield "agentgateway", parameters["deployment"]["spec"]["template"]["spec"]


def _nodes(selector: Any, terms: Any) -> dict[str, str]:
    """A node selector and the terms of a node affinity as one selector: each asks for one value."""
    expressions = [e for term in terms or () for e in term["matchExpressions"]]
    assert all(e["operator"] == "In" and len(e["values"]) == 1 for e in expressions)
    return {**(selector or {}), **{e["key"]: e["values"][0] for e in expressions}}


def rules_in(pod: Mapping[str, Any]) -> str:
    """What decides about placement, whatever labels the selectors use; node affinity is compared apart."""

    def stripped(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: stripped(v) for k, v in value.items() if k not in ("labelSelector", "nodeAffinity")}
        return [stripped(v) for v in value] if isinstance(value, list) else value

    found = {key: stripped(pod.get(key)) for key in RULES}
    return json.dumps({key: rule for key, rule in found.items() if rule}, sort_keys=True)


@every_stack
def test_the_scheduler_gets_the_rules_of_the_preview(stack: str, cloud: str) -> None:
    workloads = harness.plan(stack, cloud).workloads
    compared = dict(in_preview(harness.captured(stack, cloud)))
    for name, pod in compared.items():
        assert rules_in(manifests.pod_spec(workloads[name])) == rules_in(pod), name
    left = [w for w in workloads.items if w.name not in compared]
    assert {w.namespace for w in left} <= {"kube-system"}
    assert len(compared) > len(left)


@every_stack
def test_requests_and_priority_are_the_workloads(stack: str, cloud: str) -> None:
    """What else the scheduler reads; tests/test_pods.py compares the workloads with the previews."""
    for workload in harness.plan(stack, cloud).workloads.items:
        spec = manifests.pod_spec(workload)
        assert _cpu(spec, "containers") == sum(c.cpu_request_m for c in workload.containers)
        assert _cpu(spec, "initContainers") == sum(c.cpu_request_m for c in workload.init_containers)
        assert spec["priorityClassName"] == workload.priority_class
        assert workload.priority_class.startswith("system-") or workload.priority_class in _known()


def _cpu(spec: Mapping[str, Any], part: str) -> int:
    return sum(parse_cpu(c["resources"]["requests"]["cpu"]) for c in spec[part])


def _known() -> dict[str, int]:
    return {made["metadata"]["name"]: made["value"] for made in manifests.priority_classes()}


def test_each_kind_becomes_the_object_it_is() -> None:
    """A CronJob is one run of it: when it runs, it needs the room of a Job."""
    kinds = {
        workload.kind: list(manifests.objects(manifests.Pods(workload, 1), "there"))[-1]["kind"]
        for stack, cloud in harness.CASES
        for workload in harness.plan(stack, cloud).workloads.items
    }
    assert kinds == {
        "Deployment": "Deployment",
        "StatefulSet": "StatefulSet",
        "DaemonSet": "DaemonSet",
        "Job": "Job",
        "CronJob": "Job",
    }


def test_labels_select_one_workload() -> None:
    workloads: tuple[Workload, ...] = harness.plan("enterprise").workloads.items
    assert len({tuple(manifests.labels_of(w).items()) for w in workloads}) == len(workloads)
