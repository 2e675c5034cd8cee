"""Where alerts are sent: the stack's receivers, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from sizing.errors import SizingError
from sizing.external_models import check_key_name
from sizing.formats import is_domain
from sizing.names import suggestion
from sizing.network_edges import RECEIVERS
from sizing.overrides import AlertsPart, ReceiverPart
from sizing.specs import AlertRoutingSpec, ReceiverSpec, Severity

PATH = "observability.alerts"
SECRET_HOLDS = {
    "slack": "the address of its incoming webhook",
    "pagerduty": "its integration's routing key",
    "webhook": "its address",
    "email": "the mail server's password",
}
SECRET_EXAMPLE = {
    "slack": "slack-url",
    "pagerduty": "pagerduty-key",
    "webhook": "webhook-url",
    "email": "smtp-password",
}
FIELDS = {"slack": ("channel",), "pagerduty": (), "webhook": (), "email": ("to", "sender", "smarthost")}
"""What a type needs besides its secret; anything else would be ignored, so it is refused."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,39}[a-z0-9])?")
"""Becomes part of the name of a Kubernetes Secret."""
NOBODY = "null"
"""Alertmanager's receiver that tells nobody: every configuration has it."""
TAKEN = "kube-prometheus-stack"
"""Names that begin so would make Secrets with the names of Alertmanager's own."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`|~-]+"
_MAILBOX = re.compile(rf"{_ATOM}(\.{_ATOM})*")
"""Before the @ of an address (RFC 5322 dot-atom), without braces: Alertmanager takes those for a template."""
_CHANNEL = re.compile(r"[#@]?[\w.-]{1,80}")


def routing(part: AlertsPart, reserved: Collection[str]) -> AlertRoutingSpec:
    """The receivers and routes of a stack. ``reserved``: entries of the secret store that are not theirs.

    Raises:
        SizingError: a receiver without a reference to its secret, with fields that its type lacks or that
            Alertmanager could not use, two of one name, a severity that goes to nobody there is, a receiver
            that nothing goes to.
    """
    receivers = tuple(_receiver(index, given, reserved) for index, given in enumerate(part.receivers))
    names = [receiver.name for receiver in receivers]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise SizingError(
                f"{PATH}.receivers[{index}].name", name, "another receiver has this name", "Choose another."
            )
    chosen: dict[Severity, str | None] = {
        "critical": part.critical,
        "warning": part.warning,
        "info": part.info,
    }
    routes: dict[Severity, str] = {}
    for severity, name in chosen.items():
        if name is None:
            continue
        if name not in names:
            remedy = suggestion(name, names) if names else f"Add it to {PATH}.receivers."
            raise SizingError(f"{PATH}.{severity}", name, "no receiver has this name", remedy)
        routes[severity] = name
    for index, name in enumerate(names):
        if name not in routes.values():
            raise SizingError(
                f"{PATH}.receivers[{index}].name",
                name,
                "no severity goes to this receiver",
                f"Set {PATH}.critical, warning or info to {name}, or leave the receiver out.",
            )
    return AlertRoutingSpec(receivers=receivers, routes=routes)


def _receiver(index: int, part: ReceiverPart, reserved: Collection[str]) -> ReceiverSpec:
    path = f"{PATH}.receivers[{index}]"
    _check_name(f"{path}.name", part.name)
    if part.secret is None:
        raise SizingError(
            f"{path}.secret",
            None,
            f"{part.type} needs {SECRET_HOLDS[part.type]}, and that is a reference to the secret store",
            "Set secret to the name of an entry there, an object with the key `value`.",
        )
    check_key_name(f"{path}.secret", part.secret, reserved, SECRET_EXAMPLE[part.type])
    given = {"channel": part.channel, "to": part.to, "sender": part.sender, "smarthost": part.smarthost}
    for field, value in given.items():
        wanted = field in FIELDS[part.type]
        if wanted and value is None:
            raise SizingError(f"{path}.{field}", None, f"a receiver of type {part.type} needs it", "Set it.")
        if not wanted and value is not None:
            raise SizingError(
                f"{path}.{field}", value, f"a receiver of type {part.type} has no such field", "Leave it out."
            )
        if value is not None:
            CHECKS[field](f"{path}.{field}", value)
    return ReceiverSpec(
        name=part.name,
        type=part.type,
        secret=part.secret,
        channel=part.channel or "",
        to=part.to or "",
        sender=part.sender or "",
        smarthost=part.smarthost or "",
    )


def _check_name(path: str, name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise SizingError(path, name, "not 1 to 41 lower-case letters, digits and '-'", "Write it as oncall.")
    if name == NOBODY or name.startswith(TAKEN):
        raise SizingError(path, name, "Alertmanager's own objects have this name", "Write it as oncall.")


def _check_channel(path: str, value: str) -> None:
    if _CHANNEL.fullmatch(value) is None:
        raise SizingError(path, value, "not the name of a channel", 'Write it as "#ai-gateway".')


def _check_addresses(path: str, value: str) -> None:
    """One address or several with commas between them, as Alertmanager takes them."""
    for address in value.split(","):
        _check_address(path, address.strip(), "Write it as oncall@example.com.")


def _check_sender(path: str, value: str) -> None:
    """It is also the user at the mail server, so it is an address and nothing else."""
    _check_address(path, value, "Write it as alerts@example.com.")


def _check_address(path: str, value: str, remedy: str) -> None:
    mailbox, _, domain = value.rpartition("@")
    if _MAILBOX.fullmatch(mailbox) is None or not is_domain(domain.lower()):
        raise SizingError(path, value, "not a mail address", remedy)


def _check_smarthost(path: str, value: str) -> None:
    """Alertmanager does not start without a port, and reaches no other than those of its network policy."""
    host, _, port = value.rpartition(":")
    ports = [str(number) for number in RECEIVERS]
    if not is_domain(host.lower()):
        raise SizingError(
            path, value, "not a mail server's name with a port", "Write it as smtp.example.com:587."
        )
    if port not in ports:
        raise SizingError(
            path,
            value,
            f"Alertmanager may reach receivers on ports {', '.join(ports)} only (TLS)",
            "Use the server's port for TLS, most often 587 or 465.",
        )


CHECKS: Mapping[str, Callable[[str, str], None]] = {
    "channel": _check_channel,
    "to": _check_addresses,
    "sender": _check_sender,
    "smarthost": _check_smarthost,
}
