"""Where a Service of type LoadBalancer is reached."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1.outputs import ServiceStatus


def reached_by(status: ServiceStatus | None) -> str:
    """Host name or IP address of the load balancer.

    Raises:
        RunError: it has neither, or has lost it since the Gateway was programmed.
    """
    balancer = status.load_balancer if status is not None else None
    for entry in (balancer.ingress or ()) if balancer is not None else ():
        found = entry.hostname or entry.ip
        if found:
            return found
    raise pulumi.RunError(
        "the gateway's load balancer has no address, so its DNS record cannot be made; look at the events of"
        " the Service (kubectl -n agentgateway-system describe service edge) and run `pulumi up` again"
    )
