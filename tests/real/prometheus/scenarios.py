"""What the exporters would say when a figure has a given value: input series for ``promtool test rules``.

``scenario(alert, cloud)(plan, value)`` gives series under which the alert's own expression has that value.
They are written from the exporters' side, by metric names and labels, and share no expression with the rules.
"""

from __future__ import annotations

from collections.abc import Mapping

from sizing import choices
from sizing.alerts.model import Alert
from sizing.plan import Plan
from tests.real.prometheus.managed import CLOUDS, SOMETHING, missing
from tests.real.prometheus.series import SETTLED_S, Scenario, Series, flat, gauge, growing, histogram, rate


def _edge_errors(_plan: Plan, value: float) -> Series:
    return {
        'agentgateway_requests_total{status="200"}': growing(10 * (1 - value)),
        'agentgateway_requests_total{status="503"}': growing(6 * value),
        'agentgateway_requests_total{status="408"}': growing(4 * value),
    }


OUR_FAILURES = (
    ("500", "Hosted_vllm.InternalServerError"), ("500", "ProxyException"),
    ("408", "Hosted_vllm.Timeout"), ("408", "Timeout"), ("429", "RouterRateLimitError"),
    ("429", "RouterRateLimitErrorBasic"), ("401", "Hosted_vllm.AuthenticationError"),
    ("402", "Openai.APIError"), ("403", "Bedrock.PermissionDeniedError"), ("404", "Openai.NotFoundError"),
    ("429", "Openai.RateLimitError"),
)  # fmt: skip
CALLERS_FAILURES = (
    ("401", "ProxyException"), ("429", "HTTPException"), ("429", "BudgetExceededError"),
    ("400", "BudgetExceededError"), ("403", "ProxyException"), ("404", "NotFoundError"),
    ("400", "Hosted_vllm.ContextWindowExceededError"), ("400", "Openai.ContentPolicyViolationError"),
    ("499", "HTTPException"),
)  # fmt: skip
"""Status and class as LiteLLM labels them: whose fault is not in the status."""


def _litellm_errors(_plan: Plan, value: float) -> Series:
    name = "litellm_proxy_failed_requests_metric_total"

    def failed(status: str, kind: str) -> str:
        return f'{name}{{exception_status="{status}",exception_class="{kind}"}}'

    ours = 10 * value / len(OUR_FAILURES)
    return {
        "litellm_proxy_total_requests_metric_total": growing(10),
        **{failed(*one): growing(ours) for one in OUR_FAILURES},
        **{failed(*one): growing(1) for one in CALLERS_FAILURES},
    }


def _cpu(_plan: Plan, value: float) -> Series:
    pod = 'namespace="litellm",pod="litellm-1"'
    return {
        f"node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m"
        f'{{{pod},container="litellm"}}': flat(4 * value),
        f'cluster:namespace:pod_cpu:active:kube_pod_container_resource_requests{{{pod},container="a"}}': flat(
            3
        ),
        f'cluster:namespace:pod_cpu:active:kube_pod_container_resource_requests{{{pod},container="b"}}': flat(
            1
        ),
        f'namespace_workload_pod:kube_pod_owner:relabel{{{pod},workload="litellm"}}': flat(1),
    }


def _memory(_plan: Plan, value: float) -> Series:
    pod, box = 'namespace="vault",pod="vault-0"', 'container="vault"'
    return {
        f'container_memory_working_set_bytes{{{pod},{box},image="i"}}': flat(1000 * value),
        f'container_memory_working_set_bytes{{{pod},container="",image=""}}': flat(9999),
        f'kube_pod_container_resource_limits{{{pod},{box},resource="memory"}}': flat(1000),
        f'kube_pod_container_resource_limits{{{pod},{box},resource="cpu"}}': flat(1),
        f'namespace_workload_pod:kube_pod_owner:relabel{{{pod},workload="vault"}}': flat(1),
    }


