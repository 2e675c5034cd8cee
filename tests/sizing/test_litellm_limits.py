"""Limits of keys and providers become a specification; what contradicts itself is in test_settings."""

from __future__ import annotations

from typing import Any

from sizing.litellm_limits import limits
from sizing.override_parts import LitellmPart
from sizing.specs import LimitsSpec

GPT = {"name": "gpt", "model": "openai/gpt-4o", "apiKeySecret": "openai-key"}
CLAUDE = {"name": "claude", "model": "anthropic/claude", "apiKeySecret": "anthropic-key"}


def found(**part: Any) -> LimitsSpec:
    return limits(LitellmPart.model_validate(part))


def test_without_any_nothing_is_limited() -> None:
    assert found(externalModels=[GPT]) == LimitsSpec()


def test_limits_of_keys_need_no_provider() -> None:
    spec = found(limits={"requestsPerMinutePerKey": 60, "tokensPerMinutePerKey": 9000})
    assert (spec.requests_per_minute, spec.tokens_per_minute, spec.providers) == (60, 9000, ())


def test_the_budget_is_of_each_provider_once() -> None:
    models = [GPT, {**GPT, "name": "mini", "model": "openai/gpt-4o-mini"}, CLAUDE]
    spec = found(limits={"budgetUsd": 100}, externalModels=models, bedrock=True)
    assert spec.providers == ("anthropic", "bedrock", "openai")
    assert (spec.budget_usd, spec.budget_days) == (100, 30)
    assert found(limits={"budgetUsd": 1, "budgetDays": 7}, bedrock=True).budget_days == 7
