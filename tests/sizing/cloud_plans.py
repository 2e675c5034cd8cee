"""Plans on each cloud without a stack file: the model alone."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from sizing.clouds.aws.provider import Aws
from sizing.clouds.base import Cloud
from sizing.clouds.gcp.provider import Gcp
from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.plan import Plan, resolve
from sizing.require import require

CLOUDS: Mapping[str, Cloud] = {"aws": Aws(), "gcp": Gcp()}
TIERS = tuple(Tier)


def plan_with(cloud: str, tier: Tier, overrides: Mapping[str, Any], region: str | None = None) -> Plan:
    """The plan of a tier with overrides written as in a stack file."""
    over = Overrides.model_validate(dict(overrides))
    provider = CLOUDS[cloud]
    return resolve(require(tier, over), over, provider, region or provider.default_region)


@functools.cache
def plan_on(cloud: str, tier: Tier) -> Plan:
    """The plan of a tier as the guide has it."""
    return plan_with(cloud, tier, {})
