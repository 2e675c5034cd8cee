"""Alert rules as objects of the Prometheus operator."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels
from sizing.specs import RuleGroupSpec

API_VERSION = "monitoring.coreos.com/v1"


def prometheus_rules(
    component: Component,
    groups: Sequence[RuleGroupSpec],
    *,
    namespace: str,
    depends_on: Sequence[pulumi.Resource],
) -> list[k8s.apiextensions.CustomResource]:
    """A PrometheusRule per group, named like it. What the rules say is decided elsewhere.

    ``depends_on`` holds the release of the operator: its webhook checks every expression.
    """
    return [_rule(component, group, namespace, depends_on) for group in groups if group.rules]


def _rule(
    component: Component, group: RuleGroupSpec, namespace: str, depends_on: Sequence[pulumi.Resource]
) -> k8s.apiextensions.CustomResource:
    name = group.name.replace(".", "-")
    return k8s.apiextensions.CustomResource(
        f"{component.prefix}-rules-{name}",
        api_version=API_VERSION,
        kind="PrometheusRule",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=own_labels()),
        spec={"groups": [group.manifest()]},
        opts=component.child(depends_on=list(depends_on)),
    )
