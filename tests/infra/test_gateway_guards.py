"""``agentGateway.rateLimit``, ``ingress`` and disruption: what is refused with one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.kubernetes.chart_defaults import minimum_budget
from components.kubernetes.placement import disruption_budget
from infra.planning import plan_of
from infra.settings import load
from sizing.errors import SizingError
from sizing.specs import Container, Workload
from tests.harness import captured, plan
from tests.infra.test_objects import EVERY_CASE

KEYS = '{"keys": [{"kty": "RSA", "kid": "1", "n": "sXch", "e": "AQAB"}]}'
JWT = {"issuer": "https://login.example.com/tenant", "jwks": KEYS}


def _plan(**parts: Any) -> Any:
    return plan_of(load({"tier": "large", "cloud": "aws", **parts})).platform.agent_gateway


@pytest.mark.parametrize(
    ("parts", "path", "said"),
    [
        ({"ingress": {"domain": "localhost"}}, "ingress.domain", "not a domain name"),
        ({"ingress": {"domain": "https://llm.example.com"}}, "ingress.domain", "not a domain name"),
        ({"ingress": {"public": True}}, "ingress.public", "needs a domain"),
        ({"ingress": {"jwt": {"jwks": KEYS}}}, "ingress.jwt.issuer", "missing"),
        ({"ingress": {"jwt": {"issuer": JWT["issuer"]}}}, "ingress.jwt.jwks", "missing"),
        ({"ingress": {"jwt": {**JWT, "issuer": "login"}}}, "ingress.jwt.issuer", "is no issuer"),
        ({"ingress": {"jwt": {**JWT, "jwks": "https://x"}}}, "ingress.jwt.jwks", "no JSON Web Key Set"),
        ({"ingress": {"jwt": {**JWT, "jwks": '{"keys": []}'}}}, "ingress.jwt.jwks", "no JSON Web Key Set"),
        (
            {"ingress": {"jwt": {**JWT, "jwks": KEYS.replace('"n"', '"d": "x", "n"')}}},
            "ingress.jwt.jwks",
            "private part d",
        ),
        ({"ingress": {"jwt": {**JWT, "header": "authorization"}}}, "ingress.jwt.header", "has the API key"),
        (
            {"agentGateway": {"rateLimit": {"requestsPerSecond": 0}}},
            "agentGateway.rateLimit.requestsPerSecond",
            "1",
        ),
        (
            {"agentGateway": {"rateLimit": {"requestsPerSecond": 2}}},
            "agentGateway.rateLimit.requestsPerSecond",
            "each of",
        ),
        (
            {"agentGateway": {"replicas": 9, "maxReplicas": 4}},
            "agentGateway.maxReplicas",
            "9",
        ),
        ({"litellm": {"replicas": 9, "maxReplicas": 4}}, "litellm.maxReplicas", "9"),
        ({"vault": {"replicas": 2}}, "vault.replicas", "odd"),
    ],
)
def test_what_cannot_work_is_refused(parts: Mapping[str, Any], path: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - path and sentence are compared below
        _plan(**parts)
    assert path in str(refused.value)
    assert said in str(refused.value)


def test_a_replica_gets_its_share() -> None:
    replicas = _plan().hpa.min_replicas
    limit = _plan(agentGateway={"rateLimit": {"requestsPerSecond": 10 * replicas + 1, "burst": replicas}})
    assert (limit.rate_limit.requests_per_second, limit.rate_limit.burst) == (11, 1)
    assert _plan().rate_limit is None


def test_the_token_has_a_header_of_its_own() -> None:
    found = _plan(ingress={"jwt": JWT}).jwt
    assert (found.header, found.issuer, found.audiences) == ("x-gateway-token", JWT["issuer"], ())


def _budgets(value: object) -> list[Mapping[str, Any]]:
    """Everything below ``value`` that is a disruption budget which is on."""
    if isinstance(value, list):
        return [found for item in value for found in _budgets(item)]
    if not isinstance(value, Mapping):
        return []
    own = [value] if {"maxUnavailable", "minAvailable"} & set(value) and "rollingUpdate" not in value else []
    on = [found for found in own if found.get("enabled", True) and "maxSurge" not in found]
    return [
        *on,
        *(found for key, item in value.items() if key != "rollingUpdate" for found in _budgets(item)),
    ]


@EVERY_CASE
def test_no_budget_blocks_every_drain(stack: str, cloud: str) -> None:
    budgets = [budget for r in captured(stack, cloud).resources for budget in _budgets(r.inputs)]
    assert len(budgets) > 3
    for budget in budgets:
        assert budget.get("maxUnavailable", 1) != 0, budget


@EVERY_CASE
def test_a_minimum_leaves_one_pod_to_go(stack: str, cloud: str) -> None:
    """Also of a lone replica: a budget for it would stop every drain for ever."""
    for workload in plan(stack, cloud).workloads.items:
        budget = minimum_budget(workload)
        least = budget["minAvailable"] if budget["enabled"] else 0
        assert isinstance(least, int)
        assert least < max(1, workload.replicas), workload.name
        if workload.most_replicas < 2:
            assert not disruption_budget(workload)["enabled"], workload.name


def test_a_workload_cannot_forbid_every_disruption() -> None:
    pod = Container(name="x", cpu_request_m=1, memory_request_mib=1)
    with pytest.raises(ValidationError):
        Workload(
            name="x",
            release="x",
            namespace="x",
            kind="Deployment",
            node_group="cpu_nodes",
            replicas=2,
            containers=(pod,),
            max_unavailable=0,
            source="x",
        )


def test_errors_of_the_model_are_its_own() -> None:
    with pytest.raises(SizingError):
        _plan(agentGateway={"rateLimit": {"requestsPerSecond": 1}})
