"""Models that a stack describes itself, pinned revisions, and lists of engines that leave a model out."""

from __future__ import annotations

from typing import Any

import pytest

from sizing import gpu
from sizing.errors import SizingError
from sizing.findings import Kind
from sizing.guide.cells import Tier
from sizing.tables import rows
from tests import harness
from tests.sizing.cloud_plans import plan_with
from tests.sizing.plans import check_findings, planned

SHA = "0123456789abcdef0123456789abcdef01234567"
OWN: dict[str, Any] = {
    "repository": "acme/chat-7b",
    "precision": "bf16",
    "parametersBillion": 7.6,
    "layers": 28,
    "attentionHeads": 28,
    "kvHeads": 4,
    "headDim": 128,
    "maxPosition": 32768,
}
A100: dict[str, Any] = {"gpu": {"machineType": "p4d.24xlarge"}}


def _with(model: dict[str, Any], engine: dict[str, Any] | None = None, **more: Any) -> Any:
    chosen = {"repository": model["repository"], **(engine or {})}
    return planned("small", vllm={"models": [model], "engines": [chosen]}, nodes=more.get("nodes", A100))


def test_a_model_of_ones_own_runs_with_its_own_figures() -> None:
    plan = _with({**OWN, "revision": SHA, "gated": True})
    (engine,) = plan.engines
    model = engine.fit.model
    assert (engine.repository, engine.precision, engine.revision) == ("acme/chat-7b", "bf16", SHA)
    assert model.weight_mib == -(-7_600_000_000 * 2 // 2**20)
    assert model.kv_mib(1024) == 2 * 28 * 4 * 128 * 2 * 1024 / 2**20
    assert plan.platform.vllm.engines[0].revision == SHA
    assert any(f.id == "D26" and f.section != "3.3" for f in plan.findings), "its licence is a risk"
    check_findings(plan)


def test_a_size_in_mib_is_taken_as_it_is() -> None:
    stated = {key: value for key, value in OWN.items() if key != "parametersBillion"}
    assert _with({**stated, "weightMib": 14_600}).engines[0].fit.model.weight_mib == 14_600


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"weightMib": 1}, "vllm.models[0]", "parametersBillion or weightMib"),
        ({"parametersBillion": None}, "vllm.models[0]", "parametersBillion or weightMib"),
        ({"kvHeads": 3}, "vllm.models[0]", "no multiple of 3 kvHeads"),
        ({"kvHeads": 0}, "vllm.models[0].kvHeads", "at least 1"),
        ({"precision": "fp4"}, "vllm.models[0].precision", "not one of"),
        ({"repository": "chat"}, "vllm.models[0].repository", "not a repository of Hugging Face"),
        ({"revision": "main"}, "vllm.models[0].revision", "not a commit"),
        ({"kvHead": 3}, "vllm.models[0].kvHead", "unknown key"),
        ({"repository": "Qwen/Qwen3-8B"}, "vllm.models[0].repository", "described already"),
    ],
)
def test_a_wrong_description_is_refused(change: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SizingError) as refused:
        _with({**OWN, **change})
    assert refused.value.path == path
    assert words in refused.value.limit


def test_two_descriptions_of_one_model_are_refused() -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", vllm={"models": [OWN, OWN]})
    assert refused.value.path == "vllm.models[1].repository"


