"""What Google Cloud refuses before anything is ordered: long names, and settings of another cloud."""

from __future__ import annotations

import re

from sizing.clouds.gcp.limits import database as limits
from sizing.errors import SizingError
from sizing.overrides import Overrides

DATABASE_SUFFIX = "-postgres-replica-10-abcdef"
"""The longest a name grows behind the stack's: a replica's number, and the random end that a name needs
because a deleted one stays taken for a week."""


ZONE = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
"""https://cloud.google.com/dns/docs/reference/rest/v1/managedZones"""


def check_names(name: str, project: str) -> None:
    """Refuse a stack whose database would have too long a name; other names are shortened.

    Raises:
        SizingError: naming the limit and how much shorter the stack's name must be.
    """
    length = len(f"{project}:{name}{DATABASE_SUFFIX}")
    if length > limits.NAME_LIMIT:
        raise limits.NAMES.refusal(
            "stack",
            name,
            f"Cloud SQL takes {limits.NAME_LIMIT} characters of project and instance name, and"
            f" {project}:{name}{DATABASE_SUFFIX} has {length}",
            f"Use a stack name that is {length - limits.NAME_LIMIT} characters shorter.",
        )


def check_overrides(over: Overrides) -> None:
    """Refuse settings that mean something on AWS only, so that none is ignored in silence, and a wrong zone.

    Raises:
        SizingError: naming the setting.
    """
    for path, value, instead in (
        ("litellm.bedrock", over.litellm.bedrock or None, "Leave it out, or list litellm.externalModels."),
        ("ingress.certificateArn", over.ingress.certificate_arn, "Leave it out."),
        (
            "network.natGatewayPerZone",
            over.network.nat_gateway_per_zone,
            "Leave it out: Cloud NAT serves all zones of the region.",
        ),
        ("access.adminRoleArns", over.access.admin_role_arns or None, "Grant roles/container.admin instead."),
    ):
        if value is not None:
            raise SizingError(path, value, "names something of AWS, and the cloud is gcp", instead)
    zone = over.ingress.dns_zone
    if zone is not None and not re.fullmatch(ZONE, zone):
        raise SizingError(
            "ingress.dnsZone",
            zone,
            "not the name of a Cloud DNS zone: lower case letters, digits and hyphens, not its domain",
            "Copy the name from `gcloud dns managed-zones list`.",
        )
    if over.postgres.ca_bundle is not None:
        raise SizingError(
            "postgres.caBundle",
            "a PEM certificate",
            "every Cloud SQL instance has an authority of its own, known only once it exists; clients verify"
            " by it without being told",
            "Leave it out.",
        )
    for index, model in enumerate(over.litellm.external_models or ()):
        if model.model.startswith("bedrock/") and model.api_key_secret is None:
            raise SizingError(
                f"litellm.externalModels[{index}].apiKeySecret",
                None,
                f"{model.model} is called with the workload's identity on AWS, and the cloud is gcp",
                "Name a secret with credentials, or leave the model out.",
            )
