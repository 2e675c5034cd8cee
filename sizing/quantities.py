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

_CPU = re.compile(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>m?)$")
_MEMORY = re.compile(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>Ki|Mi|Gi|Ti|k|M|G|T)?$")
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
    match = None if isinstance(value, bool) else _CPU.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a cpu quantity. Write it as 500m or 2.")
    factor = 1 if match["unit"] else 1000
    return _whole(Fraction(match["number"]) * factor, text, "milli-CPU")


def parse_memory(value: str | int) -> int:
    """MiB of a Kubernetes memory quantity: ``"512Mi"`` -> 512, ``"2Gi"`` -> 2048.

    Raises:
        ValueError: not a memory quantity, or not a whole number of MiB.
    """
    text = str(value)
    match = None if isinstance(value, bool) else _MEMORY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a memory quantity. Write it as 512Mi or 2Gi.")
    return _whole(Fraction(match["number"]) * _BYTES[match["unit"]] / 2**20, text, "MiB")


def format_cpu(milli: int) -> str:
    """Kubernetes form of milli-CPU: 500 -> ``"500m"``, 2000 -> ``"2"``."""
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def format_memory(mib: int) -> str:
    """Kubernetes form of MiB: 512 -> ``"512Mi"``, 2048 -> ``"2Gi"``."""
    return f"{mib // MIB_PER_GIB}Gi" if mib % MIB_PER_GIB == 0 else f"{mib}Mi"


def format_storage(gib: int) -> str:
    """Kubernetes form of a volume size in GiB: 50 -> ``"50Gi"``."""
    return f"{gib}Gi"
