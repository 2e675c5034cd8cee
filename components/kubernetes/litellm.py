"""The LiteLLM proxy: one deployment, scaled by the guide's autoscaler. Guide 2.1, D1, D21, D37."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts, images
from components.kubernetes.brought_keys import Roller, roll_on_change
from components.kubernetes.chart_defaults import exact_resources
from components.kubernetes.database import APP_ENTRY, CREDENTIALS
from components.kubernetes.endpoints import ServiceEndpoint
from components.kubernetes.litellm_cache import cache_authority, cache_values
from components.kubernetes.litellm_config import (
    VLLM_KEY_ENV,
    ConfigInputs,
    key_env,
    proxy_config,
)
from components.kubernetes.litellm_migration import MigrationInputs, migrate
from components.kubernetes.litellm_scaling import autoscaling
from components.kubernetes.patches import patch_pods
from components.kubernetes.pgbouncer import Pgbouncer
from components.kubernetes.placement import (
    disruption_budget,
    labels_of,
    pod_affinity,
    spread_constraints,
)
from components.kubernetes.release import helm_release
from components.kubernetes.secretstore import VAULT_STORE, external_secret
from components.kubernetes.security import NO_PRIVILEGE, SECCOMP
from sizing.specs import LitellmSpec, Workloads

RELEASE = "litellm"
PORT = 4000

MASTER_KEY, SALT_KEY, VLLM_KEY = "litellm-master-key", "litellm-salt-key", "vllm-api-key"
"""Entries of the secret store, each ``{value}``; the Kubernetes Secrets have the same names."""

LIVELINESS = {"path": "/health/liveliness", "port": "http"}
READINESS = {"path": "/health/readiness", "port": "http"}

PROBE_TIMEOUT_S = 10
"""Probes share the worker's event loop, and the database check behind readiness may itself take 4 s."""

START_BUDGET_S = 300
START_PERIOD_S = 5
"""A start takes 11 s on a free core, 33 s on a busy one and 40 s with two workers; the vendor allows 300
s."""

PRE_STOP_S = 15
"""Time for the Service's endpoints to forget a pod. Workers drain on SIGTERM by themselves; the drain path
would reach only one of them (https://github.com/BerriAI/litellm, proxy/shutdown)."""

STOP_MARGIN_S = 15

KEEPALIVE_S = 120
"""The agent gateway keeps idle connections for 90 s (its ``pool_idle_timeout``). The server must keep them
longer, or the gateway sends a request into a connection that is being closed."""

WORKER_HEALTHCHECK_S = 120
"""The supervisor kills a worker that is silent for 5 s, which every worker is while it imports LiteLLM on a
busy core: with more than one worker the pod would never start
(https://github.com/encode/uvicorn/discussions/2506)."""

MIN_READY_S = 10

OFFLINE_START = ("MODEL_COST_MAP", "ANTHROPIC_BETA_HEADERS", "BLOG_POSTS", "POLICY_TEMPLATES")
"""Files that LiteLLM otherwise downloads at every start; the image has copies."""


@dataclass(frozen=True)
class LitellmArgs:
    """Inputs of ``Litellm``.

    Attributes:
        spec: workers, autoscaler, models.
        workloads: holds ``litellm`` with the containers ``litellm`` and ``metrics``, and ``litellm-migrate``.
        bindings: database, cache, identity.
        pgbouncer: where the proxies reach the database.
        database_ready: ``DatabaseBootstrap``.
        vllm: the engines' router, or None when nothing is self-hosted. The proxies do not wait for it.
        otlp: where traces go (OTLP over gRPC).
        trace_sampling_percent: share of the requests that are traced unless the caller decided.
        prometheus_url: whom the autoscaler asks for requests and tokens, when they count.
        ready: namespace, secret store, monitoring CRDs, the cache.
        key_store: what reads keys of external providers from Vault (``KeyStore``).
    """

    spec: LitellmSpec
    workloads: Workloads
    bindings: Bindings
    pgbouncer: Pgbouncer
    database_ready: pulumi.Resource
    vllm: ServiceEndpoint | None
    otlp: ServiceEndpoint
    trace_sampling_percent: int
    prometheus_url: str
    ready: tuple[pulumi.Resource, ...] = ()
    key_store: tuple[pulumi.Resource, ...] = ()


