"""vLLM: engines of the plan's size, streamed models, rollouts without spare GPUs, KEDA as the only scaler."""

from __future__ import annotations

import json
from typing import Any, cast

import pulumi
import pytest

from components.kubernetes.vllm import Vllm, VllmArgs
from infra.graph.model import Graph
from sizing.specs import Workloads
from tests.contracts.pods import HOST, ZONE, selectors, spread
from tests.factories_workloads import (
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    container,
    engine,
    job,
    manifests,
    resources,
    spec,
    values,
    vllm_spec,
    waits_for,
    workload,
)

PROMETHEUS = "http://prometheus.monitoring.svc:9090"
LARGE = engine(
    name="llama-3.1-70b",
    slug="llama-31-70b",
    gpus=8,
    tensor_parallel_size=8,
    startup_budget_s=1805,
    streamer_memory_limit_mib=40960,
    node_labels={"ai-gateway/pool": "gpu", "ai-gateway/gpu": "a100"},
)
TWO = Workloads(
    items=(
        *WORKLOADS.items,
        workload(
            "vllm-llama-31-70b", container("vllm", 80000, 300000, gpus=8), release="vllm", namespace="vllm"
        ),
        job("model-cache-llama-31-70b", container("fill", 502, 1026), namespace="vllm"),
    )
)


