"""APIs of the project: each is off until it is enabled, and everything else fails before that."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.base import Component

BACKUP = "gkebackup.googleapis.com"
COMPUTE = "compute.googleapis.com"
CONTAINER = "container.googleapis.com"
CREDENTIALS = "iamcredentials.googleapis.com"
DIRECTORY = "servicedirectory.googleapis.com"
DNS = "dns.googleapis.com"
IAM = "iam.googleapis.com"
KMS = "cloudkms.googleapis.com"
LOGGING = "logging.googleapis.com"
MODELS = "aiplatform.googleapis.com"
MONITORING = "monitoring.googleapis.com"
PRIVATE_CONNECTIONS = "networkconnectivity.googleapis.com"
PRIVATE_CONSUMERS = "serviceconsumermanagement.googleapis.com"
PRIVATE_SERVICES = "servicenetworking.googleapis.com"
PROJECTS = "cloudresourcemanager.googleapis.com"
REDIS = "redis.googleapis.com"
SECRETS = "secretmanager.googleapis.com"
SQL = "sqladmin.googleapis.com"
STORAGE = "storage.googleapis.com"

ALWAYS = (
    COMPUTE,
    CONTAINER,
    CREDENTIALS,
    DIRECTORY,
    DNS,
    IAM,
    KMS,
    LOGGING,
    MONITORING,
    PRIVATE_CONNECTIONS,
    PRIVATE_CONSUMERS,
    PRIVATE_SERVICES,
    PROJECTS,
    REDIS,
    SECRETS,
    SQL,
    STORAGE,
)


@dataclass(frozen=True)
class ServicesArgs:
    """``optional``: further APIs, only for what this stack uses."""

    project: str
    optional: tuple[str, ...] = ()


class Services(Component):
    """The APIs that the platform calls.

    They stay on when the stack goes: other users of the project may rely on them, and switching one off
    deletes what its service agent holds. Only the Service Usage API, with which this is done, must be on
    before; in a new project it is.

    Attributes:
        enabled: API -> resource.
    """

    TYPE = "ai-gateway:gcp:Services"

    def __init__(self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.enabled: dict[str, gcp.projects.Service] = {
            api: gcp.projects.Service(
                f"{self.prefix}-{api.split('.')[0]}",
                project=args.project,
                service=api,
                disable_on_destroy=False,
                opts=self.child(),
            )
            for api in (*ALWAYS, *args.optional)
        }
        self.register_outputs({})

    def of(self, *apis: str) -> tuple[pulumi.Resource, ...]:
        """What a user of ``apis`` depends on. KeyError: one of them is not enabled here."""
        return tuple(self.enabled[api] for api in apis)
