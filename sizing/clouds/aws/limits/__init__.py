"""What AWS refuses: every limit with its figure and its page, in one place. ``RULES`` is the table."""

from __future__ import annotations

from sizing.clouds.aws.limits import cache, cluster, database, edge
from sizing.clouds.rules import Rule

RULES: tuple[Rule, ...] = (*database.RULES, *cache.RULES, *cluster.RULES, *edge.RULES)
