"""GPU memory: the calculation against figures worked out by hand, and what more memory must never do."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sizing import gpu
from sizing.errors import SizingError
from sizing.guide import ch2_components

BF16_8B, AWQ_8B = "meta-llama/Llama-3.1-8B-Instruct", "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4"
FP8_8B = "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic"
BF16_70B, AWQ_70B = "meta-llama/Llama-3.1-70B-Instruct", "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4"
FP8_70B = "RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8-dynamic"
RANK = ("bf16", "fp8", "int4")

KV_CACHE: list[tuple[str, str, int, int, int]] = [
    # card, model, cards, MiB of KV cache a card is left with, tokens in all: ceil(CUDA total x 0.90)
    # - weights / TP - 2800 (TP 1) or 4800 MiB, and 128 KiB (8B) or 320 KiB (70B) a token
    # (vLLM 0.33.0 kv_cache_planning.py)
    ("T4", AWQ_8B, 1, 5156, 41_248),
    ("T4", FP8_8B, 1, 1958, 15_664),
    ("A10G", BF16_8B, 1, 2186, 17_488),
    ("L4", AWQ_8B, 1, 12_040, 96_320),
    ("L4", FP8_8B, 1, 8842, 70_736),
    ("A100-40GB", BF16_8B, 1, 18_176, 145_408),
    ("A100-40GB", BF16_70B, 8, 14_671, 375_577),
    ("A100-40GB", AWQ_70B, 2, 12_530, 80_192),
    ("A100-40GB", AWQ_70B, 4, 22_011, 281_740),
    ("A100-40GB", FP8_70B, 4, 14_170, 181_376),
    ("A100-80GB", BF16_70B, 2, 850, 5440),
    ("A100-80GB", BF16_70B, 4, 34_493, 441_510),
]
TOO_SMALL = [
    ("T4", BF16_8B, 1),
    ("A100-40GB", BF16_70B, 2),
    ("A100-40GB", BF16_70B, 4),
    ("A100-40GB", FP8_70B, 2),
    ("A100-40GB", AWQ_70B, 1),
]


def _model(repository: str) -> gpu.Model:
    return gpu.checkpoint("vllm.engines[0].repository", repository)


@pytest.mark.parametrize(("card", "repository", "cards", "kv_mib", "tokens"), KV_CACHE)
def test_kv_cache_left_beside_the_weights(
    card: str, repository: str, cards: int, kv_mib: int, tokens: int
) -> None:
    target, model = gpu.card(card), _model(repository)
    assert gpu.available_mib(target) - gpu.needed_mib(model, cards, 0) == kv_mib
    assert int(kv_mib * cards / model.kv_mib(1)) == pytest.approx(tokens, abs=100)
    assert gpu.needed_mib(model, cards, tokens - 100) <= gpu.available_mib(target)
    assert gpu.needed_mib(model, cards, tokens + 100) > gpu.available_mib(target)


@pytest.mark.parametrize(("card", "repository", "cards"), TOO_SMALL)
def test_weights_that_do_not_fit(card: str, repository: str, cards: int) -> None:
    assert gpu.needed_mib(_model(repository), cards, gpu.SHORTEST_CONTEXT) > gpu.available_mib(gpu.card(card))


def test_a_token_of_the_kv_cache() -> None:
    """2 (key, value) x layers x KV heads x head size x 2 bytes: 128 KiB for 8B, 320 KiB for 70B."""
    assert _model(BF16_8B).kv_mib(8) == 1.0
    assert _model(BF16_70B).kv_mib(16) == 5.0


def _choose(card: gpu.Card, repository: str, cards: int, **more: object) -> gpu.Fit:
    context = ch2_components.PRODUCTION_STACK.max_model_len
    return gpu.choose(
        "vllm.engines[0]", _model(repository), card, gpus_per_node=cards, **{"max_model_len": context, **more}
    )


@pytest.mark.parametrize(
    ("card", "repository", "cards", "expected"),
    [
        ("T4", BF16_8B, 1, ("int4", 1, "float16")),
        ("A10G", BF16_8B, 1, ("int4", 1, "float16")),
        ("L4", BF16_8B, 1, ("fp8", 1, "bfloat16")),
        ("A100-40GB", BF16_8B, 8, ("bf16", 1, "bfloat16")),
        ("A100-40GB", BF16_70B, 8, ("bf16", 8, "bfloat16")),
        ("A100-40GB", BF16_70B, 2, ("int4", 2, "float16")),
    ],
)
def test_precision_and_cards_that_are_chosen(
    card: str, repository: str, cards: int, expected: tuple[str, int, str]
) -> None:
    fit = _choose(gpu.card(card), repository, cards)
    assert (fit.model.precision, fit.tensor_parallel_size, fit.dtype) == expected
    assert fit.max_model_len == ch2_components.PRODUCTION_STACK.max_model_len


def test_the_context_shrinks_only_when_no_precision_holds_it() -> None:
    fit = _choose(gpu.card("A10G"), BF16_8B, 1, precision="bf16")
    assert fit.max_model_len == 16_384
    assert gpu.needed_mib(fit.model, 1, 2 * fit.max_model_len) > fit.available_mib


@given(
    repository=st.sampled_from((BF16_8B, BF16_70B, "Qwen/Qwen3-32B")),
    cards=st.sampled_from(gpu.TENSOR_PARALLEL_SIZES),
    base=st.sampled_from([row["gpu"] for row in gpu.rows("sizing", "gpus")]),
    memory=st.integers(4_000, 150_000),
    more=st.integers(0, 60_000),
)
def test_more_memory_never_makes_a_model_unfit(
    repository: str, cards: int, base: str, memory: int, more: int
) -> None:
    small = gpu.card(base).model_copy(update={"cuda_memory_mib": memory})
    large = gpu.card(base).model_copy(update={"cuda_memory_mib": memory + more})
    try:
        before = _choose(small, repository, cards)
    except SizingError:
        assume(False)
        return
    after = _choose(large, repository, cards)
    assert after.max_model_len >= before.max_model_len
    if after.max_model_len == before.max_model_len:
        assert RANK.index(after.model.precision) <= RANK.index(before.model.precision)
        if after.model == before.model:
            assert after.tensor_parallel_size <= before.tensor_parallel_size
    assert after.needed_mib <= after.available_mib


@given(tokens=st.integers(1, 131_072), cards=st.sampled_from(gpu.TENSOR_PARALLEL_SIZES))
def test_memory_grows_with_the_context_and_shrinks_with_the_cards(tokens: int, cards: int) -> None:
    model = _model(BF16_70B)
    assert gpu.needed_mib(model, cards, tokens) <= gpu.needed_mib(model, cards, tokens + 1)
    if cards > 1:
        assert gpu.needed_mib(model, cards, tokens) < gpu.needed_mib(model, 1, tokens)


@pytest.mark.parametrize(
    ("card", "more", "path", "words"),
    [
        ("T4", {"precision": "bf16"}, "vllm.engines[0].precision", "has no bf16"),
        (
            "A10G",
            {"precision": "fp8"},
            "vllm.engines[0].precision",
            "an A10G .* has no native fp8: .* from 8.9 on, and from 7.5 ",
        ),
        ("A100-80GB", {"max_model_len": 131_073}, "vllm.engines[0].maxModelLen", "at most 131072 tokens"),
    ],
)
def test_what_a_card_or_model_cannot_do_is_refused(
    card: str, more: dict[str, object], path: str, words: str
) -> None:
    with pytest.raises(SizingError, match=words) as refused:
        _choose(gpu.card(card), BF16_8B, 1, **more)
    assert refused.value.path == path


def test_a_model_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(SizingError, match="no precision of it fits 1 x T4") as refused:
        _choose(gpu.card("T4"), BF16_70B, 1)
    assert refused.value.value == BF16_70B


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SizingError, match="not a model of the catalogue") as refused:
        gpu.checkpoint("vllm.engines[2].repository", "acme/llm")
    assert BF16_8B in refused.value.remedy


def test_unknown_cards_are_an_error_of_the_catalogue() -> None:
    with pytest.raises(KeyError):
        gpu.card("T5")


def test_every_card_knows_every_precision_of_the_catalogue() -> None:
    cards = [gpu.card(row["gpu"]) for row in gpu.rows("sizing", "gpus")]
    supported = {
        model.precision: [card.gpu for card in cards if card.supports(model.precision)]
        for model in gpu.models()
    }
    assert all(supported.values())
    assert "T4" not in supported["bf16"] + supported["fp8"] + supported["mxfp4"]
    assert "T4" in supported["int4"]


@pytest.mark.parametrize("card", [row["gpu"] for row in gpu.rows("sizing", "gpus")])
def test_cards_of_the_catalogue(card: str) -> None:
    """CUDA reports less than the nominal memory; FP8 came with compute capability 8.9, bf16 with 8.0."""
    target = gpu.card(card)
    assert 0.9 * target.memory_mib < target.cuda_memory_mib < target.memory_mib
    assert target.bf16 is (float(target.compute_capability) >= 8.0)
    assert target.fp8 is (float(target.compute_capability) >= 8.9)


def test_models_the_guide_names_are_in_the_catalogue() -> None:
    families = {model.family for model in gpu.models()}
    assert {row.model.lower() for row in ch2_components.INFERENCE} <= families
    assert ch2_components.PRODUCTION_STACK.repository in {model.repository for model in gpu.models()}


def test_cards_are_named_as_they_are_spoken() -> None:
    named = [gpu.card(row["gpu"]).named for row in gpu.rows("sizing", "gpus")]
    assert named == [
        "a T4", "an L4", "an A10G", "an A100-40GB", "an A100-80GB", "an H100-80GB", "an H200", "an L40S",
    ]  # fmt: skip
