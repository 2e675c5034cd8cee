"""LiteLLM: the guide's autoscaler, secrets by reference, a start in the right order, a stop that drains."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.litellm import Litellm, LitellmArgs
from components.kubernetes.pgbouncer import Pgbouncer, PgbouncerArgs
from infra.graph.model import Graph
from sizing.specs import ExternalModel
from tests.factories_workloads import (
    OTLP,
    PEM,
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    hpa,
    litellm_spec,
    manifests,
    one,
    pgbouncer_spec,
    postgres_binding,
    redis_binding,
    resources,
    values,
    waits_for,
)

ROUTER = ServiceEndpoint("vllm-router-service", "vllm", 80)


def build(*, max_prepared_statements: int = 0, **changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        bound = changes.get("bindings") or bindings()
        pool = pgbouncer_spec(max_prepared_statements=max_prepared_statements)
        fields: dict[str, Any] = {
            "spec": litellm_spec(),
            "workloads": WORKLOADS,
            "bindings": bound,
            "pgbouncer": Pgbouncer("pgbouncer", PgbouncerArgs(pool, WORKLOADS, bound), opts),
            "database_ready": Stand("bootstrap", opts),
            "vllm": ROUTER,
            "otlp": OTLP,
            "trace_sampling_percent": 15,
            "prometheus_url": "http://prometheus.test:9090",
            "ready": (Stand("store", opts),),
        }
        return Litellm("litellm", LitellmArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def gateway(graph: Graph) -> dict[str, Any]:
    found = values(graph, "litellm")["gateway"]
    assert isinstance(found, dict)
    return found


def environment(graph: Graph) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in gateway(graph)["extraEnv"]}


def migration(graph: Graph) -> dict[str, Any]:
    found = resources(graph, "Job")["litellm-migrate"].inputs["spec"]
    assert isinstance(found, dict)
    return found


def test_contract() -> None:
    check_contract(build())


def test_the_autoscaler_is_the_guides(graph: Graph) -> None:
    spec = hpa()
    assert gateway(graph)["hpa"] == {
        "enabled": True,
        "minReplicas": spec.min_replicas,
        "maxReplicas": spec.max_replicas,
        "targetCPUUtilizationPercentage": spec.cpu_percent,
        "targetMemoryUtilizationPercentage": spec.memory_percent,
        "behavior": {
            "scaleDown": {
                "stabilizationWindowSeconds": 310,
                "policies": [{"type": "Percent", "value": 26, "periodSeconds": 61}],
            },
            "scaleUp": {
                "stabilizationWindowSeconds": 1,
                "policies": [{"type": "Percent", "value": 101, "periodSeconds": 16}],
            },
        },
    }
    assert "replicaCount" not in gateway(graph)


def test_without_a_memory_target_the_metric_is_dropped() -> None:
    """0, not null: null would give the chart's own 80 back."""
    bare = captured(build(spec=litellm_spec(hpa=hpa(memory_percent=None))))
    assert gateway(bare)["hpa"]["targetMemoryUtilizationPercentage"] == 0


