"""Helm values of Jaeger 2: one program whose configuration decides where traces are kept. Guide 2.7, D20.

https://github.com/jaegertracing/jaeger/tree/v2.20.0/cmd/jaeger
"""

from __future__ import annotations

import hashlib
import json

from components.kubernetes.elasticsearch import CA_SECRET, ENDPOINT, PASSWORD_KEY, USER, USER_SECRET
from components.kubernetes.images import JAEGER, JAEGER_INDEX_CLEANER, JAEGER_REGISTRY
from components.kubernetes.otel import (
    BATCH,
    HEALTH_PORT,
    MEMORY_LIMITER,
    own_metrics,
    receivers,
)
from components.kubernetes.placement import labels_of, pod_affinity, spread_constraints
from components.kubernetes.security import READ_ONLY, not_root
from sizing.specs import Container, ObservabilitySpec, Workload, Workloads

RELEASE = "jaeger"
QUERY_PORT = 16686
QUERY_GRPC_PORT = 16685

LABELS = {**labels_of("jaeger", RELEASE), "app.kubernetes.io/component": "all-in-one"}
"""The pods' labels; the chart calls every installation "all-in-one"."""

TRACE_KIB = 64
"""Assumed size of one trace of a call to a model, prompt and answer included, with Go's overhead."""

MEMORY_SHARE = 0.5
"""Share of the memory limit that traces may fill: the store counts traces, not bytes."""

LOCAL_RETENTION_H = 48
"""Retention on a local disk: long enough for an incident and the day after."""

CLUSTER_RETENTION_DAYS = 7
"""Retention in Elasticsearch; a nightly job deletes older indices, nothing else would."""

BADGER_CLAIM = "jaeger-badger"
BADGER_DIR = "/badger"
CREDENTIALS_DIR = "/elasticsearch"
PASSWORD_RELOAD = "60s"  # noqa: S105 - an interval
"""How often the password file is read again, so that a rotated password needs no restart."""

_UID = 10001  # the image's user


CLEANER = "jaeger-es-index-cleaner"
"""The CronJob's workload and its container."""


def jaeger_values(spec: ObservabilitySpec, workloads: Workloads) -> dict[str, object]:
    """Values of the one release, whatever the backend.

    Raises:
        ValueError: several replicas over a store that only one process can open.
    """
    workload = workloads[RELEASE]
    shared = spec.jaeger_backend == "elasticsearch"
    if workload.replicas > 1 and not shared:
        raise ValueError(
            f"jaeger: {workload.replicas} replicas cannot share the {spec.jaeger_backend} store; use 1 "
            "replica or the elasticsearch backend"
        )
    config = jaeger_config(spec, workload)
    values: dict[str, object] = {
        "userconfig": config,
        "jaeger": {
            "replicas": workload.replicas,
            "resources": workload.container("jaeger").resources(),
            "image": {"registry": JAEGER_REGISTRY, "repository": JAEGER.repository, "tag": JAEGER.tag},
            "strategy": _strategy(shared),
            "extraEnv": _environment(workload.container("jaeger")),
            # The chart mounts the configuration without a checksum; without this a change would go unnoticed.
            "podLabels": {"ai-gateway/config": _digest(config)},
            "serviceAccount": {"automountServiceAccountToken": False},
            "podSecurityContext": not_root(_UID),
            "securityContext": dict(READ_ONLY),
            "affinity": pod_affinity(workload, LABELS),
            "topologySpreadConstraints": spread_constraints(workload, LABELS),
            **_volumes(spec),
        },
    }
    return {**values, **_index_cleaner(workloads[CLEANER])} if shared else values


def jaeger_config(spec: ObservabilitySpec, workload: Workload) -> dict[str, object]:
    """Jaeger's own configuration: receives OTLP, writes to the backend, serves the query API and the UI."""
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            "telemetry": {"resource": {"service.name": "jaeger"}, **own_metrics()},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["jaeger_storage_exporter"],
                }
            },
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
            "jaeger_query": {
                "storage": {"traces": "main"},
                "http": {"endpoint": f"0.0.0.0:{QUERY_PORT}"},
                "grpc": {"endpoint": f"0.0.0.0:{QUERY_GRPC_PORT}"},
            },
            "jaeger_storage": {"backends": {"main": _backend(spec, workload)}},
        },
        "receivers": receivers(),
        "processors": {"memory_limiter": MEMORY_LIMITER, "batch": BATCH},
        # Retry is off by default: a restart of the store would lose what arrives meanwhile.
        "exporters": {
            "jaeger_storage_exporter": {"trace_storage": "main", "retry_on_failure": {"enabled": True}}
        },
    }


