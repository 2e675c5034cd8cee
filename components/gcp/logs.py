"""Logs that are kept for as long as specified, in a bucket of their own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.base import Component
from components.gcp.labels import Text

SUFFIX_BYTES = 4
"""A log bucket's name stays taken for a week after its deletion
(https://cloud.google.com/logging/docs/buckets#delete-bucket)."""


@dataclass(frozen=True)
class RetainedLogsArgs:
    """``filter`` is in the Logging query language; ``description`` says what it selects. ``before``: the
    API."""

    project: str
    region: str
    name: str
    description: str
    filter: Text
    retention_days: int
    before: tuple[pulumi.Resource, ...] = ()


class RetainedLogs(Component):
    """A log bucket in the region, the sink that fills it, and the exclusion that keeps the same entries out
    of the project's default bucket, which would hold (and bill) them a second time for 30 days.

    A sink to a bucket of its own project needs no grant. Encrypted with Google's keys.
    """

    TYPE = "ai-gateway:gcp:RetainedLogs"

    def __init__(self, name: str, args: RetainedLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        suffix = random.RandomId(self.prefix, byte_length=SUFFIX_BYTES, opts=self.child())
        bucket = gcp.logging.ProjectBucketConfig(
            self.prefix,
            project=args.project,
            location=args.region,
            bucket_id=pulumi.Output.concat(args.name, "-", suffix.hex),
            description=args.description,
            retention_days=args.retention_days,
            opts=self.child(depends_on=[*args.before]),
        )
        sink = gcp.logging.ProjectSink(
            self.prefix,
            project=args.project,
            description=args.description,
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=args.filter,
            unique_writer_identity=True,
            opts=self.child(),
        )
        gcp.logging.ProjectExclusion(
            self.prefix,
            project=args.project,
            description=args.description,
            filter=args.filter,
            opts=self.child(depends_on=[sink]),  # first to the one place, then out of the other
        )
        self.register_outputs({"bucket": bucket.id})
