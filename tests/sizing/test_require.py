"""Requirements: the guide's figure unless the stack says otherwise; contradictions are refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import load
from sizing import choices
from sizing.errors import SizingError
from sizing.guide import ch2_components
from sizing.guide.cells import Tier
from sizing.names import nearest, slug, suggestion
from sizing.require import require
from tests.sizing.plans import planned


def _need(tier: str, **overrides: Any):
    stack = load({"tier": tier, **overrides})
    return require(stack.tier, stack)


@pytest.mark.parametrize("tier", list(Tier))
def test_the_maximum_is_a_multiple_of_the_minimum(tier: Tier) -> None:
    """D1: the comment of the guide's block, not its figure."""
    need, factor = require(tier), ch2_components.HPA.burst_factor
    for proxy in (need.litellm, need.agent_gateway):
        assert proxy.max_replicas == factor * proxy.replicas
        assert (proxy.hpa.min_replicas, proxy.hpa.max_replicas) == (proxy.replicas, proxy.max_replicas)


@pytest.mark.parametrize(
    ("request_m", "workers"), [("500m", 1), ("1", 1), ("1900m", 1), ("2", 2), ("3500m", 3)]
)
def test_a_worker_for_every_whole_core(request_m: str, workers: int) -> None:
    """D21."""
    assert _need("enterprise", litellm={"cpu": {"request": request_m}}).litellm.workers == workers


def test_figures_of_ours_that_follow_another_tier_follow_it() -> None:
    enterprise, large = require(Tier.ENTERPRISE), require(Tier.LARGE)
    assert enterprise.pgbouncer.default_pool_size == large.pgbouncer.default_pool_size
    assert enterprise.vault.replicas == large.vault.replicas
    prometheus, half = enterprise.observability.prometheus, large.observability.prometheus
    assert prometheus.memory_request_mib == 2 * half.memory_request_mib
    assert prometheus.memory_limit_mib == 2 * half.memory_limit_mib
    assert prometheus.replicas == choices.PROMETHEUS_HA_REPLICAS


def test_enterprise_serves_two_models_and_a_list_replaces_them() -> None:
    assert [e.name for e in require(Tier.ENTERPRISE).vllm.engines] == ["llama-3.1-8b", "llama-3.1-70b"]
    assert [e.name for e in _need("enterprise", vllm={"engines": [{}]}).vllm.engines] == ["llama-3.1-8b"]
    other = _need("small", vllm={"engines": [{}, {"repository": "Qwen/Qwen3-8B"}]})
    assert [e.name for e in other.vllm.engines] == ["llama-3.1-8b", "qwen3-8b"]


@pytest.mark.parametrize(
    ("tier", "overrides", "path"),
    [
        ("large", {"litellm": {"maxReplicas": 4}}, "litellm.maxReplicas"),
        ("large", {"agentGateway": {"replicas": 9, "maxReplicas": 8}}, "agentGateway.maxReplicas"),
        ("small", {"litellm": {"cpu": {"request": "2"}}}, "litellm.cpu.limit"),
        ("small", {"agentGateway": {"memory": {"limit": "128Mi"}}}, "agentGateway.memory.limit"),
        (
            "small",
            {"observability": {"prometheus": {"memory": {"request": "8Gi"}}}},
            "observability.prometheus.memory.limit",
        ),
        ("medium", {"vault": {"replicas": 4}}, "vault.replicas"),
        ("medium", {"nodes": {"cpu": {"desired": 4, "min": 5}}}, "nodes.cpu.desired"),
        ("medium", {"nodes": {"gpu": {"desired": 5, "max": 4}}}, "nodes.gpu.max"),
        ("medium", {"nodes": {"cpu": {"max": 3, "min": 4}}}, "nodes.cpu"),
        (
            "small",
            {"vllm": {"engines": [{"minReplicas": 5, "maxReplicas": 4}]}},
            "vllm.engines[0].maxReplicas",
        ),
        ("small", {"vllm": {"engines": [{"name": "a.b"}, {"name": "A-b"}]}}, "vllm.engines[1].name"),
        ("small", {"vllm": {"engines": [{"name": "..."}]}}, "vllm.engines[0].name"),
    ],
)
def test_contradictions_are_refused(tier: str, overrides: dict[str, Any], path: str) -> None:
    with pytest.raises(SizingError) as refused:
        _need(tier, **overrides)
    assert refused.value.path == path
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("tier", "overrides", "path"),
    [
        ("medium", {"nodes": {"cpu": {"min": 2, "desired": 2, "max": 9}}}, "nodes.cpu.desired"),
        ("small", {"nodes": {"cpu": {"min": 1, "desired": 1, "max": 2}}}, "nodes.cpu.max"),
        ("enterprise", {"nodes": {"gpu": {"min": 1, "desired": 1, "max": 1}}}, "nodes.gpu.max"),
        ("small", {"litellm": {"cpu": {"request": "8", "limit": "8"}}}, "nodes.cpu.machineType"),
        (
            "small",
            {"litellm": {"replicas": 10_000}, "pgbouncer": {"maxClientConn": 10**6}},
            "nodes.cpu.machineType",
        ),
        ("small", {"vllm": {"engines": [{"cpu": {"request": "4"}}]}}, "vllm.engines[0].cpu.request"),
        ("small", {"vllm": {"engines": [{"memory": {"limit": "16Gi"}}]}}, "vllm.engines[0].memory.limit"),
        ("small", {"vllm": {"engines": [{"cpu": {"limit": "1"}}]}}, "vllm.engines[0].cpu.limit"),
        ("small", {"vllm": {"engines": [{"maxModelLen": 100_000}]}}, "vllm.engines[0].maxModelLen"),
        ("small", {"vllm": {"engines": [{"tensorParallelSize": 2}]}}, "vllm.engines[0].tensorParallelSize"),
        (
            "enterprise",
            {"vllm": {"engines": [{"tensorParallelSize": 3}]}},
            "vllm.engines[0].tensorParallelSize",
        ),
        ("small", {"nodes": {"gpu": {"diskGib": 59}}}, "nodes.gpu.diskGib"),
        ("small", {"ingress": {"public": True}}, "ingress.public"),
        (
            "small",
            {"ingress": {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}},
            "ingress.certificateArn",
        ),
        (
            "small",
            {"litellm": {"externalModels": [{"name": "llama-3.1-8b", "model": "x"}]}},
            "litellm.externalModels[0].name",
        ),
        (
            "small",
            {"litellm": {"externalModels": [{"name": "gpt", "model": "openai/x"}]}},
            "litellm.externalModels[0].apiKeySecret",
        ),
        (
            "small",
            {"litellm": {"externalModels": [{"name": "c", "model": "bedrock/x", "fallbackFor": "nobody"}]}},
            "litellm.externalModels[0].fallbackFor",
        ),
    ],
)
def test_overrides_that_break_a_check_are_refused(tier: str, overrides: dict[str, Any], path: str) -> None:
    with pytest.raises(SizingError) as refused:
        planned(tier, **overrides)
    assert refused.value.path == path
    assert refused.value.remedy


