"""All of an AWS stack below Kubernetes, wired together in the order in which an empty account accepts it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.aws.bindings import AwsBindingsArgs, LoadBalancerArgs, aws_bindings
from components.aws.cluster import Cluster, ClusterArgs
from components.aws.cluster_addons import ClusterAddons, ClusterAddonsArgs
from components.aws.dns import Dns, DnsArgs
from components.aws.identity import Identity, IdentityArgs
from components.aws.keys import Keys, KeysArgs
from components.aws.network import Network, NetworkArgs
from components.aws.pod_logs import PodLogs, PodLogsArgs
from components.aws.postgres import Postgres, PostgresArgs
from components.aws.redis import Redis, RedisArgs
from components.aws.secrets import Secrets, SecretsArgs
from components.aws.service_roles import SERVICES, ServiceLinkedRoles, ServiceLinkedRolesArgs
from components.aws.storage import Storage, StorageArgs
from components.base import Component
from components.bindings import Bindings
from components.generated import FIRST_GENERATION
from components.platform import CloudPlatformArgs

SECRET_RECOVERY_DAYS = 30
"""Days in which a deleted secret can be brought back; Secrets Manager's longest."""
PUBLIC_PORT, INTERNAL_PORT = 443, 80
HEALTH_PORT, HEALTH_PATH = 15021, "/healthz/ready"
"""The agent gateway's readiness check (https://agentgateway.dev/docs/kubernetes/latest)."""
POSTGRES_ADMIN, REDIS_AUTH = "postgres-admin", "redis-auth"


