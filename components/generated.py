"""Values of secrets that are generated once: the same on every cloud, only the store differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_random as random

from components.base import Component
from sizing.specs import SecretSpec

FIRST_GENERATION = 1

HOW_IT_IS_GENERATED = ["keepers", "length", "special"]
"""What a secret that never rotates ignores: a change of any would replace the value."""


def check_names(
    specs: Sequence[SecretSpec], users: Mapping[str, str], generations: Mapping[str, int]
) -> None:
    """Refuse users and generations of secrets that do not exist, and generations of one that never rotates.

    Raises:
        ValueError: naming them.
    """
    names = {spec.name for spec in specs}
    unknown = sorted({*users, *generations} - names)
    if unknown:
        raise ValueError(f"no such secret: {', '.join(unknown)}; there are {', '.join(sorted(names))}")
    fixed = [spec.name for spec in specs if not spec.rotates and spec.name in generations]
    if fixed:
        raise ValueError(f"{', '.join(fixed)} must never change: remove its generation")


def random_value(component: Component, spec: SecretSpec, generation: int) -> pulumi.Output[str]:
    """Letters and digits behind the specification's prefix, a Pulumi secret; another ``generation`` is
    another value. A secret that does not rotate is protected and passes over changes to how it is made."""
    password = random.RandomPassword(
        f"{component.prefix}-{spec.name}",
        length=spec.length,
        special=False,
        keepers={"generation": str(generation)} if spec.rotates else None,
        opts=component.child(
            protect=not spec.rotates, ignore_changes=None if spec.rotates else HOW_IT_IS_GENERATED
        ),
    )
    return pulumi.Output.secret(pulumi.Output.concat(spec.prefix, password.result))


def stored_content(user: str | None, value: pulumi.Output[str]) -> pulumi.Output[str]:
    """The JSON object that the store holds: an account, or one value."""
    content = {"value": value} if user is None else {"username": user, "password": value}
    return pulumi.Output.json_dumps(content)
