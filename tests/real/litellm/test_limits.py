"""Limits of keys and budgets of providers, kept by a real LiteLLM in a real Redis cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import servers
from tests.real.litellm.backend import Backend
from tests.real.litellm.cache import Cache
from tests.real.litellm.conftest import EXTERNAL, EXTERNAL_MODELS, Gateway, generated, run

REQUESTS, TOKENS = 6, 4000
CHEAP, DEAR, LAST = "gpt-4o-mini", "gpt-4o", "gpt-4.1"
"""Models whose price LiteLLM knows; each counts for itself."""

MODELS = [
    *EXTERNAL_MODELS,
    *(
        {"name": name, "model": f"openai/{name}", "apiKeySecret": "openai-key"}
        for name in (CHEAP, DEAR, LAST)
    ),
]
LIMITS = {
    "requestsPerMinutePerKey": REQUESTS,
    "tokensPerMinutePerKey": TOKENS,
    "budgetUsd": 1,
    "budgetDays": 1,
}


@pytest.fixture(scope="module")
def limited(directory: Path, engine: Backend, provider: Backend, redis: Cache) -> Iterator[Gateway]:
    values = generated(externalModels=MODELS, limits=LIMITS)
    with run(directory, engine, provider, redis, values) as found:
        yield found


def test_a_key_s_requests_at_one_model_end_and_those_at_another_do_not(
    limited: Gateway, provider: Backend
) -> None:
    for _ in range(REQUESTS):
        limited.answer(model=EXTERNAL)
    status, text = limited.refusal(model=EXTERNAL)
    assert status == 429
    assert "model_per_key" in text
    assert len(provider.requests) == REQUESTS
    limited.answer()


def test_a_key_s_tokens_end_too(limited: Gateway, provider: Backend) -> None:
    provider.tokens = TOKENS
    limited.answer(model=CHEAP)
    status, text = limited.refusal(model=CHEAP)
    assert status == 429
    assert "tokens" in text


def test_limits_stay_in_the_gateway(limited: Gateway, engine: Backend) -> None:
    """Who gets a request would refuse one with fields that it does not know."""
    limited.answer()
    assert "limit" not in json.dumps(engine.requests)


def test_a_provider_whose_budget_is_spent_gets_no_more_requests(
    limited: Gateway, engine: Backend, provider: Backend, redis: Cache
) -> None:
    """For none of its models; an engine that falls back to it goes on, by itself."""
    provider.tokens = 1_000_000
    limited.answer(model=DEAR)
    servers.wait_for(lambda: spent(redis) > 1, "the spend is in the cache, where other pods see it")
    status, text = limited.refusal(model=LAST)
    assert status == 429
    assert "Exceeded budget for provider openai" in text
    body, _ = limited.answer()
    assert body["choices"][0]["message"]["content"].startswith("engine:")
    engine.fails = True
    limited.refusal()
    assert len(provider.requests) == 1


def spent(redis: Cache) -> float:
    """USD; the cache holds one figure for all pods."""
    return sum(float(redis.get(key) or 0) for key in redis.keys("*provider_spend:openai:1d"))
