"""APIs come first and stay on; service agents exist before anything is granted to them."""

from __future__ import annotations

import pulumi
import pytest

from components.gcp import services as api
from components.gcp.agents import DOMAINS, MADE_ON_FIRST_USE, Agents, AgentsArgs
from components.gcp.services import ALWAYS, Services, ServicesArgs
from tests import factories_gcp as make


def agents(opts: pulumi.ResourceOptions) -> Agents:
    return Agents("agents", AgentsArgs(make.PROJECT, make.services(opts, api.BACKUP), tuple(DOMAINS)), opts)


def test_contract() -> None:
    make.check_contract(agents)


def test_every_api_is_enabled_and_left_on() -> None:
    graph = make.captured(lambda opts: Services("s", ServicesArgs(make.PROJECT, (api.MODELS,)), opts))
    found = make.of_type(graph, "Service").values()
    assert {r.inputs["service"] for r in found} == {*ALWAYS, api.MODELS}
    assert all(r.inputs["disableOnDestroy"] is False for r in found)
    assert all(r.inputs["project"] == make.PROJECT for r in found)


def test_an_api_that_is_not_enabled_cannot_be_waited_for() -> None:
    with pytest.raises(KeyError):
        make.captured(lambda opts: Services("s", ServicesArgs(make.PROJECT), opts).of(api.MODELS))


def test_agents_are_made_after_their_api() -> None:
    graph = make.captured(agents)
    made = make.of_type(graph, "ServiceIdentity").values()
    assert {r.inputs["service"] for r in made} == set(MADE_ON_FIRST_USE)
    for resource in made:
        short = str(resource.inputs["service"]).split(".")[0]
        assert make.depends_on(graph, resource) == {f"Service services-{short}"}


def test_members_are_named_by_the_projects_number() -> None:
    def program(opts: pulumi.ResourceOptions) -> None:
        for service, member in agents(opts).members.items():
            pulumi.export(service, member)

    assert make.captured(program, preview=False).outputs == {
        service: f"serviceAccount:service-{make.NUMBER}@{domain}.iam.gserviceaccount.com"
        for service, domain in DOMAINS.items()
    }


def test_nothing_is_asked_before_its_api_is_on() -> None:
    """In a new project the first preview would fail."""

    def program(opts: pulumi.ResourceOptions) -> None:
        for service, member in agents(opts).members.items():
            pulumi.export(service, member)

    assert set(make.captured(program).outputs.values()) == {"[unknown]"}
