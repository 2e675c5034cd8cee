"""Thanos: one compactor, one retention, no receiver, alerts on what runs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.thanos import Thanos, ThanosArgs, query_endpoint
from tests.factories_platform import PLATFORM_WORKLOADS, bindings, changed, observability_spec
from tests.factories_workloads import Build, Stand, captured, check_contract, values, waits_for
from tests.harness import at

PARTS = {"query": "thanos-query", "storegateway": "thanos-storegateway", "compactor": "thanos-compactor"}


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": observability_spec(),
            "workloads": PLATFORM_WORKLOADS,
            "bindings": bindings(),
            "ready": (Stand("metrics", opts),),
            "identities": (Stand("identities", opts),),
        }
        return Thanos("thanos", ThanosArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def thanos() -> dict[str, Any]:
    return values(captured(build()), "thanos")


def test_contract() -> None:
    check_contract(build())


@pytest.mark.parametrize(("part", "name"), PARTS.items())
def test_replicas_and_resources_are_the_workloads(thanos: dict[str, Any], part: str, name: str) -> None:
    workload = PLATFORM_WORKLOADS[name]
    assert thanos[part]["replicaCount"] == workload.replicas
    assert thanos[part]["resources"] == workload.container(name).resources()
    assert thanos[part]["priorityClassName"] == "gateway-platform"
    labels = {"app.kubernetes.io/name": "thanos", "app.kubernetes.io/instance": "thanos"}
    for constraint in thanos[part]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == {**labels, "app.kubernetes.io/component": part}


def test_never_two_compactors() -> None:
    """Two of them on one bucket corrupt it, whatever a plan says."""
    graph = captured(build(workloads=changed("thanos-compactor", replicas=3)))
    assert values(graph, "thanos")["compactor"]["replicaCount"] == 1


def test_one_retention_for_every_resolution(thanos: dict[str, Any]) -> None:
    """A shorter one for raw samples would delete them before they are downsampled."""
    retention = thanos["compactor"]["retention"]
    assert set(retention) == {"resolutionRaw", "resolution5m", "resolution1h"}
    assert set(retention.values()) == {"91d"}


def test_disks_are_the_workloads(thanos: dict[str, Any]) -> None:
    for part, size in (("storegateway", "61Gi"), ("compactor", "62Gi")):
        assert thanos[part]["persistence"] == {"enabled": True, "size": size, "storageClass": "gp3"}
    bare = values(captured(build(workloads=changed("thanos-storegateway", volumes=()))), "thanos")
    assert bare["storegateway"]["persistence"] == {"enabled": False}


def test_budgets(thanos: dict[str, Any]) -> None:
    assert thanos["query"]["pdb"] == {"enabled": True, "maxUnavailable": 1}
    assert thanos["compactor"]["pdb"] == {"enabled": False}


def test_the_sidecar_pattern_has_no_receiver(thanos: dict[str, Any]) -> None:
    assert thanos["receive"] == {"enabled": False}
    (sidecars,) = at(thanos, "query.endpoints.static")  # type: ignore[misc]
    assert sidecars == "dnssrv+_grpc._tcp.kube-prometheus-stack-thanos-discovery.monitoring.svc.cluster.local"


def test_alerts_match_what_runs(thanos: dict[str, Any]) -> None:
    groups = at(thanos, "global.thanosRules.groups")
    assert isinstance(groups, dict)
    assert groups["thanosReceive"] == groups["thanosRule"] == {"enabled": False}
    assert groups["thanosSidecar"]["enabled"] is True
    assert "kube-prometheus-stack-thanos-discovery" in groups["thanosSidecar"]["jobPattern"]


def test_storage_by_reference_and_by_role(thanos: dict[str, Any]) -> None:
    assert at(thanos, "global.objstore") == {
        "createSecret": False,
        "secretName": "thanos-objstore",
        "secretKey": "objstore.yml",
    }
    account = at(thanos, "global.serviceAccount")
    assert account == {"create": True, "name": "thanos", "annotations": {"test/role": "thanos"}}


def test_comes_after_the_operator_that_judges_its_rules_and_after_its_role() -> None:
    graph = captured(build())
    assert waits_for(graph, "thanos-thanos", "metrics-map")
    assert waits_for(graph, "thanos-thanos", "identities-map")


def test_endpoint_is_known_before_the_release() -> None:
    assert query_endpoint(PLATFORM_WORKLOADS).url() == "http://thanos-query.monitoring.svc:9090"
