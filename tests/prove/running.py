"""Run a case on the control plane: create its objects, wait for the scheduler, remove them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.prove.api import Object
from tests.prove.cases import ClusterCase
from tests.prove.control import ControlPlane
from tests.prove.manifests import WORKLOAD_LABEL, Pods, namespaces_of, objects
from tests.prove.nodes import node

SETTLED_S = 120
"""Most seconds for a case to settle; the largest takes a few."""
POLL_S = 0.05
_MADE = ("apps/v1", ("deployments", "replicasets", "statefulsets", "daemonsets")), ("batch/v1", ("jobs",))


class Unsettled(Exception):
    """The scheduler is still busy, or pods are missing or left, when the time is over."""


@dataclass(frozen=True)
class Outcome:
    """What the scheduler did. ``unplaced``: pods per workload without a node; lost with a zone apart.

    ``reasons`` has the scheduler's own words on one pod of each workload.
    """

    nodes: int
    pods: int
    unplaced: Mapping[str, int]
    lost_with_zone: Mapping[str, int]
    seconds: float
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])


def run(control: ControlPlane, case: ClusterCase, prefix: str, *, ranked: bool = False) -> Outcome:
    """What the scheduler does with the case, in namespaces and on nodes named after ``prefix``.

    ``ranked``: pods arrive in the order in which the model reports what does not fit. Where room is short,
    arrival decides which of several pods of equal priority stay out.
    """
    started = time.monotonic()
    namespaces = {name: f"{prefix}-{name}" for name in namespaces_of(case.pods)}
    try:
        create(control, case, prefix, namespaces, ranked=ranked)
        pending = settle(control, case.expected_pods)
    finally:
        wipe(control, list(namespaces.values()))
    waiting = Counter(_workload(pod) for pod in pending)
    lost = case.bound_to_lost_zones()
    return Outcome(
        nodes=len(case.nodes),
        pods=case.expected_pods,
        unplaced=dict(waiting - lost),
        lost_with_zone=dict(waiting & lost),
        seconds=time.monotonic() - started,
        reasons={_workload(pod): _condition(pod)["message"] for pod in pending},
    )


def create(
    control: ControlPlane,
    case: ClusterCase,
    prefix: str,
    namespaces: Mapping[str, str],
    *,
    ranked: bool = False,
) -> None:
    """Nodes and their DaemonSets first, as when nodes join a cluster; then everything at once, or ranked."""
    api = control.api
    for name in namespaces.values():
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for index, (zone, shape) in enumerate(case.nodes):
        api.create(node(f"{prefix}-{index}", zone, shape))
    expected = 0
    for pods in sorted(case.pods, key=_rank if ranked else _daemons_first):
        for made in objects(pods, namespaces[pods.workload.namespace]):
            api.create(made)
        if ranked:
            expected += case.count(pods)
            wait_until(control, lambda least=expected: count_pods(control) >= least)


def _daemons_first(pods: Pods) -> bool:
    return pods.workload.kind != "DaemonSet"


def _rank(pods: Pods) -> tuple[bool, int, int, int, str]:
    """DaemonSets, then by priority, then the largest first."""
    w = pods.workload
    return _daemons_first(pods), -w.priority, -w.cpu_m, -w.memory_mib, w.name


def settle(control: ControlPlane, expected: int, within: float = SETTLED_S) -> list[Object]:
    """Wait until every pod is bound or found unschedulable, and return those without a node.

    The queue must be idle, nobody may wait for the end of a pod that was pushed out, and no attempt may have
    been made between two looks: only then will nothing change any more. Raises Unsettled.
    """
    left: list[Object] = []
    attempts = -1.0

    def settled() -> bool:
        nonlocal left, attempts
        before, attempts = attempts, _attempts_when_idle(control)
        if attempts < 0 or count_pods(control) != expected:
            return False
        left = control.api.get("/api/v1/pods", fieldSelector="spec.nodeName=")["items"]
        return all(_given_up(pod) for pod in left) and (not left or attempts == before)

    wait_until(control, settled, within)
    return left


def wait_until(control: ControlPlane, done: Callable[[], bool], within: float = SETTLED_S) -> None:
    """Look again until it is done. Raises Unsettled, or ControlPlaneError when a server has ended."""
    until = time.monotonic() + within
    while not done():
        control.alive()
        if time.monotonic() > until:
            raise Unsettled(f"not settled after {within:.0f} s, with {count_pods(control)} pods")
        time.sleep(POLL_S)


def count_pods(control: ControlPlane) -> int:
    """Pods in the cluster, without listing them."""
    page = control.api.get("/api/v1/pods", limit="1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))


def wipe(control: ControlPlane, namespaces: list[str]) -> None:
    """Remove everything of a case.

    A namespace being deleted takes no new objects, so controllers that still see an owner add nothing. It
    stays in that state: nothing here finishes deletions.
    """
    api = control.api
    for name in namespaces:
        api.request("DELETE", f"/api/v1/namespaces/{name}")
        for group, kinds in _MADE:
            for kind in kinds:
                api.delete_all(f"/apis/{group}/namespaces/{name}/{kind}")

    def gone() -> bool:
        for name in namespaces:
            api.delete_all(f"/api/v1/namespaces/{name}/pods")
        return not count_pods(control)

    wait_until(control, gone)
    for name in namespaces:
        api.delete_all(f"/api/v1/namespaces/{name}/persistentvolumeclaims")
    api.delete_all("/api/v1/persistentvolumes")
    api.delete_all("/api/v1/nodes")


def _workload(pod: Object) -> str:
    return pod["metadata"]["labels"][WORKLOAD_LABEL]


def _condition(pod: Object) -> Object:
    """The scheduler's word on the pod, empty before it gave one."""
    return next((c for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled"), {})


def _given_up(pod: Object) -> bool:
    return _condition(pod).get("reason") == "Unschedulable" and not pod["status"].get("nominatedNodeName")


def _attempts_when_idle(control: ControlPlane) -> float:
    """Attempts so far when no pod waits for one; -1 while some do."""
    metrics = control.scheduler_metrics()
    if any(metrics.get(f'scheduler_pending_pods{{queue="{queue}"}}') for queue in ("active", "backoff")):
        return -1.0
    counters = [n for name, n in metrics.items() if name.startswith("scheduler_schedule_attempts_total")]
    return sum(counters)
