"""Where alerts are sent: the stack's receivers, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Collection

from sizing.errors import SizingError
from sizing.external_models import check_key_name
from sizing.names import suggestion
from sizing.overrides import AlertsPart, ReceiverPart
from sizing.specs import AlertRoutingSpec, ReceiverSpec, Severity

PATH = "observability.alerts"
SECRET_HOLDS = {
    "slack": "the address of its incoming webhook",
    "pagerduty": "its integration's routing key",
    "webhook": "its address",
    "email": "the mail server's password",
}
FIELDS = {"slack": ("channel",), "pagerduty": (), "webhook": (), "email": ("to", "sender", "smarthost")}
"""What a type needs besides its secret; anything else would be ignored, so it is refused."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,39}[a-z0-9])?")
"""Becomes part of the name of a Kubernetes Secret."""


def routing(part: AlertsPart, reserved: Collection[str]) -> AlertRoutingSpec:
    """The receivers and routes of a stack. ``reserved``: entries of the secret store that are not theirs.

    Raises:
        SizingError: a receiver without a reference to its secret or with fields that its type lacks, two of
            one name, a severity that goes to nobody there is, a receiver that nothing goes to.
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
    if _NAME.fullmatch(part.name) is None:
        raise SizingError(
            f"{path}.name", part.name, "not 1 to 41 lower-case letters, digits and '-'", "Write it as oncall."
        )
    if part.secret is None:
        raise SizingError(
            f"{path}.secret",
            None,
            f"{part.type} needs {SECRET_HOLDS[part.type]}, and that is a reference to the secret store",
            "Set secret to the name of an entry there, an object with the key `value`.",
        )
    check_key_name(f"{path}.secret", part.secret, reserved)
    given = {"channel": part.channel, "to": part.to, "sender": part.sender, "smarthost": part.smarthost}
    for field, value in given.items():
        wanted = field in FIELDS[part.type]
        if wanted and value is None:
            raise SizingError(f"{path}.{field}", None, f"a receiver of type {part.type} needs it", "Set it.")
        if not wanted and value is not None:
            raise SizingError(
                f"{path}.{field}", value, f"a receiver of type {part.type} has no such field", "Leave it out."
            )
    return ReceiverSpec(
        name=part.name,
        type=part.type,
        secret=part.secret,
        channel=part.channel or "",
        to=part.to or "",
        sender=part.sender or "",
        smarthost=part.smarthost or "",
    )
