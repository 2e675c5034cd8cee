"""One engine as the chart's ``modelSpec`` entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.bindings import Bindings
from components.kubernetes import images
from components.kubernetes.model_cache import model_path
from components.kubernetes.placement import disruption_budget, spread_by_affinity
from components.kubernetes.security import not_root
from sizing.specs import EngineSpec, Workload

RELEASE = "vllm"

ENGINE_CONTAINER = "vllm"  # its name in the chart and in the workload
GPU = "nvidia.com/gpu"

ENGINE_LABELS = {"environment": "ai-gateway", "release": "vllm"}
"""Replaces both of the chart's default labels, by which the router finds engines: one set per release."""

ENGINE_USER, ENGINE_HOME = 2000, "/home/vllm"
ENGINE_POD_SECURITY = not_root(ENGINE_USER, group=0)
"""The image's own user, which is made for this; its home belongs to group 0. Compiled kernels are kept there,
so the root file system stays writable. https://docs.vllm.ai/en/latest/deployment/docker/"""

PRE_STOP_S = 15
"""The engine takes requests until it is told to stop, and aborts those that come later; the router and the
endpoints must have forgotten it before (https://github.com/vllm-project/vllm/issues/43208)."""

STOP_MARGIN_S = 15

STREAMER_CONCURRENCY = 16
"""Threads that read weights: the setting of NVIDIA's measurements for object storage
(https://developer.nvidia.com/blog/reducing-cold-start-latency-for-llm-inference-with-nvidia-runai-model-streamer/)."""

START_DELAY_S = 15
START_PERIOD_S = 10

LIVENESS_FAILURES = 6
"""A minute: the engine's event loop can be busy for longer than the chart's 30 s while it captures graphs."""

MIB = 1024 * 1024


@dataclass(frozen=True)
class EngineInputs:
    """``drain_s``: how long running requests may take to end after SIGTERM."""

    workload: Workload
    bindings: Bindings
    drain_s: int


def engine_labels(engine: EngineSpec) -> dict[str, str]:
    """Labels that the chart puts on the pods of this engine and of no other."""
    return {"helm-release-name": RELEASE, "model": engine.slug}


def probes(engines: Sequence[EngineSpec]) -> dict[str, object]:
    """One set for all engines: the slowest one decides how long a start may take (weights, compilation,
    graphs).

    A pod that is not ready in time starts again from the beginning, so the budget errs on the long side.
    """
    budget = max((engine.startup_budget_s for engine in engines), default=0)
    health = {"path": "/health", "port": 8000}
    return {
        "startupProbe": {
            "initialDelaySeconds": START_DELAY_S,
            "periodSeconds": START_PERIOD_S,
            "failureThreshold": -(-budget // START_PERIOD_S),
            "httpGet": health,
        },
        "livenessProbe": {
            "initialDelaySeconds": START_DELAY_S,
            "periodSeconds": START_PERIOD_S,
            "failureThreshold": LIVENESS_FAILURES,
            "httpGet": health,
        },
    }


def model_spec(engine: EngineSpec, inputs: EngineInputs) -> dict[str, object]:
    """The entry. ``replicaCount`` is shown for the reader: with ``keda.enabled`` the chart does not write
    it."""
    budget = disruption_budget(inputs.workload)
    return {
        "name": engine.slug,
        "repository": images.VLLM.repository,
        "tag": images.VLLM.tag,
        "modelURL": pulumi.Output.concat(inputs.bindings.model_cache_uri, "/", model_path(engine)),
        "serviceAccountName": "vllm",
        "priorityClassName": inputs.workload.priority_class,
        "replicaCount": engine.min_replicas,
        "keda": {"enabled": True},
        "raySpec": {"enabled": False},
        "resources": _resources(engine, inputs.workload),
        "shmSize": f"{engine.shm_gib}Gi",
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": _affinity(engine, inputs.workload),
        "pdb": budget,
        "env": _environment(engine, inputs.bindings),
        "vllmConfig": {
            "tensorParallelSize": engine.tensor_parallel_size,
            "maxModelLen": engine.max_model_len,
            "dtype": engine.dtype,
            "gpuMemoryUtilization": engine.gpu_memory_utilization,
            "maxNumSeqs": engine.max_num_seqs,
            "enablePrefixCaching": True,
            "extraArgs": _arguments(engine, inputs.drain_s),
        },
    }


def _affinity(engine: EngineSpec, workload: Workload) -> dict[str, object]:
    """Nodes the engine insists on, and its replicas apart from each other where they can be.

    The chart has neither a plain selector nor spread constraints for engines, and forgets its own
    ``nodeSelectorTerms`` when there is an ``affinity``.
    """
    labels = [
        {"key": key, "operator": "In", "values": [value]} for key, value in sorted(engine.node_labels.items())
    ]
    terms = {"nodeSelectorTerms": [{"matchExpressions": labels}]}
    return {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms},
        **spread_by_affinity(workload, engine_labels(engine)),
    }


def _resources(engine: EngineSpec, workload: Workload) -> dict[str, dict[str, str]]:
    """The workload's figures and the GPUs, which count as request and limit alike."""
    resources = workload.container(ENGINE_CONTAINER).resources()
    gpus = {GPU: str(engine.gpus)}
    return {
        "requests": {**resources["requests"], **gpus},
        "limits": {**resources.get("limits", {}), **gpus},
    }


def _environment(engine: EngineSpec, bindings: Bindings) -> list[dict[str, str]]:
    values = {
        "RUNAI_STREAMER_MEMORY_LIMIT": str(engine.streamer_memory_limit_mib * MIB),
        "VLLM_ENGINE_READY_TIMEOUT_S": str(engine.startup_budget_s),
        "VLLM_NO_USAGE_STATS": "1",
        "HOME": ENGINE_HOME,
        **bindings.environment,
    }
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _arguments(engine: EngineSpec, drain_s: int) -> list[str]:
    """Flags for which the chart has no key. The served name is set: the default is the bucket's URL."""
    loader: dict[str, object] = {
        "concurrency": STREAMER_CONCURRENCY,
        "memory_limit": engine.streamer_memory_limit_mib * MIB,
    }
    if engine.tensor_parallel_size > 1:
        loader["distributed"] = True
    return [
        "--served-model-name",
        engine.name,
        "--load-format",
        "runai_streamer",
        "--model-loader-extra-config",
        json.dumps(loader, sort_keys=True),
        "--shutdown-timeout",
        str(drain_s),
        "--stream-interval",
        str(engine.stream_interval),
    ]
