"""From a workload's rules to what charts accept: spread, disruption budgets, resources.

The fit proof reads the same workload, so nothing here may invent a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sizing.specs import SpreadRule, Workload

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"

_SOFT_WEIGHT = 100
"""The most a preference can weigh (1 to 100): spreading goes before packing."""

_WHEN = {"hard": "DoNotSchedule", "soft": "ScheduleAnyway"}


def spread_constraints(workload: Workload, labels: Mapping[str, str]) -> list[dict[str, object]]:
    """``topologySpreadConstraints`` for pods with ``labels``: zones, and hosts unless they exclude each
    other.

    "hard" hosts are left to ``pod_affinity``: one pod per host is stricter than an even spread.
    """
    rules: list[tuple[str, SpreadRule]] = [(ZONE, workload.spread_zones)]
    if workload.spread_hosts == "soft":
        rules.append((HOST, workload.spread_hosts))
    return [_constraint(workload, labels, key, rule) for key, rule in rules if rule != "none"]


def _constraint(
    workload: Workload, labels: Mapping[str, str], key: str, rule: SpreadRule
) -> dict[str, object]:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": _WHEN[rule],
        "labelSelector": {"matchLabels": dict(labels)},
        "nodeTaintsPolicy": "Honor",  # nodes whose taint keeps the pods out are no domain to fill
        **_per_rollout(workload),
    }


def pod_affinity(workload: Workload, labels: Mapping[str, str]) -> dict[str, object]:
    """``affinity`` that keeps pods with ``labels`` on different hosts: a condition when the rule is "hard", a
    preference when it is "soft".

    The preference stands beside the soft constraint. It says the same to the scheduler, and to the many tools
    that look for an anti-affinity and know no spread constraints.
    """
    return _anti_affinity(workload, labels, [(HOST, workload.spread_hosts)])


def spread_by_affinity(workload: Workload, labels: Mapping[str, str]) -> dict[str, object]:
    """The same rules as an ``affinity``, for charts without ``topologySpreadConstraints``.

    "soft" becomes a preference; "hard" a requirement, which for zones means at most one pod per zone.
    """
    return _anti_affinity(workload, labels, [(ZONE, workload.spread_zones), (HOST, workload.spread_hosts)])


def _anti_affinity(
    workload: Workload, labels: Mapping[str, str], rules: Sequence[tuple[str, SpreadRule]]
) -> dict[str, object]:
    required = [_apart(labels, key) for key, rule in rules if rule == "hard"]
    preferred = [
        {"weight": _SOFT_WEIGHT, "podAffinityTerm": {**_apart(labels, key), **_per_rollout(workload)}}
        for key, rule in rules
        if rule == "soft"
    ]
    terms: dict[str, object] = {}
    if required:
        terms["requiredDuringSchedulingIgnoredDuringExecution"] = required
    if preferred:
        terms["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
    return {"podAntiAffinity": terms} if terms else {}


def _apart(labels: Mapping[str, str], key: str) -> dict[str, object]:
    return {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": key}


def _per_rollout(workload: Workload) -> dict[str, object]:
    """Pods of a Deployment are counted per rollout, or the new ones would be placed by the old ones."""
    return {"matchLabelKeys": ["pod-template-hash"]} if workload.kind == "Deployment" else {}


def disruption_budget(workload: Workload) -> dict[str, object]:
    """``{"enabled": .., "maxUnavailable": ..}``, the shape that charts share.

    Off for a lone replica: a budget that allows no disruption stops every node drain for ever.
    """
    if workload.max_unavailable is None or workload.most_replicas < 2:
        return {"enabled": False}
    return {"enabled": True, "maxUnavailable": workload.max_unavailable}


def labels_of(name: str, release: str, component: str | None = None) -> dict[str, str]:
    """The recommended labels by which charts select their pods."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}
    return {**labels, "app.kubernetes.io/component": component} if component else labels
