"""Tags in Google's alphabet, and the type of names that are known only after a deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pulumi

from components.base import merge_tags, safe_name

Text = pulumi.Input[str]

LABEL_LIMIT = 63
"""Characters of a label's key, and of its value
(https://cloud.google.com/resource-manager/docs/labels-overview#requirements)."""


def labels(tags: Mapping[str, str], **extra: str) -> dict[str, str]:
    """``tags`` as labels: lower case letters, digits, "-" and "_", at most 63 characters each.

    Every other character becomes "-"; what is too long ends in a hash. A key that would not begin with a
    letter gets one.

    Raises:
        ValueError: two tags become one label, so that one of them would be lost.
    """
    made: dict[str, str] = {}
    for key, value in merge_tags(tags, **extra).items():
        label = _key(key)
        if label in made:
            raise ValueError(f"two tags become the label {label!r}; rename one of them")
        made[label] = _text(value)
    return made


def _text(text: str) -> str:
    return safe_name(re.sub(r"[^a-z0-9_-]", "-", text.lower()), LABEL_LIMIT)


def _key(text: str) -> str:
    plain = text.lower()
    return _text(plain if re.match(r"[a-z]", plain) else f"x-{plain}")
