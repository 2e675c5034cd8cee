"""The model cache: one Job per model, and the script that it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.kubernetes.model_cache import CacheInputs, ModelCache
from components.kubernetes.scripts import fill_model_cache as filling
from components.kubernetes.scripts.fill_model_cache import RemoteFile, fill, open_store, wanted
from infra.graph.model import Graph
from tests.factories_workloads import (
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    engine,
    manifests,
    one,
    resources,
    waits_for,
)

FILES = (
    RemoteFile("config.json", 3),
    RemoteFile("model-1.safetensors", 5),
    RemoteFile("original/consolidated.00.pth", 9),
    RemoteFile("model.bin", 9),
)


def build(token: str | None = None) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        inputs = CacheInputs(WORKLOADS, bindings(), "vllm", token, (Stand("bucket", opts),))
        return ModelCache("models", (engine(),), inputs, opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def job(graph: Graph) -> dict[str, Any]:
    found = one(graph, "Job").inputs["spec"]
    assert isinstance(found, dict)
    return found


def environment(graph: Graph) -> dict[str, Any]:
    (own,) = job(graph)["template"]["spec"]["containers"]
    return {e["name"]: e.get("value") or e["valueFrom"] for e in own["env"]}


def test_contract() -> None:
    check_contract(build())


def test_the_pinned_revision_goes_to_a_place_of_its_own(graph: Graph) -> None:
    env = environment(graph)
    assert (env["REPOSITORY"], env["REVISION"]) == ("org/llama-awq", "abc123")
    assert env["TARGET"] == "s3://models/llama-31-8b/abc123"
    assert env["AWS_REGION"] == "eu-test-1"


def test_the_job_has_its_own_identity_and_disk(graph: Graph) -> None:
    pod = job(graph)["template"]["spec"]
    assert pod["serviceAccountName"] == "model-cache"
    (own,) = pod["containers"]
    assert own["resources"]["requests"]["ephemeral-storage"] == "12Gi"
    volumes = {v["name"]: v for v in pod["volumes"]}
    assert volumes["work"]["emptyDir"] == {"sizeLimit": "24Gi"}
    assert {m["name"] for m in own["volumeMounts"]} == set(volumes)
    assert "tolerations" not in pod


def test_the_job_is_its_workload(graph: Graph) -> None:
    plan = WORKLOADS["model-cache-llama-31-8b"]
    template = job(graph)["template"]
    assert template["metadata"]["labels"]["ai-gateway/workload"] == plan.name
    (own,) = template["spec"]["containers"]
    without_disk = {k: v for k, v in own["resources"]["requests"].items() if k != "ephemeral-storage"}
    given = {"requests": without_disk, "limits": own["resources"]["limits"]}
    assert given == plan.container("fill").resources()


def test_a_token_is_a_reference_when_one_is_needed(graph: Graph) -> None:
    assert "HF_TOKEN" not in environment(graph)
    assert manifests(graph, "ExternalSecret") == {}
    found = captured(build("hub-token"))
    assert environment(found)["HF_TOKEN"] == {"secretKeyRef": {"name": "hf-token", "key": "HF_TOKEN"}}
    (data,) = manifests(found, "ExternalSecret")["hf-token"]["spec"]["data"]
    assert data["remoteRef"] == {"key": "hub-token", "property": "value"}  # in Vault
    assert waits_for(found, "models-llama-31-8b", "models-vllm-hf-token")


def test_the_script_is_the_one_that_is_tested(graph: Graph) -> None:
    data = resources(graph, "ConfigMap")["models-script"].inputs["data"]
    assert isinstance(data, dict)
    source = Path(str(filling.__file__)).read_text(encoding="utf-8")
    assert data == {"fill_model_cache.py": source}


class Bucket:
    """A bucket in memory that can fail."""

    def __init__(self, fails_at: str | None = None, **objects: int) -> None:
        self.objects: dict[str, int] = dict(objects)
        self.fails_at = fails_at

    def size(self, key: str) -> int | None:
        return self.objects.get(key)

    def put(self, key: str, path: Path) -> None:
        if key == self.fails_at:
            raise OSError("connection reset")
        self.objects[key] = path.stat().st_size


class Hub:
    """A repository whose files hold as many bytes as they claim."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.asked: list[str] = []

    def __call__(self, path: str) -> Path:
        self.asked.append(path)
        local = self.work / path
        local.write_bytes(b"x" * next(f.size for f in FILES if f.path == path))
        return local


def run(bucket: Bucket, hub: Hub) -> int:
    return fill(bucket, "m/1", FILES, hub, hub.work / "mark")


def test_files_are_copied_and_then_marked_complete(tmp_path: Path) -> None:
    bucket, hub = Bucket(), Hub(tmp_path)
    assert run(bucket, hub) == 2
    assert bucket.objects["m/1/config.json"] == 3
    assert bucket.objects["m/1/model-1.safetensors"] == 5
    assert set(bucket.objects) == {"m/1/config.json", "m/1/model-1.safetensors", "m/1.complete"}


def test_the_disk_is_empty_again(tmp_path: Path) -> None:
    run(Bucket(), Hub(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_a_second_run_asks_for_nothing(tmp_path: Path) -> None:
    bucket, hub = Bucket(), Hub(tmp_path)
    run(bucket, hub)
    hub.asked.clear()
    assert run(bucket, hub) == 0
    assert hub.asked == []


def test_an_interrupted_copy_goes_on_where_it_stopped(tmp_path: Path) -> None:
    bucket, hub = Bucket(fails_at="m/1/model-1.safetensors"), Hub(tmp_path)
    with pytest.raises(OSError, match="connection reset"):
        run(bucket, hub)
    assert "m/1.complete" not in bucket.objects
    bucket.fails_at = None
    hub.asked.clear()
    assert run(bucket, hub) == 1
    assert hub.asked == ["model-1.safetensors"]


def test_a_file_of_another_size_is_copied_again(tmp_path: Path) -> None:
    bucket = Bucket(**{"m/1/config.json": 2})
    run(bucket, Hub(tmp_path))
    assert bucket.objects["m/1/config.json"] == 3


def test_a_repository_without_safetensors_is_refused(tmp_path: Path) -> None:
    bucket = Bucket()
    with pytest.raises(ValueError, match=r"no \.safetensors"):
        fill(bucket, "m/1", [RemoteFile("model.bin", 1)], Hub(tmp_path), tmp_path / "mark")
    assert bucket.objects == {}


@pytest.mark.parametrize("path", ["model.bin", "original/params.json", "a.pth", "x.gguf", ".gitattributes"])
def test_other_forms_of_the_weights_stay_behind(path: str) -> None:
    assert not wanted(path)


@pytest.mark.parametrize("path", ["model.safetensors", "tokenizer.json", "config.json", "tokenizer.model"])
def test_what_engines_need_is_copied(path: str) -> None:
    assert wanted(path)


@pytest.mark.parametrize("target", ["http://b/p", "s3://", "s3://bucket", "s3://bucket/", "bucket/p"])
def test_a_target_that_is_no_bucket_and_prefix_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="is not s3://bucket/prefix"):
        open_store(target)


def test_the_store_is_chosen_by_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(filling.STORES, "gs", lambda bucket: Bucket(**{bucket: 1}))
    store, prefix = open_store("gs://models/a/b/")
    assert store.size("models") == 1
    assert prefix == "a/b"
