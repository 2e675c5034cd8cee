"""How many pods of the request path a node drain may take at once: one, or what the stack says."""

from __future__ import annotations

from sizing.errors import SizingError
from sizing.overrides import Overrides
from sizing.specs import Workload


def with_budget(workload: Workload, over: Overrides) -> Workload:
    """The workload with the stack's budget, if it names one for it.

    Raises:
        SizingError: no pod may go, which would stop every drain of a node and with it every upgrade of the
        cluster; or all may, which would be no budget.
    """
    given = {
        "litellm": ("litellm", over.litellm.max_unavailable),
        "agentgateway": ("agentGateway", over.agent_gateway.max_unavailable),
    }
    path, value = given.get(workload.name, ("", None))
    if value is None:
        return workload
    if value == 0:
        raise SizingError(
            f"{path}.maxUnavailable",
            value,
            "a budget that lets no pod go blocks every drain of a node, and so every upgrade of the cluster",
            "Use at least 1, or leave it out, which is 1.",
        )
    if value > 1 and value >= workload.replicas:
        raise SizingError(
            f"{path}.maxUnavailable",
            value,
            f"all {workload.replicas} pods of {path}.replicas could go at once",
            f"Use at most {max(1, workload.replicas - 1)}, or raise {path}.replicas.",
        )
    return workload.model_copy(update={"max_unavailable": value})
