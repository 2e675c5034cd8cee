"""Models of external providers, checked against the engines they stand in for, and names of their keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sizing.errors import SizingError
from sizing.override_parts import ExternalModelPart, LitellmPart
from sizing.specs import ExternalModel

WHOLE = 100
"""Percent. The engine keeps at least one of them: without any it would only cost."""


def external_models(
    part: LitellmPart, served: Sequence[str], reserved: Collection[str]
) -> tuple[ExternalModel, ...]:
    """The specifications of ``litellm.externalModels``.

    Raises:
        SizingError: a name that an engine serves or another model has, a fallback for a model that nobody
        serves, a model without the reference of its key, or shares that leave an engine nothing.
    """
    found = part.external_models or ()
    for index, model in enumerate(found):
        path = f"litellm.externalModels[{index}]"
        _check_names(path, model, served, [other.name for other in found[:index]])
        _check_key(path, model, reserved, bedrock=bool(part.bedrock))
        _check_share(path, model, found[: index + 1])
    return tuple(
        ExternalModel(
            name=model.name,
            model=model.model,
            api_key_secret=model.api_key_secret,
            fallback_for=model.fallback_for,
            share=model.share or 0,
        )
        for model in found
    )


def _check_names(path: str, model: ExternalModelPart, served: Sequence[str], earlier: Sequence[str]) -> None:
    if model.name in served:
        raise SizingError(
            f"{path}.name",
            model.name,
            "an engine already serves this name",
            "Use fallbackFor to add a fallback.",
        )
    if model.name in earlier:
        raise SizingError(f"{path}.name", model.name, "another external model has this name", "Rename one.")
    if model.fallback_for is not None and model.fallback_for not in served:
        raise SizingError(
            f"{path}.fallbackFor",
            model.fallback_for,
            "no engine serves this name",
            f"Use one of: {', '.join(served)}.",
        )


def _check_key(path: str, model: ExternalModelPart, reserved: Collection[str], *, bedrock: bool) -> None:
    """A key, or for Bedrock the right that ``litellm.bedrock`` gives to LiteLLM's own identity."""
    if model.api_key_secret is not None:
        check_key_name(f"{path}.apiKeySecret", model.api_key_secret, reserved)
        return
    if not model.model.startswith("bedrock/"):
        raise SizingError(
            f"{path}.apiKeySecret",
            None,
            f"{model.model} needs a key, and keys are references to Vault",
            "Set apiKeySecret to the name of a key.",
        )
    if not bedrock:
        raise SizingError(
            "litellm.bedrock",
            False,
            f"{path} is {model.model} without a key, and LiteLLM's identity may not call Bedrock",
            "Set litellm.bedrock to true, or apiKeySecret to the name of a key.",
        )


def _check_share(path: str, model: ExternalModelPart, so_far: Sequence[ExternalModelPart]) -> None:
    if model.share is None:
        return
    if model.fallback_for is None:
        raise SizingError(
            f"{path}.share",
            model.share,
            "it is a share of an engine's requests, and no engine is named",
            "Set fallbackFor to the engine's model, or leave share out.",
        )
    taken = sum(other.share or 0 for other in so_far if other.fallback_for == model.fallback_for)
    if taken >= WHOLE:
        raise SizingError(
            f"{path}.share",
            model.share,
            f"the shares of {model.fallback_for} add up to {taken}%, and its engine must keep at least 1%",
            f"Lower the shares to {WHOLE - 1} in all.",
        )


def check_key_name(path: str, name: str, reserved: Collection[str], example: str = "openai-key") -> None:
    """Refuse a name of something brought that cannot be a Kubernetes Secret's, or that one of ours has.

    ``example``: a name that would do, for the remedy.
    """
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise SizingError(
            path, name, "not a name of small letters, digits and hyphens", f"Write it as {example}."
        )
    if name in reserved:
        raise SizingError(
            path, name, "a generated secret has this name", f"Choose another, such as {example}."
        )
