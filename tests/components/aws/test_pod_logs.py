"""Where the lines of pods go on AWS: one encrypted group with a retention, one writer that may write and no
more."""

from __future__ import annotations

from components import bindings
from components.aws.pod_logs import PodLogs, PodLogsArgs, group_name
from tests.factories_foundation import CLUSTER, REGION, TAGS, captured, check_contract, of_type

KEY = "arn:aws:kms:us-east-1:123456789012:key/logs"


def test_the_group_is_encrypted_and_ends() -> None:
    graph = captured(lambda opts: PodLogs("logs", args(), opts))
    group = of_type(graph, "LogGroup")["logs"].inputs
    assert group["name"] == group_name(CLUSTER)
    assert group["retentionInDays"] == 90
    assert group["kmsKeyId"] == KEY
    stream = of_type(graph, "LogStream")["logs"].inputs
    assert stream["logGroupName"] == group["name"]


def test_the_agent_writes_to_the_group_and_the_stream() -> None:
    found: list[bindings.PodLogs] = []
    captured(lambda opts: found.append(PodLogs("logs", args(), opts).binding))
    (binding,) = found
    assert binding.exporter == {
        "logs_endpoint": f"https://logs.{REGION}.amazonaws.com/v1/logs",
        "headers": {"x-aws-log-group": group_name(CLUSTER), "x-aws-log-stream": "pods"},
        "auth": {"authenticator": "sigv4auth"},
    }
    assert binding.extensions == {"sigv4auth": {"region": REGION, "service": "logs"}}
    assert binding.ready


def test_contract() -> None:
    check_contract(lambda opts: PodLogs("logs", args(), opts))


def args() -> PodLogsArgs:
    return PodLogsArgs(cluster_name=CLUSTER, region=REGION, retention_days=90, key_arn=KEY, tags=TAGS)
