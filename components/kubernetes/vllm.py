"""The vLLM production stack: a router and one deployment per engine. Guide 2.3, D3 to D6, D26, D30, D37.

Chart: https://github.com/vllm-project/production-stack/tree/vllm-stack-0.1.12/helm
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts, images
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.labels import own_labels
from components.kubernetes.model_cache import CacheInputs, ModelCache
from components.kubernetes.patches import patch_pods
from components.kubernetes.placement import disruption_budget, spread_by_affinity
from components.kubernetes.release import helm_release
from components.kubernetes.scaling import scaled_object
from components.kubernetes.secretstore import external_secret
from components.kubernetes.security import NO_PRIVILEGE, READ_ONLY, not_root
from components.kubernetes.vllm_engine import (
    ENGINE_CONTAINER,
    ENGINE_LABELS,
    ENGINE_POD_SECURITY,
    PRE_STOP_S,
    RELEASE,
    STOP_MARGIN_S,
    EngineInputs,
    model_spec,
    probes,
)
from sizing.specs import EngineSpec, VllmSpec, Workloads

ROUTER_PORT = 80

API_KEY_ENTRY = "vllm-api-key"
API_KEY_KEY = "VLLM_API_KEY"

ROUTER_LABELS = {"environment": "ai-gateway", "release": "vllm-router"}
"""Replaces both of the chart's default labels, by which it selects the router's pods."""

ROUTER_START_FAILURES = 24
"""Two minutes; the chart's 20 s are too short for a Python start on a busy node."""

ROUTER_LIVENESS: Mapping[str, int] = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}
"""A minute. The chart asks as often as for readiness, and kills a router that is busy for 15 s with all its
streams; one process holds them all."""

ROUTER_CONTAINER = "router-container"  # its name in the chart

ROUTER_USER = 65534
"""``nobody``: the image names no user, and libraries look the number up in its list of users."""
SCRATCH_DIR, SCRATCH_LIMIT = "/tmp", "256Mi"  # noqa: S108 - inside the container

REROUTE_ATTEMPTS = "1"
"""A request that meets an engine which has just gone is sent to another one, once."""


@dataclass(frozen=True)
class VllmArgs:
    """Inputs of ``Vllm``.

    Attributes:
        spec: engines and drain time.
        workloads: holds ``vllm-router``, and ``vllm-<slug>`` and ``model-cache-<slug>`` per engine.
        bindings: model cache, identities, region.
        prometheus_url: where KEDA reads the engines' metrics.
        hf_token_entry: key in Vault with a token for the models' repository, or None.
        key_store: what reads keys from Vault (``KeyStore``).
        ready: namespace, secret store, model cache bucket, KEDA, monitoring CRDs.
        cache_ready: what the Jobs that fill the model cache wait for: namespace and identities. They may take
            longer than anything else and need none of the others.
    """

    spec: VllmSpec
    workloads: Workloads
    bindings: Bindings
    prometheus_url: str
    hf_token_entry: str | None = None
    ready: tuple[pulumi.Resource, ...] = ()
    key_store: tuple[pulumi.Resource, ...] = ()
    cache_ready: tuple[pulumi.Resource, ...] = ()


