"""Reading the catalogue's CSV files: package data, read once, on first use."""

from __future__ import annotations

import csv
import functools
from importlib import resources


@functools.cache
def rows(package: str, name: str) -> tuple[dict[str, str], ...]:
    """Rows of ``<package>/catalog/<name>.csv`` as mappings of column to text."""
    text = (resources.files(package) / "catalog" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def optional_float(text: str) -> float | None:
    """A number, or None for an empty cell: an unknown price is unknown, never 0."""
    return float(text) if text else None
