"""What an alert and a recording are, and how they become rules of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sizing.guide.ch5_capacity import TRIGGERS, Trigger
from sizing.specs import RuleSpec, Severity

Unit = Literal["ratio", "percent", "seconds", "count", "requests/s", "operations/s", "bytes", "days", "state"]
PREFIX = "ai_gateway:"
"""Of the names of all recordings here, so that they cannot be taken for anybody else's."""
RUNBOOK = "docs/runbooks/alerts.md"
PART_OF = {"part_of": "ai-gateway"}
"""Label of every alert here: what routes and silences can tell ours from the charts' own by."""


@dataclass(frozen=True)
class Level:
    """A threshold and how bad it is to cross it. ``value`` None: the expression itself says yes or no."""

    severity: Severity
    value: float | None
    mark: str = ""


@dataclass(frozen=True)
class Alert:
    """One thing to be told about, at one or more levels.

    Attributes:
        name: of the alert and of its section in the runbook.
        group: of the rules, one per part of the platform.
        expr: PromQL without the comparison.
        op: how a value compares to the threshold when it is bad; empty for an expression that is one.
        levels: thresholds, mildest first.
        unit: of expression and thresholds; "ratio" is 0 to 1, shown in percent.
        for_: how long it has to last.
        summary: one line; may hold templates of Prometheus.
        action: what to do about it.
        source: where the threshold comes from.
        guard: a condition that must hold as well, for example that there is traffic at all.
        labels: labels of the alert besides the severity, where one name is used for several things.
    """

    name: str
    group: str
    expr: str
    op: Literal[">", ">=", "<", "!=", "=="] | Literal[""]
    levels: tuple[Level, ...]
    unit: Unit
    for_: str
    summary: str
    action: str
    source: str
    guard: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def condition(self, level: Level) -> str:
        """The whole expression at one level."""
        if level.value is None or not self.op:
            return self.expr
        compared = f"{_operand(self.expr)} {self.op} {number(level.value)}"
        return f"{compared} and {self.guard}" if self.guard else compared

    def rule(self, level: Level, runbooks: str) -> RuleSpec:
        """The rule at one level; ``runbooks`` is the address of the runbook's page."""
        labels = {"severity": level.severity, **PART_OF, **self.labels}
        if level.mark:
            labels["guide_level"] = level.mark
        return RuleSpec(
            alert=self.name,
            expr=self.condition(level),
            for_=self.for_,
            labels=labels,
            annotations={
                "summary": self.summary,
                "description": f"{_now(self.unit)}; {self._limit(level)}. {self.action}",
                "action": self.action,
                "runbook_url": f"{runbooks}#{self.name.lower()}",
            },
        )

    def _limit(self, level: Level) -> str:
        shown = self.threshold(level)
        return f"threshold {shown} for {self.for_} ({self.source})" if shown else f"source: {self.source}"

    def threshold(self, level: Level) -> str:
        """The threshold in words; empty when there is none."""
        if level.value is None:
            return ""
        return f"{self.op} {quantity(level.value, self.unit)}".strip()


@dataclass(frozen=True)
class Record:
    """A series computed once, under a name of ours. ``unit`` is that of its values."""

    name: str
    group: str
    expr: str
    unit: Unit

    def rule(self) -> RuleSpec:
        return RuleSpec(record=self.name, expr=self.expr)


def levels(warning: float, critical: float | None = None) -> tuple[Level, ...]:
    """Warning, and critical above it if there is such a figure."""
    found = (Level("warning", warning),)
    return found if critical is None else (*found, Level("critical", critical))


def trigger(metric: str) -> Trigger:
    """The row of the guide's table 5.2 with this name. KeyError when the guide has none."""
    for row in TRIGGERS:
        if row.metric == metric:
            return row
    raise KeyError(metric)


def guide_levels(row: Trigger) -> tuple[Level, ...]:
    """The guide's two thresholds, percentages as ratios."""
    scale = 100 if row.unit == "percent" else 1
    return levels(row.warning / scale, row.critical / scale)


def guide_source(row: Trigger) -> str:
    return f'guide 5.2 "{row.metric}"'


def number(value: float) -> str:
    """The shortest form that reads back as the same figure, without an exponent."""
    return str(int(value)) if value == int(value) else repr(round(value, 6))


def quantity(value: float, unit: Unit) -> str:
    """A figure for people."""
    if unit == "ratio":
        return f"{number(value * 100)}%"
    if unit == "percent":
        return f"{number(value)}%"
    if unit == "bytes":
        return f"{number(round(value / 2**30, 1))} GiB"
    if unit == "seconds":
        return f"{number(value)} s"
    return f"{number(value)} {unit}" if unit in ("requests/s", "operations/s", "days") else number(value)


def _now(unit: Unit) -> str:
    """The current value as a template."""
    match unit:
        case "ratio":
            return "now {{ $value | humanizePercentage }}"
        case "percent":
            return 'now {{ $value | printf "%.0f" }}%'
        case "bytes":
            return "now {{ $value | humanize1024 }}B"
        case "seconds":
            return "now {{ $value | humanizeDuration }}"
        case "state":
            return "it is so now"
        case _:
            return "now {{ $value | humanize }}"


def _operand(expr: str) -> str:
    """The expression, in parentheses where the comparison would otherwise bind to a part of it.

    "or", "and" and "unless" bind more loosely than a comparison, and so would be cut in two by it.
    """
    loose = any(f" {word} " in expr for word in ("or", "and", "unless"))
    return f"({expr})" if loose else expr


def pattern(values: Iterable[str]) -> str:
    """A regular expression for any of the values: names of Kubernetes objects, which need no escapes."""
    return "|".join(sorted(set(values)))
