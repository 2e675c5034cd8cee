"""What it takes to turn a running stack into another size: changes in order, steps, refusals.

No Pulumi import anywhere below this package: it reads two graphs and the rules of their comparison.
"""

from infra.upgrade.model import RUNBOOK, Downtime, Note, PlannedChange, Refusal, Step, Upgrade
from infra.upgrade.plan import plan_upgrade

__all__ = ["RUNBOOK", "Downtime", "Note", "PlannedChange", "Refusal", "Step", "Upgrade", "plan_upgrade"]
