"""Run a case on the control plane, and say where the model's answer differs from the scheduler's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.prove.api import Object
from tests.prove.cases import ClusterCase
from tests.prove.control import ControlPlane
from tests.prove.manifests import WORKLOAD_LABEL, namespaces_of, objects
from tests.prove.nodes import node

SETTLED_S = 120
"""Most seconds for a case to settle; the largest takes two or three."""
POLL_S = 0.03
_MADE = ("deployments", "replicasets", "statefulsets", "daemonsets")


class Unsettled(Exception):
    """The scheduler is still busy, or pods are missing, after ``SETTLED_S``."""


@dataclass(frozen=True)
class Outcome:
    """What the scheduler did. ``unplaced``: pods per workload without a node, those lost with a zone apart."""

    nodes: int
    pods: int
    unplaced: Mapping[str, int]
    lost_with_zone: Mapping[str, int]
    seconds: float
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])


def run(control: ControlPlane, case: ClusterCase, prefix: str) -> Outcome:
    """Create the case's objects in namespaces of its own, wait for the scheduler, remove them."""
    started = time.monotonic()
    namespaces = {name: f"{prefix}-{name}" for name in namespaces_of(case.pods)}
    try:
        _create(control, case, prefix, namespaces)
        pending = settle(control, case.expected_pods)
    finally:
        wipe(control, list(namespaces.values()))
    waiting = Counter(pod["metadata"]["labels"][WORKLOAD_LABEL] for pod in pending)
    lost = case.bound_to_lost_zones()
    return Outcome(
        nodes=len(case.nodes),
        pods=case.expected_pods,
        unplaced=dict(waiting - lost),
        lost_with_zone=dict(waiting & lost),
        seconds=time.monotonic() - started,
        reasons={pod["metadata"]["labels"][WORKLOAD_LABEL]: _condition(pod)["message"] for pod in pending},
    )


def differences(
    outcome: Outcome, unplaced: Mapping[str, int], lost_with_zone: Mapping[str, int]
) -> list[str]:
    """One line for each thing the model says otherwise; empty when they agree."""
    lines: list[str] = []
    if bool(unplaced) != bool(outcome.unplaced):
        lines.append(f"verdict: model {_verdict(unplaced)}, scheduler {_verdict(outcome.unplaced)}")
    for what, model, real in (
        ("unplaced", unplaced, outcome.unplaced),
        ("lost with its zone", lost_with_zone, outcome.lost_with_zone),
    ):
        for name in sorted({*model, *real}):
            if model.get(name, 0) != real.get(name, 0):
                why = f" ({outcome.reasons[name]})" if name in outcome.reasons else ""
                lines.append(
                    f"{what}: {name}: model {model.get(name, 0)}, scheduler {real.get(name, 0)}{why}"
                )
    return lines


def _verdict(unplaced: Mapping[str, int]) -> str:
    return "does not fit" if unplaced else "fits"


# ------------------------------------------------------------------------------------------------- steps


def _create(control: ControlPlane, case: ClusterCase, prefix: str, namespaces: Mapping[str, str]) -> None:
    """Nodes and DaemonSets first, as on a cluster that nodes join; then everything at once."""
    api = control.api
    for name in namespaces.values():
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for index, (zone, shape) in enumerate(case.nodes):
        api.create(node(f"{prefix}-{index}", zone, shape))
    for pods in sorted(case.pods, key=lambda p: p.workload.kind != "DaemonSet"):
        for made in objects(pods, namespaces[pods.workload.namespace]):
            api.create(made)


def settle(control: ControlPlane, expected: int) -> list[Object]:
    """Wait until every pod is bound or found unschedulable, and return those without a node.

    The queue must be idle, nobody may wait for the end of a preempted pod, and no attempt may have been made
    between two looks: only then will nothing change any more.
    """
    until, attempts = time.monotonic() + SETTLED_S, -1.0
    while time.monotonic() < until:
        control.alive()
        made, pending = count_pods(control), unbound(control)
        if made == expected and not pending:
            return []
        before, attempts = attempts, _attempts_when_idle(control)
        if made == expected and all(_given_up(pod) for pod in pending) and attempts == before >= 0:
            return pending
        time.sleep(POLL_S)
    raise Unsettled(f"{made} of {expected} pods made, {len(pending)} without a node after {SETTLED_S} s")


def count_pods(control: ControlPlane) -> int:
    """Pods in the cluster, without listing them."""
    page = control.api.get("/api/v1/pods", limit="1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))


def unbound(control: ControlPlane) -> list[Object]:
    """Pods without a node."""
    return control.api.get("/api/v1/pods", fieldSelector="spec.nodeName=")["items"]


def _condition(pod: Object) -> Object:
    """The scheduler's word on the pod, empty before it gave one."""
    return next((c for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled"), {})


def _given_up(pod: Object) -> bool:
    return _condition(pod).get("reason") == "Unschedulable" and not pod["status"].get("nominatedNodeName")


def _attempts_when_idle(control: ControlPlane) -> float:
    """Attempts so far when no pod waits for one; -1 while some do."""
    metrics = control.scheduler_metrics()
    waiting = sum(
        metrics.get(f'scheduler_pending_pods{{queue="{queue}"}}', 0) for queue in ("active", "backoff")
    )
    if waiting:
        return -1.0
    return sum(
        value for name, value in metrics.items() if name.startswith("scheduler_schedule_attempts_total")
    )


def wipe(control: ControlPlane, namespaces: list[str]) -> None:
    """Remove everything of a case. A namespace being deleted takes no new objects, so controllers that still
    see their owner make none; it stays in that state, since nothing here finishes deletions."""
    api = control.api
    for name in namespaces:
        api.request("DELETE", f"/api/v1/namespaces/{name}")
    for name in namespaces:
        for kind in _MADE:
            api.delete_all(f"/apis/apps/v1/namespaces/{name}/{kind}")
    until = time.monotonic() + SETTLED_S
    while count_pods(control):
        if time.monotonic() > until:
            raise Unsettled(f"{count_pods(control)} pods are left after {SETTLED_S} s")
        for name in namespaces:
            api.delete_all(f"/api/v1/namespaces/{name}/pods")
    for name in namespaces:
        api.delete_all(f"/api/v1/namespaces/{name}/persistentvolumeclaims")
    api.delete_all("/api/v1/persistentvolumes")
    api.delete_all("/api/v1/nodes")
