"""What Google Cloud's stacks have besides: an authority of the cache's own, IAM instead of a password, and as
many workers as planned; with a share of the requests for a provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.litellm.backend import Backend
from tests.real.litellm.cache import PASSWORD, Cache, cache
from tests.real.litellm.conftest import EXTERNAL, EXTERNAL_MODELS, MODEL, Gateway, generated, run

PROC = Path("/proc")
SHARE = 30
REQUESTS = 200
NOBODY_S_NAME = "DNS:cache.example.invalid"
"""Nodes are announced by address, and none stands in their certificate."""

IAM = f"""
class GenerateAccessTokenRequest:
    def __init__(self, name, scope):
        self.name = name

class IAMCredentialsClient:
    def generate_access_token(self, request):
        assert request.name.startswith("projects/-/serviceAccounts/"), request.name
        self.access_token = {PASSWORD!r}
        return self
"""
"""In the place of Google's client, which asks Google: the token is what the cache takes."""


@pytest.fixture(scope="module")
def memorystore(directory: Path) -> Iterator[Cache]:
    place = directory / "memorystore"
    place.mkdir()
    with cache(place, NOBODY_S_NAME) as found:
        yield found


@pytest.fixture(scope="module")
def shared(directory: Path, engine: Backend, provider: Backend, memorystore: Cache) -> Iterator[Gateway]:
    stand_in = directory / "stand-in"
    (stand_in / "google" / "cloud").mkdir(parents=True)
    (stand_in / "google" / "cloud" / "iam_credentials_v1.py").write_text(IAM)
    values = generated("large", "gcp", externalModels=[{**EXTERNAL_MODELS[0], "share": SHARE}])
    workers, samples = values["gateway"]["numWorkers"], directory / "samples"
    assert workers > 1
    samples.mkdir()
    with run(
        directory,
        engine,
        provider,
        memorystore,
        values,
        PYTHONPATH=str(stand_in),
        NUM_WORKERS=str(workers),
        PROMETHEUS_MULTIPROC_DIR=str(samples),
    ) as found:
        yield found


def test_the_cache_is_reached_with_a_token_and_its_own_authority(
    shared: Gateway, engine: Backend, provider: Backend, memorystore: Cache
) -> None:
    first, _ = shared.answer(text="twice")
    asked = len(engine.requests) + len(provider.requests)
    second, headers = shared.answer(text="twice")
    assert second["id"] == first["id"]
    assert len(engine.requests) + len(provider.requests) == asked == 1
    assert any(
        key.endswith(headers["x-litellm-cache-key"].rsplit(":", 1)[-1]) for key in memorystore.keys("*")
    )


def test_a_provider_takes_its_share(shared: Gateway, engine: Backend, provider: Backend) -> None:
    """Within four standard deviations: 200 requests at 30% are 60, give or take 26."""
    entries = {shared.answer()[1]["x-litellm-model-id"] for _ in range(REQUESTS)}
    assert entries == {f"vllm-{MODEL}", f"share-{MODEL}-{EXTERNAL}"}  # the fallback has a later order
    assert len(engine.requests) + len(provider.requests) == REQUESTS
    assert abs(len(provider.requests) - REQUESTS * SHARE // 100) <= 26


def test_a_share_s_requests_too_fall_back(shared: Gateway, engine: Backend, provider: Backend) -> None:
    engine.fails = True
    for _ in range(10):
        body, _ = shared.answer()
        assert body["choices"][0]["message"]["content"].startswith("provider:")
    assert engine.requests


def test_every_planned_worker_runs(shared: Gateway) -> None:
    """The one that was started watches over them."""
    found = [place for place in PROC.iterdir() if place.name.isdigit() and _is_worker(place, shared)]
    assert len(found) == generated("large", "gcp")["gateway"]["numWorkers"]


def _is_worker(process: Path, gateway: Gateway) -> bool:
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        spawned = b"spawn_main" in (process / "cmdline").read_bytes()
    except OSError:  # it has just ended
        return False
    return spawned and parent == gateway.process.popen.pid
