"""All alerts and recordings of a plan, and the rules that Prometheus gets."""

from __future__ import annotations

from sizing.alerts import data, inference, load, platform, resources
from sizing.alerts.model import RUNBOOK, Alert, Record
from sizing.plan import Plan
from sizing.specs import RuleGroupSpec, RuleSpec


def alerts(plan: Plan) -> tuple[Alert, ...]:
    """Every alert of the plan, by group; one may appear once per thing it is about."""
    found = (
        *load.alerts(plan),
        *resources.alerts(plan),
        *inference.alerts(plan),
        *data.alerts(plan),
        *platform.alerts(plan),
    )
    return tuple(sorted(found, key=lambda alert: _ORDER[alert.group]))


def records(plan: Plan) -> tuple[Record, ...]:
    """Every recording of the plan."""
    return (*load.records(), *resources.records(plan), *inference.records(plan), *data.records(plan))


def rule_groups(plan: Plan) -> tuple[RuleGroupSpec, ...]:
    """What Prometheus evaluates: in each group the recordings first, then the alerts that read them."""
    page = plan.overrides.observability.alerts.runbook_url or RUNBOOK
    made: dict[str, list[RuleSpec]] = {group: [] for group in _ORDER}
    for record in records(plan):
        made[record.group].append(record.rule())
    for alert in alerts(plan):
        made[alert.group] += [alert.rule(level, page) for level in alert.levels]
    return tuple(RuleGroupSpec(name=name, rules=tuple(rules)) for name, rules in made.items())


_ORDER = {
    group: place
    for place, group in enumerate(
        (
            load.GROUP,
            resources.GROUP,
            inference.GROUP,
            data.DATABASE,
            data.CACHE,
            platform.VAULT,
            platform.PLATFORM,
            platform.TELEMETRY,
        )
    )
}
