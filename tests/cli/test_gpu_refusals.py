"""GPU memory and connections through the command: one clear message, exit 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, assert_refused

SMALL, ENTERPRISE = "config:\n  ai-gateway:tier: small\n", "config:\n  ai-gateway:tier: enterprise\n"
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "bf16 8B on a T4": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{repository: {LLAMA}, precision: bf16}}]}}\n",
        ("vllm.engines[0].precision", '"bf16"', "T4", "7.5", "another GPU"),
    ),
    "70B bf16 on two A100-40GB": (
        f"{ENTERPRISE}  ai-gateway:vllm: {{engines: [{{repository: meta-llama/Llama-3.1-70B-Instruct,"
        " precision: bf16, tensorParallelSize: 2}]}\n",
        ("vllm.engines[0]", "2 x A100-40GB", "MiB a card", "larger GPUs"),
    ),
    "context longer than the model's": (
        f"{ENTERPRISE}  ai-gateway:vllm: {{engines: [{{repository: {LLAMA}, maxModelLen: 131073}}]}}\n",
        ("vllm.engines[0].maxModelLen", "131073", "at most 131072"),
    ),
    "context longer than the card's": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{maxModelLen: 131072}}]}}\n",
        ("vllm.engines[0].maxModelLen", "131072", "1 x T4 hold", "Set at most"),
    ),
    "zero GPUs": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{tensorParallelSize: 0}}]}}\n",
        ("vllm.engines[0].tensorParallelSize", "value   0", "at least 1"),
    ),
    "more GPUs than a node has": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{tensorParallelSize: 2}}]}}\n",
        ("vllm.engines[0].tensorParallelSize", "g4dn.xlarge has 1 GPU, and"),
    ),
    "unknown model, nearly": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{repository: meta-llama/Llama-3.1-8B}}]}}\n",
        ("vllm.engines[0].repository", f"Did you mean {LLAMA}?", "vllm.models"),
    ),
    "unknown model": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{repository: acme/none}}]}}\n",
        ("vllm.engines[0].repository", "Use one of: ", "vllm.models"),
    ),
    "a branch for a commit": (
        f"{SMALL}  ai-gateway:vllm: {{engines: [{{revision: main}}]}}\n",
        ("vllm.engines[0].revision", '"main"', "40 hexadecimal digits"),
    ),
    "four workers through one pool pod": (
        f"{ENTERPRISE}  ai-gateway:litellm: {{workers: 4}}\n  ai-gateway:pgbouncer: {{replicas: 1}}\n",
        ("pgbouncer.replicas", "1600 connections", "40 pods x 4 workers", "at least 3"),
    ),
    "gp3 100 GiB with 6,000 IOPS": (
        f"{SMALL}  ai-gateway:postgres: {{storageGib: 100, iops: 6000}}\n",
        ("postgres.storageGib", "value   100", "3000 IOPS, fixed", "https://docs.aws", "at least 400"),
    ),
    "PD-SSD 100 GiB with 6,000 IOPS": (
        f"{SMALL}  ai-gateway:cloud: gcp\n  ai-gateway:postgres: {{storageGib: 100, iops: 6000}}\n",
        (
            "postgres.storageGib",
            "value   100",
            "3000 IOPS at 30 per GiB",
            "https://cloud.google",
            "at least 200",
        ),
    ),
}


@pytest.mark.parametrize(("text", "fragments"), CASES.values(), ids=CASES.keys())
def test_one_clear_message(gateway: Run, project: Path, text: str, fragments: tuple[str, ...]) -> None:
    (project / "Pulumi.mine.yaml").write_text(text, encoding="utf-8")
    result = gateway("size", "mine", "--json", cwd=project)
    assert_refused(result, *fragments)
    assert len(result.err.splitlines()) == 3
