"""Answers to charts that bring defaults of their own, which Helm would merge with ours."""

from __future__ import annotations

from sizing.specs import Container, Workload


def exact_resources(container: Container) -> dict[str, dict[str, str | None]]:
    """The resources of a container whose chart has default limits; a limit that is left out becomes None.

    Helm merges maps, so a limit that is merely absent would come from the chart. Needs
    ``helm_release(removes_defaults=True)``.
    """
    unlimited: dict[str, str | None] = {"cpu": None, "memory": None}
    resources = container.resources()
    return {"requests": {**resources["requests"]}, "limits": {**unlimited, **resources.get("limits", {})}}


def minimum_budget(workload: Workload) -> dict[str, object]:
    """A budget for charts whose default is ``minAvailable: 1``: ``maxUnavailable`` beside it is refused.

    Off for a lone replica, which such a default would never let go.
    """
    if workload.max_unavailable is None or workload.replicas < 2:
        return {"enabled": False}
    return {"enabled": True, "minAvailable": workload.replicas - workload.max_unavailable}
