"""One control plane for the session, and a table of what it was asked and answered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Protocol

import pytest

from tests.prove.cases import ClusterCase
from tests.prove.control import ControlPlane, ControlPlaneError
from tests.prove.manifests import priority_classes
from tests.prove.running import Outcome, run
from tools import go_tool
from tools.go_tool import ToolError


class Ask(Protocol):
    """Runs a case, and notes it for the table."""

    def __call__(self, case: ClusterCase, *, ranked: bool = False) -> Outcome: ...


ROWS: list[tuple[str, Outcome]] = []
SHOWN = 3
HEADER = ("case", "nodes", "pods", "seconds", "unplaced", "lost with its zone")


@pytest.fixture(scope="session")
def control() -> Iterator[ControlPlane]:
    """The control plane, built when needed; what is missing fails every test with one line."""
    missing = ""
    try:
        with ControlPlane(go_tool.build("kubernetes")) as running:
            for made in priority_classes():
                running.api.create(made)
            yield running
    except (ToolError, ControlPlaneError) as error:
        missing = str(error)
    if missing:
        pytest.fail(missing, pytrace=False)


_NUMBERS = itertools.count()


@pytest.fixture
def ask(control: ControlPlane, request: pytest.FixtureRequest) -> Ask:
    """Run a case under a name of its own, and note it for the table."""

    def asked(case: ClusterCase, *, ranked: bool = False) -> Outcome:
        outcome = run(control, case, f"case-{next(_NUMBERS)}", ranked=ranked)
        ROWS.append((case.name, outcome))
        return outcome

    return asked


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the scheduler did, case by case."""
    if not ROWS:
        return
    lines = [HEADER, *(_cells(name, outcome) for name, outcome in ROWS)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    terminalreporter.section(f"Kubernetes {go_tool.version('kubernetes')}: {len(ROWS)} cases")
    for line in lines:
        first, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        terminalreporter.write_line("  ".join([first, *others]).rstrip())


def _cells(name: str, outcome: Outcome) -> tuple[str, ...]:
    unplaced, lost = _counts(outcome.unplaced), _counts(outcome.lost_with_zone)
    return name, str(outcome.nodes), str(outcome.pods), f"{outcome.seconds:.1f}", unplaced, lost


def _counts(pods: Mapping[str, int]) -> str:
    """The first of them; the assertions have all."""
    shown = [f"{count} {pod}" for pod, count in sorted(pods.items())]
    others = [f"and {len(shown) - SHOWN} other workloads"] if len(shown) > SHOWN else []
    return ", ".join([*shown[:SHOWN], *others]) or "-"
