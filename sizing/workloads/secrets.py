"""Jobs around secrets: Vault's first start, its hourly snapshots, new keys of model providers."""

from __future__ import annotations

from sizing.overrides import Overrides
from sizing.specs import Workload
from sizing.workloads.build import container, job

_SOURCE = "ours: Python's standard library, a file at most"


def workloads(over: Overrides) -> tuple[Workload, ...]:
    """The last one only where LiteLLM uses keys that people bring."""
    brings_keys = any(model.api_key_secret for model in over.litellm.external_models or ())
    jobs = (
        job("vault-init", "vault", container("vault-init", 50, 64, memory_limit_mib=128), source=_SOURCE),
        job(
            "vault-snapshot",
            "vault",
            container("vault-snapshot", 50, 64, memory_limit_mib=192),
            kind="CronJob",
            source=_SOURCE,
        ),
        job(
            "litellm-keys",
            "litellm",
            container("litellm-keys", 20, 48, memory_limit_mib=128),
            kind="CronJob",
            source=_SOURCE,
        ),
    )
    return jobs if brings_keys else jobs[:-1]
