"""How the number of LiteLLM pods follows the load: the guide's autoscaler, or KEDA's with more to go by."""

from __future__ import annotations

from components.kubernetes.scaling import FAILURES_UNTIL_FALLBACK, POLLING_S
from sizing.specs import HpaSpec, LitellmSpec

WINDOW = "2m"
"""Of the rates: eight scrapes, so that one lost scrape does not look like half the load."""

REQUESTS = f"sum(rate(litellm_proxy_total_requests_metric_total[{WINDOW}]))"
TOKENS = f"sum(rate(litellm_total_tokens_metric_total[{WINDOW}]))"
"""Of all pods; the autoscaler divides by their number."""


def autoscaling(spec: LitellmSpec, prometheus_url: str) -> dict[str, object]:
    """The chart's ``hpa`` and ``keda``: exactly one is enabled, because two autoscalers of one Deployment
    would undo each other. KEDA's makes the same autoscaler with the same bounds, cpu, memory and behaviour,
    and the triggers that only Prometheus can answer.
    """
    wanted = {REQUESTS: spec.requests_per_second_per_pod, TOKENS: spec.tokens_per_second_per_pod}
    triggers = [
        _prometheus(query, threshold, prometheus_url)
        for query, threshold in wanted.items()
        if threshold is not None
    ]
    if not triggers:
        return {"hpa": _hpa(spec.hpa), "keda": {"enabled": False}}
    return {"hpa": {"enabled": False}, "keda": _keda(spec.hpa, triggers)}


def _hpa(hpa: HpaSpec) -> dict[str, object]:
    return {
        "enabled": True,
        "minReplicas": hpa.min_replicas,
        "maxReplicas": hpa.max_replicas,
        "targetCPUUtilizationPercentage": hpa.cpu_percent,
        "targetMemoryUtilizationPercentage": hpa.memory_percent or 0,  # 0 drops it, null would not
        "behavior": hpa.behavior(),
    }


def _keda(hpa: HpaSpec, triggers: list[dict[str, object]]) -> dict[str, object]:
    """Without Prometheus the pods stay as many as they are; cpu and memory go on counting."""
    utilised = {"cpu": hpa.cpu_percent, "memory": hpa.memory_percent}
    resources: list[dict[str, object]] = [
        {"type": name, "metricType": "Utilization", "metadata": {"value": str(percent)}}
        for name, percent in utilised.items()
        if percent
    ]
    return {
        "enabled": True,
        "minReplicaCount": hpa.min_replicas,
        "maxReplicaCount": hpa.max_replicas,
        "pollingInterval": POLLING_S,
        "fallback": {
            "failureThreshold": FAILURES_UNTIL_FALLBACK,
            "replicas": hpa.min_replicas,
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": hpa.behavior()}},
        "triggers": [*resources, *triggers],
    }


def _prometheus(query: str, threshold: int, url: str) -> dict[str, object]:
    """A metric that is gone is an error, not zero, so that a dead Prometheus never scales down."""
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": url,
            "query": query,
            "threshold": str(threshold),
            "ignoreNullValues": "false",
        },
    }
