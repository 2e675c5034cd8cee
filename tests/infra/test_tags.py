"""Tags of a stack: what a service would refuse halfway through a deployment is refused when it is read."""

from __future__ import annotations

import pytest

from infra import program
from infra.settings import OWN_TAGS, ConfigError, load


def _load(tags: dict[str, str]) -> dict[str, str]:
    return load({"tier": "small", "tags": tags}).tags


@pytest.mark.parametrize(
    "tags",
    [
        {"team": "platform"},
        {"cost center": "a/b:c=1+2@x-y_z."},
        {"empty": ""},
        {"k" * 128: "v" * 256},
        {"kubernetes.io/x": "y"},
    ],
)
def test_tags_that_every_service_takes(tags: dict[str, str]) -> None:
    assert _load(tags) == tags


@pytest.mark.parametrize(
    "tags",
    [
        {"": "x"},
        {"k" * 129: "x"},
        {"team": "v" * 257},
        {"team": "R&D"},
        {"team": "a,b"},
        {"team": "line\n"},
        {"équipe": "x"},
        {"team": "gelée"},
        {"aws:team": "x"},
        {"AWS:team": "x"},
    ],
)
def test_tags_that_a_service_refuses(tags: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"cannot be a tag") as refused:
        _load(tags)
    assert refused.value.path == "tags"
    assert "256" in refused.value.remedy


@pytest.mark.parametrize("own", OWN_TAGS)
def test_own_tags_are_taken_whatever_their_case(own: str) -> None:
    for key in (own, own.upper(), own.title()):
        with pytest.raises(ConfigError, match=r"the program's own"):
            _load({key: "x"})


def test_two_spellings_of_a_key_are_one_to_iam() -> None:
    with pytest.raises(ConfigError, match=r"Team and team are one tag to IAM"):
        _load({"Team": "a", "team": "b"})


def test_own_tags_are_those_of_the_program() -> None:
    assert {*program.OWN_TAGS, "stack"} == set(OWN_TAGS)
