"""Autoscaling of vLLM engines by KEDA. Guide 2.3, D30.

https://keda.sh/docs/2.19/reference/scaledobject-spec/ and https://keda.sh/docs/2.19/scalers/prometheus/
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels
from sizing.specs import EngineSpec, TriggerSpec

API_VERSION = "keda.sh/v1alpha1"

POLLING_S = 15
"""Half a scrape interval (engines are scraped every 30 s), so that a new sample waits 15 s at most."""

COOLDOWN_S = 300
"""Acts only on the way to zero replicas, where no engine goes; KEDA's default, written down."""

FAILURES_UNTIL_FALLBACK = 3
"""45 s without Prometheus."""

SCALE_DOWN_WINDOW_S = 600
SCALE_DOWN_PERIOD_S = 300
"""One engine less every five minutes, after ten quiet ones: an engine takes minutes to come back, so a
short pause between bursts must not cost one."""


def scaled_object(
    component: Component,
    engine: EngineSpec,
    *,
    namespace: str,
    deployment: str,
    prometheus_url: str,
    depends_on: Sequence[pulumi.Resource],
) -> k8s.apiextensions.CustomResource:
    """A ScaledObject for ``deployment``: the engine's triggers, whichever asks for most wins."""
    return k8s.apiextensions.CustomResource(
        f"{component.prefix}-{engine.slug}-scaledobject",
        api_version=API_VERSION,
        kind="ScaledObject",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=engine.slug, namespace=namespace, labels=own_labels()),
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
            "minReplicaCount": engine.min_replicas,
            "maxReplicaCount": engine.max_replicas,
            "pollingInterval": POLLING_S,
            "cooldownPeriod": COOLDOWN_S,
            "fallback": {
                "failureThreshold": FAILURES_UNTIL_FALLBACK,
                "replicas": engine.fallback_replicas,
                "behavior": "currentReplicasIfHigher",
            },
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior()}},
            "triggers": [_trigger(trigger, engine.name, prometheus_url) for trigger in engine.triggers],
        },
        opts=component.child(depends_on=list(depends_on)),
    )


def _behavior() -> dict[str, object]:
    policy = {"type": "Pods", "value": 1, "periodSeconds": SCALE_DOWN_PERIOD_S}
    return {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_WINDOW_S, "policies": [policy]}}


def _trigger(trigger: TriggerSpec, model: str, prometheus_url: str) -> dict[str, object]:
    """The sum over the engine's replicas; "AverageValue" divides it by their number.

    The model's name is in the query because the router exports a metric of the same name without it, and
    everything would count twice. A metric that is gone is an error ("ignoreNullValues" false), so that the
    fallback acts; KEDA would otherwise read it as zero and scale down.
    """
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": prometheus_url,
            "query": f'sum({trigger.metric}{{model_name="{model}"}})',
            "threshold": str(trigger.threshold),
            "ignoreNullValues": "false",
        },
    }
