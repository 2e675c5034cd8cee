"""Vault, secrets, certificates, metrics and traces: what the request path rests on (guide 2.6, 2.7).

Targets that are down, disks that fill, pods that crash or are not ready, failed Jobs and nodes are the rules
of kube-prometheus-stack, which are installed with it; here is what those cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator

from sizing.alerts import presence
from sizing.alerts.figures import (
    CERTIFICATE_DAYS,
    QUEUE_FILL,
    RETENTION_FILL,
    SNAPSHOT_AGE_H,
)
from sizing.alerts.model import Alert, Level, levels
from sizing.alerts.presence import KNOWN, PLATFORM, TELEMETRY
from sizing.plan import Plan

VAULT = "ai-gateway.vault"
DAY_S, HOUR_S = 86_400, 3_600
_READY = 'kube_statefulset_status_replicas_ready{namespace="vault", statefulset="vault"}'
SNAPSHOT = 'max by (cronjob) (kube_cronjob_status_last_successful_time{namespace="vault"})'
_SNAPSHOT_JOB = 'max by (cronjob) (kube_cronjob_created{namespace="vault"})'
"""Before the first success there is no time of one; then the age counts from the CronJob's beginning."""
_NOT_READY = 'externalsecret_status_condition{condition="Ready", status="False"}'
_CERTIFICATE_END = "certmanager_certificate_expiration_timestamp_seconds"


def alerts(plan: Plan) -> Iterator[Alert]:
    """All alerts of this module."""
    yield from presence.down(plan)
    yield from _vault(plan)
    yield from _secrets()
    yield from _traces()
    yield from _metrics(plan)
    yield from presence.missing(plan)
    if plan.platform.observability.thanos:
        yield from _thanos()


def quorum(servers: int) -> int:
    """Raft servers that must be there for the others to be of use."""
    return servers // 2 + 1


def _vault(plan: Plan) -> Iterator[Alert]:
    """A sealed server is no longer ready and soon has no metrics, so both are counted, not looked at."""
    servers = plan.platform.vault.replicas
    several = (Level("warning", servers),) if servers > 1 else ()
    source = f"guide 2.6: {servers} servers, {quorum(servers)} are a quorum"
    yield Alert(
        name="VaultSealed",
        group=VAULT,
        expr="count(vault_core_unsealed == 1) or vector(0)",
        op="<",
        levels=(*several, Level("critical", quorum(servers))),
        unit="count",
        for_="5m",
        summary="Vault servers are sealed or away",
        action="Auto-unseal needs the seal key and the pods' identity: see the server's log.",
        source=source,
    )
    yield Alert(
        name="VaultQuorumLost",
        group=VAULT,
        expr=f"(sum({_READY}) or vector(0)) and {KNOWN}",
        op="<",
        levels=(Level("critical", quorum(servers)),),
        unit="count",
        for_="2m",
        summary="Too few Vault servers are ready: it answers nobody",
        action="Bring pods back (nodes, volumes in lost zones); restore a snapshot only after that fails.",
        source=source,
    )
    yield from _vault_upkeep()


def _vault_upkeep() -> Iterator[Alert]:
    """What a Vault that answers may still lack."""
    yield Alert(
        name="VaultWithoutLeader",
        group=VAULT,
        expr="sum(vault_core_active) or vector(0)",
        op="!=",
        levels=(Level("critical", 1),),
        unit="count",
        for_="5m",
        summary="Vault has no leader, or two claim to be",
        action="See the servers' raft messages and the network between zones.",
        source="Vault: one active server",
    )
    yield Alert(
        name="VaultAuditFailing",
        group=VAULT,
        expr="sum(increase(vault_audit_log_request_failure[10m]))"
        " + sum(increase(vault_audit_log_response_failure[10m]))",
        op=">",
        levels=(Level("critical", 0),),
        unit="count",
        for_="1m",
        summary="Vault cannot write its audit log",
        action="Its volume is full or gone; Vault stops answering when no audit device works.",
        source="https://developer.hashicorp.com/vault/docs/audit#blocked-audit-devices",
    )
    yield Alert(
        name="VaultSnapshotOld",
        group=VAULT,
        expr=f"time() - ({SNAPSHOT} or {_SNAPSHOT_JOB})",
        op=">",
        levels=levels(*(hours * HOUR_S for hours in SNAPSHOT_AGE_H)),
        unit="seconds",
        for_="5m",
        summary="{{ $labels.cronjob }}: the last good snapshot of Vault is old, or there was none",
        action="See the last Job's log: Vault's role, the bucket, the identity.",
        source="D17: a snapshot every hour",
    )


