"""Pods of the cluster services that every cloud needs: secrets, certificates, scaling."""

from __future__ import annotations

from sizing import choices
from sizing.requirements import Requirements
from sizing.specs import Workload
from sizing.workloads.build import container, controller, job

_OURS = "ours: the chart sets none; a controller of few objects"
_CAINJECTOR_LIMIT_MIB = 512
"""It reads every CustomResourceDefinition whole; those of the charts here have some 20 MB, and decoding takes
a multiple of that at every start."""
_KEDA = "requests and limits: chart keda 2.20.2"


def workloads(need: Requirements) -> tuple[Workload, ...]:
    """External Secrets, cert-manager and KEDA with their webhooks and hooks."""
    several = choices.CONTROLLER_REPLICAS[need.tier]
    secrets, certificates = "external-secrets", "cert-manager"
    small = (
        ("external-secrets", secrets, several, 50, 128, 128),
        ("external-secrets-webhook", secrets, several, 20, 64, 64),
        ("external-secrets-cert-controller", secrets, 1, 20, 128, 128),
        ("cert-manager", certificates, several, 50, 128, 128),
        ("cert-manager-webhook", certificates, several, 20, 64, 64),
        ("cert-manager-cainjector", certificates, 1, 20, 192, _CAINJECTOR_LIMIT_MIB),
    )
    keda = (("keda-operator", several), ("keda-metrics-apiserver", several), ("keda-webhooks", 1))
    return (
        *(
            controller(
                name,
                release,
                release,
                replicas,
                cpu_m,
                memory_mib,
                memory_limit_mib=limit_mib,
                source=_OURS,
            )
            for name, release, replicas, cpu_m, memory_mib, limit_mib in small
        ),
        *(
            controller(
                name,
                "keda",
                "keda",
                replicas,
                100,
                100,
                cpu_limit_m=1000,
                memory_limit_mib=1000,
                source=_KEDA,
            )
            for name, replicas in keda
        ),
        job(
            "cert-manager-startupapicheck",
            certificates,
            container("cert-manager-startupapicheck", 10, 32, memory_limit_mib=64),
            release=certificates,
            priority="gateway-platform",
            source="ours: a hook that asks the webhook until it answers; the chart sets none",
        ),
    )
