"""What is deployed: the plan's specifications handed to the components, in the order a first ``up`` needs.

One program serves ``pulumi up``, the offline preview and the tests. Nothing here computes a size.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.kubernetes.addons import Addons, AddonsArgs
from components.kubernetes.agentgateway import AgentGateway, AgentGatewayArgs
from components.kubernetes.brought_keys import KeyStore, KeyStoreArgs
from components.kubernetes.database import DatabaseBootstrap, DatabaseBootstrapArgs
from components.kubernetes.litellm import Litellm, LitellmArgs
from components.kubernetes.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.kubernetes.observability import Observability, ObservabilityArgs
from components.kubernetes.pgbouncer import Pgbouncer, PgbouncerArgs
from components.kubernetes.platform import Platform, PlatformArgs, namespaces_of
from components.kubernetes.secretstore import SecretStore, SecretStoreArgs
from components.kubernetes.vault import Vault, VaultArgs
from components.kubernetes.vault_init import VaultInit, VaultInitArgs
from components.kubernetes.vault_snapshot import VaultSnapshots, VaultSnapshotsArgs
from components.kubernetes.vllm import Vllm, VllmArgs
from components.platform import CloudPlatform, CloudPlatformArgs
from infra import clouds
from infra.outputs import stack_outputs
from infra.planning import plan_of, project_of
from infra.settings import Settings
from infra.stackname import platform_name
from sizing.alerts.boards import dashboards
from sizing.alerts.rules import rule_groups
from sizing.fit import check_fit
from sizing.plan import Plan
from sizing.platform_specs import ENTRIES, SECRET_USERS

PROJECT = "ai-gateway"
METRIC_ROLES = ("cloud-metrics", "prometheus", "thanos")
"""Roles of pods that read the cloud's figures, or write metrics to object storage."""
Resources = tuple[pulumi.Resource, ...]
OWN_TAGS = {"managed-by": "pulumi", "project": PROJECT}


def deploy(settings: Settings, stack: str) -> Plan:
    """Register every resource of the stack and its outputs.

    Raises:
        SizingError: the settings cannot be met, or pods would find no node; nothing has been registered then.
    """
    plan = plan_of(settings)
    check_fit(plan)
    deploy_plan(settings, plan, stack, project_of(settings, offline=False))
    return plan


def deploy_plan(settings: Settings, plan: Plan, stack: str, project: str) -> None:
    """Register the resources of a plan that has been resolved already.

    ``project`` is the cloud project, empty on a cloud without projects.
    """
    tags = {**settings.tags, **OWN_TAGS, "stack": stack}
    cloud = _cloud(settings, plan, platform_name(stack, settings.cloud, project), project, tags)
    gateway = _Workloads(plan, cloud, tags).deploy()
    if cloud.dns is not None and gateway.address is not None:
        cloud.dns.publish(gateway.address)
    for name, value in stack_outputs(plan, cloud, gateway).items():
        pulumi.export(name, value)


def _cloud(settings: Settings, plan: Plan, name: str, project: str, tags: Mapping[str, str]) -> CloudPlatform:
    specs = plan.platform
    return clouds.platform(settings.cloud)(
        "cloud",
        CloudPlatformArgs(
            name=name,
            project=project,
            region=plan.order.region,
            network=plan.network,
            cluster=plan.cluster,
            postgres=plan.order.postgres.spec,
            redis=plan.order.redis.spec,
            buckets=plan.order.buckets,
            keys=plan.order.keys,
            secrets=specs.secrets,
            secret_users=SECRET_USERS,
            secret_generations=specs.secret_generations,
            entries=ENTRIES,
            brought=specs.observability.routing.secrets,
            identities=specs.identities,
            gateway=specs.agent_gateway,
            postgres_ca_bundle=settings.postgres.ca_bundle or plan.order.postgres.authority,
            bedrock=specs.litellm.bedrock,
            service_linked_roles=settings.access.create_service_linked_roles,
            tags=tags,
        ),
    )