def test_an_engines_own_figures_are_kept_or_refused_never_changed() -> None:
    own = {"cpu": {"request": "2"}, "memory": {"request": "9000Mi", "limit": "9001Mi"}}
    engine = planned("small", vllm={"engines": [own]}).engines[0]
    assert (engine.cpu_request_m, engine.memory_request_mib, engine.memory_limit_mib) == (2000, 9000, 9001)
    assert engine.cpu_limit_m == 3000, "the limit it does not name stays the node's whole-core share"


def test_a_context_that_does_not_fit_is_refused_with_one_that_does() -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", vllm={"engines": [{"maxModelLen": 100_000}]})
    longest = int("".join(c for c in refused.value.remedy.split(",")[0] if c.isdigit()))
    assert planned("small", vllm={"engines": [{"maxModelLen": longest}]}).engines[0].max_model_len == longest


@pytest.mark.parametrize(
    ("name", "label"),
    [("llama-3.1-8b", "llama-3-1-8b"), ("Qwen/Qwen3-8B", "qwen-qwen3-8b"), ("--", ""), ("x" * 90, "x" * 40),
     ("a" * 39 + "--b", "a" * 39)],
)  # fmt: skip
def test_slugs_are_labels(name: str, label: str) -> None:
    assert slug(name) == label


def test_the_nearest_name_is_suggested_and_else_the_list() -> None:
    assert nearest("larg", ["small", "large"]) == "large"
    assert nearest("xyz", ["small", "large"]) is None
    assert suggestion("larg", ["small", "large"]) == "Did you mean large?"
    assert suggestion("xyz", ["b", "a"]) == "Use one of: a, b."
    assert suggestion("17", ["17.9", "17.11", "16.14"]) == "Did you mean 17.11?"  # the newest of its releases
    assert suggestion("?", [f"n{i:02}" for i in range(20)], most=2) == "Use one of: n00, n01, ..."


def test_a_long_domain_is_refused_only_where_acm_would_issue_its_certificate() -> None:
    """RequestCertificate takes 64 characters; a certificate that exists may name a longer domain."""
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/a"
    longest = f"{'a' * 52}.example.com"
    for ingress in (
        {"domain": longest, "dnsZone": "Z1"},
        {"domain": f"a{longest}"},
        {"domain": f"a{longest}", "dnsZone": "Z1", "certificateArn": arn},
    ):
        planned("small", ingress=ingress)
    with pytest.raises(SizingError, match="has 65 characters"):
        planned("small", ingress={"domain": f"a{longest}", "dnsZone": "Z1"})


@pytest.mark.parametrize(("seconds", "longest"), [(1, 60), (30, 60), (60, 60), (61, 61), (3570, 3570)])
def test_a_drain_is_never_shorter_than_the_balancer_needs(seconds: int, longest: int) -> None:
    """However soon an answer is given up: the policy's shortest time must not exceed its longest."""
    spec = planned("small", litellm={"requestTimeoutSeconds": seconds}).platform.agent_gateway
    assert (spec.drain_min_s, spec.drain_max_s) == (60, longest)


@pytest.mark.parametrize(("limit", "workers"), [("1Gi", 3), ("4Gi", 8)])
def test_a_core_without_memory_gets_no_worker(limit: str, workers: int) -> None:
    cpu = {"request": "8", "limit": "8"}
    assert _need("small", litellm={"cpu": cpu, "memory": {"limit": limit}}).litellm.workers == workers
