"""All of a Google Cloud stack below Kubernetes, wired in the order in which an empty project accepts it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.base import Component
from components.bindings import Bindings
from components.gcp import keys as purpose
from components.gcp import services as api
from components.gcp.agents import Agents, AgentsArgs
from components.gcp.bindings import GcpBindingsArgs, SealKey, gcp_bindings
from components.gcp.cluster import Cluster, ClusterArgs
from components.gcp.dns import Dns, DnsArgs
from components.gcp.identity import Identity, IdentityArgs
from components.gcp.keys import Keys, KeysArgs
from components.gcp.network import Network, NetworkArgs
from components.gcp.postgres import Postgres, PostgresArgs
from components.gcp.redis import Redis, RedisArgs
from components.gcp.secrets import Secrets, SecretsArgs
from components.gcp.services import Services, ServicesArgs
from components.gcp.storage import Storage, StorageArgs
from components.generated import FIRST_GENERATION
from components.platform import CloudPlatformArgs

SECRET_RECOVERY_DAYS = 30
"""Days in which a destroyed version of a secret can be brought back."""
POSTGRES_ADMIN = "postgres-admin"
CACHE_ROLE, SECRETS_ROLE = "litellm", "external-secrets"


class GcpPlatform(Component):
    """APIs, network, keys, buckets, secrets, GKE, Cloud SQL, Memorystore and identities of one stack.

    Order: APIs; service agents before the keys' grants, and those before whatever names a key; the network's
    private services before database and cache, which are made in parallel with the cluster. Does not create
    anything inside the cluster but its storage class. Implements ``components.platform.CloudPlatform``.
    """

    TYPE = "ai-gateway:gcp:Platform"

    def __init__(
        self, name: str, args: CloudPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        if not args.project:
            raise ValueError("a Google Cloud stack needs a project: set gcpProject")
        self._args = args
        self._google = gcp.Provider(
            f"{name}-gcp",
            project=args.project,
            region=args.region,
            add_pulumi_attribution_label=False,  # an endpoint for Google's APIs takes no label
            opts=self.child(),
        )
        self._random = random.Provider(f"{name}-random", opts=self.child())
        self._secret_prefix = f"{args.name}-"
        self._services = self._make_services()
        self._keys = self._make_keys()
        self._network = self._make_network()
        self._storage = self._make_storage()
        self._secrets = self._make_secrets()
        self._cluster = self._make_cluster()
        self._identity = self._make_identity()
        self._postgres = self._make_postgres()
        self._redis = self._make_redis()
        self.kubernetes_provider = self._cluster.kubernetes_provider
        self.identities: Mapping[str, pulumi.Resource] = dict(self._identity.bindings)
        # nothing waits for GPU nodes that does not run on them
        self.ready: tuple[pulumi.Resource, ...] = (*self._cluster.nodes.cpu, self._cluster.storage_class)
        self.dns = self._make_dns()
        self.bindings = self._make_bindings()
        self.outputs: Mapping[str, pulumi.Input[str]] = {
            "kubeconfigCommand": self._cluster.kubeconfig_command,
            "postgresWriterHost": self._postgres.writer_host,
            "redisHost": self._redis.host,
            "modelCacheUri": self.bindings.model_cache_uri,
        }
        self.register_outputs(dict(self.outputs))

    def _opts(self) -> pulumi.ResourceOptions:
        own = self.child()
        return pulumi.ResourceOptions.merge(
            own, pulumi.ResourceOptions(providers=[self._google, self._random])
        )

    def _make_services(self) -> Services:
        args = self._args
        optional = [(api.BACKUP, args.cluster.backup), (api.MODELS, args.bedrock)]
        return Services(
            f"{self.prefix}-services",
            ServicesArgs(args.project, tuple(name for name, wanted in optional if wanted)),
            self._opts(),
        )

    def _make_keys(self) -> Keys:
        args = self._args
        users = dict.fromkeys(user for spec in args.keys for user in purpose.USERS.get(spec.purpose, ()))
        agents = Agents(
            f"{self.prefix}-agents",
            AgentsArgs(
                args.project, self._services, tuple(user for user in users if user in self._services.enabled)
            ),
            self._opts(),
        )
        return Keys(
            f"{self.prefix}-keys",
            KeysArgs(
                specs=args.keys,
                project=args.project,
                region=args.region,
                agents=agents,
                before=self._services.of(api.KMS),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_network(self) -> Network:
        args = self._args
        return Network(
            f"{self.prefix}-network",
            NetworkArgs(
                spec=args.network,
                cluster_name=args.name,
                project=args.project,
                region=args.region,
                services=self._services,
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_storage(self) -> Storage:
        args = self._args
        return Storage(
            f"{self.prefix}-storage",
            StorageArgs(
                specs=args.buckets,
                project=args.project,
                region=args.region,
                key_id=self._keys.ids[purpose.STORAGE],
                before=(*self._services.of(api.STORAGE), *self._keys.grants[purpose.STORAGE]),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_secrets(self) -> Secrets:
        args = self._args
        made = {spec.name for spec in args.secrets}
        return Secrets(
            f"{self.prefix}-secrets",
            SecretsArgs(
                specs=args.secrets,
                prefix=self._secret_prefix,
                project=args.project,
                region=args.region,
                key_id=self._keys.ids[purpose.SECRETS],
                recovery_days=SECRET_RECOVERY_DAYS,
                users={name: user for name, user in args.secret_users.items() if name in made},
                generations=args.secret_generations,
                entries=args.entries,
                before=(*self._services.of(api.SECRETS), *self._keys.grants[purpose.SECRETS]),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_cluster(self) -> Cluster:
        args = self._args
        return Cluster(
            f"{self.prefix}-cluster",
            ClusterArgs(
                spec=args.cluster,
                name=args.name,
                project=args.project,
                region=args.region,
                zones=args.network.zones,
                network_id=self._network.network_id,
                subnet_id=self._network.subnet_id,
                network_cidr=args.network.cidr,
                control_plane_cidr=args.network.control_plane_cidr,
                secrets_key_id=self._keys.ids[purpose.CLUSTER],
                disk_key_id=self._keys.ids[purpose.DISKS],
                services=self._services,
                before=(*self._keys.grants[purpose.CLUSTER], *self._keys.grants[purpose.DISKS]),
                egress=tuple(self._network.egress),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _brought(self) -> dict[str, str]:
        """Entries that people make: they are there before the right to read them is granted."""
        where = f"projects/{self._args.project}/secrets/{self._secret_prefix}"
        return {name: f"{where}{name}" for name in self._args.brought}

    def _make_identity(self) -> Identity:
        args = self._args
        return Identity(
            f"{self.prefix}-identity",
            IdentityArgs(
                identities=args.identities,
                name=args.name,
                project=args.project,
                workload_pool=self._cluster.workload_pool,
                buckets=self._storage.names,
                key_ids=self._keys.ids,
                secret_ids={**self._secrets.ids, **self._brought()},
                entry_ids=self._secrets.entry_ids,
                bedrock=args.bedrock,
                cluster=(self._cluster.gke,),
                before=self._services.of(api.IAM, api.CREDENTIALS, api.PROJECTS),
            ),
            self._opts(),
        )

    def _make_postgres(self) -> Postgres:
        args = self._args
        return Postgres(
            f"{self.prefix}-postgres",
            PostgresArgs(
                spec=args.postgres,
                name=args.name,
                project=args.project,
                region=args.region,
                network_id=self._network.network_id,
                key_id=self._keys.ids[purpose.DATABASE],
                admin_user=args.secret_users[POSTGRES_ADMIN],
                admin_password=self._secrets.values[POSTGRES_ADMIN],
                password_version=args.secret_generations.get(POSTGRES_ADMIN, FIRST_GENERATION),
                before=(
                    *self._services.of(api.SQL),
                    self._network.private_services,
                    *self._keys.grants[purpose.DATABASE],
                ),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_redis(self) -> Redis:
        args = self._args
        return Redis(
            f"{self.prefix}-redis",
            RedisArgs(
                spec=args.redis,
                name=args.name,
                project=args.project,
                region=args.region,
                network_id=self._network.network_id,
                key_id=self._keys.ids[purpose.CACHE],
                before=(
                    *self._services.of(api.REDIS),
                    self._network.redis_policy,
                    *self._keys.grants[purpose.CACHE],
                ),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_dns(self) -> Dns | None:
        args = self._args
        if args.gateway.dns is None:
            return None
        return Dns(
            f"{self.prefix}-dns",
            DnsArgs(
                spec=args.gateway.dns,
                project=args.project,
                region=args.region,
                subnet_id=self._network.subnet_id,
                public=args.gateway.public,
                before=self._services.of(api.COMPUTE, api.DNS),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_bindings(self) -> Bindings:
        args, buckets = self._args, self._storage.names
        return gcp_bindings(
            GcpBindingsArgs(
                cluster=self._cluster,
                postgres=self._postgres,
                redis=self._redis,
                project=args.project,
                region=args.region,
                network_id=self._network.network_id,
                secret_prefix=self._secret_prefix,
                annotations=self._identity.annotations,
                cache_account=self._identity.accounts[CACHE_ROLE].email,
                seal=self._seal_key(),
                model_cache_bucket=buckets["model-cache"],
                vault_snapshot_bucket=buckets["vault-snapshots"],
                thanos_bucket=buckets.get("thanos"),
                public=args.gateway.public,
                load_balancer_ip=self.dns and self.dns.address,
                secret_access=(self._identity.bindings[SECRETS_ROLE], *self._secrets.versions.values()),
            )
        )

    def _seal_key(self) -> SealKey:
        spec = next(spec for spec in self._args.keys if spec.purpose == purpose.SEAL)
        ring = self._keys.ring_of(spec)
        return SealKey(
            location=purpose.location(spec, self._args.region),
            ring=ring.name,
            key=self._keys.keys[purpose.SEAL].name,
        )
