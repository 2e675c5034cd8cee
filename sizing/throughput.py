"""Planning figures for an engine's output tokens/s (D7): public measurements, else estimates."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.engines import Engine

MEASURED = "https://github.com/FreedomIntelligence/AccelMark (results/verified, 5797fc4)"
ESTIMATE = "estimate from the card's memory bandwidth; measure with `vllm bench serve` on first deployment"


@dataclass(frozen=True)
class Throughput:
    """Output tokens/s of one replica under load, and what the figure rests on."""

    tokens_per_s: int
    basis: str
    source: str


FIGURES: dict[tuple[str, str, str, int], Throughput] = {
    ("llama-3.1-8b", "int4", "T4", 1): Throughput(250, "no public measurement of INT4 on a T4", ESTIMATE),
    ("llama-3.1-8b", "int4", "A10G", 1): Throughput(
        600, "no public measurement of a current vLLM on an A10G", ESTIMATE
    ),
    ("llama-3.1-8b", "bf16", "A10G", 1): Throughput(
        600, "no public measurement of a current vLLM on an A10G", ESTIMATE
    ),
    ("llama-3.1-8b", "bf16", "L4", 1): Throughput(350, "366 measured", MEASURED),
    ("llama-3.1-8b", "fp8", "L4", 1): Throughput(
        350, "bf16's figure; FP8 helps at higher concurrency", ESTIMATE
    ),
    ("llama-3.1-8b", "bf16", "A100-40GB", 1): Throughput(2400, "2,387 to 3,000 measured", MEASURED),
    ("llama-3.1-70b", "bf16", "A100-40GB", 8): Throughput(1700, "1,705 measured", MEASURED),
    ("llama-3.1-70b", "int4", "A100-40GB", 4): Throughput(900, "no public measurement", ESTIMATE),
    ("llama-3.1-70b", "int4", "A100-40GB", 2): Throughput(600, "no public measurement", ESTIMATE),
}


def output_tokens_per_s(engine: Engine) -> Throughput:
    """The planning figure, or a bound by bandwidth where the table has none.

    The bound: 32 sequences share each pass over the weights, and half the card's bandwidth is reached.
    """
    model, card = engine.fit.model, engine.fit.card
    found = FIGURES.get((model.family, model.precision, card.gpu, engine.gpus))
    if found:
        return found
    passes_per_s = card.memory_gb_per_s * 10**9 * engine.gpus / (model.weight_mib * 2**20)
    return Throughput(int(passes_per_s * 32 / 2), "32 sequences at half the bandwidth bound", ESTIMATE)
