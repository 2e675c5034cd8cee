"""The rules of the house for stacks, as plain functions over a graph; no Pulumi import anywhere below.

``check`` runs them all: ``gateway preview --policy`` on a captured graph, the policy pack on the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from infra.graph import Graph
from policy.rules import encryption, exposure, identity, labelling, protection, sizes, supply, transport
from policy.rules.config import PolicyConfig, PolicyConfigError, parse_config, read_config
from policy.rules.guide import guide_of
from policy.rules.model import LEVELS, Level, Rule, Scope, Violation

__all__ = [
    "LEVELS",
    "RULES",
    "Finding",
    "Level",
    "PolicyConfig",
    "PolicyConfigError",
    "Rule",
    "Scope",
    "Violation",
    "check",
    "guide_of",
    "parse_config",
    "read_config",
]

RULES: Final[tuple[Rule, ...]] = (
    *exposure.RULES,
    *identity.RULES,
    *supply.RULES,
    *encryption.RULES,
    *transport.RULES,
    *protection.RULES,
    *sizes.RULES,
    *labelling.RULES,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation with the rule it breaks and the level that applies."""

    rule: Rule
    level: Level
    violation: Violation

    def to_dict(self) -> dict[str, str]:
        """The violation as ``gateway preview --policy --json`` prints it."""
        return {
            "policy": self.rule.id,
            "level": self.level,
            "severity": self.rule.severity,
            "urn": self.violation.urn,
            "message": self.violation.message,
            "remedy": self.violation.remedy,
        }


def check(graph: Graph, config: PolicyConfig | None = None) -> tuple[Finding, ...]:
    """Every violation of every rule that is not disabled, in the rules' order."""
    config = config or PolicyConfig()
    guide = guide_of(graph)
    return tuple(
        Finding(rule, config.level(rule), violation)
        for rule in RULES
        if config.level(rule) != "disabled"
        for violation in rule.check(graph, guide=guide, options=config.options.get(rule.id))
    )
