"""Types of the guide's cells. ``str()`` of each gives the guide's own notation, for generated docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from sizing.quantities import GIB_PER_TIB, MIB_PER_GIB, parse_cpu, parse_memory

Row = TypeVar("Row")


class Tier(StrEnum):
    """The four sizes of table 1.1, smallest first."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True)
class Table(Generic[Row]):
    """One table of the guide: its section, its title and a row per tier."""

    section: str
    title: str
    rows: Mapping[Tier, Row]

    def __getitem__(self, tier: Tier) -> Row:
        return self.rows[tier]


@dataclass(frozen=True)
class Count:
    """A figure that may be open: ``Count(10, or_more=True)`` is the guide's "10+"."""

    value: int
    or_more: bool = False

    def __str__(self) -> str:
        return f"{self.value}+" if self.or_more else str(self.value)


@dataclass(frozen=True)
class Span:
    """A range of the guide. ``high=None`` is an open range ("500+"), ``low=0`` with a high is "< N"."""

    low: int
    high: int | None

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low}+"
        return f"< {self.high}" if self.low == 0 else f"{self.low}-{self.high}"

    def as_list(self) -> list[int]:
        """``[low, high]``, or ``[low]`` for an open range."""
        return [self.low] if self.high is None else [self.low, self.high]

    @property
    def top(self) -> int:
        """The largest load the guide names for the range."""
        return self.low if self.high is None else self.high


@dataclass(frozen=True)
class Resources:
    """ "CPU (request/limit)" and "Memory (request/limit)" of a table in chapter 2, as written there."""

    cpu_request: str
    cpu_limit: str
    memory_request: str
    memory_limit: str

    @property
    def cpu_request_m(self) -> int:
        return parse_cpu(self.cpu_request)

    @property
    def cpu_limit_m(self) -> int:
        return parse_cpu(self.cpu_limit)

    @property
    def memory_request_mib(self) -> int:
        return parse_memory(self.memory_request)

    @property
    def memory_limit_mib(self) -> int:
        return parse_memory(self.memory_limit)


@dataclass(frozen=True)
class Shape:
    """ "3 x 2000m/2Gi" of table 2.7: replicas and one figure each for cpu and memory."""

    replicas: int
    cpu: str
    memory: str

    def __str__(self) -> str:
        return f"{self.replicas} x {self.cpu}/{self.memory}"

    @property
    def cpu_m(self) -> int:
        return parse_cpu(self.cpu)

    @property
    def memory_mib(self) -> int:
        return parse_memory(self.memory)


@dataclass(frozen=True)
class Size:
    """An amount of memory or storage as the guide writes it: ``Size(1, "TB")``. GB is read as GiB."""

    value: int
    unit: str  # GB or TB

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"

    @property
    def gib(self) -> int:
        return self.value * (GIB_PER_TIB if self.unit == "TB" else 1)

    @property
    def mib(self) -> int:
        return self.gib * MIB_PER_GIB


@dataclass(frozen=True)
class Band:
    """A planning range and the factor to use: "500-2000, use 1500"."""

    low: float
    high: float
    use: float


@dataclass(frozen=True)
class Nodes:
    """ "10 x m5.4xlarge" of table 3.1."""

    count: int
    machine_type: str

    def __str__(self) -> str:
        return f"{self.count} x {self.machine_type}"
