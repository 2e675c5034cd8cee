"""Labels: every tag survives in Google's alphabet, and none is lost in another."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.gcp.labels import LABEL_LIMIT, labels

ALLOWED = re.compile(r"[a-z0-9_-]*")


def test_tags_become_lower_case_and_foreign_characters_hyphens() -> None:
    assert labels({"Cost Centre": "Team A/42", "owner": "x_y-z"}) == {
        "cost-centre": "team-a-42",
        "owner": "x_y-z",
    }


def test_a_resource_adds_its_own() -> None:
    assert labels({"stack": "test"}, purpose="thanos") == {"purpose": "thanos", "stack": "test"}


def test_a_key_begins_with_a_letter() -> None:
    assert list(labels({"42nd": "a"})) == ["x-42nd"]


def test_long_texts_stay_distinct() -> None:
    first, second = (labels({"note": f"{'long ' * 30}{end}"})["note"] for end in ("one", "two"))
    assert len(first) <= LABEL_LIMIT
    assert first != second


def test_two_tags_that_become_one_are_refused() -> None:
    with pytest.raises(ValueError, match="two tags become the label 'cost-centre'"):
        labels({"Cost Centre": "1", "cost-centre": "2"})


@given(st.dictionaries(st.text(min_size=1, max_size=128), st.text(max_size=256), max_size=4))
def test_whatever_the_tags_the_labels_are_accepted(tags: dict[str, str]) -> None:
    try:
        found = labels(tags)
    except ValueError as error:
        assume("two tags become" not in str(error))
        raise
    assert len(found) == len(tags)
    for key, value in found.items():
        assert re.match(r"[a-z]", key)
        for text in (key, value):
            assert len(text) <= LABEL_LIMIT
            assert ALLOWED.fullmatch(text)
