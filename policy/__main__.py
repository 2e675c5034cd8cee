"""``pulumi preview --policy-pack policy``: serves the rules to the engine, and never returns."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack import NAME, policies

PolicyPack(NAME, policies(), EnforcementLevel.MANDATORY)
