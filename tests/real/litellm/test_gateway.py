"""The generated configuration in a real LiteLLM: answers, streams, falls back, caches, drains."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import uuid
from pathlib import Path

import pytest

from sizing.alerts.catalogue import metrics
from tests.real.litellm.backend import WORDS, Backend
from tests.real.litellm.cache import Cache
from tests.real.litellm.conftest import EXTERNAL, MODEL, Gateway, ask, generated, run


def test_the_engine_answers_first_and_is_given_its_key(
    gateway: Gateway, engine: Backend, provider: Backend
) -> None:
    body, headers = gateway.answer()
    assert body["choices"][0]["message"]["content"].startswith("engine:")
    assert headers["x-litellm-model-id"] == f"vllm-{MODEL}"
    assert engine.keys == ["Bearer sk-engine"]
    assert engine.requests[0]["model"] == MODEL
    assert provider.requests == []


def test_an_answer_is_streamed(gateway: Gateway, engine: Backend) -> None:
    with gateway.post(ask(stream=True)) as response:
        lines = [line.decode().strip() for line in response if line.strip()]
    assert lines[-1] == "data: [DONE]"
    texts = [json.loads(line[6:])["choices"][0]["delta"].get("content") or "" for line in lines[:-1]]
    assert "".join(texts).split() == list(WORDS)
    assert engine.requests[0]["stream"] is True


def test_the_provider_answers_when_the_engine_fails(
    gateway: Gateway, engine: Backend, provider: Backend
) -> None:
    engine.fails = True
    body, headers = gateway.answer()
    assert body["choices"][0]["message"]["content"].startswith("provider:")
    assert headers["x-litellm-model-id"] == f"fallback-{MODEL}-{EXTERNAL}"
    assert engine.requests
    assert provider.keys == ["Bearer sk-provider"]


def test_a_stream_falls_back_too(gateway: Gateway, engine: Backend, provider: Backend) -> None:
    engine.fails = True
    with gateway.post(ask(stream=True)) as response:
        assert response.read().decode().rstrip().endswith("data: [DONE]")
    assert provider.requests[0]["stream"] is True


def test_the_same_question_is_answered_from_the_cache(
    gateway: Gateway, engine: Backend, provider: Backend, redis: Cache
) -> None:
    question = uuid.uuid4().hex
    first, _ = gateway.answer(text=question)
    before = len(engine.requests) + len(provider.requests)
    second, headers = gateway.answer(text=question)
    assert second["id"] == first["id"]
    assert len(engine.requests) + len(provider.requests) == before
    assert headers["x-litellm-cache-key"] in {key.rsplit(":", 1)[-1] for key in redis.keys("*")} | redis.keys(
        "*"
    )


@pytest.mark.parametrize("path", ["/v1/models", "/metrics/"])
def test_nobody_is_served_without_a_key(path: str, gateway: Gateway) -> None:
    """With the master key it is; without a database LiteLLM's refusal is an error of its own."""
    assert gateway.get(path, key=True)
    with pytest.raises(urllib.error.HTTPError) as caught:
        gateway.get(path)
    caught.value.close()
    assert caught.value.code in (401, 500)


def test_the_probes_paths_answer(gateway: Gateway) -> None:
    values = generated()["gateway"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert gateway.get(values[probe]["httpGet"]["path"])


def test_metrics_are_counted(gateway: Gateway) -> None:
    gateway.answer()
    text = gateway.get("/metrics/", key=True)
    assert "litellm_proxy_total_requests_metric_total{" in text
    assert "user_agent" not in text


def test_every_metric_that_an_alert_or_dashboard_uses_is_served(gateway: Gateway) -> None:
    """Those with labels are described before they have a value."""
    served = set(re.findall(r"^# TYPE (\S+) ", gateway.get("/metrics/", key=True), re.MULTILINE))
    used = {name for name, metric in metrics().items() if metric.exporter == "litellm"}
    assert used
    assert used <= served


def test_a_stopping_pod_ends_its_streams(
    directory: Path, engine: Backend, provider: Backend, redis: Cache
) -> None:
    """The kubelet's SIGTERM comes in the middle of an answer."""
    engine.pause_s = 0.5
    with run(directory, engine, provider, redis) as stopping:
        with stopping.post(ask(stream=True)) as response:
            assert response.readline().startswith(b"data:")
            stopping.process.popen.send_signal(signal.SIGTERM)
            assert response.read().decode().rstrip().endswith("data: [DONE]")
        assert stopping.process.popen.wait(60) is not None
