"""Suggesting the nearest valid name: every refusal of an unknown value says what would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(value: str, valid: Iterable[str]) -> str | None:
    """The valid name that looks most like ``value``, or None when none comes close."""
    matches = difflib.get_close_matches(value, list(valid), n=1, cutoff=0.5)
    return matches[0] if matches else None


def suggestion(value: str, valid: Iterable[str], most: int = 12) -> str:
    """A remedy: the nearest name if one is close, else the list of valid ones (shortened)."""
    names = sorted(valid)
    near = nearest(value, names)
    if near:
        return f"Did you mean {near}?"
    shown = ", ".join(names[:most]) + (", ..." if len(names) > most else "")
    return f"Use one of: {shown}."
