"""What AWS refuses before anything is ordered: names that are none of its own, or of another region."""

from __future__ import annotations

import re

from sizing.clouds.aws.limits import edge as limits
from sizing.clouds.aws.machines import PARTITION
from sizing.errors import SizingError
from sizing.overrides import IngressPart, Overrides

ZONE = r"Z[A-Z0-9]{1,31}"
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html"""


def check_overrides(over: Overrides, region: str) -> None:
    """Refuse a zone that is not named by its id, and certificates and roles that ``region`` cannot use.

    Raises:
        SizingError: naming the setting.
    """
    zone = over.ingress.dns_zone
    if zone is not None and not re.fullmatch(ZONE, zone):
        raise SizingError(
            "ingress.dnsZone",
            zone,
            "not the id of a hosted zone: Z and capital letters and digits, not its domain",
            "Copy the id from `aws route53 list-hosted-zones`, without /hostedzone/.",
        )
    _check_certificate(over.ingress, region)
    for arn in over.access.admin_role_arns:
        if not arn.startswith(f"arn:{PARTITION}:"):
            raise limits.PARTITION.refusal(
                "access.adminRoleArns",
                arn,
                f"a role of another partition than {region}, which is in {PARTITION}",
                f"Name a role of an account that begins with arn:{PARTITION}:iam.",
            )


def _check_certificate(ingress: IngressPart, region: str) -> None:
    arn, domain = ingress.certificate_arn, ingress.domain
    expected = f"arn:{PARTITION}:acm:{region}:"
    if arn is not None and not arn.startswith(expected):
        raise limits.CERTIFICATE_REGION.refusal(
            "ingress.certificateArn",
            arn,
            f"the load balancer is in {region} and takes a certificate of that region only",
            f"Name one that begins with {expected}, or set ingress.dnsZone instead to have one issued.",
        )
    if arn is None and domain is not None and ingress.dns_zone is not None:
        length, longest = len(domain), limits.CERTIFICATE_NAME_LIMIT
        if length > longest:
            raise limits.CERTIFICATE_NAME.refusal(
                "ingress.domain",
                domain,
                f"has {length} characters, and ACM issues certificates for {longest} at most",
                f"Use a domain that is {length - longest} characters shorter, or ingress.certificateArn.",
            )
