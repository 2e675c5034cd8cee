"""Suggesting the nearest valid name: every refusal of an unknown value says what would have been right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

SLUG_LENGTH = 40
"""Leaves room for what charts put around it in names of at most 63 characters."""


def nearest(value: str, valid: Iterable[str]) -> str | None:
    """The valid name that looks most like ``value``, whatever its case, or None when none comes close."""
    names = {name.lower(): name for name in valid}
    matches = difflib.get_close_matches(value.lower().strip(), names, n=1, cutoff=0.5)
    return names[matches[0]] if matches else None


def suggestion(value: str, valid: Iterable[str], most: int = 12) -> str:
    """A remedy: the nearest name if one is close, else the list of valid ones (shortened)."""
    names = sorted(valid)
    near = _newest(value, names) or nearest(value, names)
    if near:
        return f"Did you mean {near}?"
    return f"Use one of: {', '.join(names[:most])}{', ...' if len(names) > most else '.'}"


def _newest(value: str, names: list[str]) -> str | None:
    """The newest of the releases that ``value`` is the beginning of: 17.11 for 17."""
    releases = [name for name in names if re.fullmatch(rf"{re.escape(value.strip())}\.\d+", name)]
    return max(releases, key=lambda name: int(name.rpartition(".")[2]), default=None)


def with_article(name: str) -> str:
    """A name that begins with a letter of its own, with the article as it is spoken: an A10G, a T4."""
    return f"{'an' if name[:1].upper() in 'AEFHILMNORSX' else 'a'} {name}"


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 GPU, 8 GPUs."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def slug(name: str) -> str:
    """A DNS label for a model name: llama-3.1-8b -> llama-3-1-8b. Empty when nothing of the name can stay."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LENGTH].rstrip("-")
