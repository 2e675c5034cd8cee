"""Pulumi's own configuration gives what the stack file gives, and is refused alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config
from ruamel.yaml import YAML

from infra.runtime import settings_of_stack
from infra.settings import NAMESPACE, ConfigError
from infra.stackfile import read_text


@pytest.fixture
def pulumi_config(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the engine hands to a program: a text per key, objects as JSON."""
    before = dict(runtime_config.CONFIG.get())
    values: dict[str, str] = {}
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "mine")
    runtime_config.CONFIG.set(values)
    yield values
    runtime_config.CONFIG.set(before)


STACK = """
config:
  aws:region: us-west-2
  ai-gateway:tier: medium
  ai-gateway:region: eu-west-1
  ai-gateway:litellm: {replicas: 4, memory: {request: 4Gi, limit: 8Gi}, bedrock: true}
  ai-gateway:vllm: {engines: [{maxModelLen: 8192}]}
  ai-gateway:network: {apiAllowedCidrs: [203.0.113.0/24]}
  ai-gateway:tags: {team: "42", cost-center: platform}
"""


def _handed_over(text: str) -> dict[str, str]:
    """The stack file's configuration as the engine hands it to the program."""
    config: dict[str, Any] = YAML(typ="safe", pure=True).load(text)["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def test_pulumis_configuration_gives_the_settings_of_the_stack_file(pulumi_config: dict[str, str]) -> None:
    pulumi_config.update(_handed_over(STACK))
    found = settings_of_stack()
    assert found == read_text(STACK, "Pulumi.mine.yaml")
    assert found.litellm.memory.request == 4096
    assert found.tags == {"team": "42", "cost-center": "platform"}


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ({"litellm": '{"replicas": "3"}'}, "litellm.replicas", "whole number"),
        ({"litellm": "replicas 3"}, "litellm", "must be an object"),
        ({"litellm": '{"replicas": 3'}, "litellm", "must be an object"),
        ({"litellm": "9" * 5000}, "litellm", "must be an object"),
        ({"litellm": "[" * 100_000}, "litellm", "must be an object"),
        ({"litelm": "{}"}, "litelm", "Did you mean litellm"),
        ({"tier": "larg"}, "tier", "Did you mean large"),
    ],
)
def test_wrong_pulumi_configuration_is_refused_alike(
    pulumi_config: dict[str, str], values: dict[str, str], path: str, words: str
) -> None:
    pulumi_config.update({f"{NAMESPACE}:{key}": text for key, text in {"tier": "small", **values}.items()})
    with pytest.raises(ConfigError, match=words) as caught:
        settings_of_stack()
    assert caught.value.path == path


def test_what_pulumi_has_decrypted_is_refused(pulumi_config: dict[str, str]) -> None:
    values = {f"{NAMESPACE}:tier": "small", f"{NAMESPACE}:vllm": '{"hfTokenSecret": "hf_abc"}'}
    runtime_config.set_all_config(values, [f"{NAMESPACE}:vllm"])
    with pytest.raises(ConfigError, match="names of secrets only") as caught:
        settings_of_stack()
    assert caught.value.path == "vllm"
    assert "hf_abc" not in str(caught.value)
    runtime_config.set_all_config(values, [])
    assert settings_of_stack().vllm.hf_token_secret == "hf_abc"
