"""What one API key may ask for, and what external providers may cost: ``litellm.limits``, checked."""

from __future__ import annotations

from sizing.errors import SizingError
from sizing.override_parts import LitellmPart
from sizing.specs import LimitsSpec

PATH = "litellm.limits"
BUDGET_DAYS = 30
BEDROCK = "bedrock"


def limits(part: LitellmPart) -> LimitsSpec:
    """The specification of ``litellm.limits``.

    Raises:
        SizingError: a period without a budget, a budget without anything that costs, or with a model whose
            name does not say whose it is.
    """
    given = part.limits
    if given.budget_days is not None and given.budget_usd is None:
        raise SizingError(
            f"{PATH}.budgetDays",
            given.budget_days,
            "it is the period of a budget, and there is none",
            f"Set {PATH}.budgetUsd, or leave it out.",
        )
    return LimitsSpec(
        requests_per_minute=given.requests_per_minute_per_key,
        tokens_per_minute=given.tokens_per_minute_per_key,
        budget_usd=given.budget_usd,
        budget_days=given.budget_days or BUDGET_DAYS,
        providers=() if given.budget_usd is None else _providers(part, given.budget_usd),
    )


def _providers(part: LitellmPart, budget_usd: int) -> tuple[str, ...]:
    """Whom the stack pays, as LiteLLM names them: what stands before the slash of a model."""
    found = {BEDROCK} if part.bedrock else set[str]()
    for index, model in enumerate(part.external_models or ()):
        provider, slash, _ = model.model.partition("/")
        if not slash or not provider:
            raise SizingError(
                f"litellm.externalModels[{index}].model",
                model.model,
                f"it does not say whose model it is, and {PATH}.budgetUsd is a provider's",
                "Write the provider before it, as in openai/gpt-4o.",
            )
        found.add(provider)
    if not found:
        raise SizingError(
            f"{PATH}.budgetUsd",
            budget_usd,
            "it is what an external provider may cost, and the stack has none",
            "Add litellm.externalModels, or leave it out.",
        )
    return tuple(sorted(found))