def _secrets() -> Iterator[Alert]:
    yield Alert(
        name="SecretNotSynced",
        group=PLATFORM,
        expr=f"max by (exported_namespace, name) ({_NOT_READY})",
        op="==",
        levels=levels(1),
        unit="count",
        for_="30m",
        summary="{{ $labels.exported_namespace }}/{{ $labels.name }}: the secret store cannot be read",
        action="See the ExternalSecret's events: name of the entry, property, the controller's identity.",
        source="ours: two refreshes missed",
    )
    yield Alert(
        name="CertificateExpires",
        group=PLATFORM,
        expr=f"min by (exported_namespace, name) ({_CERTIFICATE_END}) - time()",
        op="<",
        levels=levels(*(days * DAY_S for days in CERTIFICATE_DAYS)),
        unit="seconds",
        for_="1h",
        summary="{{ $labels.exported_namespace }}/{{ $labels.name }}: the certificate was not renewed",
        action="See the Certificate's events and its issuer.",
        source="ours: cert-manager renews long before",
    )


def _lost() -> str:
    """Each counter is there only once it has counted, so no sum may need all of them; and as ``rate`` drops
    the names, ``or`` needs something else to tell them apart."""
    counted = " or ".join(
        f'label_replace(rate(otelcol_exporter_{how}_failed_{what}[5m]), "lost", "{how} {what}", "", "")'
        for what in ("spans", "metric_points", "log_records")
        for how in ("send", "enqueue")
    )
    return f"sum by (job, exporter) ({counted})"


def _traces() -> Iterator[Alert]:
    yield Alert(
        name="TelemetryLost",
        group=TELEMETRY,
        expr=_lost(),
        op=">",
        levels=levels(0),
        unit="count",
        for_="10m",
        summary="{{ $labels.job }}: what it sends does not reach {{ $labels.exporter }}",
        action="See the receiving side: Jaeger and its storage, Prometheus, the log service. Requests are"
        " served all the same.",
        source="OpenTelemetry collector",
    )
    yield Alert(
        name="TelemetryQueueFull",
        group=TELEMETRY,
        expr="max by (job, exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)",
        op=">",
        levels=levels(QUEUE_FILL),
        unit="ratio",
        for_="10m",
        summary="{{ $labels.job }}: the queue to {{ $labels.exporter }} fills",
        action="The receiving side is slow or away; add collectors only if it is not.",
        source="ours",
    )


def _metrics(plan: Plan) -> Iterator[Alert]:
    yield Alert(
        name="MetricsRetentionBySize",
        group=TELEMETRY,
        expr="max by (pod) (prometheus_tsdb_storage_blocks_bytes / prometheus_tsdb_retention_limit_bytes)",
        op=">",
        levels=levels(RETENTION_FILL),
        unit="ratio",
        for_="1h",
        summary="{{ $labels.pod }}: deletes metrics before their time",
        action="Raise observability.prometheus.storageGib or find the series that grew.",
        source=f"guide 3.3: {plan.platform.observability.prometheus_storage_gib} GiB",
    )


def _thanos() -> Iterator[Alert]:
    yield Alert(
        name="LongTermMetricsHalted",
        group=TELEMETRY,
        expr="max by (job) (thanos_compact_halted)",
        op="==",
        levels=levels(1),
        unit="count",
        for_="5m",
        summary="Thanos' compactor has stopped: nothing is compacted or deleted",
        action="See its log for the block that it cannot take; it does not go on by itself.",
        source="https://thanos.io/tip/components/compact.md/",
    )
    yield Alert(
        name="LongTermMetricsNotUploaded",
        group=TELEMETRY,
        expr="sum by (pod) (increase(thanos_shipper_upload_failures_total[30m]))",
        op=">",
        levels=levels(0),
        unit="count",
        for_="30m",
        summary="{{ $labels.pod }}: blocks do not reach the bucket",
        action="See the sidecar's log: identity, bucket, key. Local retention is the time there is.",
        source="D20",
    )
