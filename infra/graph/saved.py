"""What a saved preview says besides its resources: only what comparisons read is looked at, and refused when
it is not what this version writes. Everything else in it may come from another version.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.clouds import CLOUDS
from sizing.findings import Finding
from sizing.names import suggestion


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Unplaced(_Part):
    """A workload without a node."""

    pod: str
    reason: str


class Case(_Part):
    """One case of the verdict."""

    unplaced: list[Unplaced] = []


class Fit(_Part):
    """The verdict of ``gateway fit`` with its cases."""

    verdict: Literal["fits", "does not fit"]
    cases: list[Case] = []


class Sizing(_Part):
    """What of ``gateway size`` says whose figures these are."""

    tier: str | None = None
    cloud: str | None = None
    region: str | None = None


class Annotations(_Part):
    """A saved preview without its resources."""

    cloud: str
    findings: list[Finding] = Field(default=[], strict=False)
    sizing: Sizing | None = None
    fit: Fit | None = None

    @model_validator(mode="after")
    def _of_one_cloud(self) -> Annotations:
        if self.cloud not in CLOUDS:
            raise ValueError(
                f"{self.cloud!r} is not a cloud this version builds on ({suggestion(self.cloud, CLOUDS)})"
            )
        sized = self.sizing.cloud if self.sizing else None
        if sized is not None and sized != self.cloud:
            raise ValueError(f"the resources are of {self.cloud}, the sizing is of {sized}")
        return self