@pytest.mark.parametrize(
    ("model", "engine", "nodes", "path", "words"),
    [
        ({}, {}, {}, "vllm.engines[0]", "1 x T4"),
        ({}, {"precision": "bf16"}, {}, "vllm.engines[0].precision", "has no bf16"),
        ({}, {"maxModelLen": 32_769}, A100, "vllm.engines[0].maxModelLen", "at most 32768"),
        ({}, {"tensorParallelSize": 8}, A100, "vllm.engines[0].tensorParallelSize", "28 attention heads"),
        ({"parametersBillion": 500}, {}, A100, "vllm.engines[0]", "8 x A100-40GB"),
    ],
)
def test_the_same_checks_hold_for_it(
    model: dict[str, Any], engine: dict[str, Any], nodes: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(SizingError) as refused:
        _with({**OWN, **model}, engine, nodes=nodes)
    assert refused.value.path == path
    assert words in refused.value.limit


def test_a_refused_size_says_what_is_needed_and_what_there_is() -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", nodes=A100, vllm={"engines": [
            {"repository": "meta-llama/Llama-3.1-70B-Instruct", "precision": "bf16", "tensorParallelSize": 2}
        ]})  # fmt: skip
    need = gpu.needed_mib(gpu.checkpoint("", "meta-llama/Llama-3.1-70B-Instruct"), 2, gpu.SHORTEST_CONTEXT)
    assert "no bf16 of it fits 2 x A100-40GB" in refused.value.limit
    assert f"bf16 on 2 needs {need} MiB" in refused.value.limit


@pytest.mark.parametrize("precision", gpu.BYTES_PER_PARAMETER)
def test_weights_by_parameters_are_never_below_the_catalogues(precision: str) -> None:
    """A model of which only the parameters are known must not seem to fit where a like one does not."""
    known = gpu.models()
    for model in (m for m in known if m.precision == precision):
        parameters = [m.weight_mib / 2 for m in known if m.family == model.family and m.precision == "bf16"]
        assert all(model.weight_mib <= gpu.BYTES_PER_PARAMETER[precision] * mib + 1 for mib in parameters)


@pytest.mark.parametrize("row", rows("sizing", "gpus"), ids=lambda row: row["gpu"])
def test_what_cards_compute_agrees_with_the_catalogue(row: dict[str, str]) -> None:
    card = gpu.card(row["gpu"])
    assert card.supports("bf16") is card.bf16
    assert card.supports("fp8") is card.fp8
    assert card.supports("int4")
    assert card.supports("int8")
    assert card.supports("mxfp4") is (float(row["compute_capability"]) >= 8.0)


# ------------------------------------------------------------------------------------------- revisions


@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_engines_run_a_pinned_commit_or_say_that_they_do_not(stack: str, cloud: str) -> None:
    plan = harness.plan(stack, cloud)
    found = {f.path: f for f in plan.findings}
    for index, engine in enumerate(plan.engines):
        finding = found.get(f"vllm.engines[{index}].revision")
        if engine.revision == gpu.UNPINNED:
            assert finding is not None
            assert (finding.id, finding.kind, finding.actual) == ("D26", Kind.RISK, gpu.UNPINNED)
        else:
            assert finding is None
            assert len(engine.revision) == 40
        assert plan.platform.vllm.engines[index].revision == engine.revision


def test_pinning_removes_the_finding() -> None:
    repository = "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic"
    plan = plan_with("gcp", Tier.SMALL, {"vllm": {"engines": [{"repository": repository, "revision": SHA}]}})
    assert plan.engines[0].revision == SHA
    assert "vllm.engines[0].revision" not in {f.path for f in plan.findings}


def test_a_commit_of_a_repository_that_does_not_run_is_refused() -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", vllm={"engines": [{"revision": SHA}]})
    assert refused.value.path == "vllm.engines[0].revision"
    assert harness.plan("small").engines[0].repository in refused.value.remedy


def test_known_commits_are_whole() -> None:
    pinned = [model for model in gpu.models() if model.revision]
    assert len(pinned) >= 4
    assert all(len(model.revision) == 40 and int(model.revision, 16) for model in pinned)


# ------------------------------------------------------------------------------------- lists of engines


def test_a_list_that_leaves_a_model_of_the_size_out_says_so() -> None:
    second = "meta-llama/Llama-3.1-70B-Instruct"
    short = planned("enterprise", vllm={"engines": [{}]})
    assert len(short.engines) == 1
    finding = next(f for f in short.findings if f.id == "D6" and f.guide == second)
    assert finding.actual is None
    check_findings(short)
    for engines in ([{}, {}], [{"repository": second}]):
        whole = planned("enterprise", vllm={"engines": engines})
        assert not [f for f in whole.findings if f.guide == second and f.actual is None]
