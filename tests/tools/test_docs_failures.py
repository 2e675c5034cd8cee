"""The table of failures: complete, and its arithmetic is the plan's."""

from __future__ import annotations

import pytest

from components.kubernetes.litellm import READINESS
from sizing.network_edges import SYSTEM_NAMESPACE, group_of
from tests.harness import CASES, plan
from tools import docs_failures
from tools.docs_failures import PODS, SERVES, SYSTEM, described, left_without_node, left_without_zone

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)


@EVERY_CASE
def test_every_workload_says_what_is_missing_without_it(stack: str, cloud: str) -> None:
    for workload in plan(stack, cloud).workloads.items:
        if workload.namespace != SYSTEM_NAMESPACE and workload.kind not in ("Job", "CronJob"):
            assert SERVES[group_of(workload)], workload.name
            assert "probes" in PODS[group_of(workload)], workload.name
        elif cloud == "aws" and workload.kind not in ("Job", "CronJob"):
            assert described(workload)[1], workload.name


def test_nothing_is_described_that_never_runs() -> None:
    there = {group_of(w) for stack, cloud in CASES for w in plan(stack, cloud).workloads.items}
    assert set(SERVES) | set(SYSTEM) <= there


@EVERY_CASE
def test_a_quorum_outlives_a_zone(stack: str, cloud: str) -> None:
    for workload in plan(stack, cloud).workloads.items:
        if workload.quorum is not None:
            assert left_without_zone(workload, 3) >= workload.quorum, workload.name


def test_what_is_left_follows_from_the_spread() -> None:
    pod = plan("large").workloads["litellm"].model_copy(update={"replicas": 5})
    assert (left_without_node(pod, 10), left_without_node(pod, 3)) == (4, 3)
    assert left_without_zone(pod, 3) == 3
    packed = pod.model_copy(update={"spread_zones": "none", "spread_hosts": "none"})
    assert (left_without_node(packed, 10), left_without_zone(packed, 3)) == (0, 0)


def test_every_size_says_what_becomes_of_its_cache() -> None:
    small, *others = [line for line in docs_failures.document().splitlines() if "With a zone" in line]
    assert plan("small").order.redis.spec.replicas_per_shard == 0
    assert "the cache has no replica" in small
    assert others
    assert all("the cache fails over" in line for line in others)


def test_every_size_has_its_table() -> None:
    text = docs_failures.document()
    for stack, cloud in CASES:
        if cloud == "aws":
            rows = text.split(f"## {stack.capitalize()}\n")[1].split("\n## ")[0]
            for workload in plan(stack, cloud).workloads.items:
                told = workload.kind not in ("Job", "CronJob")
                assert (f"| {workload.name} |" in rows) == told


def test_the_database_is_said_to_be_in_the_way_of_every_request() -> None:
    """The chart's readiness probe is the path that asks it (components/kubernetes/litellm.py)."""
    text = docs_failures.document()
    assert "Without the database nothing is answered" in text
    assert "no request is answered" in SERVES["pgbouncer"]
    assert READINESS["path"] in text