def _backend(spec: ObservabilitySpec, workload: Workload) -> dict[str, object]:
    match spec.jaeger_backend:
        case "memory":
            return {"memory": {"max_traces": max_traces(workload.container("jaeger"))}}
        case "badger":
            directories = {"keys": f"{BADGER_DIR}/keys", "values": f"{BADGER_DIR}/values"}
            ttl = {"spans": f"{LOCAL_RETENTION_H}h"}
            return {"badger": {"ephemeral": False, "directories": directories, "ttl": ttl}}
        case "elasticsearch":
            return {"elasticsearch": _elasticsearch(spec.elasticsearch_nodes)}


def _elasticsearch(nodes: int) -> dict[str, object]:
    """Daily indices, a shard per node, one copy more when there is a second node to hold it."""
    index = {"shards": nodes, "replicas": min(1, nodes - 1)}
    basic = {
        "username": USER,
        "password_file": f"{CREDENTIALS_DIR}/user/{PASSWORD_KEY}",
        "reload_interval": PASSWORD_RELOAD,
    }
    return {
        "server_urls": [ENDPOINT.url(scheme="https")],
        "auth": {"basic": basic},
        "tls": {"ca_file": f"{CREDENTIALS_DIR}/ca/ca.crt"},
        "max_span_age": f"{CLUSTER_RETENTION_DAYS * 24}h",
        "indices": dict.fromkeys(("spans", "services", "dependencies", "sampling"), index),
    }


def max_traces(container: Container) -> int:
    """How many traces the in-memory store may keep so that they fill ``MEMORY_SHARE`` of the limit."""
    limit_mib = container.memory_limit_mib or container.memory_request_mib
    return int(limit_mib * MEMORY_SHARE * 1024) // TRACE_KIB


def _strategy(shared: bool) -> dict[str, object]:
    """A store of its own is opened by one process at a time: the old pod goes before the new one comes."""
    if not shared:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def _environment(container: Container) -> list[dict[str, str]]:
    """The listen address (localhost by default), and the point at which Go collects garbage in earnest."""
    variables = [{"name": "JAEGER_LISTEN_HOST", "value": "0.0.0.0"}]  # noqa: S104
    if container.memory_limit_mib is not None:
        variables.append({"name": "GOMEMLIMIT", "value": f"{container.memory_limit_mib * 8 // 10}MiB"})
    return variables


def _volumes(spec: ObservabilitySpec) -> dict[str, object]:
    match spec.jaeger_backend:
        case "memory":
            return {}
        case "badger":
            return {
                "extraVolumes": [{"name": "badger", "persistentVolumeClaim": {"claimName": BADGER_CLAIM}}],
                "extraVolumeMounts": [{"name": "badger", "mountPath": BADGER_DIR}],
            }
        case "elasticsearch":
            mounts = {"user": USER_SECRET, "ca": CA_SECRET}
            return {
                "extraVolumes": [
                    {"name": name, "secret": {"secretName": secret}} for name, secret in mounts.items()
                ],
                "extraVolumeMounts": [
                    {"name": name, "mountPath": f"{CREDENTIALS_DIR}/{name}", "readOnly": True}
                    for name in mounts
                ],
            }


def _index_cleaner(workload: Workload) -> dict[str, object]:
    password = {"secretKeyRef": {"name": USER_SECRET, "key": PASSWORD_KEY}}
    user_id = 1000  # the image names no user by number
    return {
        "storage": {"type": "elasticsearch", "elasticsearch": {"url": ENDPOINT.url(scheme="https")}},
        "esIndexCleaner": {
            "enabled": True,
            "numberOfDays": CLUSTER_RETENTION_DAYS,
            "image": {
                "registry": JAEGER_REGISTRY,
                "repository": JAEGER_INDEX_CLEANER.repository,
                "tag": JAEGER_INDEX_CLEANER.tag,
            },
            "resources": workload.container(CLEANER).resources(),
            "podSecurityContext": not_root(user_id),
            "securityContext": {**READ_ONLY, "runAsUser": user_id},
            "extraEnv": [
                {"name": "ES_USERNAME", "value": USER},
                {"name": "ES_PASSWORD", "valueFrom": password},
                {"name": "ES_TLS_ENABLED", "value": "true"},
                {"name": "ES_TLS_CA", "value": f"{CREDENTIALS_DIR}/ca/ca.crt"},
            ],
            "extraSecretMounts": [
                {
                    "name": "ca",
                    "mountPath": f"{CREDENTIALS_DIR}/ca",
                    "secretName": CA_SECRET,
                    "readOnly": True,
                }
            ],
        },
    }


def _digest(config: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]
