"""Requirements of proxies, inference and observability: the guide's 2.1 to 2.3, 2.7 and the overrides."""

from __future__ import annotations

import math

from sizing import choices, gpu
from sizing.errors import SizingError
from sizing.given import check_limit, check_maximum, given
from sizing.guide import ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.names import slug
from sizing.override_parts import EnginePart, ModelPart, ProxyPart
from sizing.overrides import Overrides
from sizing.quantities import parse_memory
from sizing.requirements import (
    EngineRequirements,
    JaegerRequirements,
    LitellmRequirements,
    ObservabilityRequirements,
    PrometheusRequirements,
    ProxyRequirements,
    ShapeRequirements,
    ThanosRequirements,
    VllmRequirements,
)
from sizing.specs import HpaSpec


def _hpa(min_replicas: int, max_replicas: int) -> HpaSpec:
    hpa = ch2_components.HPA
    return HpaSpec(
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        cpu_percent=hpa.cpu_percent,
        memory_percent=hpa.memory_percent,
        scale_down_stabilization_s=hpa.scale_down_stabilization_s,
        scale_down_percent=hpa.scale_down_percent,
        scale_down_period_s=hpa.scale_down_period_s,
        scale_up_stabilization_s=hpa.scale_up_stabilization_s,
        scale_up_percent=hpa.scale_up_percent,
        scale_up_period_s=hpa.scale_up_period_s,
    )


def proxy(path: str, row: ch2_components.Proxy, part: ProxyPart) -> ProxyRequirements:
    """LiteLLM (2.1) or the agent gateway (2.2); the maximum is a multiple of the minimum for both (D1)."""
    guide = row.resources
    replicas = given(part.replicas, row.replicas.value)
    maximum = given(part.max_replicas, ch2_components.HPA.burst_factor * replicas)
    check_maximum(path, "replicas", maximum, replicas)
    cpu_request = given(part.cpu.request, guide.cpu_request_m)
    cpu_limit = given(part.cpu.limit, guide.cpu_limit_m)
    memory_request = given(part.memory.request, guide.memory_request_mib)
    memory_limit = given(part.memory.limit, guide.memory_limit_mib)
    check_limit(f"{path}.cpu", "m", cpu_request, cpu_limit)
    check_limit(f"{path}.memory", "Mi", memory_request, memory_limit)
    return ProxyRequirements(
        replicas=replicas,
        max_replicas=maximum,
        cpu_request_m=cpu_request,
        cpu_limit_m=cpu_limit,
        memory_request_mib=memory_request,
        memory_limit_mib=memory_limit,
        max_rps=row.max_rps.value,
        hpa=_hpa(replicas, maximum),
    )


