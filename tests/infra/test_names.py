"""A stack's name is no difference between two graphs, also where a hash hides it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.base import safe_name
from components.gcp.endpoints import rule_name
from infra.graph import Graph, diff
from tests.infra.graphs import graph, names, resource

ACCOUNT = "gcp:serviceaccount/account:Account"
CONFIG = "kubernetes:core/v1:ConfigMap"


def _one(stack: str, type_: str, inputs: dict[str, Any]) -> Graph:
    return graph(resource(type_, "it", stack=stack, inputs=inputs), stack=stack)


@pytest.mark.parametrize(("before", "after"), [("dev", "live"), ("my-dev", "eu-live-2")])
def test_a_search_for_the_stacks_tag_is_no_difference(before: str, after: str) -> None:
    def made(stack: str) -> Graph:
        tags = [{"key": "stack", "value": f"^{re.escape(stack)}$"}, {"key": "team", "value": "^dev$"}]
        text = json.dumps({"searchTags": tags}, indent=1)
        return _one(stack, CONFIG, {"data": {"config": text}})

    assert diff(made(before), made(after)).empty
    other = made(before).to_json().replace(f"^{before}".replace("-", "\\\\\\\\-"), "^other")
    assert not diff(Graph.from_json(other), made(after)).empty


@pytest.mark.parametrize(
    ("before", "after"),
    [("dev", "live"), ("dev", "production"), ("production", "dev"), ("testing", "staging")],
)
@pytest.mark.parametrize("form", ["secrets-{}", "{}-dbase"])
def test_a_name_too_long_for_the_service_is_no_difference(before: str, after: str, form: str) -> None:
    """One of the two names, or both, are cut and end in a hash of the whole."""

    def made(stack: str, project: str = "shop") -> Graph:
        name = form.format(f"{project}-{stack}")
        return _one(stack, ACCOUNT, {"accountId": safe_name(name, 18)})

    assert diff(made(before), made(after)).empty
    assert names(diff(made(before, "shoe"), made(after)).replaced) == ["it"]


def test_an_endpoint_named_by_a_hash_alone_is_no_difference() -> None:
    made = {
        (stack, name): _one(stack, "gcp:compute/globalForwardingRule:GlobalForwardingRule", {"name": rule})
        for stack in ("dev", "live")
        for name in ("shop", "shoe")
        for rule in [rule_name(f"{name}-{stack}")]
    }
    assert diff(made["dev", "shop"], made["live", "shop"]).empty
    assert not diff(made["dev", "shoe"], made["live", "shop"]).empty


def test_a_file_named_by_its_content_is_another_when_more_than_the_stacks_name_differs() -> None:
    def made(stack: str, level: str = "info") -> Graph:
        text = f'{{"stack": "{stack}", "level": "{level}"}}'
        name = f"config-{abs(hash(text)) % 16**8:08x}"
        config = resource(CONFIG, "c", stack=stack, inputs={"metadata": {"name": name}, "data": {"f": text}})
        user = {"spec": {"volumes": [{"configMap": {"name": name}}]}}
        pods = resource("kubernetes:apps/v1:Deployment", "d", stack=stack, inputs=user)
        return graph(config, pods, stack=stack)

    assert diff(made("dev"), made("live")).empty
    found = diff(made("dev", "debug"), made("live"))
    assert (names(found.replaced), names(found.updated)) == (["c"], ["d"])
