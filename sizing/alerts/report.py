"""The alerts of a plan as plain data: for ``gateway alerts --json`` and the rule file."""

from __future__ import annotations

from typing import Any

from sizing.alerts.model import RUNBOOK, Alert
from sizing.alerts.rules import alerts, records, rule_groups
from sizing.plan import Plan


def alert_report(plan: Plan) -> dict[str, Any]:
    """Alerts with their levels, recordings, receivers and routes. JSON values only."""
    page = plan.overrides.observability.alerts.runbook_url or RUNBOOK
    routing = plan.platform.observability.routing
    return {
        "tier": plan.requirements.tier.value,
        "cloud": plan.order.cloud,
        "region": plan.order.region,
        "alerts": [_alert(alert, page) for alert in alerts(plan)],
        "recordings": [
            {"name": record.name, "group": record.group, "unit": record.unit, "expr": record.expr}
            for record in records(plan)
        ],
        "receivers": [{"name": receiver.name, "type": receiver.type} for receiver in routing.receivers],
        "routes": dict(routing.routes),
    }


def rule_file(plan: Plan) -> dict[str, Any]:
    """What Prometheus reads as a rule file."""
    return {"groups": [group.manifest() for group in rule_groups(plan)]}


def _alert(alert: Alert, page: str) -> dict[str, Any]:
    return {
        "name": alert.name,
        "group": alert.group,
        "summary": alert.summary,
        "unit": alert.unit,
        "for": alert.for_,
        "levels": [
            {
                "severity": level.severity,
                "value": level.value,
                "threshold": alert.threshold(level),
                "expr": alert.condition(level),
            }
            for level in alert.levels
        ],
        "action": alert.action,
        "source": alert.source,
        "runbook": f"{page}#{alert.name.lower()}",
        "labels": dict(alert.labels),
    }
