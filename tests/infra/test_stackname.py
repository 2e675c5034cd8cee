"""Names made of the stack's: what a cloud service would refuse is refused before anything is registered."""

from __future__ import annotations

import re

import pytest

from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import ConfigError
from infra.stackfile import read
from infra.stackname import PREFIX, platform_name
from sizing.errors import SizingError
from tests.harness import ROOT, STACKS, of_type

LONG = "a-rather-long-name-of-forty-characters-x"
RDS, CACHE = "aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return preview_graph(read(ROOT, "large"), LONG)


@pytest.mark.parametrize("stack", [*STACKS, "dev1", "eu-prod-2", "2", LONG])
def test_plain_names_are_used_as_they_are(stack: str) -> None:
    assert platform_name(stack, "aws") == f"{PREFIX}{stack}"


@pytest.mark.parametrize(
    ("stack", "usable"),
    [
        ("Prod", "prod"),
        ("eu.west", "eu-west"),
        ("eu_west", "eu-west"),
        ("a--b", "a-b"),
        ("-a", "a"),
        ("a-", "a"),
        ("a\n", "a"),
        ("...", "production"),
        ("", "production"),
    ],
)
def test_a_name_that_a_service_would_refuse_gets_one_that_works(stack: str, usable: str) -> None:
    with pytest.raises(ConfigError) as refused:
        platform_name(stack, "aws")
    assert refused.value.path == "stack"
    assert refused.value.value == stack
    assert refused.value.remedy == f"Use a name such as {usable}."
    assert platform_name(usable, "aws") == f"{PREFIX}{usable}"


def test_length_is_the_clusters() -> None:
    stack = "x" * (100 - len(PREFIX))
    assert platform_name(stack, "aws") == f"{PREFIX}{stack}"
    with pytest.raises(SizingError, match=r"101 characters, and EKS takes 100"):
        platform_name(f"{stack}x", "aws")


def test_the_program_refuses_the_name_before_it_registers_anything() -> None:
    with pytest.raises(ConfigError, match=r"named after the stack"):
        preview_graph(read(ROOT, "small"), "EU_Prod")


def test_long_names_stay_within_what_databases_take(graph: Graph) -> None:
    identifiers = [str(instance.inputs["identifier"]) for instance in of_type(graph, RDS)]
    assert len(set(identifiers)) == len(identifiers) == 3
    (cache,) = of_type(graph, CACHE)
    for name, most in [*((i, 63) for i in identifiers), (str(cache.inputs["replicationGroupId"]), 40)]:
        assert len(name) <= most, name
        assert re.fullmatch(r"[a-z]([a-z0-9]|-(?!-))*[a-z0-9]", name), name
