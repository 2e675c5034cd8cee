"""Service-linked roles that must exist before other things name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.base import Component, merge_tags

AUTOSCALING = "autoscaling.amazonaws.com"
SERVICES = (
    AUTOSCALING,
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
)
"""Services whose first use fails in an empty account, or whose role a key policy names, when the role is not
there."""


@dataclass(frozen=True)
class ServiceLinkedRolesArgs:
    """``services``: whose roles are made here; empty, or shorter, in an account that has them already."""

    account_id: Text
    partition: Text
    services: tuple[str, ...] = SERVICES
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class ServiceLinkedRoles(Component):
    """The account's service-linked roles.

    An account has at most one role per service, and AWS refuses a second ("has been taken in this account"):
    leave the services out that the account already uses. The roles belong to the account, not to this stack,
    so they stay when the stack goes (``retain_on_delete``): other users of the account and key policies that
    name them rely on them. A stack that is created again in the same account therefore needs ``services=()``.

    Attributes:
        autoscaling_arn: ARN of the role with which Auto Scaling starts nodes, made here or not.
        roles: service -> role made here, for what depends on it.
    """

    TYPE = "ai-gateway:aws:ServiceLinkedRoles"

    def __init__(
        self, name: str, args: ServiceLinkedRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.roles: dict[str, aws.iam.ServiceLinkedRole] = {
            service: self._role(service, args) for service in args.services
        }
        self.autoscaling_arn = self._autoscaling_arn(args)
        self.register_outputs({"autoscaling_arn": self.autoscaling_arn})

    def _role(self, service: str, args: ServiceLinkedRolesArgs) -> aws.iam.ServiceLinkedRole:
        return aws.iam.ServiceLinkedRole(
            f"{self.prefix}-{service.split('.')[0]}",
            aws_service_name=service,
            tags=merge_tags(args.tags),
            opts=pulumi.ResourceOptions.merge(self.child(), pulumi.ResourceOptions(retain_on_delete=True)),
        )

    def _autoscaling_arn(self, args: ServiceLinkedRolesArgs) -> pulumi.Output[str]:
        if AUTOSCALING in self.roles:
            return self.roles[AUTOSCALING].arn
        return pulumi.Output.concat(
            "arn:",
            args.partition,
            ":iam::",
            args.account_id,
            f":role/aws-service-role/{AUTOSCALING}/AWSServiceRoleForAutoScaling",
        )
