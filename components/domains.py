"""Domains and the zones they lie in."""

from __future__ import annotations

import pulumi

RECORD_TTL_S = 300
"""A moved load balancer is found after five minutes at the latest."""


def inside(domain: str, zone_name: str, zone: str) -> str:
    """``domain``, which lies in the zone called ``zone_name``; a dot at its end does not count.

    Raises:
        RunError: it does not. Route 53 would take the record all the same, with the zone's name behind it.
    """
    parent = zone_name.rstrip(".")
    if parent and domain != parent and not domain.endswith(f".{parent}"):
        raise pulumi.RunError(
            f"ingress.dnsZone: {zone} is the zone of {parent}, and {domain} is not inside it."
            " Name the zone of ingress.domain."
        )
    return domain
