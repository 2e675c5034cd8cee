"""Requests go on while the cache does not answer, is gone, or is back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import servers
from tests.real.litellm.backend import Backend
from tests.real.litellm.cache import Cache, cache
from tests.real.litellm.conftest import Gateway, generated, run


@pytest.fixture
def lone() -> Iterator[Cache]:
    """A cache that can be spoilt, of one node, as Small's is."""
    with servers.sandbox() as directory, cache(directory, masters=1) as found:
        yield found


def test_requests_are_answered_without_the_cache(
    directory: Path, engine: Backend, provider: Backend, lone: Cache
) -> None:
    node = lone.masters[0].popen
    with run(directory, engine, provider, lone, generated("small")) as gateway:
        servers.wait_for(lambda: _answer_is_kept(gateway, lone), "an answer is kept")
        node.send_signal(signal.SIGSTOP)  # as a node that is lost: packets go nowhere
        before = len(engine.requests)
        gateway.answer()
        gateway.answer()
        assert len(engine.requests) == before + 2
        assert gateway.get("/health/readiness"), "else every pod would leave the Service at once"
        node.send_signal(signal.SIGCONT)
        servers.wait_for(lambda: _answer_is_kept(gateway, lone), "answers are kept again")
        node.kill()  # as a service that is away: connections are refused
        gateway.answer()
        assert gateway.get("/health/readiness")


def _answer_is_kept(gateway: Gateway, lone: Cache) -> bool:
    kept = lone.keys("litellm.cache*")
    gateway.answer()
    return bool(lone.keys("litellm.cache*") - kept)
