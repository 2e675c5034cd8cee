"""Joining what a stack says with what the guide says: small helpers of ``sizing.require``."""

from __future__ import annotations

from typing import TypeVar

from sizing.errors import SizingError

T = TypeVar("T")


def given(value: T | None, default: T) -> T:
    """The stack's value, or the default when it says nothing; 0 and False are values."""
    return default if value is None else value


def check_limit(path: str, unit: str, request: int, limit: int) -> None:
    """Refuse a limit below its request.

    Raises:
        SizingError: naming ``path``.limit.
    """
    if limit < request:
        raise SizingError(
            f"{path}.limit",
            f"{limit}{unit}",
            f"below the request of {request}{unit}",
            f"Set {path}.limit to at least {request}{unit}, or lower {path}.request.",
        )


def check_maximum(path: str, lower: str, maximum: int, minimum: int) -> None:
    """Refuse a maximum of replicas below their minimum.

    Raises:
        SizingError: naming ``path``.maxReplicas; ``lower`` is the key of the minimum.
    """
    if maximum < minimum:
        raise SizingError(
            f"{path}.maxReplicas",
            maximum,
            f"below {path}.{lower}, which is {minimum}",
            f"Set {path}.maxReplicas to at least {minimum}, or lower {path}.{lower}.",
        )
