"""Settings of every test: SDKs loaded quietly, hypothesis without clock, randomness or database."""

from __future__ import annotations

import gc

from hypothesis import settings

from cli.main import COLLECT_EVERY
from tests import sdks

gc.set_threshold(*COLLECT_EVERY)
sdks.load()
gc.freeze()  # the SDKs stay, and the collector need not look at them
settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")
