"""The rules as policies of Pulumi; ``__main__`` serves them to the engine.

Each rule looks at the whole stack: a bucket's protection stands in a resource of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from pydantic import JsonValue

from infra.configured import settings_from
from infra.graph import Graph
from infra.planning import plan_of
from infra.settings import NAMESPACE
from policy.adapter import OncePerStack, graph_from, plain
from policy.rules import RULES, Rule, guide_of
from sizing.report import size_report

NAME = "ai-gateway"


def policies() -> list[Policy]:
    """Every rule as a policy with its level, severity and options, after the one that reads the inputs."""
    return [_reader(), *(_policy(rule) for rule in RULES)]


_INPUTS: dict[str, JsonValue] = {}
"""URN to what the program asked for; one process serves one preview or update."""


_STACK = OncePerStack()


def _reader() -> ResourceValidationPolicy:
    """Notes every resource's inputs: a policy of the whole stack is shown outputs only, and there are none of
    what waits for a cluster that a first preview has not made yet."""

    def note(args: ResourceValidationArgs, _report: ReportViolation) -> None:
        _INPUTS[args.urn] = plain(args.props, UnknownValueError)

    return ResourceValidationPolicy(
        name="read-inputs",
        description="Reads what every resource is asked to be, for the policies of the whole stack.",
        validate=note,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def _policy(rule: Rule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        graph = _STACK.graph(rule.id, lambda: stack_graph(args))
        options = {key: tuple(map(str, value)) for key, value in args.get_config().items()}
        for violation in rule.check(graph, guide=guide_of(graph), options=options):
            report_violation(f"{violation.message}. {violation.remedy}", violation.urn)

    return StackValidationPolicy(
        name=rule.id,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel(rule.level),
        severity=Severity(rule.severity),
        config_schema=PolicyConfigSchema(
            properties={
                name: {"type": "array", "items": {"type": "string"}, "default": list(default)}
                for name, default in rule.defaults().items()
            }
        ),
    )


def stack_graph(args: StackValidationArgs) -> Graph:
    """The engine's stack, with what its own configuration was sized for."""
    config = {str(key): value for key, value in pulumi.runtime.get_config_env().items()}
    return graph_from(
        args.resources,
        stack=pulumi.get_stack(),
        project=pulumi.get_project(),
        unknown=UnknownValueError,
        sizing=sizing_of(config, pulumi.get_stack()),
        asked=_INPUTS,
    )


def sizing_of(config: Mapping[str, object], stack: str) -> JsonValue:
    """``gateway size --json`` of a configuration; None for a stack of another project.

    Raises:
        SizingError: settings that the program refuses too.
    """
    if f"{NAMESPACE}:tier" not in config:
        return None
    found: JsonValue = json.loads(json.dumps(size_report(plan_of(settings_from(config, stack)))))
    return found
