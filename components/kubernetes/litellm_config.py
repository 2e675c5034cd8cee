"""LiteLLM's configuration file (``proxy_config``), made from the specification.

Keys: https://docs.litellm.ai/docs/proxy/config_settings and the classes named beside them in BerriAI/litellm.
Values "os.environ/NAME" are read from the pod's environment, so no credential stands in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.bindings import RedisBinding
from sizing.specs import ExternalModel, LimitsSpec, LitellmSpec, ModelRoute

VLLM_KEY_ENV = "VLLM_API_KEY"
MASTER_KEY_ENV = "LITELLM_MASTER_KEY"
REDIS_AUTH_ENV = "REDIS_PASSWORD"
BROUGHT = "BROUGHT_"
"""Neither LiteLLM nor the chart nor the system reads a variable that begins so."""

REDIS_CA_DIR = "/etc/redis-ca"
REDIS_CA_FILE = "ca.pem"

SELF_HOSTED, FALLBACK = 1, 2
"""``order`` of a deployment within its model: higher ones are tried after a lower one failed."""

STREAM_GAP_S = 120
"""``stream_timeout`` acts as the longest gap between two chunks, the first included: a request may stand in
the engine's queue that long (https://github.com/BerriAI/litellm/issues/19184)."""

RETRIES = 1
ALLOWED_FAILS = 3
COOLDOWN_S = 30
"""After 3 failures within a minute a deployment is left alone for half a minute. The default (5 s) sends
traffic back to an engine that is still starting."""

CACHE_TTL_S = 600
"""Ten minutes: long enough for repeated questions, short enough that a wrong answer does not stay."""

CACHE_CONNECT_S, CACHE_ANSWER_S, CACHE_RETRIES = 0.5, 1, 0
"""How long a call waits for a cache that does not answer. A request makes about ten, one after the other, and
LiteLLM's breaker does not count what its cluster client raises: with the defaults (5 s, three retries) a
request takes a minute while the cache is unreachable, with these a few seconds (docs/failures.md). Every use
of the cache goes on without it."""

BATCH_WRITE_S = 60
"""Spend is written once a minute instead of every 10 s; a pod that is killed loses that much of it
(https://docs.litellm.ai/docs/proxy/prod)."""

POOL_TIMEOUT_S = 60

CLEANUP_INTERVAL = "10m"
CLEANUP_BATCHES = 1000
"""Old rows of the request log go in batches of 1,000, so at most 1,000,000 in a run and 144 million in a
day: more than 1,600 requests/s write. The defaults (once a day, 500 batches) fall behind from 6 requests/s
on."""

BUFFERED_PODS = 10
"""From this many pods on, spend updates queue in Redis and one pod writes them: else all lock the same rows
(https://docs.litellm.ai/docs/proxy/prod)."""

UNBOUNDED_LABELS = ["client_ip", "user_agent"]
"""Default labels of LiteLLM's metrics with a value per caller: each would be a time series of its own."""


@dataclass(frozen=True)
class ConfigInputs:
    """What the file needs beside the specification.

    ``vllm_url`` is the router's base URL with ``/v1``; None when nothing is self-hosted. ``region_env``
    names the variable that holds the cloud's region.
    """

    redis: RedisBinding
    vllm_url: pulumi.Input[str] | None
    prepared_statements: bool


def key_env(secret: str) -> str:
    """Name of the environment variable that carries a provider's key: ``openai-key`` ->
    ``BROUGHT_OPENAI_KEY``. The prefix keeps a name such as ``path`` from another variable of the process."""
    return BROUGHT + re.sub(r"[^A-Za-z0-9]", "_", secret).upper()


def proxy_config(spec: LitellmSpec, inputs: ConfigInputs) -> dict[str, object]:
    """The whole file."""
    return {
        "model_list": _models(spec, inputs),
        "router_settings": _router(spec),
        "litellm_settings": _settings(spec, inputs.redis),
        "general_settings": _general(spec, inputs),
    }


def _models(spec: LitellmSpec, inputs: ConfigInputs) -> list[dict[str, object]]:
    models: list[dict[str, object]] = []
    limits = _key_limits(spec.limits)
    if inputs.vllm_url is not None:
        models += [
            _self_hosted(route, inputs.vllm_url, _external_share(spec, route), limits)
            for route in spec.models
        ]
    for external in spec.external_models:
        models.append(_external(external, external.name, f"external-{external.name}", limits))
        if external.fallback_for is not None:
            entry = f"{external.fallback_for}-{external.name}"
            if external.share:
                share = {"order": SELF_HOSTED, "weight": external.share, **limits}
                models.append(_external(external, external.fallback_for, f"share-{entry}", share))
            fallback = {"order": FALLBACK, **limits}
            models.append(_external(external, external.fallback_for, f"fallback-{entry}", fallback))
    if spec.bedrock:
        params: dict[str, object] = {"model": "bedrock/*", **limits}
        models.append({"model_name": "bedrock/*", "litellm_params": params})
    return models


def _key_limits(limits: LimitsSpec) -> dict[str, int]:
    """Of every key at the model, those made before included; a key's own limit there takes its place.

    Not ``default_key_generate_params``: only keys made afterwards would have it.
    """
    found = {
        "default_api_key_rpm_limit": limits.requests_per_minute,
        "default_api_key_tpm_limit": limits.tokens_per_minute,
    }
    return {name: limit for name, limit in found.items() if limit is not None}


