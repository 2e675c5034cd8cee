"""Service agents: the accounts with which Google's services act for the project, such as on its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.gcp import services as api
from components.gcp.services import Services

DOMAINS: Mapping[str, str] = {
    api.BACKUP: "gcp-sa-gkebackup",
    api.COMPUTE: "compute-system",
    api.CONTAINER: "container-engine-robot",
    api.REDIS: "cloud-redis",
    api.SECRETS: "gcp-sa-secretmanager",
    api.SQL: "gcp-sa-cloud-sql",
    api.STORAGE: "gs-project-accounts",
}
"""API -> its agent's domain: ``service-<project number>@<domain>.iam.gserviceaccount.com``
(https://cloud.google.com/iam/docs/service-agents)."""

MADE_ON_FIRST_USE = (api.BACKUP, api.CONTAINER, api.REDIS, api.SECRETS, api.SQL)
"""Agents that may not exist yet when they are granted something; Compute's comes with its API, Storage's
with the question for it."""


@dataclass(frozen=True)
class AgentsArgs:
    """``apis``: whose agents are needed; ``services`` must enable each of them."""

    project: str
    services: Services
    apis: tuple[str, ...]


class Agents(Component):
    """Makes the agents exist, so that IAM accepts them as members.

    The addresses are put together from the project's number: the API that makes an agent does not tell the
    address of every one. Agents belong to the project and are never deleted.

    Attributes:
        members: API -> the agent as a member of an IAM binding.
        ready: API -> what must exist before the agent can be granted anything.
    """

    TYPE = "ai-gateway:gcp:Agents"

    def __init__(self, name: str, args: AgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        number = gcp.organizations.get_project_output(
            project_id=args.project, opts=self._after(api.PROJECTS)
        ).number
        self.members: dict[str, pulumi.Output[str]] = {
            service: self._member(service, number) for service in args.apis
        }
        self.ready: dict[str, tuple[pulumi.Resource, ...]] = {
            service: self._ready(service) for service in args.apis
        }
        self.register_outputs({})

    def _after(self, service: str) -> pulumi.InvokeOutputOptions:
        """Not asked before the API is on: the first preview in a new project would fail."""
        return pulumi.InvokeOutputOptions(parent=self, depends_on=[*self._args.services.of(service)])

    def _member(self, service: str, number: pulumi.Output[str]) -> pulumi.Output[str]:
        if service == api.STORAGE:  # asking makes it exist
            asked = gcp.storage.get_project_service_account_output(
                project=self._args.project, opts=self._after(api.STORAGE)
            )
            return asked.member
        domain = f"@{DOMAINS[service]}.iam.gserviceaccount.com"
        return pulumi.Output.concat("serviceAccount:service-", number, domain)

    def _ready(self, service: str) -> tuple[pulumi.Resource, ...]:
        enabled = self._args.services.of(service)
        if service not in MADE_ON_FIRST_USE:
            return enabled
        made = gcp.projects.ServiceIdentity(
            f"{self.prefix}-{service.split('.')[0]}",
            project=self._args.project,
            service=service,
            opts=self.child(depends_on=[*enabled]),
        )
        return (made,)
