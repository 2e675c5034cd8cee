"""A stack measured against the guide: more is never less, and less is."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pydantic import BaseModel

from infra.planning import plan_of
from infra.settings import load
from policy.rules.guide import guide_for
from policy.rules.sizes import smaller
from sizing.errors import SizingError
from sizing.fit_report import verdict_report
from sizing.overrides import Overrides
from sizing.report import size_report
from tests.policy.overrides import ELSEWHERE, LESS, NOTHING, REFUSED

REGIONS = {"aws": "us-east-1", "gcp": "us-central1"}
MORE: list[tuple[str, str, dict[str, Any]]] = [
    ("gcp", "medium", {"observability": {"grafana": {"replicas": 3}}}),
    ("gcp", "medium", {"vllm": {"routerReplicas": 3}}),
    ("gcp", "small", {"nodes": {"cpu": {"machineType": "n2-standard-8"}}}),
    ("aws", "medium", {"vault": {"replicas": 5}}),
    ("aws", "medium", {"litellm": {"memory": {"request": "4Gi", "limit": "8Gi"}}}),
    ("aws", "medium", {"nodes": {"cpu": {"machineType": "m5.4xlarge", "min": 3, "desired": 3}}}),
    *(
        (cloud, tier, more)
        for cloud, tier in (("aws", "small"), ("gcp", "large"))
        for more in (
            {"litellm": {"replicas": 6, "maxReplicas": 24}},
            {"agentGateway": {"replicas": 4}},
            {"pgbouncer": {"replicas": 4}},
            {"postgres": {"vcpu": 32}},
            {"postgres": {"storageGib": 3000, "maxStorageGib": 6000}},
            {"redis": {"replicasPerShard": 2}},
            {"redis": {"memoryGibPerNode": 32, "shards": 5}},
            {"observability": {"thanos": True, "jaeger": "Elastic backend"}},
        )
    ),
]


def shortfalls(cloud: str, tier: str, overrides: dict[str, Any]) -> list[str]:
    """Paths where a stack with these overrides is below its tier."""
    values = {"tier": tier, "cloud": cloud, "region": REGIONS[cloud], **overrides}
    sizing = size_report(plan_of(load(values, where="test")))
    return [found[0] for found in smaller(sizing, guide_for(tier, cloud, REGIONS[cloud]))]


@pytest.mark.parametrize(("cloud", "tier", "more"), MORE, ids=str)
def test_more_than_the_guide_is_never_less(cloud: str, tier: str, more: dict[str, Any]) -> None:
    assert shortfalls(cloud, tier, more) == []


def _nested(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize(
    ("cloud", "tier", "path", "value"),
    [(cloud, tier, path, value) for path, value, tier, clouds in LESS for cloud in clouds],
)
def test_less_than_the_guide_is_reported(cloud: str, tier: str, path: str, value: Any) -> None:
    assert shortfalls(cloud, tier, _nested(path, value)) != []


@pytest.mark.parametrize(("path", "value"), REFUSED)
def test_some_of_it_makes_no_plan_at_all(path: str, value: Any) -> None:
    with pytest.raises(SizingError):
        shortfalls("aws", "medium", _nested(path, value))


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted path of every field that is no group of fields itself."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner = field.annotation
        known = any(fnmatchcase(path, entry) for entry in _judged())
        if not known and isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, f"{path}.")
        else:
            yield path


def _judged() -> set[str]:
    return {*(case[0] for case in (*LESS, *REFUSED)), *ELSEWHERE, *NOTHING} - {"nodes.cpu", "nodes.gpu"}


def test_every_field_of_a_stack_file_is_judged() -> None:
    """A new override says here which protection it can take away, and who notices."""
    fields = list(_fields(Overrides))
    assert [path for path in fields if not any(fnmatchcase(path, entry) for entry in _judged())] == []
    unused = [entry for entry in _judged() if not any(fnmatchcase(path, entry) for path in fields)]
    assert unused == []


def test_a_maximum_that_is_too_low_does_not_fit() -> None:
    values = {"tier": "medium", "nodes": {"cpu": {"max": 5}}}
    assert verdict_report(plan_of(load(values, where="test")))["verdict"] != "fits"
