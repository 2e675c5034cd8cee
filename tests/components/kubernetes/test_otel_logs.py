"""The log agent: reads all pods of its node but itself, forgets nothing, may do little."""

from __future__ import annotations

from typing import Any

from components.bindings import PodLogs
from components.kubernetes.otel_logs import agent_values
from sizing.specs import Container, Workload
from tests.contracts import checker

LOGS = PodLogs(
    exporter={"logs_endpoint": "https://logs.test/v1/logs", "auth": {"authenticator": "signer"}},
    extensions={"signer": {"region": "here"}},
    max_request_bytes=1_000_000,
)
WORKLOAD = Workload(
    name="otel-logs",
    release="otel-logs",
    namespace="monitoring",
    kind="DaemonSet",
    node_group="all",
    replicas=0,
    containers=(Container(name="otel-logs", cpu_request_m=51, memory_request_mib=161, memory_limit_mib=161),),
    priority_class="system-node-critical",
    source="test",
)


def values() -> dict[str, Any]:
    return agent_values(WORKLOAD, LOGS, {"role": "log-agent"})


def config() -> Any:
    return values()["alternateConfig"]


def test_contract() -> None:
    assert checker.chart_problems("opentelemetry-collector", values()) == []


def test_it_runs_on_every_node_with_the_plans_figures() -> None:
    found = values()
    assert found["mode"] == "daemonset"
    assert found["resources"] == WORKLOAD.container("otel-logs").resources()
    assert found["tolerations"] == [{"operator": "Exists"}]
    assert found["priorityClassName"] == "system-node-critical"
    assert found["serviceAccount"]["annotations"] == {"role": "log-agent"}


def test_it_reads_every_pod_but_itself() -> None:
    files = config()["receivers"]["file_log"]
    assert files["include"] == ["/var/log/pods/*/*/*.log"]
    assert files["exclude"] == ["/var/log/pods/monitoring_otel-logs-*/*/*.log"]
    assert files["operators"] == [{"type": "container"}]


def test_a_new_agent_goes_on_where_the_last_one_ended() -> None:
    found, mounts = config(), {m["mountPath"]: m for m in values()["extraVolumeMounts"]}
    directory = found["extensions"]["file_storage"]["directory"]
    assert "readOnly" not in mounts[directory]
    volumes = {v["name"]: v["hostPath"]["path"] for v in values()["extraVolumes"]}
    assert volumes[mounts[directory]["name"]] == directory
    assert found["receivers"]["file_log"]["storage"] == "file_storage"
    assert found["exporters"]["otlp_http/logs"]["sending_queue"]["storage"] == "file_storage"


def test_what_cannot_be_sent_waits() -> None:
    exporter = config()["exporters"]["otlp_http/logs"]
    assert exporter["retry_on_failure"] == {"enabled": True, "max_elapsed_time": "0s"}
    assert exporter["sending_queue"]["block_on_overflow"] is True
    assert exporter["sending_queue"]["batch"]["max_size"] == LOGS.max_request_bytes


def test_the_cloud_decides_where_to() -> None:
    found = config()
    assert found["exporters"]["otlp_http/logs"]["logs_endpoint"] == "https://logs.test/v1/logs"
    assert found["extensions"]["signer"] == {"region": "here"}
    assert set(found["service"]["extensions"]) == set(found["extensions"])


def test_root_without_capabilities_and_two_directories() -> None:
    found = values()
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert found["serviceAccount"]["automountServiceAccountToken"] is False
    writable = [m["mountPath"] for m in found["extraVolumeMounts"] if not m.get("readOnly")]
    assert writable == ["/var/lib/otelcol"]
    assert [name for name, port in found["ports"].items() if port["enabled"]] == ["metrics"]
