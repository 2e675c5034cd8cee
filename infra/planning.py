"""From settings to a plan: the one place that joins configuration, model and cloud. Loads no Pulumi."""

from __future__ import annotations

from infra import clouds
from infra.settings import NAMESPACE, ConfigError, Settings
from sizing.plan import Plan, resolve
from sizing.quotas import QuotaNeed
from sizing.require import require

PLACEHOLDER_PROJECT = "placeholder-project"
"""Stands for a project that an offline preview does not need (D34)."""


def plan_of(settings: Settings) -> Plan:
    """The plan of a stack. Raises SizingError before anything is built."""
    cloud = clouds.model(settings.cloud)
    return resolve(require(settings.tier, settings), settings, cloud, settings.region or cloud.default_region)


def quotas_of(plan: Plan) -> tuple[QuotaNeed, ...]:
    """What the plan takes of its provider's quotas."""
    return clouds.model(plan.order.cloud).quotas(plan)


def project_of(settings: Settings, *, offline: bool) -> str:
    """The cloud project that holds the stack; empty on a cloud without projects.

    Raises:
        ConfigError: the cloud has projects, none is configured, and resources are to be made (D34).
    """
    if not clouds.model(settings.cloud).has_projects:
        return ""
    if settings.gcp_project is not None:
        return settings.gcp_project
    if offline:
        return PLACEHOLDER_PROJECT
    raise ConfigError(
        "gcpProject",
        None,
        f"missing, and {settings.cloud} builds in a project",
        f"Set {NAMESPACE}:gcpProject to the project's id.",
    )


def relocated(settings: Settings, cloud: str | None, region: str | None) -> Settings:
    """The settings with the command line's cloud and region.

    Another cloud drops what exists on the stack's own only: its region (D34), the names of its accounts'
    roles, certificates and zones, and the authority of its database. Another region drops the certificate,
    and has one issued where the stack names a zone.
    """
    here = settings.region or clouds.model(settings.cloud).default_region
    changes: dict[str, object] = {}
    if cloud is not None:
        changes["cloud"] = cloud
        if cloud != settings.cloud:
            changes["region"] = None
            changes["access"] = settings.access.model_copy(update={"admin_role_arns": ()})
            changes["postgres"] = settings.postgres.model_copy(update={"ca_bundle": None})
            changes["ingress"] = settings.ingress.model_copy(
                update={"certificate_arn": None, "dns_zone": None}
            )
    if region is not None:
        changes["region"] = region
        if region != here and "ingress" not in changes:
            changes["ingress"] = settings.ingress.model_copy(update={"certificate_arn": None})
    return settings.model_copy(update=changes) if changes else settings
