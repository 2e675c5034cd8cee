"""Every stack on every cloud in its four cases: the model and the scheduler say the same."""

from __future__ import annotations

import pytest

from tests import harness
from tests.prove.cases import CASES, cluster_case
from tests.prove.conftest import Ask


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("stack", "cloud"), harness.CASES)
def test_the_scheduler_agrees(stack: str, cloud: str, case: str, ask: Ask) -> None:
    plan = harness.plan(stack, cloud)
    outcome = ask(cluster_case(plan, case))
    assert outcome.unplaced == {}
