"""Pods of self-hosted inference: the vLLM router, the engines, and what their nodes run."""

from __future__ import annotations

from sizing.engines import Engine
from sizing.requirements import Requirements
from sizing.specs import AddonsSpec, Container, SpreadRule, Workload
from sizing.workloads.build import container, job

ROUTER_CPU_M = 400
ROUTER_MEMORY_MIB = 1000
"""vllm-stack 0.1.12 ``routerSpec.resources``."""


def workloads(need: Requirements, engines: tuple[Engine, ...], addons: AddonsSpec) -> tuple[Workload, ...]:
    """The router, a Deployment and a Job for its model per engine, and the GPU nodes' own pods."""
    return (
        _router(need),
        *(_engine(engine) for engine in engines),
        *(_model_cache(engine) for engine in engines),
        *gpu_daemons(addons),
    )


def _router(need: Requirements) -> Workload:
    return Workload(
        name="vllm-router",
        release="vllm",
        namespace="vllm",
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=need.vllm.router_replicas,
        containers=(container("router", ROUTER_CPU_M, ROUTER_MEMORY_MIB),),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class="gateway-critical",
        source="guide 2.3 (replicas); resources: chart vllm-stack 0.1.12",
    )


def _engine(engine: Engine) -> Workload:
    spread: SpreadRule = "soft" if engine.max_replicas > 1 else "none"
    return Workload(
        name=f"vllm-{engine.slug}",
        release="vllm",
        namespace="vllm",
        kind="Deployment",
        node_group="gpu_nodes",
        replicas=engine.min_replicas,
        max_replicas=engine.max_replicas,
        containers=(
            Container(
                name="vllm",
                cpu_request_m=engine.cpu_request_m,
                cpu_limit_m=engine.cpu_limit_m,
                memory_request_mib=engine.memory_request_mib,
                memory_limit_mib=engine.memory_limit_mib,
                gpus=engine.gpus,
            ),
        ),
        node_labels=engine.node_labels,
        spread_zones=spread,
        spread_hosts=spread,
        max_unavailable=1,
        priority_class="gateway-critical",
        source="guide 2.3, D3",
    )


def _model_cache(engine: Engine) -> Workload:
    return job(
        f"model-cache-{engine.slug}",
        "vllm",
        container("fill", 500, 1024, cpu_limit_m=2000, memory_limit_mib=3072),
        source="ours: multipart uploads hold 80 MB, the download's client some hundreds",
    )


def gpu_daemons(addons: AddonsSpec) -> tuple[Workload, ...]:
    """DaemonSets of the GPU nodes; a cloud that runs them itself leaves them out."""
    wanted = {
        "nvidia-device-plugin": (
            addons.nvidia_device_plugin,
            container("nvidia-device-plugin", 20, 64, memory_limit_mib=256),
        ),
        "dcgm-exporter": (
            addons.dcgm_exporter,
            container("dcgm-exporter", 100, 128, cpu_limit_m=200, memory_limit_mib=512),
        ),
    }
    return tuple(
        Workload(
            name=name,
            release=name,
            namespace="gpu",
            kind="DaemonSet",
            node_group="gpu_nodes",
            replicas=0,
            containers=(pod,),
            priority_class="system-node-critical",
            source="chart defaults" if name == "dcgm-exporter" else "ours: the chart sets none",
        )
        for name, (use, pod) in wanted.items()
        if use
    )
