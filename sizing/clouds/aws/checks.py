"""What AWS refuses before anything is ordered: names that are none of its own."""

from __future__ import annotations

import re

from sizing.errors import SizingError
from sizing.overrides import Overrides

ZONE = r"Z[A-Z0-9]{1,31}"
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html"""


def check_overrides(over: Overrides) -> None:
    """Refuse a zone that is not named by its id.

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
