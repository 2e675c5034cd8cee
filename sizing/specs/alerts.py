"""Alerting as the components see it: groups of Prometheus rules, and where alerts are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sizing.specs.base import Spec

Severity = Literal["info", "warning", "critical"]
ReceiverType = Literal["slack", "pagerduty", "webhook", "email"]


class RuleSpec(Spec):
    """One rule: an alert when ``alert`` is set, else a recording under the name ``record``.

    ``for_`` is a Prometheus duration, empty for none. Labels and annotations are templates of Prometheus.
    """

    expr: str
    alert: str = ""
    record: str = ""
    for_: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}

    def manifest(self) -> dict[str, object]:
        """The rule as Prometheus writes it; what is empty is left out."""
        made: dict[str, object] = {"alert": self.alert} if self.alert else {"record": self.record}
        made["expr"] = self.expr
        more = {"for": self.for_, "labels": dict(self.labels), "annotations": dict(self.annotations)}
        return made | {key: value for key, value in more.items() if value}


class RuleGroupSpec(Spec):
    """Rules that are evaluated together, in their order: recordings come before the alerts that read them."""

    name: str
    rules: tuple[RuleSpec, ...]

    def manifest(self) -> dict[str, object]:
        """The group as Prometheus writes it."""
        return {"name": self.name, "rules": [rule.manifest() for rule in self.rules]}


class ReceiverSpec(Spec):
    """Who is told. ``secret`` is the name of an entry of the secret store, an object ``{value}``: Slack's or
    the webhook's address, PagerDuty's routing key, the mail server's password. The rest belongs to a type.
    """

    name: str
    type: ReceiverType
    secret: str
    channel: str = ""
    to: str = ""
    sender: str = ""
    smarthost: str = ""


class AlertRoutingSpec(Spec):
    """Receivers, and which of them each severity goes to; a severity without one is shown and not sent."""

    receivers: tuple[ReceiverSpec, ...] = ()
    routes: Mapping[Severity, str] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Entries of the secret store that the receivers read, each once."""
        return tuple(sorted({receiver.secret for receiver in self.receivers}))
