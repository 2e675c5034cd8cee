"""What Google Cloud refuses: every limit with figure and page, in one place. ``RULES`` is the table."""

from __future__ import annotations

from sizing.clouds.gcp.limits import cache, cluster, database
from sizing.clouds.rules import Rule

RULES: tuple[Rule, ...] = (*database.RULES, *cache.RULES, *cluster.RULES)
