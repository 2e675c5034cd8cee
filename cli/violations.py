"""Two previews under the policies: which violations come, go and stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.graph import Graph
from infra.graph.names import same_stack
from infra.urns import parse_urn
from policy.rules import Finding, check
from sizing.errors import SizingError


@dataclass(frozen=True)
class Violations:
    """What breaks a rule after the change and did not before, the reverse, and what breaks it both times."""

    appeared: tuple[Finding, ...] = ()
    disappeared: tuple[Finding, ...] = ()
    stayed: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a violation comes or goes."""
        return bool(self.appeared or self.disappeared)

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Of a mandatory policy after the change: the policy pack refuses it."""
        return tuple(f for f in (*self.appeared, *self.stayed) if f.level == "mandatory")


def compare_violations(base: Graph, head: Graph) -> Violations | None:
    """By the policies of this version at their own levels; None when a preview names what it does not know.

    What a preview does not know yet passes: `gateway preview --policy` makes it up and sees more.
    """
    try:
        was, now = check(same_stack(base, head)), check(head)
    except SizingError:
        return None
    before, after = {_identity(f) for f in was}, {_identity(f) for f in now}
    return Violations(
        tuple(f for f in now if _identity(f) not in before),
        tuple(f for f in was if _identity(f) not in after),
        tuple(f for f in now if _identity(f) in before),
    )


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.rule.id, finding.violation.urn, finding.violation.message


def resource_of(finding: Finding) -> str:
    """The resource's name, as the list of changes has it."""
    return parse_urn(finding.violation.urn).name


def as_json(found: Violations | None) -> object:
    """For ``gateway diff --json``; null when the policies cannot tell."""
    if found is None:
        return None

    def plain(findings: Sequence[Finding]) -> list[dict[str, str]]:
        return [finding.to_dict() for finding in findings]

    return {
        "verdict": "violated" if found.refused else "passes",
        "appeared": plain(found.appeared),
        "disappeared": plain(found.disappeared),
        "stayed": plain(found.stayed),
    }
