"""Shape of the agent gateway's data plane: what the controller makes for a Gateway.

https://agentgateway.dev/docs/kubernetes/latest/setup/customize/
"""

from __future__ import annotations

from components.bindings import Bindings
from components.kubernetes.placement import disruption_budget, pod_affinity, spread_constraints
from components.kubernetes.security import SECCOMP
from sizing.specs import AgentGatewaySpec, HpaSpec, Workload

MIN_READY_S = 120
"""A pod is ready in seconds; a network load balancer sends it traffic only after one to three minutes. A
rollout that does not wait leaves the balancer without a healthy target
(https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/)."""

GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"


def parameters_spec(
    spec: AgentGatewaySpec, workload: Workload, bindings: Bindings, gateway: str
) -> dict[str, object]:
    """``AgentgatewayParameters``. Replicas are left to the autoscaler: a figure here would reset it."""
    parameters: dict[str, object] = {
        "resources": workload.container("agentgateway").resources(),
        "logging": {"level": "info", "format": "json"},
        "shutdown": {"min": spec.drain_min_s, "max": spec.drain_max_s},
        "horizontalPodAutoscaler": {"spec": _autoscaler(spec.hpa)},
        "deployment": {"spec": _deployment(workload, gateway)},
        "service": _service(bindings),
    }
    budget = disruption_budget(workload)
    if budget["enabled"]:
        parameters["podDisruptionBudget"] = {"spec": {"maxUnavailable": budget["maxUnavailable"]}}
    return parameters


def _autoscaler(hpa: HpaSpec) -> dict[str, object]:
    metrics = [_utilization("cpu", hpa.cpu_percent)]
    if hpa.memory_percent is not None:
        metrics.append(_utilization("memory", hpa.memory_percent))
    return {
        "minReplicas": hpa.min_replicas,
        "maxReplicas": hpa.max_replicas,
        "metrics": metrics,
        "behavior": hpa.behavior(),
    }


def _utilization(resource: str, percent: int) -> dict[str, object]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _deployment(workload: Workload, gateway: str) -> dict[str, object]:
    """Merged into the Deployment. A surge of one pod: the load balancer never sees fewer than before."""
    labels = {GATEWAY_LABEL: gateway}
    pod: dict[str, object] = {
        "priorityClassName": workload.priority_class,
        # Beside what the controller sets; its own has no profile.
        "securityContext": dict(SECCOMP),
        "topologySpreadConstraints": spread_constraints(workload, labels),
    }
    affinity = pod_affinity(workload, labels)
    if affinity:
        pod["affinity"] = affinity
    return {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "minReadySeconds": MIN_READY_S,
        "template": {"spec": pod},
    }


def _service(bindings: Bindings) -> dict[str, object]:
    balancer: dict[str, object] = {"type": "LoadBalancer"}
    if bindings.load_balancer_class is not None:
        balancer["loadBalancerClass"] = bindings.load_balancer_class
    if bindings.load_balancer_ip is not None:
        balancer["loadBalancerIP"] = bindings.load_balancer_ip
    service: dict[str, object] = {"spec": balancer}
    if bindings.load_balancer_annotations:
        service["metadata"] = {"annotations": dict(sorted(bindings.load_balancer_annotations.items()))}
    return service
