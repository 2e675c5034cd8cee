"""The offline preview of a stack: the program captured, with the sizing and findings beside its resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.settings import Settings

if TYPE_CHECKING:
    from infra.graph import Graph

PROJECT = "ai-gateway"
EXPLICIT_PROVIDERS = ("aws", "gcp", "kubernetes", "random")
"""Packages without a default provider, as in Pulumi.yaml; "*" would refuse pulumi-eks."""


def preview_graph(settings: Settings, stack: str, *, preview: bool = True) -> Graph:
    """Every resource that a first ``pulumi up`` of the stack would register.

    Args:
        preview: False runs the program as an update would, with made-up outputs; tests compare both.

    Raises:
        SizingError: the settings cannot be met.
    """
    from infra.offline import DENY_KEY, capture
    from infra.planning import plan_of, project_of
    from infra.program import deploy_plan
    from sizing.fit_report import verdict_report
    from sizing.report import size_report

    plan, project = plan_of(settings), project_of(settings, offline=True)

    def program() -> None:
        deploy_plan(settings, plan, stack, project)

    graph = capture(
        program, project=PROJECT, stack=stack, config={DENY_KEY: list(EXPLICIT_PROVIDERS)}, preview=preview
    )
    report = size_report(plan)
    return graph.annotated(
        cloud=plan.order.cloud, findings=report["findings"], sizing=report, fit=verdict_report(plan)
    )
