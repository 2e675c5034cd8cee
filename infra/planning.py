"""From settings to a plan: the one place that joins configuration, model and cloud. Loads no Pulumi."""

from __future__ import annotations

from infra import clouds
from infra.settings import Settings
from sizing.plan import Plan, resolve
from sizing.require import require


def plan_of(settings: Settings) -> Plan:
    """The plan of a stack. Raises SizingError before anything is built."""
    cloud = clouds.model(settings.cloud)
    return resolve(require(settings.tier, settings), settings, cloud, settings.region or cloud.default_region)


def relocated(settings: Settings, cloud: str | None, region: str | None) -> Settings:
    """The settings with the command line's cloud and region; another cloud drops the stack's region (D34)."""
    changes: dict[str, object] = {}
    if cloud is not None:
        changes["cloud"] = cloud
        if cloud != settings.cloud:
            changes["region"] = None
    if region is not None:
        changes["region"] = region
    return settings.model_copy(update=changes) if changes else settings