def build(**changes: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        fields: dict[str, Any] = {
            "spec": vllm_spec(),
            "workloads": TWO,
            "bindings": bindings(),
            "prometheus_url": PROMETHEUS,
            "ready": (Stand("keda", opts),),
        }
        return Vllm("vllm", VllmArgs(**{**fields, **changes}), opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


@pytest.fixture(scope="module")
def both() -> Graph:
    return captured(build(spec=vllm_spec(engine(), LARGE)))


def serving(graph: Graph) -> dict[str, Any]:
    found = values(graph, "vllm")["servingEngineSpec"]
    assert isinstance(found, dict)
    return found


def model(graph: Graph, name: str = "llama-31-8b") -> dict[str, Any]:
    (found,) = [m for m in serving(graph)["modelSpec"] if m["name"] == name]
    assert isinstance(found, dict)
    return found


def flags(graph: Graph, name: str = "llama-31-8b") -> dict[str, str]:
    given = model(graph, name)["vllmConfig"]["extraArgs"]
    return dict(zip(given[::2], given[1::2], strict=True))


def patch(graph: Graph, name: str = "llama-31-8b") -> dict[str, Any]:
    return patched(graph, f"vllm-{name}-deployment-vllm")


def patched(graph: Graph, deployment: str) -> dict[str, Any]:
    found = resources(graph, "DeploymentPatch")[f"vllm-{deployment}-patch"].inputs
    assert isinstance(found["spec"], dict)
    assert isinstance(found["metadata"], dict)
    assert found["metadata"]["name"] == deployment
    assert found["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    return cast(dict[str, Any], found["spec"])["template"]["spec"]


def test_contract() -> None:
    check_contract(build())
    check_contract(build(spec=vllm_spec(engine(), LARGE), hf_token_entry="hf"))


def test_resources_are_the_plans_with_the_gpus(both: Graph) -> None:
    for name, gpus in (("llama-31-8b", "1"), ("llama-31-70b", "8")):
        planned = TWO[f"vllm-{name}"].container("vllm").resources()
        found = model(both, name)["resources"]
        assert found["requests"] == {**planned["requests"], "nvidia.com/gpu": gpus}
        assert found["limits"] == {**planned["limits"], "nvidia.com/gpu": gpus}


def test_settings_are_the_specifications(graph: Graph) -> None:
    given = engine()
    config = model(graph)["vllmConfig"]
    assert config["tensorParallelSize"] == given.tensor_parallel_size
    assert config["maxModelLen"] == given.max_model_len
    assert config["maxNumSeqs"] == given.max_num_seqs
    assert config["dtype"] == given.dtype
    assert config["gpuMemoryUtilization"] == given.gpu_memory_utilization
    assert config["enablePrefixCaching"] is True
    assert model(graph)["shmSize"] == "2Gi"


def test_flags_the_chart_has_no_key_for(graph: Graph) -> None:
    found = flags(graph)
    assert found["--served-model-name"] == "llama-3.1-8b"
    assert found["--load-format"] == "runai_streamer"
    assert found["--shutdown-timeout"] == "125"
    assert found["--stream-interval"] == "6"
    loader = json.loads(found["--model-loader-extra-config"])
    assert loader["memory_limit"] == 4096 * 1024 * 1024
    assert "distributed" not in loader


def test_several_cards_load_together(both: Graph) -> None:
    assert json.loads(flags(both, "llama-31-70b")["--model-loader-extra-config"])["distributed"] is True


def test_the_streamers_buffer_is_bounded_in_the_environment_too(graph: Graph) -> None:
    env = {entry["name"]: entry["value"] for entry in model(graph)["env"]}
    assert env["RUNAI_STREAMER_MEMORY_LIMIT"] == str(4096 * 1024 * 1024)
    assert env["VLLM_ENGINE_READY_TIMEOUT_S"] == "905"
    assert env["AWS_REGION"] == "eu-test-1"


def test_the_model_streams_from_the_pinned_revision(graph: Graph) -> None:
    assert model(graph)["modelURL"] == "s3://models/llama-31-8b/abc123"
    assert model(graph)["serviceAccountName"] == "vllm"
    account = resources(graph, "ServiceAccount")["vllm-account"].inputs["metadata"]
    assert isinstance(account, dict)
    assert (account["name"], account["annotations"]) == ("vllm", {"role": "vllm"})


def test_plain_pinned_images(graph: Graph) -> None:
    assert model(graph)["repository"] == "vllm/vllm-openai"
    router = values(graph, "vllm")["routerSpec"]
    for tag in (model(graph)["tag"], router["tag"]):
        assert tag.startswith("v")
        assert tag.count(".") == 2


def test_engines_run_on_their_nodes(both: Graph) -> None:
    (toleration,) = model(both)["tolerations"]
    assert (toleration["key"], toleration["effect"]) == ("nvidia.com/gpu", "NoSchedule")
    affinity = model(both, "llama-31-70b")["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert {(e["key"], *e["values"]) for e in term["matchExpressions"]} == {
        ("ai-gateway/pool", "gpu"),
        ("ai-gateway/gpu", "a100"),
    }
    assert serving(both)["runtimeClassName"] == ""


def test_a_rollout_needs_no_spare_gpu(graph: Graph) -> None:
    assert serving(graph)["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert model(graph)["pdb"] == {"enabled": True, "maxUnavailable": 1}


def test_upgrades_leave_the_replicas_to_keda(graph: Graph) -> None:
    """The chart writes ``replicas`` unless keda.enabled, and a ScaledObject unless there is a raySpec."""
    found = model(graph)
    assert found["keda"] == {"enabled": True}
    assert found["raySpec"] == {"enabled": False}
    assert found["replicaCount"] == 2


def test_the_slowest_engine_sets_the_start_budget(graph: Graph, both: Graph) -> None:
    for found, budget in ((graph, 905), (both, 1805)):
        probe = serving(found)["startupProbe"]
        allowed = probe["periodSeconds"] * probe["failureThreshold"]
        assert budget <= allowed < budget + probe["periodSeconds"]


def test_streams_end_before_the_pod_does(graph: Graph) -> None:
    pod = patch(graph)
    (own,) = pod["containers"]
    pause = own["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert own["name"] == "vllm"
    assert pod["terminationGracePeriodSeconds"] > pause + int(flags(graph)["--shutdown-timeout"])
    assert waits_for(graph, "vllm-vllm-llama-31-8b-deployment-vllm-patch", "vllm-vllm")


def test_the_router_holds_streams_as_long_as_engines_do(graph: Graph) -> None:
    """Every stream of an engine goes through it."""
    pod = patched(graph, "vllm-deployment-router")
    (own,) = pod["containers"]
    assert own["name"] == "router-container"
    assert own["lifecycle"] == patch(graph)["containers"][0]["lifecycle"]
    assert pod["terminationGracePeriodSeconds"] == patch(graph)["terminationGracePeriodSeconds"]
    assert waits_for(graph, "vllm-vllm-deployment-router-patch", "vllm-vllm")


def test_a_busy_router_is_taken_out_of_service_long_before_it_is_killed(graph: Graph) -> None:
    """Beside the chart's readiness: every 5 s, three times."""
    probe = values(graph, "vllm")["routerSpec"]["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 4 * 15
    assert probe["timeoutSeconds"] > 1


def test_engines_are_spread_as_planned(graph: Graph) -> None:
    """In one affinity with their nodes: the chart forgets ``nodeSelectorTerms`` beside it."""
    labels = {"helm-release-name": "vllm", "model": "llama-31-8b"}
    found = model(graph)
    assert "nodeSelectorTerms" not in found
    assert "nodeAffinity" in found["affinity"]
    assert selectors(None, found["affinity"]) == [labels, labels]
    assert set(spread(None, found["affinity"])) == {ZONE, HOST}


def test_the_key_is_a_reference_on_both_sides(graph: Graph) -> None:
    assert serving(graph)["vllmApiKey"] == {"secretName": "vllm-api-key", "secretKey": "VLLM_API_KEY"}
    (data,) = manifests(graph, "ExternalSecret")["vllm-api-key"]["spec"]["data"]
    assert data == {
        "secretKey": "VLLM_API_KEY",
        "remoteRef": {"key": "gw/test/vllm-api-key", "property": "value"},
    }


def test_the_router_is_the_plans(graph: Graph) -> None:
    router, plan = values(graph, "vllm")["routerSpec"], TWO["vllm-router"]
    assert router["replicaCount"] == plan.replicas
    assert router["resources"] == plan.container("router").resources()
    assert router["pdb"] == {"enabled": True, "maxUnavailable": 1}
    assert set(router["labels"]) == set(serving(graph)["labels"]) == {"environment", "release"}
    assert router["labels"] != serving(graph)["labels"]


def test_metrics_are_scraped(graph: Graph) -> None:
    assert serving(graph)["serviceMonitor"] == {"enabled": True}
    assert values(graph, "vllm")["routerSpec"]["serviceMonitor"] == {"enabled": True}


def test_engines_wait_for_their_model_and_nothing_waits_for_engines(both: Graph) -> None:
    for name in ("llama-31-8b", "llama-31-70b"):
        assert waits_for(both, "vllm-vllm", f"vllm-models-{name}")
    assert resources(both, "Release")["vllm-vllm"].inputs["skipAwait"] is True


def test_where_litellm_finds_the_router() -> None:
    seen: list[Vllm] = []

    def note(opts: pulumi.ResourceOptions) -> None:
        made = build()(opts)
        assert isinstance(made, Vllm)
        seen.append(made)

    captured(note)
    assert seen[0].router_url == "http://vllm-router-service.vllm.svc:80/v1"
    assert seen[0].endpoint.host == "vllm-router-service.vllm.svc"


def test_every_engine_has_a_scaled_object(both: Graph) -> None:
    assert set(manifests(both, "ScaledObject")) == {"llama-31-8b", "llama-31-70b"}
    found = spec(both, "ScaledObject", "llama-31-8b")
    assert found["scaleTargetRef"]["name"] == "vllm-llama-31-8b-deployment-vllm"
    assert (found["minReplicaCount"], found["maxReplicaCount"]) == (2, 6)


def test_triggers_count_one_model_and_never_read_silence_as_zero(graph: Graph) -> None:
    running, waiting = spec(graph, "ScaledObject", "llama-31-8b")["triggers"]
    for trigger, metric, threshold in (
        (running, "vllm:num_requests_running", "11"),
        (waiting, "vllm:num_requests_waiting", "4"),
    ):
        assert trigger["metricType"] == "AverageValue"
        assert trigger["metadata"] == {
            "serverAddress": PROMETHEUS,
            "query": f'sum({metric}{{model_name="llama-3.1-8b"}})',
            "threshold": threshold,
            "ignoreNullValues": "false",
        }


def test_without_prometheus_engines_never_become_fewer(graph: Graph) -> None:
    fallback = spec(graph, "ScaledObject", "llama-31-8b")["fallback"]
    assert fallback["replicas"] == 3
    assert fallback["behavior"] == "currentReplicasIfHigher"


def test_engines_go_one_by_one(graph: Graph) -> None:
    advanced = spec(graph, "ScaledObject", "llama-31-8b")["advanced"]
    down = advanced["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]
