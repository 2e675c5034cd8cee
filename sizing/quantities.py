"""Kubernetes quantities as integers whose unit is in the name: milli-CPU (``_m``) and MiB (``_mib``).

Parsing is strict: a quantity that is not a whole number of milli-CPU or MiB is refused, because the JSON
contract carries integers and rounding would be a silent change of what the user asked for.
Source of the grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction

MIB_PER_GIB = 1024
GIB_PER_TIB = 1024

MOST_CPU_M = 10_000_000
MOST_MEMORY_MIB = 64 * 2**20
"""10,000 cores and 64 TiB: more than any machine has, whoever asks for it."""

_NUMBER = r"(?P<number>[0-9]{1,20}(?:\.[0-9]{1,20})?)"
_CPU = re.compile(rf"{_NUMBER}(?P<unit>m?)")
_MEMORY = re.compile(rf"{_NUMBER}(?P<unit>Ki|Mi|Gi|Ti|k|M|G|T)?")
_BYTES = {
    None: 1,
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def _whole(value: Fraction, text: str, unit: str) -> int:
    if value.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of {unit}. Use a coarser unit.")
    return value.numerator


def parse_cpu(value: str | int | float) -> int:
    """Milli-CPU of a Kubernetes cpu quantity: ``"500m"`` -> 500, ``"2"`` or ``2`` -> 2000.

    Raises:
        ValueError: not a cpu quantity, or finer than one milli-CPU.
    """
    text = str(value)
    match = None if isinstance(value, bool) else _CPU.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a cpu quantity. Write it as 500m or 2.")
    factor = 1 if match["unit"] else 1000
    return _whole(Fraction(match["number"]) * factor, text, "milli-CPU")


def parse_memory(value: str | int) -> int:
    """MiB of a Kubernetes memory quantity: ``"512Mi"`` -> 512, ``"2Gi"`` -> 2048.

    Raises:
        ValueError: not a memory quantity, or not a whole number of MiB, such as 8, which is eight bytes.
    """
    text = str(value)
    match = None if isinstance(value, bool) else _MEMORY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a memory quantity. Write it as 512Mi or 2Gi.")
    if match["unit"] is None and Fraction(text) < 2**20:
        raise ValueError(
            f"{text!r} is a memory quantity without a unit, which would be bytes. Write {text}Gi or {text}Mi."
        )
    return _whole(Fraction(match["number"]) * _BYTES[match["unit"]] / 2**20, text, "MiB")


def at_most(found: int, most: int, text: str) -> int:
    """``found`` where a machine could have it; ``text`` is how ``most`` is written. Raises ValueError."""
    if found > most:
        raise ValueError(f"more than any machine has, which is {text}. Write at most {text}.")
    return found


def format_cpu(milli: int) -> str:
    """Kubernetes form of milli-CPU: 500 -> ``"500m"``, 2000 -> ``"2"``."""
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def format_memory(mib: int) -> str:
    """Kubernetes form of MiB: 512 -> ``"512Mi"``, 2048 -> ``"2Gi"``."""
    return f"{mib // MIB_PER_GIB}Gi" if mib % MIB_PER_GIB == 0 else f"{mib}Mi"


def format_storage(gib: int) -> str:
    """Kubernetes form of a volume size in GiB: 50 -> ``"50Gi"``."""
    return f"{gib}Gi"
