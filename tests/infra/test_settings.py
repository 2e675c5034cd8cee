"""The configuration model: one message for whatever is wrong, naming path, value, limit and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.planning import plan_of, relocated
from infra.settings import ConfigError, Settings, load
from sizing.errors import LONGEST_VALUE, SizingError
from sizing.guide.cells import Tier
from tests.infra.wrong_forms import FORMS
from tests.infra.wrong_values import OWN, VALUES
from tests.sizing.strategies import at_path, every_key

WRONG = FORMS | VALUES


def refused(values: Mapping[str, Any]) -> SizingError:
    with pytest.raises(SizingError) as caught:
        plan_of(load(values))
    error = caught.value
    assert error.path
    assert error.limit
    assert error.remedy
    value = repr(error.value)
    shown = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}..."
    assert str(error) == f"{error.path}: {shown}: {error.limit}. {error.remedy}"
    assert len(str(error)) < 1500
    return error


@pytest.mark.parametrize(("keys", "path", "value", "limit", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_message(
    keys: dict[str, Any], path: str, value: object, limit: str, remedy: str
) -> None:
    error = refused({"tier": "small", **keys})
    assert error.path == path
    assert value is None or (error.value == value and type(error.value) is type(value))
    assert limit in error.limit
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("parametersBillion", 1e308, "at most 10000"),
        ("parametersBillion", True, "must be a number"),
        ("parametersBillion", "1e3", "must be a number"),
        ("parametersBillion", 0, "more than 0"),
        ("weightMib", 10**400, "at most 20000000"),
        ("layers", 10**400, "at most 100000"),
    ],
)
def test_figures_of_a_model_are_numbers_that_a_model_can_have(key: str, value: object, limit: str) -> None:
    sized = {} if key in ("parametersBillion", "weightMib") else {"weightMib": 8000}
    error = refused({"tier": "small", "vllm": {"models": [{**OWN, **sized, key: value}]}})
    assert error.path == f"vllm.models[0].{key}"
    assert limit in error.limit


@pytest.mark.parametrize("value", ["x" * 70_000, "a " * 35_000], ids=["a word", "words"])
@pytest.mark.parametrize("key", ["region", "gcpProject", "cloud", "ingress", "tags"])
def test_a_value_without_end_is_not_repeated_in_full(key: str, value: str) -> None:
    keys = {"ingress": {"domain": value}, "tags": {value: value}}
    refused({"tier": "small", key: keys.get(key, value)})
    refused({"tier": "small", value: 1})


def test_a_number_that_cannot_be_written_is_refused_too() -> None:
    with pytest.raises(ConfigError, match="thousands of digits"):
        load({"tier": "small", "litellm": {"replicas": 16**5000}})


def test_billions_of_parameters_may_be_whole() -> None:
    stack = load({"tier": "small", "vllm": {"models": [{**OWN, "parametersBillion": 12}]}})
    assert stack.vllm.models[0].parameters_billion == 12


@pytest.mark.parametrize(
    ("tier", "remedy"),
    [
        ("larg", "Did you mean large?"),
        ("LARGE", "Did you mean large?"),
        ("XL", "Use one of"),
        (3, "Use one of"),
        (None, "Use one of"),
    ],
)
def test_an_unknown_tier_gets_the_known_ones(tier: object, remedy: str) -> None:
    error = refused({"tier": tier})
    assert (error.path, error.value) == ("tier", tier)
    assert remedy in error.remedy


def test_a_missing_tier_says_which_there_are() -> None:
    error = refused({"litellm": {"replicas": 3}})
    assert (error.path, error.limit) == ("tier", "missing in configuration")
    assert all(tier in error.remedy for tier in Tier)


def test_a_misspelt_key_is_reported_before_what_it_causes() -> None:
    error = refused({"teir": "small", "litellm": {"replicas": 0}})
    assert (error.path, error.remedy) == ("teir", "Did you mean tier?")


def test_where_the_value_stood_is_part_of_the_message() -> None:
    with pytest.raises(ConfigError, match=r"unknown key in Pulumi.mine.yaml"):
        load({"tier": "small", "x": 1}, where="Pulumi.mine.yaml")


@pytest.mark.parametrize("path", sorted(set(every_key())), ids=".".join)
def test_every_key_refuses_what_it_cannot_be(path: tuple[str, ...]) -> None:
    """No key takes anything: an object with an unknown key is wrong everywhere but for the tags' texts."""
    with pytest.raises(ConfigError) as caught:
        load({"tier": "small", **at_path(path, {"no such key": object()})})
    assert caught.value.path.replace("[0]", "").startswith(".".join(step for step in path if step != "[]"))


def test_the_strictest_types_do_not_convert() -> None:
    stack = load(
        {"tier": "small", "litellm": {"replicas": 4}, "postgres": {"multiAz": True}, "vault": {"cpu": 2}}
    )
    assert stack.litellm.replicas == 4
    assert stack.postgres.multi_az is True
    assert stack.vault.cpu == 2000


def test_settings_cannot_be_changed_and_say_only_what_is_set() -> None:
    stack = load({"tier": "large"})
    assert (stack.tier, stack.cloud, stack.region, stack.tags) == (Tier.LARGE, "aws", None, {})
    with pytest.raises(ValueError, match="frozen"):
        stack.region = "eu-west-1"  # type: ignore[misc]


def test_another_cloud_or_region_from_the_command_line() -> None:
    stack = load({"tier": "small", "region": "eu-west-1"})
    assert relocated(stack, None, None) is stack
    assert relocated(stack, None, "us-west-2").region == "us-west-2"
    assert relocated(stack, "aws", None).region == "eu-west-1"


# -------------------------------------------------------------------------- Pulumi's own configuration


def test_settings_are_the_overrides_and_where() -> None:
    own = {name for name in Settings.model_fields if name not in Settings.__mro__[1].model_fields}
    assert own >= {"tier", "cloud", "region", "tags"}
