"""The base of every specification."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Base of every specification: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
