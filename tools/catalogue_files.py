"""Where the catalogue's files are, and reading and writing them byte-stably."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AWS = ROOT / "sizing" / "clouds" / "aws" / "catalog"
GCP = ROOT / "sizing" / "clouds" / "gcp" / "catalog"
COMMON = ROOT / "sizing" / "catalog"


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def write(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write ``columns`` of ``rows``; other columns are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(columns), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