class Litellm(Component):
    """Proxy, management API and admin pages in one Deployment ("monolith").

    Monolith because only its command line reads the connection pool's limits, which D22 counts on. The
    schema is migrated first, by another role and around the pooler. The salt key encrypts provider keys in
    the database: it never rotates. Keys of external providers are referred to by their names in Vault. The
    proxies start without them; a key that is put there, or replaced, is used after a rollout that starts by
    itself within minutes (``brought_keys``).

    Attributes:
        endpoint: where the gateway sends requests.
    """

    TYPE = "ai-gateway:kubernetes:Litellm"

    def __init__(self, name: str, args: LitellmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.workload = args.workloads["litellm"]
        self.namespace = self.workload.namespace
        self.endpoint = ServiceEndpoint(RELEASE, self.namespace, PORT)
        self.environment_secrets = _environment_secrets(args)
        job = args.workloads["litellm-migrate"]
        self.migration = migrate(self, MigrationInputs(job, args.bindings, args.database_ready, args.ready))
        self.release = helm_release(
            self,
            charts.LITELLM,
            name=RELEASE,
            namespace=self.namespace,
            values=self._values(args),
            removes_defaults=True,
            depends_on=[*self._secrets(args), self.migration, args.pgbouncer.release, *args.ready],
        )
        self._priority()
        self._brought_keys(args)
        self.register_outputs({"host": self.endpoint.host, "port": PORT})

    def _priority(self) -> None:
        """The chart has no key for the priority class."""
        self.patch = patch_pods(
            self,
            namespace=self.namespace,
            deployment=RELEASE,
            pod_spec={"priorityClassName": self.workload.priority_class},
            depends_on=[self.release],
        )

    def _brought_keys(self, args: LitellmArgs) -> None:
        names = tuple(sorted(_brought(args.spec)))
        waits = [*args.key_store, *args.ready]
        secrets = [
            external_secret(
                self,
                namespace=self.namespace,
                name=name,
                store_key=name,
                keys={key_env(name): "value"},
                source=VAULT_STORE,
                depends_on=waits,
            )
            for name in names
        ]
        if names:
            roller = Roller(args.workloads["litellm-keys"], RELEASE, names)
            roll_on_change(self, roller, [self.release, *secrets, *args.ready])

    def _secrets(self, args: LitellmArgs) -> list[k8s.apiextensions.CustomResource]:
        wanted: dict[str, dict[str, str]] = {
            APP_ENTRY: CREDENTIALS,
            MASTER_KEY: {"master-key": "value"},
            **{store: {env: "value"} for store, env in self.environment_secrets.items()},
        }
        if args.bindings.redis.auth_secret is not None:
            wanted[args.bindings.redis.auth_secret] = {"password": "value"}
        return [
            external_secret(
                self,
                namespace=self.namespace,
                name=name,
                store_key=f"{args.bindings.secret_prefix}{name}",
                keys=keys,
                depends_on=args.ready,
            )
            for name, keys in sorted(wanted.items())
        ]

    def _values(self, args: LitellmArgs) -> dict[str, object]:
        account = {
            "create": True,
            "name": RELEASE,
            "automount": False,
            "annotations": args.bindings.annotations("litellm"),
        }
        return {
            "fullnameOverride": RELEASE,
            "image": {"repository": images.LITELLM.repository, "tag": images.LITELLM.tag},
            "monolith": {"enabled": True},
            "serviceAccounts": {"gateway": account},
            "masterKey": {"secretName": MASTER_KEY, "secretKey": "master-key"},
            "database": {"writer": _writer(args)},
            "redis": cache_values(args.bindings.redis),
            "migrationJob": {"enabled": False},
            "gateway": {
                **self._proxy(args),
                **self._scheduling(args),
                **_lifecycle(args.spec),
                **cache_authority(self, args.bindings.redis, self.namespace, args.ready),
            },
        }

    def _proxy(self, args: LitellmArgs) -> dict[str, object]:
        url = None if args.vllm is None else args.vllm.url("/v1")
        prepared = args.pgbouncer.max_prepared_statements > 0
        inputs = ConfigInputs(redis=args.bindings.redis, vllm_url=url, prepared_statements=prepared)
        return {
            "logLevel": "ERROR",
            "numWorkers": args.spec.workers,
            "config": {"create": True, "proxy_config": proxy_config(args.spec, inputs)},
            "envSecrets": sorted(self.environment_secrets),
            "extraEnv": _environment(args),
            "service": {"type": "ClusterIP", "port": PORT},
            "resources": exact_resources(self.workload.container("litellm")),
            "metricsServer": {
                "enabled": True,
                "resources": exact_resources(self.workload.container("metrics")),
            },
            "serviceMonitor": {"enabled": True},
            # The image is root's, and Prisma writes beside its own code.
            "podSecurityContext": dict(SECCOMP),
            "securityContext": dict(NO_PRIVILEGE),
        }

    def _scheduling(self, args: LitellmArgs) -> dict[str, object]:
        labels = labels_of("litellm", RELEASE, "proxy")
        return {
            **autoscaling(args.spec, args.prometheus_url),
            "pdb": disruption_budget(self.workload),
            "affinity": pod_affinity(self.workload, labels),
            "topologySpreadConstraints": spread_constraints(self.workload, labels),
        }


def _environment_secrets(args: LitellmArgs) -> dict[str, str]:
    """Secret -> the one variable it brings."""
    found = {SALT_KEY: "LITELLM_SALT_KEY"}
    if args.vllm is not None:
        found[VLLM_KEY] = VLLM_KEY_ENV
    return found


def _brought(spec: LitellmSpec) -> set[str]:
    """Names of the keys in Vault."""
    return {model.api_key_secret for model in spec.external_models if model.api_key_secret is not None}


def _environment(args: LitellmArgs) -> list[dict[str, object]]:
    values: dict[str, str] = {
        "LITELLM_MODE": "PRODUCTION",
        "REDIS_SSL": "True",
        "KEEPALIVE_TIMEOUT": str(KEEPALIVE_S),
        "GRACEFUL_SHUTDOWN_TIMEOUT": str(args.spec.request_timeout_s),
        "OTEL_EXPORTER": "otlp_grpc",
        "OTEL_ENDPOINT": args.otlp.url(),
        "OTEL_SERVICE_NAME": RELEASE,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(args.trace_sampling_percent / 100),
        **{f"LITELLM_LOCAL_{name}": "True" for name in OFFLINE_START},
        **args.bindings.environment,
    }
    if args.spec.workers > 1:
        values["TIMEOUT_WORKER_HEALTHCHECK"] = str(WORKER_HEALTHCHECK_S)
    plain: list[dict[str, object]] = [
        {"name": name, "value": value} for name, value in sorted(values.items())
    ]
    brought: list[dict[str, object]] = [
        {
            "name": key_env(name),
            "valueFrom": {"secretKeyRef": {"name": name, "key": key_env(name), "optional": True}},
        }
        for name in sorted(_brought(args.spec))
    ]
    return plain + brought


def _lifecycle(spec: LitellmSpec) -> dict[str, object]:
    """Start-up asks whether the process answers, not whether the database does: a database that is away must
    take pods out of service, not restart them."""
    return {
        "startupProbe": {
            "httpGet": LIVELINESS,
            "periodSeconds": START_PERIOD_S,
            "failureThreshold": START_BUDGET_S // START_PERIOD_S,
            "timeoutSeconds": PROBE_TIMEOUT_S,
        },
        "livenessProbe": {
            "httpGet": LIVELINESS,
            "periodSeconds": 15,
            "timeoutSeconds": PROBE_TIMEOUT_S,
            "failureThreshold": 6,
        },
        "readinessProbe": {
            "httpGet": READINESS,
            "periodSeconds": 10,
            "timeoutSeconds": PROBE_TIMEOUT_S,
            "failureThreshold": 3,
        },
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "minReadySeconds": MIN_READY_S,
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_S}}},
        "terminationGracePeriodSeconds": PRE_STOP_S + spec.request_timeout_s + STOP_MARGIN_S,
    }


def _writer(args: LitellmArgs) -> dict[str, object]:
    return {
        "host": args.pgbouncer.endpoint.host,
        "port": args.pgbouncer.endpoint.port,
        "dbname": args.spec.database,
        "passwordSecret": {"name": APP_ENTRY, "usernameKey": "username", "passwordKey": "password"},
    }
