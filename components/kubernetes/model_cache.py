"""The model cache: object storage that a Job fills once and engines stream from. D26."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import images
from components.kubernetes.files import config_map, script
from components.kubernetes.jobs import Step, Task, run_once
from components.kubernetes.labels import own_labels
from components.kubernetes.secretstore import VAULT_STORE, external_secret
from sizing.specs import EngineSpec, Workloads

SERVICE_ACCOUNT = "model-cache"
SCRIPT = "fill_model_cache.py"
SCRIPT_DIR = "/scripts"
WORK_DIR = "/work"

SCRATCH_GIB = 24
"""One file at a time: published shards have at most 10 GB, single-file quantised models up to 20 GB."""

REQUESTED_DISK_GIB = 12
"""What one shard of 10 GB needs; the node's disk holds the image beside it."""

TIMEOUT_S = 4 * 3600
"""140 GB (70B in bf16) take 40 minutes at 60 MB/s; the rest is for a slow repository. A copy that is
interrupted goes on where it stopped."""

RETRIES = 6

USER = 2000
"""The image's own user that is not root (https://docs.vllm.ai/en/latest/deployment/docker/)."""

HUB_CREDENTIAL = "hf-token"


@dataclass(frozen=True)
class CacheInputs:
    """``workloads`` holds ``model-cache-<slug>`` per engine. ``token_entry``: key in Vault, for
    repositories that ask for a token, or None. ``key_store``: what reads keys from Vault."""

    workloads: Workloads
    bindings: Bindings
    namespace: str
    token_entry: str | None
    ready: tuple[pulumi.Resource, ...]
    key_store: tuple[pulumi.Resource, ...] = ()


def model_path(engine: EngineSpec) -> str:
    """Where in the bucket the model lies. A new revision is a new place: engines never read a mixture."""
    return f"{engine.slug}/{engine.revision}"


class ModelCache(Component):
    """One Job per model that copies a pinned revision from its repository into the bucket.

    Idempotent: a mark says that the model is complete. It never deletes: old revisions go with the bucket's
    lifecycle rule, or by hand.

    Attributes:
        filled: by slug, the Job that must have succeeded before the engine starts.
    """

    TYPE = "ai-gateway:kubernetes:ModelCache"

    def __init__(
        self,
        name: str,
        engines: tuple[EngineSpec, ...],
        inputs: CacheInputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        account = k8s.core.v1.ServiceAccount(
            f"{self.prefix}-account",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=SERVICE_ACCOUNT,
                namespace=inputs.namespace,
                labels=own_labels(),
                annotations=inputs.bindings.annotations("model-cache"),
            ),
            opts=self.child(depends_on=list(inputs.ready)),
        )
        source = config_map(
            self,
            "script",
            namespace=inputs.namespace,
            data={SCRIPT: script(SCRIPT)},
            depends_on=inputs.ready,
        )
        waits: list[pulumi.Resource] = [account, *self._token(inputs), *inputs.ready]
        self.filled: Mapping[str, k8s.batch.v1.Job] = {
            engine.slug: run_once(self, engine.slug, _task(engine, inputs, source), waits)
            for engine in engines
        }
        self.register_outputs({})

    def _token(self, inputs: CacheInputs) -> list[pulumi.Resource]:
        if inputs.token_entry is None:
            return []
        return [
            external_secret(
                self,
                namespace=inputs.namespace,
                name=HUB_CREDENTIAL,
                store_key=inputs.token_entry,
                keys={"HF_TOKEN": "value"},
                source=VAULT_STORE,
                depends_on=[*inputs.key_store, *inputs.ready],
            )
        ]


def _task(engine: EngineSpec, inputs: CacheInputs, source: k8s.core.v1.ConfigMap) -> Task:
    workload = inputs.workloads[f"model-cache-{engine.slug}"]
    target = pulumi.Output.concat(inputs.bindings.model_cache_uri, "/", model_path(engine))
    step = Step(
        image=images.VLLM.reference,
        container=workload.container("fill"),
        command=["python3", f"{SCRIPT_DIR}/{SCRIPT}"],
        env={
            "REPOSITORY": engine.repository,
            "REVISION": engine.revision,
            "TARGET": target,
            "WORK_DIR": WORK_DIR,
            "HF_HOME": f"{WORK_DIR}/.hf",
            "HOME": WORK_DIR,
            "TMPDIR": WORK_DIR,
            "HF_XET_CHUNK_CACHE_SIZE_BYTES": "0",  # else up to 10 GB of chunks stay beside the file
            **inputs.bindings.environment,
        },
        secrets={} if inputs.token_entry is None else {"HF_TOKEN": (HUB_CREDENTIAL, "HF_TOKEN")},
        mounts={"script": SCRIPT_DIR, "work": WORK_DIR},
        ephemeral_gib=REQUESTED_DISK_GIB,
    )
    return Task(
        workload=workload,
        steps=(step,),
        timeout_s=TIMEOUT_S,
        retries=RETRIES,
        service_account=SERVICE_ACCOUNT,
        run_as=USER,
        config_maps={"script": source.metadata.name},
        scratch_gib={"work": SCRATCH_GIB},
    )
