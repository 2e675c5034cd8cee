"""The only configuration model: namespace ``ai-gateway``, camelCase keys, one error for bad input.

Imports no Pulumi and takes a plain mapping: ``infra.stackfile`` reads a stack file into one,
``infra.runtime`` Pulumi's own configuration. What each part means is in ``sizing.overrides``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from infra.clouds import CLOUDS
from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import Overrides

NAMESPACE = "ai-gateway"
TAG_LIMIT = 40
"""AWS takes 50 tags on a resource; ten are left for the platform's own and for controllers."""
_TAG_KEY = re.compile(r"^(?!aws:)[\w.:/=+@ -]{1,128}$")


class ConfigError(SizingError):
    """Configuration that cannot be used; the same four facts as every refusal."""


def _tags(value: Mapping[str, str]) -> Mapping[str, str]:
    for key, text in value.items():
        if not _TAG_KEY.match(key) or len(text) > 256:
            raise ValueError(
                f"{key}={text!r} cannot be a tag. Keys have 1-128 letters, digits or _.:/=+@- and no aws:"
                " prefix,"
                " values 256 characters."
            )
    return value


class Settings(Overrides):
    """A stack: its tier, where it runs, and what it overrides. Field docs end up in Pulumi.yaml."""

    tier: Tier = Field(description="Size of the platform: small, medium, large or enterprise.")
    cloud: str = Field(default="aws", description="Cloud provider.")
    region: str | None = Field(default=None, description="Region; the cloud's default when left out.")
    tags: Annotated[dict[str, str], Field(default_factory=dict, max_length=TAG_LIMIT)]

    @field_validator("cloud")
    @classmethod
    def _known_cloud(cls, value: str) -> str:
        if value not in CLOUDS:
            raise ValueError(f"not a cloud this project builds on. {suggestion(value, CLOUDS)}")
        return value

    @field_validator("tags")
    @classmethod
    def _valid_tags(cls, value: dict[str, str]) -> dict[str, str]:
        return dict(_tags(value))


def load(values: Mapping[str, Any], *, where: str = "configuration") -> Settings:
    """Settings from the keys of the namespace (without its prefix).

    Raises:
        ConfigError: an unknown key (with the nearest valid one), a wrong type, or a value out of range.
    """
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        raise _explain(error.errors(include_url=False), where) from None


def _explain(errors: Sequence[ErrorDetails], where: str) -> ConfigError:
    """The first error as one message; unknown keys first, since a misspelt key often causes the others."""
    first = min(errors, key=lambda e: (e["type"] != "extra_forbidden", [str(p) for p in e["loc"]]))
    path = _dotted(first["loc"])
    if first["type"] == "extra_forbidden":
        keys = _valid_keys(first["loc"])
        name = str(first["loc"][-1])
        return ConfigError(path, name, f"unknown key in {where}", suggestion(name, keys))
    if first["type"] == "missing":
        return ConfigError(path, None, f"missing in {where}", _missing(path))
    limit, remedy = _limit(first)
    return ConfigError(path, first["input"], limit, remedy)


def _missing(path: str) -> str:
    if path == "tier":
        return f"Set {NAMESPACE}:tier to one of: {', '.join(Tier)}."
    return f"Set {path}."


def _limit(error: ErrorDetails) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        text = str(context.get("error", error["msg"]))
        rule, _, remedy = text.partition(". ")
        return rule, remedy or "Write a value of that form."
    if kind in ("enum", "literal_error"):
        expected = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return "not one of the allowed values", suggestion(str(error["input"]), expected.split(", "))
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        word = "at least" if "ge" in context else "at most"
        return f"must be {word} {bound}", f"Use {word} {bound}."
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "must be an object with keys of its own", "Nest the keys below it, as in the README's example."
    if kind in ("tuple_type", "list_type"):
        return "must be a list", "Write it as a list, even with one entry."
    if kind.startswith(("int_", "float_")):
        return "must be a whole number", "Write it without quotes or units, such as 3."
    if kind.startswith("bool"):
        return "must be true or false", "Write true or false."
    if kind == "string_type":
        return "must be text", "Put it in quotes."
    if kind in ("too_short", "string_too_short"):
        return "must not be empty", "Leave it out for the default."
    if kind == "too_long":
        return (
            f"has {context['actual_length']} entries, {context['max_length']} are allowed",
            "Leave some out.",
        )
    return error["msg"][0].lower() + error["msg"][1:], "See the README for the accepted form."


def _dotted(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path or NAMESPACE


def _model_at(location: Sequence[int | str]) -> type[BaseModel]:
    """The model that owns the last key of ``location``."""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        for name, field in model.model_fields.items():
            if part in (name, to_camel(name)):
                inner = _inner_model(field.annotation)
                model = inner or model
    return model


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _inner_model(argument)
        if found:
            return found
    return None


def _valid_keys(location: Sequence[int | str]) -> list[str]:
    return [to_camel(name) for name in _model_at(location).model_fields]


def known_keys() -> list[str]:
    """Top-level keys of the namespace, for documentation and completion."""
    return [to_camel(name) for name in Settings.model_fields]
