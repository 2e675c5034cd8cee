"""Nobody listens in: encrypted connections to data services, buckets and the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from infra.graph import UNKNOWN, Resource
from policy.rules.exposure import statements
from policy.rules.model import Rule, Scope, Violation
from policy.rules.values import Demand, at, failing, is_, present, texts, true

_TLS = "Take encrypted connections only."
DEMANDS: Final = (
    Demand(
        "aws:elasticache/replicationGroup:ReplicationGroup", "transitEncryptionEnabled", true,
        "takes plain connections", _TLS,
    ),
    Demand(
        "aws:elasticache/replicationGroup:ReplicationGroup", "transitEncryptionMode", is_("required"),
        "takes plain connections too", _TLS,
    ),
    Demand(
        "aws:rds/instance:Instance", "parameterGroupName", present,
        "the default parameters take plain connections", "Name a parameter group that sets rds.force_ssl.",
    ),
    Demand(
        "gcp:redis/cluster:Cluster", "transitEncryptionMode",
        is_("TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION"), "takes plain connections", _TLS,
    ),
    Demand(
        "gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.sslMode",
        is_("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"), "takes plain connections", _TLS,
    ),
)  # fmt: skip
MODES: Final = (("PGHOST", "PGSSLMODE"), ("DATABASE_HOST", "DATABASE_SSLMODE"))
"""Variables of a Job that connects to the database: which names the server, which says how to check it."""
PRISMA: Final = "DATABASE_SSLMODE"
"""Of LiteLLM's migrations: their driver checks chain and name together or neither, and a certificate of Cloud
SQL carries no name (https://cloud.google.com/sql/docs/postgres/configure-ssl-instance)."""
CLOUD_SQL: Final = "gcp:sql/databaseInstance:DatabaseInstance"
LISTENERS: Final = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
SERVICE: Final = "kubernetes:core/v1:Service"


def _tls(scope: Scope) -> Iterator[Violation]:
    yield from failing(scope, DEMANDS)
    for group in scope.subjects("aws:rds/parameterGroup:ParameterGroup"):
        if not _forced(group.inputs.get("parameters")):
            yield Violation(group.urn, f"{group.name}: takes plain connections", "Set rds.force_ssl to 1.")
    for bucket in scope.subjects("aws:s3/bucket:Bucket"):
        policies = scope.companions(bucket, "aws:s3/bucketPolicy:BucketPolicy")
        if not any(
            p.inputs.get("policy") == UNKNOWN or _denies_plain(p.inputs.get("policy")) for p in policies
        ):
            yield Violation(
                bucket.urn,
                f"{bucket.name}: takes plain connections",
                "Give it a BucketPolicy that denies requests without aws:SecureTransport.",
            )
    for gateway in scope.subjects(LISTENERS):
        for listener in at(gateway.inputs, "spec.listeners[]"):
            if _unencrypted(listener):
                yield Violation(
                    gateway.urn,
                    f"{gateway.name}: an HTTPS listener without a certificate",
                    "Name its certificate.",
                )


def _verified(scope: Scope) -> Iterator[Violation]:
    nameless = any(resource.type == CLOUD_SQL for resource in scope.graph.resources)
    for release in scope.subjects("kubernetes:helm.sh/v3:Release"):
        (pooler,) = at(release.inputs, "values.config.pgbouncer")
        if isinstance(pooler, dict) and not _checks_server(pooler.get("server_tls_sslmode")):
            yield _unverified(release, "server_tls_sslmode")
    for job in scope.subjects("kubernetes:batch/v1:Job"):
        for given in _environments(job):
            for host, mode in MODES:
                exempt = mode == PRISMA and nameless and given.get(mode) == "require"
                if host in given and not exempt and not _checks_server(given.get(mode)):
                    yield _unverified(job, mode)


def _environments(job: Resource) -> Iterator[dict[str, JsonValue]]:
    """Variables of every container of a Job."""
    for kind in ("containers", "initContainers"):
        for container in at(job.inputs, f"spec.template.spec.{kind}[]"):
            entries = [entry for entry in at(container, "env[]") if isinstance(entry, dict)]
            yield {str(entry.get("name")): entry.get("value") for entry in entries}


def _checks_server(mode: JsonValue) -> bool:
    return mode in ("verify-ca", "verify-full", UNKNOWN)


def _unverified(client: Resource, setting: str) -> Violation:
    return Violation(
        client.urn,
        f"{client.name}: does not check which server answers as the database ({setting})",
        "Set postgres.caBundle to the authority of the region's databases.",
    )


def _forced(parameters: JsonValue) -> bool:
    found = parameters if isinstance(parameters, list) else []
    return parameters == UNKNOWN or any(
        isinstance(one, dict) and one.get("name") == "rds.force_ssl" and one.get("value") in ("1", UNKNOWN)
        for one in found
    )


def _denies_plain(document: JsonValue) -> bool:
    return any(
        one.get("Effect") == "Deny"
        and "false" in [text for v in at(one, "Condition.Bool.aws:SecureTransport") for text in texts(v)]
        for one in statements(document)
    )


def _unencrypted(listener: JsonValue) -> bool:
    if not isinstance(listener, dict) or listener.get("protocol") not in ("HTTPS", "TLS"):
        return False
    return not any(present(value) for value in at(listener, "tls.certificateRefs"))


RULES: Final = (
    Rule(
        "encrypted-connections",
        "Databases, caches and buckets refuse plain connections; HTTPS listeners have a certificate.",
        "high",
        _tls,
    ),
    Rule(
        "verified-database",
        "Clients of the database check its certificate.",
        "high",
        _verified,
    ),
)