class AwsPlatform(Component):
    """Network, keys, buckets, secrets, EKS, RDS, ElastiCache and identities of one stack.

    Order: service-linked roles before the key policy that names one; network, keys and secrets before the
    cluster; database, cache and node groups in parallel. Does not create anything inside the cluster but what
    its nodes need. Implements ``components.platform.CloudPlatform``.
    """

    TYPE = "ai-gateway:aws:Platform"

    def __init__(
        self, name: str, args: CloudPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        self._aws = aws.Provider(f"{name}-aws", region=args.region, opts=self.child())
        self._generator = random.Provider(f"{name}-random", opts=self.child())
        invoke = pulumi.InvokeOptions(provider=self._aws)
        self._account_id = aws.get_caller_identity_output(opts=invoke).account_id
        self._partition = aws.get_partition_output(opts=invoke).partition
        self._secret_prefix = f"{args.name}/"
        self._roles = self._service_roles()
        self._keys = self._make_keys()
        self._network = self._make_network()
        self._storage = self._make_storage()
        self._secrets = self._make_secrets()
        self._cluster = self._make_cluster()
        self._identity = self._make_identity()
        self._addons = self._make_addons()
        self._postgres = self._make_postgres()
        self._redis = self._make_redis()
        self.kubernetes_provider = self._cluster.kubernetes_provider
        self.identities: Mapping[str, pulumi.Resource] = dict(self._identity.associations)
        self.ready: tuple[pulumi.Resource, ...] = tuple(self._addons.ready)
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
            own, pulumi.ResourceOptions(providers=[self._aws, self._generator])
        )

    def _service_roles(self) -> ServiceLinkedRoles:
        services = SERVICES if self._args.service_linked_roles else ()
        return ServiceLinkedRoles(
            f"{self.prefix}-service-roles",
            ServiceLinkedRolesArgs(self._account_id, self._partition, services, self._args.tags),
            self._opts(),
        )

    def _make_keys(self) -> Keys:
        args = self._args
        return Keys(
            f"{self.prefix}-keys",
            KeysArgs(
                specs=args.keys,
                cluster_name=args.name,
                account_id=self._account_id,
                region=args.region,
                partition=self._partition,
                autoscaling_role_arn=self._roles.autoscaling_arn,
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
                account_id=self._account_id,
                region=args.region,
                partition=self._partition,
                log_key_arn=self._keys.arns["logs"],
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_storage(self) -> Storage:
        return Storage(
            f"{self.prefix}-storage",
            StorageArgs(self._args.buckets, self._keys.arns["storage"], self._account_id, self._args.tags),
            self._opts(),
        )

    def _make_secrets(self) -> Secrets:
        args = self._args
        return Secrets(
            f"{self.prefix}-secrets",
            SecretsArgs(
                specs=args.secrets,
                prefix=self._secret_prefix,
                key_arn=self._keys.arns["secrets"],
                recovery_window_days=SECRET_RECOVERY_DAYS,
                users=args.secret_users,
                generations=args.secret_generations,
                entries=args.entries,
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_cluster(self) -> Cluster:
        args = self._args
        subnets = dict(zip(args.network.zones, self._network.private_subnet_ids, strict=True))
        return Cluster(
            f"{self.prefix}-cluster",
            ClusterArgs(
                spec=args.cluster,
                name=args.name,
                region=args.region,
                partition=self._partition,
                vpc_id=self._network.vpc_id,
                vpc_cidr=args.network.cidr,
                service_cidr=args.network.service_cidr,
                private_subnet_by_zone=subnets,
                secrets_key_arn=self._keys.arns["cluster"],
                volume_key_arn=self._keys.arns["ebs"],
                log_key_arn=self._keys.arns["logs"],
                egress=tuple(self._network.egress),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_identity(self) -> Identity:
        args = self._args
        return Identity(
            f"{self.prefix}-identity",
            IdentityArgs(
                identities=args.identities,
                cluster_name=args.name,
                account_id=self._account_id,
                region=args.region,
                partition=self._partition,
                bucket_arns=self._storage.arns,
                key_arns=self._keys.arns,
                secret_prefix=self._secret_prefix,
                secret_names=(*(spec.name for spec in args.secrets), *args.brought),
                bedrock=args.bedrock,
                cluster=(self._cluster.eks_cluster,),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_addons(self) -> ClusterAddons:
        return ClusterAddons(
            f"{self.prefix}-addons",
            ClusterAddonsArgs(
                specs=self._args.cluster.addons,
                cluster=self._cluster,
                ebs_csi_identity=[self._identity.associations["ebs-csi"]],
                tags=self._args.tags,
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
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.data_subnet_ids,
                client_security_group_id=self._cluster.security_group_id,
                key_arn=self._keys.arns["database"],
                log_key_arn=self._keys.arns["logs"],
                log_retention_days=args.cluster.log_retention_days,
                partition=self._partition,
                admin_user=args.secret_users[POSTGRES_ADMIN],
                admin_password=self._secrets.values[POSTGRES_ADMIN],
                password_version=args.secret_generations.get(POSTGRES_ADMIN, FIRST_GENERATION),
                zones=self._network.zone_names,
                before=tuple(self._roles.roles.values()),
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
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.data_subnet_ids,
                client_security_group_id=self._cluster.security_group_id,
                key_arn=self._keys.arns["cache"],
                log_key_arn=self._keys.arns["logs"],
                log_retention_days=args.cluster.log_retention_days,
                auth_token=self._secrets.values[REDIS_AUTH],
                auth_token_version=args.secret_generations.get(REDIS_AUTH, FIRST_GENERATION),
                before=tuple(self._roles.roles.values()),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_pod_logs(self) -> PodLogs:
        args = self._args
        return PodLogs(
            f"{self.prefix}-pod-logs",
            PodLogsArgs(
                cluster_name=args.name,
                region=args.region,
                retention_days=args.cluster.log_retention_days,
                key_arn=self._keys.arns["logs"],
                writer=(self._identity.associations["log-agent"],),
                tags=args.tags,
            ),
            self._opts(),
        )

    def _make_dns(self) -> Dns | None:
        args = self._args
        if args.gateway.dns is None:
            return None
        return Dns(f"{self.prefix}-dns", DnsArgs(args.gateway.dns, args.region, args.tags), self._opts())

    def _make_bindings(self) -> Bindings:
        args, buckets = self._args, self._storage.buckets
        gateway = args.gateway
        thanos = buckets.get("thanos")
        return aws_bindings(
            AwsBindingsArgs(
                cluster=self._cluster,
                postgres=self._postgres,
                redis=self._redis,
                region=args.region,
                network_id=self._network.vpc_id,
                secret_prefix=self._secret_prefix,
                redis_auth_secret=REDIS_AUTH,
                seal_key_id=self._keys.keys["seal"].key_id,
                storage_key_arn=self._keys.arns["storage"],
                model_cache_bucket=buckets["model-cache"].bucket,
                vault_snapshot_bucket=buckets["vault-snapshots"].bucket,
                thanos_bucket=thanos.bucket if thanos else None,
                load_balancer=LoadBalancerArgs(
                    public=gateway.public,
                    port=PUBLIC_PORT if gateway.domain else INTERNAL_PORT,
                    health_port=HEALTH_PORT,
                    health_path=HEALTH_PATH,
                    drain_s=gateway.drain_max_s,
                    response_timeout_s=gateway.drain_max_s,
                    certificate_arn=gateway.certificate_arn or (self.dns and self.dns.certificate_arn),
                ),
                postgres_ca_bundle=args.postgres_ca_bundle,
                pod_logs=self._make_pod_logs().binding,
                secret_access=(
                    self._identity.associations["external-secrets"],
                    *self._secrets.versions.values(),
                ),
                tags=args.tags,
            )
        )
