"""Markdown tables, and figures in the guide's notation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Cells = dict[str, str]
"""Column title to text."""

_SPELLED = (
    "CPU", "GPU", "GPUs", "vCPU", "IOPS", "HPA", "HA", "DR", "RPS", "EKS", "EC2", "RDS", "EBS", "AWS", "GCP",
    "API", "USD", "OTel", "PostgreSQL", "ElastiCache", "Gbps", "Mbps", "MiB", "GiB", "YAML", "vLLM",
    "LiteLLM", "PgBouncer",
)  # fmt: skip
_SPELLING = {name.lower(): name for name in _SPELLED}


def words(name: str) -> str:
    """A constant's or field's name as a title: ``max_rps`` -> "Max RPS"."""
    first, *others = (_SPELLING.get(part, part) for part in name.lower().split("_"))
    return " ".join([first if first in _SPELLED else first.capitalize(), *others])


def number(value: float) -> str:
    """A figure as the guide writes it: 10000000 -> "10M", 1000000000 -> "1B"; anything else in full."""
    for unit, letter in ((1_000_000_000, "B"), (1_000_000, "M")):
        if value and value % unit == 0:
            return f"{int(value // unit)}{letter}"
    return str(int(value)) if value == int(value) else repr(value)


def escaped(text: str) -> str:
    """Text that stays in one cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(rows: Iterable[Mapping[str, str]], *, aligned: bool = False) -> str:
    """A table whose columns are all keys of the rows, in order of first appearance.

    ``aligned`` pads the columns: easier to read, but one longer cell then changes every line of a diff.
    """
    listed = [{key: escaped(text) for key, text in row.items()} for row in rows]
    columns = list(dict.fromkeys(key for row in listed for key in row))
    widths = dict.fromkeys(columns, 0)
    if aligned:
        widths = {c: max(3, len(c), *(len(row.get(c, "")) for row in listed)) for c in columns}
    lines = [
        " | ".join(c.ljust(widths[c]) for c in columns),
        " | ".join("-" * max(3, widths[c]) for c in columns),
        *(" | ".join(row.get(c, "").ljust(widths[c]) for c in columns) for row in listed),
    ]
    return "\n".join(f"| {line} |" for line in lines)


def pairs(cells: Mapping[str, str], *, aligned: bool = False) -> str:
    """A two-column table of names and values."""
    return table(({"": name, "Value": text} for name, text in cells.items()), aligned=aligned)
