"""What receivers of alerts need is read from the secret store, by a controller that may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import components.aws.platform as aws_platform
from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from tests.harness import at

ONCALL = {"name": "oncall", "type": "pagerduty", "secret": "pagerduty-key"}
ALERTS = {"receivers": [ONCALL], "critical": "oncall", "warning": "oncall"}


def with_receiver(cloud: str) -> Graph:
    values: dict[str, Any] = {"tier": "small", "cloud": cloud, "observability": {"alerts": ALERTS}}
    if cloud == "gcp":
        values["gcpProject"] = "my-project-1"
    return preview_graph(load(values), "small")


def asked(graph: Graph) -> str:
    """The entry that the receiver's Secret is made of."""
    (found,) = (
        r.inputs
        for r in graph.resources
        if r.type.endswith(":ExternalSecret") and at(r.inputs, "metadata.name") == "alertmanager-oncall"
    )
    return str(at(found, "spec.data[0].remoteRef.key"))


def test_the_controller_may_read_the_entry_on_google_cloud() -> None:
    graph = with_receiver("gcp")
    readable: Mapping[str, str] = {
        str(r.inputs["secretId"]).rpartition("/")[2]: str(r.inputs["role"])
        for r in graph.resources
        if r.type.endswith(":SecretIamMember") and "external-secrets" in r.name
    }
    assert asked(graph) == "ai-gateway-small-pagerduty-key"
    assert readable[asked(graph)] == "roles/secretmanager.secretAccessor"


def test_the_controller_may_read_the_entry_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy names the account, which a preview does not know: what it is made of is looked at."""
    made: list[aws_platform.IdentityArgs] = []
    original = aws_platform.Identity

    def recorded(name: str, args: aws_platform.IdentityArgs, *rest: Any) -> aws_platform.Identity:
        made.append(args)
        return original(name, args, *rest)

    monkeypatch.setattr(aws_platform, "Identity", recorded)
    graph = with_receiver("aws")
    (args,) = made
    assert asked(graph) in {f"{args.secret_prefix}{name}" for name in args.secret_names}