def litellm(tier: Tier, over: Overrides) -> LitellmRequirements:
    """LiteLLM (2.1): a worker for every whole core requested (D21), as far as the memory holds them."""
    base = proxy("litellm", ch2_components.LITELLM[tier], over.litellm)
    held = base.memory_limit_mib // choices.LITELLM_IDLE_WORKER_MIB
    workers = given(over.litellm.workers, max(1, min(base.cpu_request_m // 1000, held)))
    _check_workers(workers, base.memory_limit_mib)
    return LitellmRequirements(**base.model_dump(), workers=workers)


def _check_workers(workers: int, memory_limit_mib: int) -> None:
    """Refuse workers that a pod's memory does not hold even while they are idle."""
    least = workers * choices.LITELLM_IDLE_WORKER_MIB
    if least > memory_limit_mib:
        fewer = memory_limit_mib // choices.LITELLM_IDLE_WORKER_MIB
        remedy = f"Set litellm.memory.limit to at least {least}Mi"
        raise SizingError(
            "litellm.workers",
            workers,
            f"{workers} idle ones take {least} MiB of a pod that may have {memory_limit_mib} MiB",
            f"{remedy}, or at most {fewer} workers." if fewer else f"{remedy}.",
        )


def _engine(index: int, part: EnginePart, repository: str) -> EngineRequirements:
    stack = ch2_components.PRODUCTION_STACK
    path, guide = f"vllm.engines[{index}]", stack.resources
    minimum = given(part.min_replicas, stack.min_replicas)
    if part.max_replicas is not None:
        check_maximum(path, "minReplicas", part.max_replicas, minimum)
    chosen = given(part.repository, repository)
    asked = {
        "max_model_len": (part.max_model_len, stack.max_model_len),
        "cpu_request_m": (part.cpu.request, guide.cpu_request_m),
        "cpu_limit_m": (part.cpu.limit, guide.cpu_limit_m),
        "memory_request_mib": (part.memory.request, guide.memory_request_mib),
        "memory_limit_mib": (part.memory.limit, guide.memory_limit_mib),
    }
    return EngineRequirements(
        name=given(part.name, _served_name(chosen)),
        repository=chosen,
        revision=part.revision,
        precision=part.precision,
        tensor_parallel_size=part.tensor_parallel_size,
        min_replicas=minimum,
        max_replicas=part.max_replicas,
        **{field: given(value, default) for field, (value, default) in asked.items()},
        explicit=frozenset(field for field, (value, _) in asked.items() if value is not None),
    )


def _served_name(repository: str) -> str:
    """The name clients use: the guide's for its own model, else the repository's last part in lower case."""
    stack = ch2_components.PRODUCTION_STACK
    if repository == stack.repository:
        return stack.model_name
    return repository.rsplit("/", 1)[-1].lower().removesuffix("-instruct")


def own_models(parts: tuple[ModelPart, ...]) -> tuple[gpu.Model, ...]:
    """The checkpoints a stack describes, each a family of its own.

    Raises:
        SizingError: one is described twice, or is the catalogue's.
    """
    seen = {model.repository for model in gpu.models()}
    made: list[gpu.Model] = []
    for index, part in enumerate(parts):
        if part.repository in seen:
            raise SizingError(
                f"vllm.models[{index}].repository",
                part.repository,
                "described already, by the catalogue or another entry",
                "Leave the entry out.",
            )
        seen.add(part.repository)
        facts = part.model_dump(exclude={"parameters_billion", "weight_mib", "revision"})
        stated = (part.parameters_billion or 0) * 10**9 * gpu.BYTES_PER_PARAMETER[part.precision] / 2**20
        made.append(
            gpu.Model(
                **facts,
                family=part.repository.lower(),
                weight_mib=given(part.weight_mib, math.ceil(stated)),
                revision=part.revision or "",
            )
        )
    return tuple(made)


def vllm(tier: Tier, over: Overrides) -> VllmRequirements:
    """Inference (2.3, D6): the tier's models, or exactly the engines that the stack lists."""
    stack = ch2_components.PRODUCTION_STACK
    repositories = [stack.repository]
    if tier in choices.SECOND_MODEL:
        repositories.append(choices.SECOND_MODEL[tier])
    parts = over.vllm.engines if over.vllm.engines is not None else (EnginePart(),) * len(repositories)
    repositories += [stack.repository] * (len(parts) - len(repositories))
    models = own_models(over.vllm.models)
    engines = tuple(_engine(i, part, repositories[i]) for i, part in enumerate(parts))
    _check_names(engines)
    return VllmRequirements(
        router_replicas=given(over.vllm.router_replicas, stack.router_replicas),
        models=models,
        engines=engines,
        trigger_metric=stack.trigger_metric,
        trigger_threshold=stack.trigger_threshold,
    )


def _check_names(engines: tuple[EngineRequirements, ...]) -> None:
    """Names become labels of Kubernetes objects: they must leave one, and each its own."""
    labels: list[str] = []
    for index, engine in enumerate(engines):
        path, label = f"vllm.engines[{index}].name", slug(engine.name)
        if not label:
            raise SizingError(path, engine.name, "has no letter or digit", "Name it like llama-3.1-8b.")
        if label in labels:
            raise SizingError(
                path, engine.name, f"another engine has this name or one as like it as {label}", "Rename one."
            )
        labels.append(label)


def observability(tier: Tier, over: Overrides) -> ObservabilityRequirements:
    """Table 2.7 (D19, D20)."""
    row, part = ch2_components.OBSERVABILITY[tier], over.observability
    otel, grafana = part.otel_collector, part.grafana
    return ObservabilityRequirements(
        otel_collector=ShapeRequirements(
            replicas=given(otel.replicas, row.otel_collector.replicas),
            cpu_m=given(otel.cpu, row.otel_collector.cpu_m),
            memory_mib=given(otel.memory, row.otel_collector.memory_mib),
        ),
        prometheus=_prometheus(tier, over),
        grafana=ShapeRequirements(
            replicas=given(grafana.replicas, row.grafana.replicas),
            cpu_m=given(grafana.cpu, row.grafana.cpu_m),
            memory_mib=given(grafana.memory, row.grafana.memory_mib),
        ),
        jaeger=JaegerRequirements(mode=given(part.jaeger, row.jaeger)),
        thanos=ThanosRequirements(enabled=given(part.thanos, choices.THANOS_TIERS.get(tier, False))),
    )


def _prometheus(tier: Tier, over: Overrides) -> PrometheusRequirements:
    cell, part = ch2_components.OBSERVABILITY[tier].prometheus, over.observability.prometheus
    request, limit = prometheus_memory_mib(tier)
    request, limit = given(part.memory.request, request), given(part.memory.limit, limit)
    check_limit("observability.prometheus.memory", "Mi", request, limit)
    return PrometheusRequirements(
        replicas=given(part.replicas, given(cell.replicas, choices.PROMETHEUS_HA_REPLICAS)),
        memory_request_mib=request,
        memory_limit_mib=limit,
        storage_gib=given(part.storage_gib, ch3_infrastructure.STORAGE[tier].prometheus.gib),
    )


def prometheus_memory_mib(tier: Tier) -> tuple[int, int]:
    """Request and limit of 2.7; where it has words only, a multiple of another tier's (D20)."""
    cell, factor = ch2_components.OBSERVABILITY[tier].prometheus, 1
    if cell.memory_request is None or cell.memory_limit is None:
        of, factor = choices.PROMETHEUS_HA_MEMORY
        cell = ch2_components.OBSERVABILITY[of].prometheus
    if cell.memory_request is None or cell.memory_limit is None:
        raise LookupError(f"the row that {tier} is derived from has no memory figures either")
    return factor * parse_memory(cell.memory_request), factor * parse_memory(cell.memory_limit)
