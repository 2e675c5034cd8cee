"""Settings of every test: SDKs loaded quietly, hypothesis without clock, randomness or database."""

from __future__ import annotations

from hypothesis import settings

from tests import sdks

sdks.load()
settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")