def _autoscaler(_plan: Plan, value: float) -> Series:
    """``value`` 1: at its maximum of 8; another: one below. One whose minimum is its maximum stays beside."""
    hpa, fixed = (f'namespace="litellm",horizontalpodautoscaler="{name}"' for name in ("litellm", "fixed"))
    name = "kube_horizontalpodautoscaler"
    return {
        f"{name}_status_current_replicas{{{hpa}}}": flat(8 if value == 1 else 7),
        f"{name}_spec_max_replicas{{{hpa}}}": flat(8),
        f"{name}_spec_min_replicas{{{hpa}}}": flat(2),
        f"{name}_status_current_replicas{{{fixed}}}": flat(3),
        f"{name}_spec_max_replicas{{{fixed}}}": flat(3),
        f"{name}_spec_min_replicas{{{fixed}}}": flat(3),
    }


def _nodes(pool: str) -> Scenario:
    def made(_plan: Plan, value: float) -> Series:
        return {
            f'kube_node_labels{{node="n{n}",label_ai_gateway_pool="{pool}"}}': flat(1)
            for n in range(round(value))
        }

    return made


def _servers(metric: str) -> Scenario:
    """So many servers for which the metric is 1, and one for which it is 0."""

    def made(_plan: Plan, value: float) -> Series:
        up = {f'{metric}{{pod="vault-{n}"}}': flat(1) for n in range(round(value))}
        return {**up, f'{metric}{{pod="vault-x"}}': flat(0)}

    return made


def _clients(_plan: Plan, value: float) -> Series:
    pod = 'pod="pgbouncer-1",database="litellm",user="app"'
    return {
        f"pgbouncer_pools_client_active_connections{{{pod}}}": flat(value * 0.75),
        f"pgbouncer_pools_client_waiting_connections{{{pod}}}": flat(value * 0.25),
    }


def _spend_log(plan: Plan, value: float) -> Series:
    days = plan.platform.litellm.spend_log_retention_days
    per_second = value / (choices.SPEND_LOG_ROW_BYTES * 86_400 * days)
    return {"litellm_proxy_total_requests_metric_total": growing(per_second)}


def _ratio(over: str, under: str, labels: str) -> Scenario:
    return lambda _plan, value: {
        f"{over}{{{labels}}}": flat(1000 * value),
        f"{under}{{{labels}}}": flat(1000),
    }


def _two_counters(first: str, second: str, window_s: float) -> Scenario:
    return lambda _plan, value: {
        first: growing(value * 0.6 / window_s),
        second: growing(value * 0.4 / window_s),
    }


_HPA_STATUS = 'kube_horizontalpodautoscaler_status_condition{namespace="vllm",horizontalpodautoscaler="h"'
_XID = 'DCGM_FI_DEV_XID_ERRORS{gpu="0",hostname="n"}'
_ES = 'externalsecret_status_condition{exported_namespace="a",name="b",condition="Ready",status="False"}'
_CERT = 'certmanager_certificate_expiration_timestamp_seconds{exported_namespace="a",name="b"}'
SPANS = 'job="otel-collector",exporter="otlp_grpc/jaeger"'


def _expiry(_plan: Plan, value: float) -> Series:
    """A certificate that has the value left when the series have settled; the clock runs on from there."""
    return {_CERT: flat(value + SETTLED_S)}


def _snapshot(_plan: Plan, value: float) -> Series:
    """A snapshot as old as the value when the series have settled. Before the epoch time is negative."""
    job = 'namespace="vault",cronjob="s"'
    return {f"kube_cronjob_status_last_successful_time{{{job}}}": flat(SETTLED_S - value)}


def _available(namespace: str, deployment: str) -> Scenario:
    """``value`` 1: none of its pods is ready; else one is."""
    name = f'kube_deployment_status_replicas_available{{namespace="{namespace}",deployment="{deployment}"}}'
    return lambda _plan, value: {name: flat(0 if value == 1 else 1), SOMETHING: flat(3)}


