"""A log group for the lines of all pods, and how a collector writes to it.

CloudWatch takes OTLP itself, signed like any call to AWS, into a group and a stream that exist:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import bindings
from components.aws.iam import Text
from components.base import Component, merge_tags

STREAM = "pods"
"""One for all: every entry names its pod, and a stream has no limit of its own
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html)."""

MAX_REQUEST_BYTES = 1_000_000
"""The endpoint takes 1 MiB, uncompressed."""

SIGNER = "sigv4auth"


def group_name(cluster: str) -> str:
    """Name of the group; the agent's policy names it before it exists."""
    return f"/ai-gateway/{cluster}/pods"


@dataclass(frozen=True)
class PodLogsArgs:
    """``retention_days`` must be one of CloudWatch's steps. ``writer``: the agent's permission."""

    cluster_name: str
    region: str
    retention_days: int
    key_arn: Text
    writer: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class PodLogs(Component):
    """An encrypted log group with a retention, and its only stream.

    Attributes:
        binding: what the agent in the cluster is configured with.
    """

    TYPE = "ai-gateway:aws:PodLogs"

    def __init__(self, name: str, args: PodLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        group = aws.cloudwatch.LogGroup(
            self.prefix,
            name=group_name(args.cluster_name),
            retention_in_days=args.retention_days,
            kms_key_id=args.key_arn,
            tags=merge_tags(args.tags),
            opts=self.child(),
        )
        stream = aws.cloudwatch.LogStream(
            self.prefix, name=STREAM, log_group_name=group.name, opts=self.child()
        )
        self.binding = bindings.PodLogs(
            exporter={
                "logs_endpoint": f"https://logs.{args.region}.amazonaws.com/v1/logs",
                "headers": {"x-aws-log-group": group_name(args.cluster_name), "x-aws-log-stream": STREAM},
                "auth": {"authenticator": SIGNER},
            },
            extensions={SIGNER: {"region": args.region, "service": "logs"}},
            max_request_bytes=MAX_REQUEST_BYTES,
            ready=(stream, *args.writer),
        )
        self.register_outputs({"group": group.name})