class _Workloads:
    """Everything inside the cluster, in order of creation; each part waits for what it needs and no more."""

    def __init__(self, plan: Plan, cloud: CloudPlatform, tags: Mapping[str, str]) -> None:
        self._plan, self._cloud, self._tags = plan, cloud, tags
        self._opts = pulumi.ResourceOptions(providers=[cloud.kubernetes_provider])
        self._specs, self._pods, self._bindings = plan.platform, plan.workloads, cloud.bindings
        self._identities = tuple(cloud.identities.values())

    def deploy(self) -> AgentGateway:
        version = self._plan.cluster.kubernetes_version
        platform = Platform(
            "platform", PlatformArgs(namespaces_of(self._pods), version, self._cloud.ready), self._opts
        )
        NetworkPolicies(
            "network-policies", NetworkPoliciesArgs(self._plan.network_policies, (platform,)), self._opts
        )
        addons = Addons(
            "addons",
            AddonsArgs(
                spec=self._specs.addons,
                workloads=self._pods,
                bindings=self._bindings,
                kubernetes_version=version,
                tags=self._tags,
                ready=(platform,),
                identities=self._identities,
            ),
            self._opts,
        )
        secrets = SecretStore(
            "secrets", SecretStoreArgs(self._bindings, (platform, addons.external_secrets)), self._opts
        )
        observability = Observability(
            "observability",
            ObservabilityArgs(
                spec=self._specs.observability,
                workloads=self._pods,
                bindings=self._bindings,
                rules=rule_groups(self._plan),
                dashboards=dashboards(self._plan),
                ready=(platform, addons.prometheus_crds),
                secrets=(secrets,),
                identities=tuple(
                    self._cloud.identities[r] for r in METRIC_ROLES if r in self._cloud.identities
                ),
            ),
            self._opts,
        )
        base = (platform, *self._identities)
        keys = self._vault(addons, base, (*base, secrets))
        litellm = self._request_path(addons, observability, base, (*base, secrets), keys)
        return self._gateway(addons, observability, base, litellm)

    def _vault(self, addons: Addons, base: Resources, ready: Resources) -> KeyStore:
        """Vault, initialised and saved every hour, and what reads keys from it."""
        spec, pods, bindings = self._specs.vault, self._pods, self._bindings
        monitored = (*base, addons.prometheus_crds)
        vault = Vault("vault", VaultArgs(spec, pods, bindings, addons.cert_manager, monitored), self._opts)
        init = VaultInit("vault-init", VaultInitArgs(vault, pods, bindings, ready), self._opts)
        VaultSnapshots(
            "vault-snapshots",
            VaultSnapshotsArgs(vault, init, pods, bindings, spec.storage_gib, ready),
            self._opts,
        )
        return KeyStore("keys", KeyStoreArgs(vault, init, (addons.external_secrets, *ready)), self._opts)

    def _request_path(
        self,
        addons: Addons,
        observability: Observability,
        base: Resources,
        ready: Resources,
        keys: KeyStore,
    ) -> Litellm:
        """Database roles, the pool, engines and proxies; only the proxies' first start waits for others."""
        specs, pods, bindings = self._specs, self._pods, self._bindings
        monitored = (*ready, addons.prometheus_crds)
        bootstrap = DatabaseBootstrap("database", DatabaseBootstrapArgs(pods, bindings, ready), self._opts)
        # It connects when a client does, and the proxies wait longer for their migrations: after the roles
        # nothing is later, and nobody finds a pool that the server refuses.
        pooled = (*monitored, bootstrap.job)
        pgbouncer = Pgbouncer("pgbouncer", PgbouncerArgs(specs.pgbouncer, pods, bindings, pooled), self._opts)
        vllm = Vllm(
            "vllm",
            VllmArgs(
                spec=specs.vllm,
                workloads=pods,
                bindings=bindings,
                prometheus_url=observability.prometheus_url,
                hf_token_entry=specs.vllm.hf_token_secret,
                ready=(*monitored, addons.keda),
                key_store=(keys.store,),
                cache_ready=base,
            ),
            self._opts,
        )
        return Litellm(
            "litellm",
            LitellmArgs(
                spec=specs.litellm,
                workloads=pods,
                bindings=bindings,
                pgbouncer=pgbouncer,
                database_ready=bootstrap.job,
                vllm=vllm.endpoint,
                otlp=observability.traces.otlp,
                trace_sampling_percent=specs.observability.trace_sampling_percent,
                prometheus_url=observability.prometheus_url,
                ready=monitored,
                key_store=(keys.store,),
            ),
            self._opts,
        )

    def _gateway(
        self, addons: Addons, observability: Observability, base: Resources, litellm: Litellm
    ) -> AgentGateway:
        """The way in: its load balancer is made while the proxies start, its route when they answer."""
        specs = self._specs
        controller = addons.load_balancer_controller
        return AgentGateway(
            "gateway",
            AgentGatewayArgs(
                spec=specs.agent_gateway,
                workloads=self._pods,
                bindings=self._bindings,
                litellm=litellm.endpoint,
                request_timeout_s=specs.litellm.request_timeout_s,
                otlp=observability.traces.otlp,
                trace_sampling_percent=specs.observability.trace_sampling_percent,
                cert_manager=addons.cert_manager,
                ready=(*base, addons.prometheus_crds, *([] if controller is None else [controller])),
                backend_ready=(litellm.release,),
            ),
            self._opts,
        )
