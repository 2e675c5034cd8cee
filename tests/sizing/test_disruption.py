"""The stack's own budgets: kept when they make sense, refused when they block drains or guard nothing."""

from __future__ import annotations

import pytest

from sizing.errors import SizingError
from tests.sizing.plans import planned

PROXIES = pytest.mark.parametrize(
    ("key", "workload"),
    [("litellm", "litellm"), ("agentGateway", "agentgateway")],
    ids=["litellm", "agent gateway"],
)


@PROXIES
def test_what_the_stack_says_is_kept(key: str, workload: str) -> None:
    assert planned("large").workloads[workload].max_unavailable == 1, key
    assert planned("large", **{key: {"maxUnavailable": 2}}).workloads[workload].max_unavailable == 2


@PROXIES
def test_a_budget_that_blocks_every_drain_is_refused(key: str, workload: str) -> None:
    with pytest.raises(SizingError) as caught:
        planned("large", **{key: {"maxUnavailable": 0}})
    assert (caught.value.path, caught.value.value) == (f"{key}.maxUnavailable", 0), workload
    assert "blocks every drain" in caught.value.limit


@PROXIES
def test_a_budget_that_lets_all_go_is_refused(key: str, workload: str) -> None:
    with pytest.raises(SizingError) as caught:
        planned("small", **{key: {"maxUnavailable": 2, "replicas": 2}})
    assert caught.value.path == f"{key}.maxUnavailable", workload
    assert planned("small", **{key: {"maxUnavailable": 1, "replicas": 1}}).workloads[workload].replicas == 1
