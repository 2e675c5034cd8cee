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
from sizing.formats import Text
from sizing.guide.cells import Tier
from sizing.names import suggestion
from sizing.overrides import Overrides

NAMESPACE = "ai-gateway"
PROJECT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
"""https://cloud.google.com/resource-manager/docs/creating-managing-projects"""
TAG_LIMIT = 40
"""AWS takes 50 tags on a resource; ten are left for the platform's own and for controllers."""
OWN_TAGS = ("managed-by", "project", "stack")
"""Set on everything by the program itself; to IAM a key that differs in case only is the same key."""
_TAG = r"[\w.:/=+@ -]"
_TAG_KEY = re.compile(rf"(?!aws:){_TAG}{{1,128}}", re.ASCII | re.IGNORECASE)
_TAG_VALUE = re.compile(rf"{_TAG}{{0,256}}", re.ASCII)
"""Characters that all services take: IAM and RDS refuse others, the EBS CSI add-on letters beyond ASCII too
(https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html)."""


SECRET = "[secret]"  # noqa: S105 - the marker, not a secret


class ConfigError(SizingError):
    """Configuration that cannot be used; the same four facts as every refusal."""


def encrypted(path: str) -> ConfigError:
    """The refusal of an encrypted value: no key takes a secret, those that concern one take its name."""
    return ConfigError(
        path,
        SECRET,
        "encrypted, and the configuration holds names of secrets only, never their values",
        "Write it in plain text; a key or password goes into Vault: docs/deploy-aws.md, Keys you bring.",
    )


def _tags(value: Mapping[str, str]) -> Mapping[str, str]:
    seen: dict[str, str] = {}
    for key, text in value.items():
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(text):
            raise ValueError(
                f"{key}={text!r} cannot be a tag. Keys have 1-128 letters, digits, spaces or _.:/=+@- and no"
                " aws: prefix, values at most 256 of the same."
            )
        if key.lower() in OWN_TAGS:
            raise ValueError(
                f"{key} is a tag of the program's own. Use another key, such as cost-{key.lower()}."
            )
        other = seen.setdefault(key.lower(), key)
        if other != key:
            raise ValueError(f"{other} and {key} are one tag to IAM, which ignores case. Keep one of them.")
    return value


class Settings(Overrides):
    """A stack: its tier, where it runs, and what it overrides. Field docs end up in Pulumi.yaml."""

    tier: Tier = Field(description="Size of the platform: small, medium, large or enterprise.")
    cloud: str = Field(default="aws", description="Cloud provider.")
    region: Text | None = Field(default=None, description="Region; the cloud's default when left out.")
    gcp_project: str | None = Field(default=None, description="Google Cloud project id; needed there only.")
    tags: Annotated[dict[str, str], Field(default_factory=dict, max_length=TAG_LIMIT)]

    @field_validator("cloud")
    @classmethod
    def _known_cloud(cls, value: str) -> str:
        if value not in CLOUDS:
            raise ValueError(f"not a cloud this project builds on. {suggestion(value, CLOUDS)}")
        return value

    @field_validator("gcp_project")
    @classmethod
    def _valid_project(cls, value: str | None) -> str | None:
        if value is not None and not PROJECT_ID.fullmatch(value):
            raise ValueError(
                "not a Google Cloud project id: 6 to 30 lower case letters, digits and hyphens, the first a"
                " letter, the last no hyphen. Use the id, such as my-platform-42, not the project's name or"
                " number."
            )
        return value

    @field_validator("tags")
    @classmethod
    def _valid_tags(cls, value: dict[str, str]) -> dict[str, str]:
        return dict(_tags(value))


_RANK = {"extra_forbidden": 0, "missing": 2, "too_short": 3}


def load(values: Mapping[str, Any], *, where: str = "configuration") -> Settings:
    """Settings from the keys of the namespace (without its prefix).

    Raises:
        ConfigError: an unknown key (with the nearest valid one), a wrong type, or a value out of range.
    """
    try:
        return Settings.model_validate(dict(values), by_alias=True, by_name=False)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False), where) from None


def _explain(errors: Sequence[ErrorDetails], where: str) -> ConfigError:
    """The first error as one message, causes before what they bring about.

    A misspelt key makes another one missing, and a wrong entry a list too short.
    """
    first = min(errors, key=lambda e: (_RANK.get(e["type"], 1), [str(p) for p in e["loc"]]))
    path = _dotted(first["loc"])
    if first["type"] == "extra_forbidden":
        keys = _valid_keys(first["loc"])
        name = str(first["loc"][-1])
        return ConfigError(path, name, f"unknown key in {where}", suggestion(name, keys))
    if first["type"] == "missing":
        return ConfigError(path, None, f"missing in {where}", _missing(path))
    limit, remedy = _limit(first)
    if first["type"] == "invalid_key" and first["input"] is None:
        return ConfigError(
            _dotted(first["loc"][:-1]), "null", "has an empty key", "Name the key, or take it out."
        )
    if first["type"] == "string_too_short" and _is_required(first["loc"]):
        remedy = "Write a text."
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
        bound = f"{bound:g}" if isinstance(bound, float) else bound
        word = "at least" if "ge" in context else "at most"
        return f"must be {word} {bound}", f"Use {word} {bound}."
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "must be an object with keys of its own", "Nest the keys below it, as in docs/stack-file.md."
    if kind in ("tuple_type", "list_type"):
        return "must be a list", "Write it as a list, even with one entry."
    if kind.startswith("float_"):
        return "must be a number", "Write it without quotes or units, such as 7.5."
    if kind.startswith("int_"):
        return "must be a whole number", "Write it without quotes or units, such as 3."
    if kind == "greater_than":
        return f"must be more than {context['gt']:g}", f"Use more than {context['gt']:g}."
    if kind.startswith("bool"):
        return "must be true or false", "Write true or false."
    if kind == "string_type":
        quoted = isinstance(error["input"], int | float)
        return (
            "must be text",
            "Put it in quotes." if quoted else "Write one text, without a list or an object.",
        )
    if kind == "invalid_key":
        return "a key must be text", "Put the key in quotes."
    if kind == "string_too_short":
        return "must not be empty", "Leave it out for the default."
    if kind == "too_short":
        return "must not be empty", "Write at least one entry, or leave it out for the default."
    if kind == "too_long":
        return (
            f"has {len(error['input'])} entries, {context['max_length']} are allowed",
            "Leave some out.",
        )
    return error["msg"][0].lower() + error["msg"][1:], "See docs/stack-file.md for the accepted form."


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


def _is_required(location: Sequence[int | str]) -> bool:
    """Whether a text has to be there: a key without a default, or an entry of a list."""
    fields = {to_camel(name): field for name, field in _model_at(location).model_fields.items()}
    field = fields.get(str(location[-1]))
    return field is None or field.is_required()


def _valid_keys(location: Sequence[int | str]) -> list[str]:
    return [to_camel(name) for name in _model_at(location).model_fields]
