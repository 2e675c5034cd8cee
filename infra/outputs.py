"""The stack's outputs: endpoints, access, what was ordered, and where it differs from the guide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.kubernetes.agentgateway import AgentGateway
from components.platform import CloudPlatform
from sizing.plan import Plan
from sizing.report import size_report


def sizing_summary(plan: Plan) -> dict[str, Any]:
    """A few lines a person looks for first; ``gateway size`` has everything."""
    report = size_report(plan)
    order = report["order"]
    return {
        "tier": report["tier"],
        "cloud": report["cloud"],
        "region": report["region"],
        "requestsPerSecond": report["litellm"]["max_rps"],
        "cpuNodes": report["cluster"]["cpu_nodes"],
        "gpuNodes": report["cluster"]["gpu_nodes"],
        "postgres": f"{order['postgres']['instance_class']}, {order['postgres']['storage_gib']} GiB",
        "redis": f"{order['redis']['node_type']}, {order['redis']['shards']} shards",
        "models": [engine["name"] for engine in report["vllm"]["engines"]],
    }


def stack_outputs(plan: Plan, cloud: CloudPlatform, gateway: AgentGateway) -> Mapping[str, Any]:
    """Outputs by name, camelCase as Pulumi's own."""
    return {
        "gatewayUrl": gateway.url,
        "gatewayAddressCommand": gateway.address_command,
        **cloud.outputs,
        "sizing": sizing_summary(plan),
        "findings": [finding.model_dump(mode="json") for finding in plan.findings],
    }
