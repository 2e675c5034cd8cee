"""What the dashboards show. Limits are those of the alerts, so that a line on a graph is where one fires."""

from __future__ import annotations

from sizing.alerts import data, inference, load, platform, resources
from sizing.alerts.panels import Panels, board
from sizing.plan import Plan
from sizing.specs.dashboards import DashboardSpec, PanelSpec

DAY = "1d"
_SERVER, _MODEL = "{{server}}", "{{model_name}}"
_VLLM = '{model_name!=""}'


def dashboards(plan: Plan) -> tuple[DashboardSpec, ...]:
    """All dashboards of a plan."""
    make = _Boards(plan)
    return (
        make.capacity(),
        make.gateway(),
        make.tokens(),
        make.inference(),
        make.database(),
        make.cache(),
        make.vault(),
    )


class _Boards(Panels):
    """The dashboards of one plan."""

    def capacity(self) -> DashboardSpec:
        panel, most = self.panel, self.plan.requirements.litellm.max_rps
        hpa = "kube_horizontalpodautoscaler"
        share = f"{hpa}_status_current_replicas / {hpa}_spec_max_replicas"
        legend = "{{namespace}}/{{workload}}"
        return board(
            "capacity",
            "Capacity",
            (
                "Load against the tier's limits",
                (
                    panel("Requests a second", "requests/s", {"now": load.REQUESTS}, "RequestRateHigh"),
                    panel(
                        "Headroom to what the proxies are sized for",
                        "ratio",
                        {"left": f"1 - {load.REQUESTS} / {most}"},
                        description=f"Guide 2.1: {most} requests/s.",
                    ),
                    panel("Replicas of their maximum", "ratio", {"{{horizontalpodautoscaler}}": share}),
                ),
            ),
            (
                "Resources",
                (
                    panel("CPU of the request", "ratio", {legend: resources.CPU}, "WorkloadCpuHigh"),
                    panel(
                        "Memory of the limit",
                        "ratio",
                        {f"{legend} {{{{container}}}}": resources.MEMORY},
                        "WorkloadMemoryHigh",
                    ),
                    panel("Nodes", "count", {"{{label_ai_gateway_pool}}": resources.POOL_NODES}),
                    panel(
                        "Pods without a node",
                        "count",
                        {"pods": "sum(kube_pod_status_unschedulable)"},
                        "PodsUnschedulable",
                    ),
                ),
            ),
        )

    def gateway(self) -> DashboardSpec:
        panel, edge = self.panel, "agentgateway_request_duration_seconds_bucket"
        quantiles = {
            f"p{q}": f"histogram_quantile(0.{q}, sum by (le) (rate({edge}[$__rate_interval])))"
            for q in (50, 95)
        }
        first, own = {"p95": load.FIRST_TOKEN}, {"p95": load.OVERHEAD}
        return board(
            "gateway",
            "Gateway: latency and errors",
            (
                "Latency",
                (
                    panel("First token, streamed calls (p95)", "seconds", first, "FirstTokenSlow"),
                    panel("LiteLLM's own part (p95)", "seconds", own, "GatewayOverheadSlow"),
                    panel("Whole answers at the way in", "seconds", quantiles),
                ),
            ),
            ("Errors", self._errors()),
            ("Models", self._models()),
        )

    def _errors(self) -> tuple[PanelSpec, ...]:
        panel, edge = self.panel, {"5xx, 408": load.EDGE_ERRORS}
        status = "sum by (status) (rate(agentgateway_requests_total[$__rate_interval]))"
        failed = f"sum by (exception_status, exception_class) (rate({load.FAILED}[$__rate_interval]))"
        return (
            panel("Errors and timeouts at the way in", "ratio", edge, "GatewayErrors"),
            panel("Failures in LiteLLM", "ratio", {"failed": load.LITELLM_ERRORS}, "LitellmErrors"),
            panel("Answers by status", "requests/s", {"{{status}}": status}),
            panel("Failures by status", "requests/s", {"{{exception_status}} {{exception_class}}": failed}),
        )

    def _models(self) -> tuple[PanelSpec, ...]:
        panel, aside = self.panel, "Deployments put aside, times in 5 minutes"
        cooled = f"sum by (model_id) (increase({load.COOLED_DOWN}[5m]))"
        refused = f"sum by (model_id, exception_status) (rate({load.REFUSED}[$__rate_interval]))"
        by_status = {"{{model_id}} {{exception_status}}": refused}
        return (
            panel("In flight", "count", {"requests": "sum(litellm_in_flight_requests)"}),
            panel(aside, "count", {"{{model_id}}": cooled}, "ModelUnavailable"),
            panel("Failed calls by deployment", "requests/s", by_status),
        )

    def tokens(self) -> DashboardSpec:
        panel, top = self.panel, self.plan.requirements.workload.daily_tokens[-1]
        rate = "sum by (model) (rate(litellm_{}_tokens_metric_total[$__rate_interval]))"
        daily = f"sum(increase(litellm_total_tokens_metric_total[{DAY}]))"
        spend = "sum by ({}) (rate(litellm_spend_metric_total[1h])) * 3600"
        own = f"sum by (model_name) (rate(vllm:generation_tokens_total{_VLLM}[$__rate_interval]))"
        return board(
            "tokens",
            "Tokens and cost",
            (
                "Tokens",
                (
                    panel(
                        "Tokens of the last day", "tokens", {"all": daily}, description=f"Guide 1.1: {top}."
                    ),
                    panel("Input tokens", "tokens/s", {"{{model}}": rate.format("input")}),
                    panel("Output tokens", "tokens/s", {"{{model}}": rate.format("output")}),
                    panel("Output tokens of our own engines", "tokens/s", {_MODEL: own}),
                ),
            ),
            (
                "Cost of external models",
                (
                    panel("By model", "usd/h", {"{{model}}": spend.format("model")}),
                    panel("By team", "usd/h", {"{{team_alias}}": spend.format("team_alias")}),
                ),
            ),
        )

    def inference(self) -> DashboardSpec:
        panel = self.panel
        preempted = f"sum by (model_name) (rate(vllm:num_preemptions_total{_VLLM}[$__rate_interval]))"
        running = f"sum by (model_name) (vllm:num_requests_running{_VLLM})"
        waiting = f"sum by (model_name) (vllm:num_requests_waiting{_VLLM})"
        return board(
            "inference",
            "GPUs and vLLM",
            (
                "Engines",
                (
                    panel("Waiting requests", "count", {_MODEL: waiting}, "RequestQueueDeep"),
                    panel("Running requests", "count", {_MODEL: running}),
                    panel("Cache of keys and values", "ratio", {_MODEL: inference.KV_CACHE}, "KvCacheFull"),
                    panel(
                        "First token (p95)",
                        "seconds",
                        {_MODEL: inference.ENGINE_FIRST_TOKEN},
                        "EngineFirstTokenSlow",
                    ),
                    panel("Preemptions", "operations/s", {_MODEL: preempted}),
                ),
            ),
            ("GPUs", (panel("Busy", "percent", {"{{model}}": inference.GPU}, "GpuBusy"),)),
        )

    def database(self) -> DashboardSpec:
        panel, pod = self.panel, "{{pod}}"
        lag = (
            (panel("Replica lag", "seconds", {_SERVER: data.REPLICA_LAG}, "DatabaseReplicaBehind"),)
            if "DatabaseReplicaBehind" in self.alerts
            else ()
        )
        growth = (
            (panel("Free space, of that below which it grows", "ratio", {_SERVER: data.GROWTH}, stuck),)
            if (stuck := "DatabaseStorageNotGrowing") in self.alerts
            else ()
        )
        wait = "max by (pod) (pgbouncer_pools_client_maxwait_seconds)"
        queries = "sum by (pod) (rate(pgbouncer_stats_queries_pooled_total[$__rate_interval]))"
        return board(
            "database",
            "Database and pool",
            (
                "Database",
                (
                    panel("Storage", "ratio", {_SERVER: data.STORAGE}, "DatabaseStorageFull"),
                    *growth,
                    panel("IOPS", "operations/s", {_SERVER: data.IOPS}, "DatabaseIopsHigh"),
                    panel("CPU", "ratio", {_SERVER: data.CPU}, "DatabaseCpuHigh"),
                    panel("Connections", "count", {_SERVER: data.CONNECTIONS}, "DatabaseConnectionsHigh"),
                    *lag,
                    panel(
                        "Request log at its retention",
                        "bytes",
                        {"log": data.SPEND_LOG},
                        "SpendLogOutgrowsDisk",
                    ),
                ),
            ),
            (
                "PgBouncer",
                (
                    panel("Server connections at work", "count", {pod: data.POOL_USED}, "PoolNearLimit"),
                    panel("Clients", "count", {pod: data.POOL_CLIENTS}, "PoolClientsNearLimit"),
                    panel("Longest wait", "seconds", {pod: wait}, "PoolClientsWaiting"),
                    panel("Queries", "operations/s", {pod: queries}),
                ),
            ),
        )

    def cache(self) -> DashboardSpec:
        panel = self.panel
        hits = "sum(rate(litellm_cache_hits_metric_total[$__rate_interval]))"
        return board(
            "cache",
            "Redis",
            (
                "Service",
                (
                    panel("Memory", "ratio", {_SERVER: data.CACHE_MEMORY}, "CacheMemoryHigh"),
                    panel("CPU of the engine", "ratio", {_SERVER: data.CACHE_CPU}, "CacheCpuHigh"),
                    panel("Evictions", "count", {_SERVER: data.CACHE_EVICTIONS}, "CacheEvicts"),
                ),
            ),
            ("Use", (panel("Answers from the cache", "requests/s", {"hits": hits}),)),
        )

    def vault(self) -> DashboardSpec:
        panel = self.panel
        ready = 'sum(kube_statefulset_status_replicas_ready{namespace="vault", statefulset="vault"})'
        age = f"time() - {platform.SNAPSHOT}"
        failed = " + ".join(
            f"sum(rate(vault_audit_log_{kind}_failure[$__rate_interval]))" for kind in ("request", "response")
        )
        return board(
            "vault",
            "Vault",
            (
                "Servers",
                (
                    panel("Unsealed", "count", {"servers": "count(vault_core_unsealed == 1)"}, "VaultSealed"),
                    panel("Ready", "count", {"servers": ready}, "VaultQuorumLost"),
                    panel("Leaders", "count", {"servers": "sum(vault_core_active)"}),
                    panel(
                        "Servers that may be lost",
                        "count",
                        {"servers": "max(vault_autopilot_failure_tolerance)"},
                    ),
                ),
            ),
            (
                "Work",
                (
                    panel("Leases", "count", {"leases": "max(vault_expire_num_leases)"}),
                    panel("Audit log failures", "operations/s", {"failures": failed}),
                    panel("Age of the last snapshot", "seconds", {"{{cronjob}}": age}, "VaultSnapshotOld"),
                ),
            ),
        )
