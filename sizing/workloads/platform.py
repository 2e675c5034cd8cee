"""Pods of the cluster services that every cloud needs: secrets, certificates, scaling."""

from __future__ import annotations

from sizing import choices
from sizing.requirements import Requirements
from sizing.specs import Workload
from sizing.workloads.build import controller

_OURS = "ours: the chart sets none; a controller of few objects"
_KEDA = "requests and limits: chart keda 2.20.2"


def workloads(need: Requirements) -> tuple[Workload, ...]:
    """External Secrets, cert-manager and KEDA with their webhooks."""
    replicas = choices.CONTROLLER_REPLICAS[need.tier]
    return (
        controller(
            "external-secrets", "external-secrets", "external-secrets", replicas, 50, 128, source=_OURS
        ),
        controller(
            "external-secrets-webhook", "external-secrets", "external-secrets", replicas, 20, 64, source=_OURS
        ),
        controller(
            "external-secrets-cert-controller",
            "external-secrets",
            "external-secrets",
            1,
            20,
            128,
            source=_OURS,
        ),
        controller("cert-manager", "cert-manager", "cert-manager", replicas, 50, 128, source=_OURS),
        controller("cert-manager-webhook", "cert-manager", "cert-manager", replicas, 20, 64, source=_OURS),
        controller("cert-manager-cainjector", "cert-manager", "cert-manager", 1, 20, 192, source=_OURS),
        controller(
            "keda-operator",
            "keda",
            "keda",
            replicas,
            100,
            100,
            cpu_limit_m=1000,
            memory_limit_mib=1000,
            source=_KEDA,
        ),
        controller(
            "keda-metrics-apiserver",
            "keda",
            "keda",
            replicas,
            100,
            100,
            cpu_limit_m=1000,
            memory_limit_mib=1000,
            source=_KEDA,
        ),
        controller(
            "keda-webhooks",
            "keda",
            "keda",
            1,
            100,
            100,
            cpu_limit_m=1000,
            memory_limit_mib=1000,
            source=_KEDA,
        ),
    )
