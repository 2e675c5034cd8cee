"""The one error that bad input raises: it names the path, the value, the limit and the remedy."""

from __future__ import annotations

import re

LONGEST_WORD = 120
LONGEST_TEXT = 1000
"""Characters of a message's parts: what a value repeats in them may be of any length."""
LONGEST_VALUE = 200


class SizingError(ValueError):
    """A request that cannot be met.

    Attributes:
        path: dotted configuration path, e.g. ``litellm.memory.limit``.
        value: what was given, as the user wrote it.
        limit: the rule it breaks, with the figure and, where the rule is not ours, its source.
        remedy: what to write instead.
    """

    def __init__(self, path: str, value: object, limit: str, remedy: str) -> None:
        self.path = _short(path)
        self.value = value
        self.limit = _short(limit)
        self.remedy = _short(remedy)
        super().__init__(f"{self.path}: {_shown(value)}: {self.limit}. {self.remedy}")


def _short(text: str) -> str:
    text = re.sub(rf"(\S{{{LONGEST_WORD}}})\S{{9,}}", r"\1...", text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
