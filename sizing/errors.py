"""The one error that bad input raises: it names the path, the value, the limit and the remedy."""

from __future__ import annotations


class SizingError(ValueError):
    """A request that cannot be met.

    Attributes:
        path: dotted configuration path, e.g. ``litellm.memory.limit``.
        value: what was given, as the user wrote it.
        limit: the rule it breaks, with the figure and, where the rule is not ours, its source.
        remedy: what to write instead.
    """

    def __init__(self, path: str, value: object, limit: str, remedy: str) -> None:
        self.path = path
        self.value = value
        self.limit = limit
        self.remedy = remedy
        super().__init__(f"{path}: {value!r}: {limit}. {remedy}")