class Vllm(Component):
    """Engines that stream their weights from the model cache, behind a router that knows which are ready.

    Nothing waits for engines: a GPU node may take minutes or, without quota, never come; the model Job that
    must succeed first is waited for. A rollout replaces one pod at a time and needs no spare GPU.

    Replicas belong to KEDA alone. The chart writes ``replicas`` at every upgrade unless its own KEDA
    support is on, whose ScaledObject is unusable (one trigger as an object where KEDA wants a list); it
    leaves that object out when a ``raySpec`` is present. So both are given: ``keda.enabled`` true,
    ``raySpec.enabled`` false.

    What the chart has no keys for is patched into the pods of the router and the engines: a grace period that
    lets streams end, a pause so that whoever calls them forgets the pod first.

    Attributes:
        endpoint: the router, for LiteLLM.
        router_url: its base URL with ``/v1``.
    """

    TYPE = "ai-gateway:kubernetes:Vllm"

    def __init__(self, name: str, args: VllmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.args = args
        self.namespace = args.workloads["vllm-router"].namespace
        self.endpoint = ServiceEndpoint(f"{RELEASE}-router-service", self.namespace, ROUTER_PORT)
        self.router_url = self.endpoint.url("/v1")
        self.cache = ModelCache(
            f"{self.prefix}-models",
            args.spec.engines,
            CacheInputs(
                args.workloads,
                args.bindings,
                self.namespace,
                args.hf_token_entry,
                args.cache_ready,
                args.key_store,
            ),
            self.child(),
        )
        self.release = helm_release(
            self,
            charts.VLLM_STACK,
            name=RELEASE,
            namespace=self.namespace,
            values={"servingEngineSpec": self._engines(), "routerSpec": self._router()},
            depends_on=[self._account(), self._api_key(), *self.cache.filled.values(), *args.ready],
            skip_await=True,
        )
        self._let_streams_end(f"{RELEASE}-deployment-router", ROUTER_CONTAINER)
        for engine in args.spec.engines:
            self._finish(engine)
        self.register_outputs({"router_url": self.router_url})

    def _account(self) -> k8s.core.v1.ServiceAccount:
        """The engines' identity, which may read the model cache; the chart makes none."""
        return k8s.core.v1.ServiceAccount(
            f"{self.prefix}-account",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=RELEASE,
                namespace=self.namespace,
                labels=own_labels(),
                annotations=self.args.bindings.annotations("vllm"),
            ),
            automount_service_account_token=False,
            opts=self.child(depends_on=list(self.args.ready)),
        )

    def _api_key(self) -> k8s.apiextensions.CustomResource:
        return external_secret(
            self,
            namespace=self.namespace,
            name=API_KEY_ENTRY,
            store_key=f"{self.args.bindings.secret_prefix}{API_KEY_ENTRY}",
            keys={API_KEY_KEY: "value"},
            depends_on=self.args.ready,
        )

    def _engines(self) -> dict[str, object]:
        args = self.args
        specs = [
            model_spec(
                engine, EngineInputs(args.workloads[f"vllm-{engine.slug}"], args.bindings, args.spec.drain_s)
            )
            for engine in args.spec.engines
        ]
        return {
            "enableEngine": True,
            "labels": ENGINE_LABELS,
            "runtimeClassName": "",
            "imagePullPolicy": "IfNotPresent",
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "vllmApiKey": {"secretName": API_KEY_ENTRY, "secretKey": API_KEY_KEY},
            "securityContext": ENGINE_POD_SECURITY,
            "containerSecurityContext": {"runAsNonRoot": True, **NO_PRIVILEGE},
            "serviceMonitor": {"enabled": True},
            **probes(args.spec.engines),
            "modelSpec": specs,
        }

    def _router(self) -> dict[str, object]:
        workload = self.args.workloads["vllm-router"]
        selector = {"app.kubernetes.io/component": "router", "app.kubernetes.io/instance": RELEASE}
        return {
            "enableRouter": True,
            "repository": images.VLLM_ROUTER.repository,
            "tag": images.VLLM_ROUTER.tag,
            "imagePullPolicy": "IfNotPresent",
            "replicaCount": workload.replicas,
            "resources": workload.container("router").resources(),
            "labels": ROUTER_LABELS,
            "affinity": spread_by_affinity(workload, selector),
            "priorityClassName": workload.priority_class,
            "pdb": disruption_budget(workload),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "routingLogic": "roundrobin",
            "extraArgs": [
                "--max-instance-failover-reroute-attempts",
                REROUTE_ATTEMPTS,
                "--log-format",
                "json",
            ],
            "startupProbe": {"failureThreshold": ROUTER_START_FAILURES},
            "livenessProbe": ROUTER_LIVENESS,
            **_router_security(),
            "serviceMonitor": {"enabled": True},
        }

    def _finish(self, engine: EngineSpec) -> None:
        """What an engine needs beside the chart."""
        deployment = f"{RELEASE}-{engine.slug}-deployment-vllm"
        self._let_streams_end(deployment, ENGINE_CONTAINER)
        scaled_object(
            self,
            engine,
            namespace=self.namespace,
            deployment=deployment,
            prometheus_url=self.args.prometheus_url,
            depends_on=[self.release],
        )

    def _let_streams_end(self, deployment: str, container: str) -> None:
        """A pod that goes is forgotten first, and then has the drain time for the requests it still holds."""
        pause = {"preStop": {"sleep": {"seconds": PRE_STOP_S}}}
        pod: dict[str, object] = {
            "terminationGracePeriodSeconds": PRE_STOP_S + self.args.spec.drain_s + STOP_MARGIN_S,
            "containers": [{"name": container, "lifecycle": pause}],
        }
        patch_pods(
            self, namespace=self.namespace, deployment=deployment, pod_spec=pod, depends_on=[self.release]
        )


def _router_security() -> dict[str, object]:
    """The router needs no user of its own and writes only what its libraries keep in the home directory.

    https://github.com/vllm-project/production-stack/issues/966
    """
    return {
        "securityContext": not_root(ROUTER_USER),
        "containerSecurityContext": READ_ONLY,
        "env": [{"name": "HOME", "value": SCRATCH_DIR}],
        "extraVolumes": [{"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_LIMIT}}],
        "extraVolumeMounts": [{"name": "scratch", "mountPath": SCRATCH_DIR}],
    }
