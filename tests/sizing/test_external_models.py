"""External models: each mistake is one clear error with path, value, limit and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.errors import SizingError
from sizing.external_models import external_models
from sizing.override_parts import LitellmPart

ENGINE = "llama-3.1-8b"


def model(**changes: Any) -> dict[str, Any]:
    base = {"name": "gpt", "model": "openai/gpt", "apiKeySecret": "openai-key", "fallbackFor": ENGINE}
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def check(*models: dict[str, Any]) -> Any:
    return external_models(LitellmPart.model_validate({"externalModels": list(models)}), [ENGINE], ())


def test_what_is_right_is_kept() -> None:
    first, second = check(model(share=30), model(name="other", share=69))
    assert (first.share, second.share) == (30, 69)
    assert first.fallback_for == ENGINE
    (plain,) = check(model())
    assert plain.share == 0


@pytest.mark.parametrize(
    ("models", "path", "value"),
    [
        ([model(apiKeySecret=None)], "[0].apiKeySecret", None),
        ([model(name=ENGINE)], "[0].name", ENGINE),
        ([model(), model()], "[1].name", "gpt"),
        ([model(fallbackFor="nobody")], "[0].fallbackFor", "nobody"),
        ([model(fallbackFor=None, share=30)], "[0].share", 30),
        ([model(share=60), model(name="other", share=40)], "[1].share", 40),
    ],
)
def test_a_mistake_is_refused(models: list[dict[str, Any]], path: str, value: object) -> None:
    with pytest.raises(SizingError) as caught:
        check(*models)
    assert (caught.value.path, caught.value.value) == (f"litellm.externalModels{path}", value)
    assert caught.value.remedy


def test_bedrock_needs_the_identity_s_right_instead_of_a_key() -> None:
    part = {"externalModels": [model(model="bedrock/claude", apiKeySecret=None)]}
    (found,) = external_models(LitellmPart.model_validate({**part, "bedrock": True}), [ENGINE], ())
    assert found.api_key_secret is None
    with pytest.raises(SizingError) as caught:
        external_models(LitellmPart.model_validate(part), [ENGINE], ())
    assert (caught.value.path, caught.value.value) == ("litellm.bedrock", False)
    (keyed,) = check(model(model="bedrock/claude"))
    assert keyed.api_key_secret == "openai-key"
