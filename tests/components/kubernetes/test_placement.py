"""From a workload's rules to spread, affinity and disruption budgets."""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes.placement import (
    HOST,
    ZONE,
    disruption_budget,
    labels_of,
    pod_affinity,
    spread_by_affinity,
    spread_constraints,
)
from sizing.specs import Workload
from tests.factories_workloads import container, workload

LABELS = {"app": "x"}


def pod(**changes: object) -> Workload:
    return workload("x", container("x", 100, 100), **changes)


def test_zones_and_hosts_each_become_a_constraint() -> None:
    found = spread_constraints(pod(spread_zones="hard", spread_hosts="soft"), LABELS)
    assert [(c["topologyKey"], c["whenUnsatisfiable"]) for c in found] == [
        (ZONE, "DoNotSchedule"),
        (HOST, "ScheduleAnyway"),
    ]
    assert all(c["labelSelector"] == {"matchLabels": LABELS} for c in found)
    assert all(c["maxSkew"] == 1 for c in found)


def test_no_rule_gives_nothing() -> None:
    free = pod(spread_zones="none", spread_hosts="none")
    assert spread_constraints(free, LABELS) == []
    assert spread_by_affinity(free, LABELS) == {}
    assert pod_affinity(free, LABELS) == {}


def test_hard_hosts_are_an_affinity_and_not_a_constraint() -> None:
    strict = pod(spread_zones="none", spread_hosts="hard")
    assert spread_constraints(strict, LABELS) == []
    term = {"labelSelector": {"matchLabels": LABELS}, "topologyKey": HOST}
    assert pod_affinity(strict, LABELS) == {
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    }


def test_soft_hosts_are_a_preference_beside_the_constraint() -> None:
    """Linters look for an anti-affinity between hosts and read no spread constraints."""
    gentle = pod(spread_zones="soft", spread_hosts="soft")
    assert [c["topologyKey"] for c in spread_constraints(gentle, LABELS)] == [ZONE, HOST]
    term = {
        "labelSelector": {"matchLabels": LABELS},
        "topologyKey": HOST,
        "matchLabelKeys": ["pod-template-hash"],
    }
    assert pod_affinity(gentle, LABELS) == {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
        }
    }
    (of_set,) = preferred_terms(pod_affinity(pod(spread_hosts="soft", kind="StatefulSet"), LABELS))
    assert "matchLabelKeys" not in of_set


def preferred_terms(affinity: Any) -> list[dict[str, object]]:
    weighted = affinity["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    return [entry["podAffinityTerm"] for entry in weighted]


def test_only_deployments_are_counted_per_rollout() -> None:
    """A StatefulSet's pods have no ``pod-template-hash``."""
    (of_deployment,) = spread_constraints(pod(spread_hosts="none"), LABELS)
    (of_set,) = spread_constraints(pod(spread_hosts="none", kind="StatefulSet"), LABELS)
    assert of_deployment["matchLabelKeys"] == ["pod-template-hash"]
    assert "matchLabelKeys" not in of_set


def test_soft_rules_as_affinity_are_preferences() -> None:
    found = spread_by_affinity(pod(spread_zones="hard", spread_hosts="soft"), LABELS)["podAntiAffinity"]
    assert isinstance(found, dict)
    (required,) = found["requiredDuringSchedulingIgnoredDuringExecution"]
    (preferred,) = found["preferredDuringSchedulingIgnoredDuringExecution"]
    assert required["topologyKey"] == ZONE
    assert preferred["podAffinityTerm"]["topologyKey"] == HOST


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"replicas": 3, "max_unavailable": 2}, {"enabled": True, "maxUnavailable": 2}),
        ({"replicas": 3, "max_unavailable": None}, {"enabled": False}),
        ({"replicas": 1, "max_unavailable": 1}, {"enabled": False}),
        ({"replicas": 1, "max_replicas": 4, "max_unavailable": 1}, {"enabled": True, "maxUnavailable": 1}),
    ],
)
def test_a_budget_never_blocks_a_drain(changes: dict[str, object], expected: dict[str, object]) -> None:
    assert disruption_budget(pod(**changes)) == expected


def test_labels() -> None:
    assert labels_of("a", "b") == {"app.kubernetes.io/name": "a", "app.kubernetes.io/instance": "b"}
    assert labels_of("a", "b", "c")["app.kubernetes.io/component"] == "c"
