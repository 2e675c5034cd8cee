"""Fixtures of the engine tests: the built engine, and every tier on every cloud brought to life once."""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from infra.clouds import CLOUDS
from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from infra.timeline import Timeline, timeline, waits
from tests.engine import once
from tests.engine.compare import Engine
from tests.engine.stack import EngineStack, Run, stack_config
from tests.engine.virtual_time import PARALLEL, VirtualCloud, seconds_of, spans
from tests.harness import CASES, STACKS
from tools.go_tool import ToolError, built

SMALLEST = STACKS[0]


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """The engine's command line."""
    return engine()


def engine() -> Path:
    """The same; without it the session ends with one line."""
    try:
        return built("pulumi")
    except ToolError as error:
        pytest.exit(f"{error}; `make engine` does both", returncode=2)


class Life:
    """A stack from its first preview on; each step happens once, when a test first asks for it."""

    def __init__(self, pulumi: Path, directory: Path, tier: str, cloud: str) -> None:
        self.clock = VirtualCloud()
        self.cloud = cloud
        self.config = stack_config(tier, cloud)
        self.stack = EngineStack(pulumi, directory, tier, self.config, self.clock)

    @functools.cached_property
    def graph(self) -> Graph:
        """What ``gateway preview`` shows of the same stack file."""
        return preview_graph(load(self.config, where="the stack file"), self.stack.name)

    @functools.cached_property
    def engine(self) -> Engine:
        """What ``pulumi preview`` shows, in the offline graph's terms."""
        preview, goals = self.stack.planned()
        providers = self.stack.providers
        return Engine.of(preview, goals, dict(providers.constructed), providers.names)

    @functools.cached_property
    def timeline(self) -> Timeline:
        """When ``gateway preview --timeline`` has each creation under way, without the short ones."""
        return timeline(self.graph, waits(self.graph), seconds_of(self.graph))

    @functools.cached_property
    def up(self) -> Run:
        """The first ``pulumi up``, after the preview, in the time of its timeline (test_timeline)."""
        assert self.engine.resources
        self.clock.plan(spans(self.graph, self.timeline))
        time = threading.Thread(target=self.clock.run)
        time.start()
        done = self.stack.up("--json", "--parallel", str(PARALLEL))
        time.join()
        return done.checked()


@pytest.fixture(scope="session")
def lives(pulumi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Life]]:
    """The life of a tier on a cloud, begun once."""
    once.install()
    begun: dict[tuple[str, str], Life] = {}

    def life_of(tier: str, cloud: str) -> Life:
        if (tier, cloud) not in begun:
            directory = tmp_path_factory.mktemp(f"{cloud}-{tier}")
            begun[tier, cloud] = Life(pulumi, directory, tier, cloud)
        return begun[tier, cloud]

    yield life_of
    for life in begun.values():
        life.stack.stop()


def _params(cases: Iterable[tuple[str, str]]) -> list[Any]:
    return [pytest.param((tier, cloud), id=f"{cloud}-{tier}") for tier, cloud in cases]


class ByStack(LoadScopeScheduling):
    """All tests of one stack on one worker, whatever their module: they share its life."""

    def _split_scope(self, nodeid: str) -> str:
        found = re.search(r"\[(\w+-\w+)", nodeid)
        return found[1] if found else nodeid.partition("::")[0]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: worker and engine wait for each other by turns."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStack:
    """xdist's hook for how tests are given to workers, which cannot say why they end."""
    engine()
    return ByStack(config, log)


@pytest.fixture(params=_params(CASES))
def life(request: pytest.FixtureRequest, lives: Callable[[str, str], Life]) -> Life:
    """Every tier on every cloud."""
    return lives(*request.param)


@pytest.fixture(params=_params((SMALLEST, cloud) for cloud in CLOUDS))
def small(request: pytest.FixtureRequest, lives: Callable[[str, str], Life]) -> Life:
    """The smallest tier on every cloud, for what does not depend on the size."""
    return lives(*request.param)


@pytest.fixture
def deployed(life: Life, tmp_path: Path) -> Iterator[EngineStack]:
    """A stack that is up, and may be broken: every tier on every cloud."""
    with twin_of(life, tmp_path) as stack:
        yield stack


@pytest.fixture
def fresh(life: Life, tmp_path: Path, pulumi: Path) -> Iterator[EngineStack]:
    """A stack with nothing in it yet: every tier on every cloud."""
    with fresh_of(life, tmp_path, pulumi) as stack:
        yield stack


@pytest.fixture
def small_deployed(small: Life, tmp_path: Path) -> Iterator[EngineStack]:
    """The same of the smallest tier, for what does not depend on the size."""
    with twin_of(small, tmp_path) as stack:
        yield stack


@pytest.fixture
def small_fresh(small: Life, tmp_path: Path, pulumi: Path) -> Iterator[EngineStack]:
    """The same of the smallest tier, for what does not depend on the size."""
    with fresh_of(small, tmp_path, pulumi) as stack:
        yield stack


def twin_of(life: Life, directory: Path) -> EngineStack:
    """A copy of a stack that is up."""
    assert life.up.code == 0
    return life.stack.twin(directory / "twin")


def fresh_of(life: Life, directory: Path, pulumi: Path) -> EngineStack:
    """A stack of the same settings, not up yet."""
    return EngineStack(pulumi, directory / "fresh", life.stack.name, life.config)
