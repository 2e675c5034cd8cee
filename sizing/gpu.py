"""GPU memory: which precision, tensor parallelism and context of a model a card holds (D4, D5).

The check is what vLLM does at start: ``ceil(total x utilisation) - weights / TP - reserve`` must hold the KV
cache of one full context, else it refuses to serve. Formula and reserves: vLLM 0.33.0
``v1/worker/gpu_worker.py`` and ``v1/core/kv_cache_planning.py``; reserves calibrated by llm-d-planner 0.3.3
(``vllm_memory_constants.json``).
"""

from __future__ import annotations

import functools
import math

from sizing.errors import SizingError
from sizing.names import nearest, with_article
from sizing.specs import Spec
from sizing.tables import rows

UTILISATION = 0.90
"""``--gpu-memory-utilization``: below vLLM's default 0.92, which leaves nothing for a driver update."""

RESERVE_MIB = 2800
RESERVE_TENSOR_PARALLEL_MIB = 4800
"""Activations, CUDA graphs and, with tensor parallelism, NCCL buffers, per card."""

SHORTEST_CONTEXT = 2048
"""Below this a chat model is of no use: refuse rather than shrink further."""

TENSOR_PARALLEL_SIZES = (1, 2, 4, 8)
BYTES_PER_KV_ELEMENT = 2  # fp16 or bf16 cache
UNPINNED = "main"
"""Revision of a repository that nothing pins: its main branch, whatever it holds on the day."""

LEAST_CAPABILITY = {"bf16": 8.0, "fp8": 8.9, "int4": 7.5, "int8": 7.5, "mxfp4": 8.0}
"""Compute capability from which vLLM 0.33.0 computes a precision: bf16 ``platforms/cuda.py``; FP8 natively,
below that from weights only, without its speed (docs/features/quantization/fp8); AWQ and w4a16 by Marlin
``quantization/utils/marlin_utils.py``; INT8 w8a8; MXFP4 ``quantization/mxfp4.py``."""
WEIGHTS_ONLY = {"fp8": 7.5}
"""Where vLLM also runs checkpoints of a precision on a card that does not compute it (W8A16 by Marlin): that
saves memory and no time (docs/features/quantization/fp8). Plans use native precisions: INT4 saves more."""
BYTES_PER_PARAMETER = {"bf16": 2.0, "fp8": 1.15, "int8": 1.15, "int4": 0.72, "mxfp4": 0.72}
"""Weights of a model of the stack's own whose size is not stated: the most that one of the catalogue takes.
Embeddings stay at 16 bit, which weighs on small models."""


class Card(Spec):
    """A GPU: memory as CUDA reports it in MiB, and what it computes natively."""

    gpu: str
    memory_mib: int
    cuda_memory_mib: int
    compute_capability: str
    bf16: bool
    fp8: bool
    memory_gb_per_s: int

    def supports(self, precision: str) -> bool:
        """Whether the card computes ``precision`` with vLLM's kernels, natively."""
        return float(self.compute_capability) >= LEAST_CAPABILITY[precision]

    @property
    def named(self) -> str:
        """The card with its article, as it is spoken: an A10G, a T4."""
        return with_article(self.gpu)

    def lacks(self, precision: str) -> str:
        """That the card does not compute ``precision``, which says nothing of weights stored in it."""
        native = "native " if precision in WEIGHTS_ONLY else ""
        return f"{self.named} (compute capability {self.compute_capability}) has no {native}{precision}"


class Model(Spec):
    """A checkpoint: shape of its attention, weights in MiB, and whether its licence must be accepted."""

    repository: str
    family: str
    precision: str
    layers: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    max_position: int
    weight_mib: int
    gated: bool
    revision: str = ""

    def splits(self, tensor_parallel_size: int) -> bool:
        """Whether the attention can be shared out over so many cards: every card takes whole heads."""
        return self.attention_heads % tensor_parallel_size == self.kv_heads % tensor_parallel_size == 0

    def kv_mib(self, tokens: int) -> float:
        """MiB of KV cache for ``tokens`` over all cards."""
        return 2 * self.layers * self.kv_heads * self.head_dim * BYTES_PER_KV_ELEMENT * tokens / 2**20


class Fit(Spec):
    """How a model runs on a card. Memory figures are per card, in MiB."""

    model: Model
    card: Card
    tensor_parallel_size: int
    max_model_len: int
    needed_mib: int
    available_mib: int
    kv_tokens: int

    @property
    def dtype(self) -> str:
        """vLLM's ``--dtype``: AWQ kernels compute in float16, and so does a card without bf16."""
        return "bfloat16" if self.card.bf16 and self.model.precision != "int4" else "float16"


@functools.cache
def card(name: str) -> Card:
    """The card of the catalogue called ``name``; KeyError when there is none."""
    for row in rows("sizing", "gpus"):
        if row["gpu"] == name:
            return Card.model_validate(row)
    raise KeyError(name)


@functools.cache
def models() -> tuple[Model, ...]:
    """Every checkpoint of the catalogue."""
    fields = Model.model_fields
    return tuple(
        Model.model_validate({k: v for k, v in row.items() if k in fields})
        for row in rows("sizing", "models")
    )