def test_resources_and_spread_are_the_plans(graph: Graph) -> None:
    found, plan = gateway(graph), WORKLOADS["litellm"]
    assert found["resources"] == plan.container("litellm").resources()
    assert found["metricsServer"]["resources"] == plan.container("metrics").resources()
    assert found["pdb"] == {"enabled": True, "maxUnavailable": 1}
    assert found["numWorkers"] == 2
    labels = {
        c["labelSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for c in found["topologySpreadConstraints"]
    }
    assert labels == {"proxy"}


def test_one_deployment_of_a_pinned_image(graph: Graph) -> None:
    found = values(graph, "litellm")
    assert found["monolith"] == {"enabled": True}
    assert found["fullnameOverride"] == "litellm"
    assert found["image"]["tag"].count(".") == 2
    (patch,) = resources(graph, "DeploymentPatch").values()
    metadata, spec = patch.inputs["metadata"], patch.inputs["spec"]
    assert isinstance(metadata, dict)
    assert isinstance(spec, dict)
    assert (metadata["name"], metadata["namespace"]) == ("litellm", "litellm")
    assert spec == {"template": {"spec": {"priorityClassName": "gateway-critical"}}}


def test_the_database_is_reached_through_the_pooler(graph: Graph) -> None:
    writer = values(graph, "litellm")["database"]["writer"]
    assert (writer["host"], writer["port"], writer["dbname"]) == ("pgbouncer.database.svc", 5432, "litellm")
    assert writer["passwordSecret"]["name"] == "litellm-db"


def test_the_migration_goes_around_the_pooler_as_its_own_role(graph: Graph) -> None:
    found = migration(graph)
    pod = found["template"]["spec"]
    (migrate,), (views,) = pod["initContainers"], pod["containers"]
    assert migrate["args"] == ["migrations"]
    assert "command" not in migrate
    assert views["command"][:2] == ["python", "-c"]
    assert "create_missing_views" in views["command"][2]
    plan = WORKLOADS["litellm-migrate"]
    assert found["template"]["metadata"]["labels"]["ai-gateway/workload"] == plan.name
    for step in (migrate, views):
        assert step["resources"] == plan.container(step["name"]).resources()
        env = {e["name"]: e for e in step["env"]}
        assert (env["DATABASE_HOST"]["value"], env["DATABASE_PORT"]["value"]) == ("writer.test", "6432")
        assert env["DATABASE_PASSWORD"]["valueFrom"]["secretKeyRef"]["name"] == "litellm-migrate"
        assert env["DATABASE_SSLMODE"]["value"] == "require"
        assert step["image"] == f"ghcr.io/berriai/litellm:{values(graph, 'litellm')['image']['tag']}"
    assert "ttlSecondsAfterFinished" not in found
    assert values(graph, "litellm")["migrationJob"] == {"enabled": False}


def test_the_migration_verifies_the_server_when_the_authority_is_known() -> None:
    found = captured(build(bindings=bindings(postgres=postgres_binding(ca_bundle=PEM))))
    pod = migration(found)["template"]["spec"]
    env = {e["name"]: e.get("value") for e in pod["containers"][0]["env"]}
    assert env["DATABASE_SSLMODE"] == "verify-full"
    assert env["DATABASE_SSLROOTCERT"] == f"{pod['containers'][0]['volumeMounts'][0]['mountPath']}/ca.pem"


def test_the_order_of_the_first_start(graph: Graph) -> None:
    assert waits_for(graph, "litellm-migrate", "bootstrap-map")
    assert waits_for(graph, "litellm-litellm", "litellm-migrate")
    assert waits_for(graph, "litellm-litellm", "pgbouncer-pgbouncer")
    assert waits_for(graph, "litellm-litellm", "litellm-litellm-litellm-salt-key")
    assert waits_for(graph, "litellm-litellm", "store-map")
    assert not waits_for(graph, "litellm-migrate", "pgbouncer-pgbouncer")


def test_every_secret_is_a_reference(graph: Graph) -> None:
    secrets = manifests(graph, "ExternalSecret")
    wanted = {
        "litellm-db": {"username": "username", "password": "password"},
        "litellm-master-key": {"master-key": "value"},
        "litellm-salt-key": {"LITELLM_SALT_KEY": "value"},
        "vllm-api-key": {"VLLM_API_KEY": "value"},
        "redis-auth": {"password": "value"},
    }
    for name, keys in wanted.items():
        data = secrets[name]["spec"]["data"]
        assert {d["secretKey"]: d["remoteRef"]["property"] for d in data} == keys
        assert {d["remoteRef"]["key"] for d in data} == {f"gw/test/{name}"}
    found = values(graph, "litellm")
    assert found["masterKey"] == {"secretName": "litellm-master-key", "secretKey": "master-key"}
    assert gateway(graph)["envSecrets"] == ["litellm-salt-key", "vllm-api-key"]
    assert not {name for name in environment(graph) if "KEY" in name and "KEEPALIVE" not in name}


def test_a_providers_key_is_one_more_secret() -> None:
    model = ExternalModel(name="gpt", model="openai/gpt-x", api_key_secret="openai-key")
    found = captured(build(spec=litellm_spec(external_models=(model,))))
    assert "openai-key" not in gateway(found)["envSecrets"]
    (brought,) = [e for e in gateway(found)["extraEnv"] if e["name"] == "BROUGHT_OPENAI_KEY"]
    wanted = {
        "name": "openai-key",
        "key": "BROUGHT_OPENAI_KEY",
        "optional": True,
    }  # the proxies start without it
    assert brought["valueFrom"] == {"secretKeyRef": wanted}
    external = manifests(found, "ExternalSecret")["openai-key"]
    assert external["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert external["spec"]["secretStoreRef"]["name"] == "ai-gateway-keys"
    (data,) = external["spec"]["data"]
    assert (data["secretKey"], data["remoteRef"]) == (
        "BROUGHT_OPENAI_KEY",
        {"key": "openai-key", "property": "value"},
    )
    (entry,) = [m for m in gateway(found)["config"]["proxy_config"]["model_list"] if m["model_name"] == "gpt"]
    assert entry["litellm_params"]["api_key"] == "os.environ/BROUGHT_OPENAI_KEY"


def test_a_key_of_any_name_takes_no_other_variable_s_place() -> None:
    names = ("redis-password", "path", "litellm-mode", "database-password", "otel-endpoint", "vllm-api-key2")
    models = tuple(ExternalModel(name=name, model="openai/x", api_key_secret=name) for name in names)
    found = captured(build(spec=litellm_spec(external_models=models)))
    brought = [e["name"] for e in gateway(found)["extraEnv"] if "valueFrom" in e]
    assert len(set(brought)) == len(names)
    assert all(name.startswith("BROUGHT_") for name in brought)
    assert not any(name.startswith("BROUGHT_") for name in environment(captured(build())))


def test_a_new_key_rolls_the_proxies_and_the_job_may_do_just_that() -> None:
    model = ExternalModel(name="gpt", model="openai/gpt-x", api_key_secret="openai-key")
    found = captured(build(spec=litellm_spec(external_models=(model,))))
    job = one(found, "CronJob").inputs
    assert job["metadata"]["name"] == "litellm-keys"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    env = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
    assert (env["DEPLOYMENT"], env["NAMESPACE"], env["SECRETS"]) == ("litellm", "litellm", "openai-key")
    assert pod["serviceAccountName"] == "litellm-keys"
    assert one(found, "Role").inputs["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["openai-key"], "verbs": ["get"]},
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["litellm"],
            "verbs": ["get", "patch"],
        },
    ]
    assert not resources(captured(build()), "CronJob")


def test_the_cache_speaks_the_cluster_protocol_over_tls(graph: Graph) -> None:
    redis = values(graph, "litellm")["redis"]
    assert (redis["host"], redis["port"], redis["cluster"]) == ("cache.test", 6380, True)
    assert redis["passwordSecret"] == {"name": "redis-auth", "passwordKey": "password"}
    assert environment(graph)["REDIS_SSL"] == "True"


def test_a_cache_with_identities_has_no_password() -> None:
    found = captured(build(bindings=bindings(redis=redis_binding(auth_secret=None))))
    assert "passwordSecret" not in values(found, "litellm")["redis"]
    assert "redis-auth" not in manifests(found, "ExternalSecret")
    assert "password" not in gateway(found)["config"]["proxy_config"]["litellm_settings"]["cache_params"]


def test_a_cache_with_an_authority_of_its_own_is_verified_by_it() -> None:
    redis = redis_binding(
        auth_secret=None,
        ca_pem=pulumi.Output.from_input(PEM),
        iam_principal=pulumi.Output.from_input("projects/-/serviceAccounts/a@b"),
    )
    found = captured(build(bindings=bindings(redis=redis)))
    cache = gateway(found)["config"]["proxy_config"]["litellm_settings"]["cache_params"]
    assert cache["ssl"] is True
    assert cache["ssl_ca_certs"] == "/etc/redis-ca/ca.pem"
    assert cache["ssl_check_hostname"] is False
    assert cache["gcp_service_account"] == "projects/-/serviceAccounts/a@b"
    assert gateway(found)["volumes"] == [{"name": "redis-ca", "configMap": {"name": "litellm-redis-ca"}}]
    (mount,) = gateway(found)["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == ("redis-ca", "/etc/redis-ca")
    stored: Any = resources(found, "ConfigMap")["litellm-redis-ca"].inputs
    assert stored["metadata"]["namespace"] == "litellm"
    assert stored["data"] == {"ca.pem": PEM}
    assert gateway(found)["podAnnotations"].keys() == {"checksum/redis-ca"}
    check_contract(build(bindings=bindings(redis=redis)))


def test_a_cache_without_one_leaves_no_trace(graph: Graph) -> None:
    assert not {"volumes", "volumeMounts", "podAnnotations"} & set(gateway(graph))
    cache = gateway(graph)["config"]["proxy_config"]["litellm_settings"]["cache_params"]
    assert not {"ssl_ca_certs", "ssl_check_hostname", "gcp_service_account"} & set(cache)


def test_a_stop_lets_the_longest_answer_end(graph: Graph) -> None:
    found = gateway(graph)
    drain = int(environment(graph)["GRACEFUL_SHUTDOWN_TIMEOUT"])
    pause = found["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain == 610
    assert found["terminationGracePeriodSeconds"] > pause + drain
    assert found["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_the_server_keeps_connections_longer_than_the_gateway(graph: Graph) -> None:
    """agentgateway's pool drops them after 90 s."""
    assert int(environment(graph)["KEEPALIVE_TIMEOUT"]) > 90


def test_a_database_outage_does_not_restart_pods(graph: Graph) -> None:
    found = gateway(graph)
    assert found["startupProbe"]["httpGet"]["path"] == "/health/liveliness"
    assert found["livenessProbe"]["httpGet"]["path"] == "/health/liveliness"
    assert found["readinessProbe"]["httpGet"]["path"] == "/health/readiness"
    assert found["startupProbe"]["periodSeconds"] * found["startupProbe"]["failureThreshold"] == 300
    assert all(
        found[probe]["timeoutSeconds"] >= 5 for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    )


def test_several_workers_may_be_slow_to_start(graph: Graph) -> None:
    """The supervisor would otherwise replace them for ever."""
    assert int(environment(graph)["TIMEOUT_WORKER_HEALTHCHECK"]) > 40
    single = captured(build(spec=litellm_spec(workers=1)))
    assert "TIMEOUT_WORKER_HEALTHCHECK" not in environment(single)
    assert gateway(single)["numWorkers"] == 1


def test_traces_and_metrics(graph: Graph) -> None:
    env = environment(graph)
    assert env["OTEL_ENDPOINT"] == "http://otel-collector.monitoring.svc:4317"
    assert env["OTEL_TRACES_SAMPLER_ARG"] == "0.15"
    assert gateway(graph)["metricsServer"]["enabled"] is True
    assert gateway(graph)["serviceMonitor"] == {"enabled": True}


def test_identity(graph: Graph) -> None:
    account = values(graph, "litellm")["serviceAccounts"]["gateway"]
    assert (account["create"], account["name"]) == (True, "litellm")
    assert account["annotations"] == {"role": "litellm"}
    assert account["automount"] is False
    assert environment(graph)["AWS_REGION"] == "eu-test-1"


def test_nothing_self_hosted() -> None:
    found = captured(build(vllm=None))
    assert gateway(found)["config"]["proxy_config"]["model_list"] == []
    assert "vllm-api-key" not in json.dumps(values(found, "litellm"))


def test_prepared_statements_follow_the_pooler() -> None:
    for allowed, disabled in ((0, True), (200, False)):
        found = captured(build(max_prepared_statements=allowed))
        general = gateway(found)["config"]["proxy_config"]["general_settings"]
        assert general["database_disable_prepared_statements"] is disabled
