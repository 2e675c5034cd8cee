"""Which engines run, and with what: precision from the card, resources from the node (D3 to D6, D26, D37)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sizing import choices, gpu
from sizing.clouds.base import PoolOrder
from sizing.errors import SizingError
from sizing.given import check_limit
from sizing.guide import ch2_components
from sizing.names import counted, slug
from sizing.quantities import MIB_PER_GIB
from sizing.requirements import EngineRequirements, Requirements
from sizing.specs import EngineSpec, Spec, TriggerSpec, Workload

POOL_LABEL = "ai-gateway/pool"
ENGINE_LABEL = "ai-gateway/engine"
STARTUP_BASE_S = 600
"""Node, image pull (12 GB compressed), compilation and CUDA graphs, without the weights."""
LOADER_BYTES_PER_S = 10**9
"""Planning figure for streaming weights from object storage; the node's network may be slower."""
STREAMER_MEMORY_LIMIT_MIB = 4096
"""The streamer's buffer defaults to 40 GB, more than a small node has."""
SHM_SHARE = 4
"""Shared memory is a quarter of the memory limit at most, and inside it."""
SHM_MOST_GIB = 16


class Engine(Spec):
    """One engine as it runs. Figures are of one replica; ``fit`` is the memory calculation behind it."""

    name: str
    slug: str
    repository: str
    revision: str
    precision: str
    gpu_model: str
    gpus: int
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int
    min_replicas: int
    max_replicas: int
    cpu_request_m: int
    cpu_limit_m: int
    memory_request_mib: int
    memory_limit_mib: int
    stream_interval: int
    startup_budget_s: int
    node_labels: Mapping[str, str]
    fit: gpu.Fit

    def spec(self, trigger: TriggerSpec) -> EngineSpec:
        """What the component gets."""
        return EngineSpec(
            name=self.name,
            slug=self.slug,
            repository=self.repository,
            revision=self.revision,
            precision=self.precision,
            dtype=self.fit.dtype,
            gpu_model=self.gpu_model,
            gpus=self.gpus,
            tensor_parallel_size=self.tensor_parallel_size,
            max_model_len=self.max_model_len,
            max_num_seqs=self.max_num_seqs,
            gpu_memory_utilization=gpu.UTILISATION,
            stream_interval=self.stream_interval,
            shm_gib=min(SHM_MOST_GIB, max(1, self.memory_limit_mib // MIB_PER_GIB // SHM_SHARE)),
            streamer_memory_limit_mib=STREAMER_MEMORY_LIMIT_MIB,
            startup_budget_s=self.startup_budget_s,
            min_replicas=self.min_replicas,
            max_replicas=self.max_replicas,
            triggers=(
                trigger,
                TriggerSpec(metric=choices.WAITING_METRIC, threshold=choices.WAITING_THRESHOLD),
            ),
            fallback_replicas=max(self.min_replicas, min(2, self.max_replicas)),
            node_labels=self.node_labels,
        )


def _fits(need: Requirements, pool: PoolOrder) -> tuple[gpu.Fit, ...]:
    target = gpu.card(pool.machine.gpu_model)
    made: list[gpu.Fit] = []
    for index, engine in enumerate(need.vllm.engines):
        path = f"vllm.engines[{index}]"
        own = need.vllm.models
        wanted = gpu.checkpoint(f"{path}.repository", engine.repository, own)
        size = engine.tensor_parallel_size
        if size is not None and (size > pool.machine.gpus or size not in gpu.TENSOR_PARALLEL_SIZES):
            raise SizingError(
                f"{path}.tensorParallelSize",
                size,
                f"{pool.machine.name} has {counted(pool.machine.gpus, 'GPU')},"
                " and heads divide by 1, 2, 4 or 8 only",
                "Use 1, 2, 4 or 8, at most the GPUs of a node.",
            )
        if size is not None and not wanted.splits(size):
            raise SizingError(
                f"{path}.tensorParallelSize",
                size,
                f"{wanted.repository} has {wanted.attention_heads} attention heads and {wanted.kv_heads} KV"
                " heads, and every card takes whole ones",
                "Use a number that divides both.",
            )
        fit = gpu.choose(
            path,
            wanted,
            target,
            gpus_per_node=pool.machine.gpus,
            max_model_len=engine.max_model_len,
            least_tensor_parallel_size=min(_guide_gpus(wanted.family), pool.machine.gpus),
            precision=engine.precision or (wanted.precision if wanted.precision != "bf16" else None),
            exact_tensor_parallel_size=size,
            own=own,
        )
        if "max_model_len" in engine.explicit and fit.max_model_len < engine.max_model_len:
            raise SizingError(
                f"{path}.maxModelLen",
                engine.max_model_len,
                f"{fit.tensor_parallel_size} x {target.gpu} hold {fit.kv_tokens} tokens beside"
                f" {fit.model.repository}",
                f"Set at most {fit.kv_tokens}, or choose a machine type with more GPU memory.",
            )
        made.append(fit)
    return tuple(made)


def _guide_gpus(family: str) -> int:
    """GPUs that table 2.3 gives the model; 1 for a model it does not name."""
    named = [row.gpus for row in ch2_components.INFERENCE if row.model.lower() == family]
    return min(named, default=1)


def _max_replicas(engine: EngineRequirements, fit: gpu.Fit, pool: PoolOrder, engines: int) -> int:
    if engine.max_replicas is not None:
        return engine.max_replicas
    share = pool.desired * pool.machine.gpus // engines // fit.tensor_parallel_size
    return max(ch2_components.PRODUCTION_STACK.max_replicas, share, engine.min_replicas)


def _share(amount: int, gpus: int, pool: PoolOrder, step: int) -> int:
    """An engine's share of a node's ``amount``, rounded down to whole ``step``."""
    return amount * gpus // pool.machine.gpus // step * step


def tokens_per_request(need: Requirements) -> int:
    """Tokens that one running request holds in the KV cache: what it was given and what it answers (1.2)."""
    return need.workload.input_tokens + need.workload.output_tokens


def stream_interval(need: Requirements) -> int:
    """Tokens per streamed chunk that keep the tier's RPS under the CPU target at the HPA maximum (D37)."""
    litellm, load = need.litellm, need.workload
    budget_ms = litellm.max_replicas * litellm.cpu_request_m * litellm.hpa.cpu_percent / 100 / litellm.max_rps
    chunks = (
        (budget_ms - choices.LITELLM_CPU_MS_PER_REQUEST)
        / choices.LITELLM_CPU_MS_PER_CHUNK
        / load.streaming_ratio
    )
    return load.output_tokens if chunks < 1 else max(1, math.ceil(load.output_tokens / chunks))


def _daemon_usage(daemons: tuple[Workload, ...]) -> tuple[int, int]:
    on_gpu = [d for d in daemons if d.kind == "DaemonSet" and d.node_group in ("all", "gpu_nodes")]
    return sum(d.cpu_m for d in on_gpu), sum(d.memory_mib for d in on_gpu)


def engines(need: Requirements, pool: PoolOrder, daemons: tuple[Workload, ...]) -> tuple[Engine, ...]:
    """Every engine of the requirements as it runs on the pool's machine.

    Args:
        daemons: what runs on every node; their requests leave the usable share (D3).

    Raises:
        SizingError: a model does not fit the card, or explicit resources do not fit the node.
    """
    fits = _fits(need, pool)
    cpu_m, memory_mib = _daemon_usage(daemons)
    usable = (pool.machine.allocatable_cpu_m - cpu_m, pool.machine.allocatable_memory_mib - memory_mib)
    whole_node = [fit.tensor_parallel_size == pool.machine.gpus > 1 for fit in fits]
    dedicated = any(whole_node) and not all(whole_node)
    return tuple(
        _engine(need, index, fits[index], pool, usable, dedicated=dedicated) for index in range(len(fits))
    )


def _resources(
    asked: EngineRequirements, index: int, gpus: int, pool: PoolOrder, usable: tuple[int, int]
) -> dict[str, int]:
    """Requests and limits of one replica: the guide's per GPU, at most the usable share of the node (D3)."""
    made: dict[str, int] = {}
    for unit, suffix, symbol, amount, step in (
        ("cpu", "m", "m", usable[0], 1000),
        ("memory", "mib", "Mi", usable[1], MIB_PER_GIB),
    ):
        path, share = f"vllm.engines[{index}].{unit}", _share(amount, gpus, pool, step)
        most = _share(amount, gpus, pool, 1)
        pair: dict[str, int] = {}
        for end in ("request", "limit"):
            field = f"{unit}_{end}_{suffix}"
            value: int = getattr(asked, field)
            if field not in asked.explicit:
                value = min(value * gpus, share)
            elif value > most:
                raise SizingError(
                    f"{path}.{end}",
                    f"{value}{symbol}",
                    f"{pool.machine.name} leaves {most}{symbol} for"
                    + (
                        f" {gpus} of its {pool.machine.gpus} GPUs"
                        if pool.machine.gpus > 1
                        else " its one GPU"
                    ),
                    f"Lower the {end} or choose a larger nodes.gpu.machineType.",
                )
            pair[end] = value
        if f"{unit}_limit_{suffix}" not in asked.explicit:
            pair["limit"] = max(pair.values())
        check_limit(path, symbol, pair["request"], pair["limit"])
        made |= {f"{unit}_{end}_{suffix}": value for end, value in pair.items()}
    return made


def _revision(path: str, asked: EngineRequirements, model: gpu.Model) -> str:
    """The stack's commit, else the one that is known of what runs (D26).

    Raises:
        SizingError: the commit is of a repository that gives way to another precision.
    """
    if asked.revision is None:
        return model.revision or gpu.UNPINNED
    if model.repository != asked.repository:
        raise SizingError(
            f"{path}.revision",
            asked.revision,
            f"a commit of {asked.repository}, and {model.repository} runs, which fits the card",
            f"Set {path}.repository to {model.repository} and pin a commit of that, or leave both out.",
        )
    return asked.revision


def _engine(
    need: Requirements, index: int, fit: gpu.Fit, pool: PoolOrder, usable: tuple[int, int], *, dedicated: bool
) -> Engine:
    asked = need.vllm.engines[index]
    gpus = fit.tensor_parallel_size
    rate = min(LOADER_BYTES_PER_S, int(pool.machine.network_gbps_baseline * 10**9 / 8))
    labels = {POOL_LABEL: "gpu"}
    if dedicated:
        labels[ENGINE_LABEL] = slug(asked.name)
    return Engine(
        name=asked.name,
        slug=slug(asked.name),
        repository=fit.model.repository,
        revision=_revision(f"vllm.engines[{index}]", asked, fit.model),
        precision=fit.model.precision,
        gpu_model=pool.machine.gpu_model,
        gpus=gpus,
        tensor_parallel_size=gpus,
        max_model_len=fit.max_model_len,
        max_num_seqs=max(1, min(256, fit.kv_tokens // tokens_per_request(need))),
        min_replicas=asked.min_replicas,
        max_replicas=_max_replicas(asked, fit, pool, len(need.vllm.engines)),
        **_resources(asked, index, gpus, pool, usable),
        stream_interval=stream_interval(need),
        startup_budget_s=STARTUP_BASE_S + 2 * math.ceil(fit.model.weight_mib * 2**20 / rate),
        node_labels=labels,
        fit=fit,
    )
