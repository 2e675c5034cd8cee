"""VPC flow logs in an encrypted CloudWatch log group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Arns, Text, allow, document, service_trust
from components.base import Component, merge_tags

AGGREGATION_S = 600
"""The service's default: one minute, the only other choice, writes up to ten times as many records."""


@dataclass(frozen=True)
class FlowLogsArgs:
    """``retention_days`` must be one of CloudWatch's steps (1, 3, 5, 7, 14, 30, 60, 90, ...)."""

    vpc_id: Text
    account_id: Text
    region: str
    partition: Text
    retention_days: int
    key_arn: Text
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class FlowLogs(Component):
    """All accepted and rejected flows of a VPC, and the role that writes them into this log group only."""

    TYPE = "ai-gateway:aws:FlowLogs"

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._arns = Arns(args.account_id, args.region, args.partition)
        group = aws.cloudwatch.LogGroup(
            self.prefix,
            retention_in_days=args.retention_days,
            kms_key_id=args.key_arn,
            tags=merge_tags(args.tags),
            opts=self.child(),
        )
        role, policy = self._writer(group)
        aws.ec2.FlowLog(
            self.prefix,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=AGGREGATION_S,
            tags=merge_tags(args.tags),
            opts=self.child(depends_on=[policy]),  # without it the first records fail to be delivered
        )
        self.register_outputs({})

    def _writer(self, group: aws.cloudwatch.LogGroup) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        role = aws.iam.Role(
            self.prefix,
            description="Writes VPC flow logs",
            assume_role_policy=service_trust(
                "vpc-flow-logs.amazonaws.com",
                {
                    "StringEquals": {"aws:SourceAccount": self._args.account_id},
                    "ArnLike": {"aws:SourceArn": self._arns.regional("ec2", "vpc-flow-log/*")},
                },
            ),
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )
        policy = aws.iam.RolePolicy(
            self.prefix,
            role=role.name,
            policy=document(
                allow(
                    "WriteStreams",
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    pulumi.Output.concat(group.arn, ":*"),
                ),
                allow("FindTheGroup", "logs:DescribeLogGroups", self._arns.regional("logs", "log-group:*")),
            ),
            opts=self.child(),
        )
        return role, policy