def _vault_ready(_plan: Plan, value: float) -> Series:
    ready = 'kube_statefulset_status_replicas_ready{namespace="vault",statefulset="vault"}'
    return {ready: flat(value), SOMETHING: flat(3)}


SHARED: Mapping[str, Scenario] = {
    "RequestRateBeyondProfile": rate('agentgateway_requests_total{status="200"}'),
    "RequestRateHigh": rate('agentgateway_requests_total{status="200"}'),
    "GatewayErrors": _edge_errors,
    "LitellmErrors": _litellm_errors,
    "ModelUnavailable": rate(
        'litellm_deployment_cooled_down_total{model_id="m",exception_status="500"}', 300
    ),
    "FirstTokenSlow": histogram("litellm_llm_api_time_to_first_token_metric"),
    "GatewayOverheadSlow": histogram("litellm_overhead_latency_metric"),
    "RequestQueueDeep": gauge('vllm:num_requests_waiting{model_name="m",engine="0"}'),
    "WorkloadCpuHigh": _cpu,
    "WorkloadMemoryHigh": _memory,
    "AutoscalerAtMaximum": _autoscaler,
    "AutoscalerBlind": gauge(f'{_HPA_STATUS},condition="ScalingActive",status="false"}}'),
    "EngineScalerFailing": rate('keda_scaler_detail_errors_total{scaledObject="s"}', 600),
    "CpuNodesAtMaximum": _nodes("cpu"),
    "GpuNodesAtMaximum": _nodes("gpu"),
    "PodsUnschedulable": gauge('kube_pod_status_unschedulable{namespace="vllm",pod="p"}'),
    "KvCacheFull": gauge('vllm:kv_cache_usage_perc{model_name="m",engine="0"}'),
    "EngineFirstTokenSlow": histogram("vllm:time_to_first_token_seconds", 'model_name="m",engine="0"'),
    "GpuFault": gauge(_XID),
    "PoolNearLimit": gauge('pgbouncer_pools_server_active_connections{pod="p",database="d",user="u"}'),
    "PoolClientsNearLimit": _clients,
    "PoolClientsWaiting": gauge('pgbouncer_pools_client_maxwait_seconds{pod="p",database="d",user="u"}'),
    "SpendLogOutgrowsDisk": _spend_log,
    "GatewayDown": _available("agentgateway-system", "edge"),
    "LitellmDown": _available("litellm", "litellm"),
    "PoolDown": _available("database", "pgbouncer"),
    "VaultSealed": _servers("vault_core_unsealed"),
    "VaultQuorumLost": _vault_ready,
    "VaultWithoutLeader": _servers("vault_core_active"),
    "VaultAuditFailing": _two_counters(
        "vault_audit_log_request_failure", "vault_audit_log_response_failure", 600
    ),
    "VaultSnapshotOld": _snapshot,
    "SecretNotSynced": gauge(_ES),
    "CertificateExpires": _expiry,
    "TelemetryLost": _two_counters(
        f"otelcol_exporter_send_failed_spans{{{SPANS}}}",
        f"otelcol_exporter_enqueue_failed_spans{{{SPANS}}}",
        1,
    ),
    "TelemetryQueueFull": _ratio("otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity", SPANS),
    "MetricsRetentionBySize": _ratio(
        "prometheus_tsdb_storage_blocks_bytes", "prometheus_tsdb_retention_limit_bytes", 'pod="p"'
    ),
    "LongTermMetricsHalted": gauge('thanos_compact_halted{job="j"}'),
    "LongTermMetricsNotUploaded": rate('thanos_shipper_upload_failures_total{pod="p"}', 1800),
}


def scenario(alert: Alert, cloud: str) -> Scenario:
    """The scenario of an alert on a cloud. KeyError when there is none: every alert needs one."""
    if alert.name in ("MetricsMissing", "CloudMetricsMissing"):
        return missing(cloud, alert.labels["source"])
    return CLOUDS[cloud].get(alert.name) or SHARED[alert.name]
