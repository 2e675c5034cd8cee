"""LiteLLM's configuration file: models in order, fallbacks, retention, nothing that lets requests through."""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes.litellm_config import ConfigInputs, key_env, proxy_config
from sizing.specs import ExternalModel, LimitsSpec, LitellmSpec, ModelRoute
from tests.factories_workloads import hpa, litellm_spec, redis_binding

URL = "http://vllm-router-service.vllm.svc:80/v1"


def config(spec: LitellmSpec | None = None, **changes: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {"redis": redis_binding(), "vllm_url": URL, "prepared_statements": False}
    return proxy_config(spec or litellm_spec(), ConfigInputs(**{**inputs, **changes}))


def external(**changes: Any) -> ExternalModel:
    fields: dict[str, Any] = {
        "name": "big", "model": "openai/gpt-x", "api_key_secret": "openai-key", "fallback_for": None,
    }  # fmt: skip
    return ExternalModel(**{**fields, **changes})


def named(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [model for model in found["model_list"] if model["model_name"] == name]


def test_a_self_hosted_model_is_called_with_the_engines_key() -> None:
    (model,) = named(config(), "chat")
    assert model["litellm_params"]["model"] == "hosted_vllm/llama-3.1-8b"
    assert model["litellm_params"]["api_base"] == URL
    assert model["litellm_params"]["api_key"] == "os.environ/VLLM_API_KEY"
    assert model["litellm_params"]["order"] == 1
    assert model["model_info"]["input_cost_per_token"] == 0


def test_a_fallback_answers_under_the_same_name_and_comes_second() -> None:
    found = config(litellm_spec(external_models=(external(fallback_for="chat"),)))
    first, second = named(found, "chat")
    assert (first["litellm_params"]["order"], second["litellm_params"]["order"]) == (1, 2)
    assert second["litellm_params"]["model"] == "openai/gpt-x"
    assert second["litellm_params"]["api_key"] == "os.environ/BROUGHT_OPENAI_KEY"
    assert found["router_settings"]["context_window_fallbacks"] == [{"chat": ["big"]}]
    assert len(named(found, "big")) == 1


def test_an_external_share_is_taken_beside_the_engine() -> None:
    """And what fails anywhere still has the provider to fall back to."""
    models = (external(fallback_for="chat", share=25), external(name="c", fallback_for="chat", share=5))
    found = named(config(litellm_spec(external_models=models)), "chat")
    weights = {m["model_info"]["id"]: m["litellm_params"].get("weight") for m in found}
    assert weights == {
        "vllm-chat": 70,
        "share-chat-big": 25,
        "fallback-chat-big": None,
        "share-chat-c": 5,
        "fallback-chat-c": None,
    }
    orders = {m["model_info"]["id"].split("-")[0]: m["litellm_params"]["order"] for m in found}
    assert orders == {"vllm": 1, "share": 1, "fallback": 2}


def test_an_external_model_without_fallback_stands_alone() -> None:
    found = config(litellm_spec(external_models=(external(api_key_secret=None),)))
    (model,) = named(found, "big")
    assert model["litellm_params"] == {"model": "openai/gpt-x"}
    assert "context_window_fallbacks" not in found["router_settings"]


def test_deployments_have_distinct_ids() -> None:
    models = tuple(external(name=name, fallback_for="chat") for name in ("a", "b"))
    ids = [m["model_info"]["id"] for m in config(litellm_spec(external_models=models))["model_list"]]
    assert len(set(ids)) == len(ids) == 5


def test_the_clouds_own_models_need_no_key() -> None:
    assert named(config(), "bedrock/*") == []
    (model,) = named(config(litellm_spec(bedrock=True)), "bedrock/*")
    assert model["litellm_params"] == {"model": "bedrock/*"}


LIMITS: dict[str, Any] = {
    "requests_per_minute": 60,
    "tokens_per_minute": 9000,
    "budget_usd": 100,
    "budget_days": 7,
    "providers": ("bedrock", "openai"),
}


def test_every_deployment_limits_each_key() -> None:
    models = (external(fallback_for="chat", share=25),)
    spec = litellm_spec(external_models=models, bedrock=True, limits=LimitsSpec(**LIMITS))
    found = config(spec)["model_list"]
    assert {m["model_name"] for m in found} == {"chat", "big", "bedrock/*"}
    for model in found:
        assert model["litellm_params"]["default_api_key_rpm_limit"] == 60
        assert model["litellm_params"]["default_api_key_tpm_limit"] == 9000
    half = config(litellm_spec(limits=LimitsSpec(tokens_per_minute=5)))["model_list"]
    assert all("default_api_key_rpm_limit" not in m["litellm_params"] for m in half)
    assert not any("limit" in name for m in config()["model_list"] for name in m["litellm_params"])


def test_each_provider_has_the_budget() -> None:
    found = config(litellm_spec(limits=LimitsSpec(**LIMITS)))
    budget = {"budget_limit": 100, "time_period": "7d"}
    assert found["router_settings"]["provider_budget_config"] == {"bedrock": budget, "openai": budget}
    assert "provider_budget_config" not in config()["router_settings"]
    assert "max_budget" not in found["litellm_settings"]  # it would stop engines too


def test_models_without_an_engine_are_not_offered() -> None:
    spec = litellm_spec(models=(ModelRoute(name="chat", served_name="x"),))
    assert config(spec, vllm_url=None)["model_list"] == []


def test_timeouts_are_the_specifications() -> None:
    found = config(litellm_spec(request_timeout_s=90))
    assert found["router_settings"]["timeout"] == 90
    assert found["litellm_settings"]["request_timeout"] == 90
    assert found["router_settings"]["stream_timeout"] == 90
    assert config()["router_settings"]["stream_timeout"] == 120


def test_connections_and_retention_are_the_specifications() -> None:
    general = config()["general_settings"]
    assert general["database_connection_pool_limit"] == 7
    assert general["maximum_spend_logs_retention_period"] == "23d"


def test_old_rows_are_deleted_faster_than_the_largest_load_writes_them() -> None:
    """1,600 requests/s; a run deletes at most batches x 1,000 rows."""
    general = config()["general_settings"]
    minutes = int(general["maximum_spend_logs_retention_interval"].removesuffix("m"))
    per_day = general["maximum_spend_logs_cleanup_max_batches"] * 1000 * 24 * 60 // minutes
    assert per_day >= 1600 * 86400


def test_nothing_passes_without_its_key_checked() -> None:
    general = config()["general_settings"]
    assert general["allow_requests_on_db_unavailable"] is False
    assert general["master_key"] == "os.environ/LITELLM_MASTER_KEY"


def test_prompts_stay_out_of_logs_and_traces() -> None:
    found = config()
    assert found["general_settings"]["store_prompts_in_spend_logs"] is False
    assert found["litellm_settings"]["turn_off_message_logging"] is True


def test_the_cache_is_a_cluster_over_tls() -> None:
    settings = config()["litellm_settings"]
    assert settings["cache"] is True
    assert settings["cache_params"]["type"] == "redis"
    assert settings["cache_params"]["ssl"] is True
    (seed,) = settings["cache_params"]["redis_startup_nodes"]
    assert seed["port"] == 6380
    assert settings["cache_params"]["password"] == "os.environ/REDIS_PASSWORD"


def test_a_cache_that_does_not_answer_is_not_waited_for() -> None:
    """All of a request's calls to it together stay below the default of one."""
    cache, calls, default_s = config()["litellm_settings"]["cache_params"], 10, 5
    assert cache["cluster_error_retry_attempts"] == 0
    assert calls * cache["socket_connect_timeout"] <= default_s
    assert cache["socket_timeout"] < default_s


def test_metrics_and_traces_are_on_without_labels_per_caller() -> None:
    settings = config()["litellm_settings"]
    assert settings["callbacks"] == ["prometheus", "otel"]
    assert settings["prometheus_exclude_labels"] == ["client_ip", "user_agent"]


@pytest.mark.parametrize(("pods", "buffered"), [(8, False), (9, False), (10, True), (40, True)])
def test_many_pods_queue_their_spend(pods: int, buffered: bool) -> None:
    found = config(litellm_spec(hpa=hpa(max_replicas=pods)))
    assert found["general_settings"]["use_redis_transaction_buffer"] is buffered


def test_names_of_environment_variables() -> None:
    assert key_env("openai-key") == "BROUGHT_OPENAI_KEY"
    assert key_env("team/a.b") == "BROUGHT_TEAM_A_B"


def test_no_request_waits_for_a_download() -> None:
    assert config()["litellm_settings"]["disable_hf_tokenizer_download"] is True