def checkpoint(path: str, repository: str, own: tuple[Model, ...] = ()) -> Model:
    """The checkpoint with that repository: the stack's ``own``, or the catalogue's.

    Raises:
        SizingError: it is neither.
    """
    known = {model.repository: model for model in (*models(), *own)}
    if repository in known:
        return known[repository]
    near = nearest(repository, known)
    first = f"Did you mean {near}? Else" if near else f"Use one of: {', '.join(sorted(known))}; or"
    raise SizingError(
        path,
        repository,
        "not a model of the catalogue or of vllm.models",
        f"{first} describe it in vllm.models.",
    )


def needed_mib(model: Model, tensor_parallel_size: int, tokens: int) -> int:
    """MiB a card must give: its part of weights and of ``tokens`` of KV cache, and the reserve."""
    reserve = RESERVE_MIB if tensor_parallel_size == 1 else RESERVE_TENSOR_PARALLEL_MIB
    return math.ceil((model.weight_mib + model.kv_mib(tokens)) / tensor_parallel_size) + reserve


def available_mib(target: Card) -> int:
    """MiB of the card that vLLM may use."""
    return math.ceil(target.cuda_memory_mib * UTILISATION)


def _fit(model: Model, target: Card, tensor_parallel_size: int, tokens: int) -> Fit | None:
    room, need = available_mib(target), needed_mib(model, tensor_parallel_size, tokens)
    if need > room:
        return None
    free = room - needed_mib(model, tensor_parallel_size, 0)
    return Fit(
        model=model,
        card=target,
        tensor_parallel_size=tensor_parallel_size,
        max_model_len=tokens,
        needed_mib=need,
        available_mib=room,
        kv_tokens=int(free * tensor_parallel_size / model.kv_mib(1)),
    )


def _variants(wanted: Model, precision: str | None, own: tuple[Model, ...]) -> list[Model]:
    order = [precision] if precision else ["bf16", "fp8", "int4"]
    family = [m for m in (*models(), *own) if m.family == wanted.family]
    return [
        m
        for p in order
        for m in sorted(family, key=lambda m: m.repository != wanted.repository)
        if m.precision == p
    ]


def _check_asked(path: str, wanted: Model, target: Card, max_model_len: int, precision: str | None) -> None:
    if max_model_len > wanted.max_position:
        raise SizingError(
            f"{path}.maxModelLen",
            max_model_len,
            f"{wanted.repository} takes at most {wanted.max_position} tokens",
            f"Set at most {wanted.max_position}.",
        )
    if precision and not target.supports(precision):
        raise SizingError(
            f"{path}.precision",
            precision,
            f"{target.lacks(precision)}: vLLM computes it from {LEAST_CAPABILITY[precision]} on"
            + (
                f", and from {WEIGHTS_ONLY[precision]} on stores weights in it, which saves memory, no time"
                if precision in WEIGHTS_ONLY
                else ""
            ),
            "Leave precision out, or choose a machine type with another GPU.",
        )


def choose(
    path: str,
    wanted: Model,
    target: Card,
    *,
    gpus_per_node: int,
    max_model_len: int,
    least_tensor_parallel_size: int = 1,
    precision: str | None = None,
    exact_tensor_parallel_size: int | None = None,
    own: tuple[Model, ...] = (),
) -> Fit:
    """The best way to run a model on a card: full context, then highest precision, then fewest cards.

    Args:
        path: configuration path for the error.
        wanted: the checkpoint the guide or the stack names; its family gives the other precisions.
        gpus_per_node: tensor parallelism cannot span nodes here.
        least_tensor_parallel_size: where the search over card counts starts (the guide's figure).
        precision, exact_tensor_parallel_size: fixed by the stack instead of searched.
        own: checkpoints that the stack describes beside the catalogue's.

    Raises:
        SizingError: the context is longer than the model's, the card lacks the precision, or nothing fits.
    """
    _check_asked(path, wanted, target, max_model_len, precision)
    sizes = [n for n in TENSOR_PARALLEL_SIZES if least_tensor_parallel_size <= n <= gpus_per_node]
    if exact_tensor_parallel_size:
        sizes = [exact_tensor_parallel_size]
    tokens = max_model_len
    while tokens >= min(SHORTEST_CONTEXT, max_model_len):
        for model in (m for m in _variants(wanted, precision, own) if target.supports(m.precision)):
            for size in filter(model.splits, sizes):
                if fit := _fit(model, target, size, tokens):
                    return fit
        tokens //= 2
    raise _too_large(path, wanted, target, sizes, precision, own, min(SHORTEST_CONTEXT, max_model_len))


def _too_large(
    path: str,
    wanted: Model,
    target: Card,
    sizes: list[int],
    precision: str | None,
    own: tuple[Model, ...],
    tokens: int,
) -> SizingError:
    """The error for a model that fits in no way, with the figures of the smallest try."""
    room, cards = available_mib(target), max(sizes, default=0)
    tries = [
        (needed_mib(m, size, tokens), m, size)
        for m in _variants(wanted, precision, own)
        for size in sizes
        if m.splits(size) and target.supports(m.precision)
    ]
    what = f"no {precision or 'precision'} of it fits {cards} x {target.gpu} ({room} MiB usable each)"
    if tries:
        need, model, size = min(tries, key=lambda found: (found[0], found[2]))
        what += f": {model.precision} on {size} needs {need} MiB a card with a context of {tokens} tokens"
    return SizingError(
        path, wanted.repository, what, "Choose a machine type with more or larger GPUs, or a smaller model."
    )
