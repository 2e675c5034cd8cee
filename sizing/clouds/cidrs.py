"""CIDRs of the configuration: parsed, checked, and refused in one way on every cloud."""

from __future__ import annotations

import ipaddress

from sizing.clouds.rules import Rule
from sizing.errors import SizingError

WIDEST_API_PREFIX = 8
"""Nobody administers a cluster from more than a /8: two halves of the internet are refused like the whole."""
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def parsed(path: str, text: str) -> ipaddress.IPv4Network:
    """The IPv4 network of ``text``. Raises SizingError."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        remedy = f"Write it as {_around(text) or '10.0.0.0/16'}."
        raise SizingError(path, text, f"not an IPv4 CIDR ({error})", remedy) from None
    return network


def _around(text: str) -> ipaddress.IPv4Network | None:
    """The network that has the address in ``text``, if it is one with a prefix."""
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def private(path: str, text: str) -> ipaddress.IPv4Network:
    """The private network of ``text``. Raises SizingError."""
    network = parsed(path, text)
    if not any(network.subnet_of(ipaddress.IPv4Network(r)) for r in PRIVATE_RANGES):
        raise SizingError(
            path, text, f"not inside a private range ({', '.join(PRIVATE_RANGES)})", "Use a private range."
        )
    return network


def check_count(rule: Rule, listed: tuple[str, ...], most: int) -> None:
    """Refuse more networks than the API server lists. Raises SizingError."""
    if len(listed) > most:
        raise rule.refusal(
            "network.apiAllowedCidrs",
            len(listed),
            f"the API server lists at most {most} networks",
            "Join neighbouring networks into wider ones, or run Pulumi inside the network.",
        )


def api_allowed(cidrs: tuple[str, ...]) -> tuple[str, ...]:
    """The CIDRs that may reach the API server (D32), normalised, each once.

    Raises:
        SizingError: not a CIDR, or as good as open to the world.
    """
    allowed: list[str] = []
    for index, text in enumerate(cidrs):
        path = f"network.apiAllowedCidrs[{index}]"
        network = parsed(path, text)
        if network.prefixlen < WIDEST_API_PREFIX:
            raise SizingError(
                path,
                text,
                "would open the Kubernetes API to"
                f" {'the whole internet' if network.prefixlen == 0 else 'too much'}"
                f" (/{WIDEST_API_PREFIX} at most)",
                "List the networks that administer the cluster, or leave it empty for private access only.",
            )
        allowed.append(str(network))
    return tuple(dict.fromkeys(allowed))