def _external_share(spec: LitellmSpec, route: ModelRoute) -> int:
    """Percentage of a model's requests that external providers take (guide 1.2, D8)."""
    return sum(external.share for external in spec.external_models if external.fallback_for == route.name)


def _self_hosted(
    route: ModelRoute, url: pulumi.Input[str], elsewhere: int, limits: Mapping[str, int]
) -> dict[str, object]:
    """``elsewhere``: percentage of the requests that others of the same order take."""
    params: dict[str, object] = {
        "model": f"hosted_vllm/{route.served_name}",
        "api_base": url,
        "api_key": f"os.environ/{VLLM_KEY_ENV}",
        "order": SELF_HOSTED,
        "max_retries": 0,
        **limits,
    }
    if elsewhere:
        params["weight"] = 100 - elsewhere
    return {
        "model_name": route.name,
        "litellm_params": params,
        "model_info": {
            "id": f"vllm-{route.name}",
            "input_cost_per_token": 0,
            "output_cost_per_token": 0,
        },
    }


def _external(model: ExternalModel, name: str, entry: str, more: Mapping[str, int]) -> dict[str, object]:
    """A deployment of an external model under ``name``; ``more``: its order and weight there, and limits."""
    params: dict[str, object] = {"model": model.model, **more}
    if model.api_key_secret is not None:
        params["api_key"] = f"os.environ/{key_env(model.api_key_secret)}"
    return {"model_name": name, "litellm_params": params, "model_info": {"id": entry}}


def _router(spec: LitellmSpec) -> dict[str, object]:
    longer: list[Mapping[str, list[str]]] = [
        {external.fallback_for: [external.name]}
        for external in spec.external_models
        if external.fallback_for is not None
    ]
    router: dict[str, object] = {
        "routing_strategy": "simple-shuffle",
        "num_retries": RETRIES,
        "timeout": spec.request_timeout_s,
        "stream_timeout": min(STREAM_GAP_S, spec.request_timeout_s),
        "allowed_fails": ALLOWED_FAILS,
        "cooldown_time": COOLDOWN_S,
        "enable_pre_call_checks": True,
    }
    if longer:
        router["context_window_fallbacks"] = longer
    if spec.limits.providers:
        router["provider_budget_config"] = _budgets(spec.limits)
    return router


def _budgets(limits: LimitsSpec) -> dict[str, object]:
    """Per provider, counted in the cache: one whose budget is spent gets no request until the period ends.

    Not ``max_budget`` of the proxy: that would also stop an engine that has an external fallback.
    """
    budget = {"budget_limit": limits.budget_usd, "time_period": f"{limits.budget_days}d"}
    return {provider: dict(budget) for provider in limits.providers}


def _settings(spec: LitellmSpec, redis: RedisBinding) -> dict[str, object]:
    return {
        "drop_params": True,
        "request_timeout": spec.request_timeout_s,
        "json_logs": True,
        "callbacks": ["prometheus", "otel"],
        "turn_off_message_logging": True,
        "prometheus_exclude_labels": UNBOUNDED_LABELS,
        # Else it asks a public hub for the model's tokenizer while a request waits, half a minute where
        # there is no way out; it counts with its own instead.
        "disable_hf_tokenizer_download": True,
        "cache": True,
        "cache_params": _cache(redis),
    }


def _cache(redis: RedisBinding) -> dict[str, object]:
    """The response cache, on for every call: guide 1.2 plans with 15% hits. One seed node is enough.

    The same client carries rate limits, budgets and locks across pods, so it is not optional.
    """
    cache: dict[str, object] = {
        "type": "redis",
        "redis_startup_nodes": [{"host": redis.host, "port": redis.port}],
        "ssl": True,
        "ttl": CACHE_TTL_S,
        "namespace": "litellm.cache",
        "mode": "default_on",
        "socket_connect_timeout": CACHE_CONNECT_S,
        "socket_timeout": CACHE_ANSWER_S,
        "cluster_error_retry_attempts": CACHE_RETRIES,
    }
    if redis.auth_secret is not None:
        cache["password"] = f"os.environ/{REDIS_AUTH_ENV}"
    if redis.ca_pem is not None:
        # An authority of this cache alone proves who answers; nodes are announced by address.
        cache |= {"ssl_ca_certs": f"{REDIS_CA_DIR}/{REDIS_CA_FILE}", "ssl_check_hostname": False}
    if redis.iam_principal is not None:
        cache["gcp_service_account"] = redis.iam_principal  # the only identities LiteLLM knows by name
    return cache


def _general(spec: LitellmSpec, inputs: ConfigInputs) -> dict[str, object]:
    return {
        "master_key": f"os.environ/{MASTER_KEY_ENV}",
        "proxy_batch_write_at": BATCH_WRITE_S,
        "database_connection_pool_limit": spec.pool_connections_per_worker,
        "database_connection_timeout": POOL_TIMEOUT_S,
        "database_disable_prepared_statements": not inputs.prepared_statements,
        "disable_error_logs": True,
        "store_prompts_in_spend_logs": False,
        "maximum_spend_logs_retention_period": f"{spec.spend_log_retention_days}d",
        "maximum_spend_logs_retention_interval": CLEANUP_INTERVAL,
        "maximum_spend_logs_cleanup_max_batches": CLEANUP_BATCHES,
        "use_redis_transaction_buffer": spec.hpa.max_replicas >= BUFFERED_PODS,
        # True would let requests pass whose key cannot be checked.
        "allow_requests_on_db_unavailable": False,
        "background_health_checks": False,
        "cancel_on_disconnect": True,
    }
