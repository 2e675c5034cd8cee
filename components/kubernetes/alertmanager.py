"""Alertmanager: its pods, and where it sends alerts.

Keys: https://prometheus.io/docs/alerting/latest/configuration/. Addresses and keys of receivers are read from
files: no secret is in the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.secretstore import external_secret
from sizing.alert_routing import NOBODY
from sizing.specs import AlertRoutingSpec, ReceiverSpec

SECRETS_DIR = "/etc/alertmanager/secrets"
"""Where the operator mounts the Secrets named in ``alertmanagerSpec.secrets``, a directory for each."""
SECRET_KEY = "value"  # noqa: S105 - a name

GROUP_BY = ["alertname", "namespace"]
GROUP_WAIT, GROUP_INTERVAL = "30s", "5m"
REPEAT = {"critical": "1h", "warning": "12h", "info": "24h"}
"""How soon somebody hears again about what still lasts."""
SAME_THING = [
    "alertname", "namespace", "workload", "container", "pod", "server", "model_name",
    "model_id", "horizontalpodautoscaler", "cronjob", "name", "exported_namespace", "job", "exporter",
]  # fmt: skip
"""Labels that say what an alert is about: while it is critical, its warning is not sent as well. Labels that
neither has count as equal."""


def secret_name(receiver: ReceiverSpec) -> str:
    """The Kubernetes Secret with what the receiver needs."""
    return f"alertmanager-{receiver.name}"


def receiver_secrets(
    component: Component,
    routing: AlertRoutingSpec,
    *,
    namespace: str,
    prefix: str,
    depends_on: Sequence[pulumi.Resource],
) -> list[k8s.apiextensions.CustomResource]:
    """An ExternalSecret per receiver. ``prefix`` stands before every name in the secret store."""
    return [
        external_secret(
            component,
            namespace=namespace,
            name=secret_name(receiver),
            store_key=f"{prefix}{receiver.secret}",
            keys={SECRET_KEY: "value"},
            depends_on=depends_on,
        )
        for receiver in routing.receivers
    ]


def routing_config(routing: AlertRoutingSpec) -> dict[str, object]:
    """Alertmanager's configuration.

    Prometheus' own heartbeat and the helper that mutes alerts of level info go nowhere; neither does a
    severity without a receiver: its alerts are shown and not sent.
    """
    quiet: dict[str, object] = {"receiver": NOBODY, "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']}
    routes: list[dict[str, object]] = [quiet]
    for severity, receiver in sorted(routing.routes.items()):
        routes.append(
            {
                "receiver": receiver,
                "matchers": [f'severity = "{severity}"'],
                "repeat_interval": REPEAT[severity],
            }
        )
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": NOBODY,
            "group_by": GROUP_BY,
            "group_wait": GROUP_WAIT,
            "group_interval": GROUP_INTERVAL,
            "repeat_interval": REPEAT["warning"],
            "routes": routes,
        },
        "inhibit_rules": _inhibitions(),
        "receivers": [{"name": NOBODY}, *(_receiver(receiver) for receiver in routing.receivers)],
        "templates": [],
    }


def _inhibitions() -> list[dict[str, object]]:
    milder = {"critical": "warning|info", "warning": "info"}
    same: list[dict[str, object]] = [
        {
            "source_matchers": [f'severity = "{severity}"'],
            "target_matchers": [f'severity =~ "{below}"'],
            "equal": SAME_THING,
        }
        for severity, below in milder.items()
    ]
    # The charts' rules: an alert of level info by itself, without anything worse in its namespace, is muted.
    return [
        *same,
        {
            "source_matchers": ['alertname = "InfoInhibitor"'],
            "target_matchers": ['severity = "info"'],
            "equal": ["namespace"],
        },
    ]


def _receiver(receiver: ReceiverSpec) -> dict[str, object]:
    secret = f"{SECRETS_DIR}/{secret_name(receiver)}/{SECRET_KEY}"
    told: dict[str, object] = {"send_resolved": True}
    match receiver.type:
        case "slack":
            text = (
                "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.action }}\n"
                "{{ .Annotations.runbook_url }}\n{{ end }}"
            )
            told |= {"api_url_file": secret, "channel": receiver.channel, "text": text}
        case "pagerduty":
            told |= {
                "routing_key_file": secret,
                "severity": "{{ .CommonLabels.severity }}",
                "details": {"runbook": "{{ .CommonAnnotations.runbook_url }}"},
            }
        case "webhook":
            told |= {"url_file": secret}
        case "email":
            told |= {
                "to": receiver.to,
                "from": receiver.sender,
                "smarthost": receiver.smarthost,
                "auth_username": receiver.sender,
                "auth_password_file": secret,
            }
    return {"name": receiver.name, f"{receiver.type}_configs": [told]}
