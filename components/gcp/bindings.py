"""What workloads need from Google Cloud, as the value that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.bindings import Bindings, PostgresBinding, RedisBinding
from components.gcp.cloud_metrics import cloud_metrics
from components.gcp.cluster import Cluster
from components.gcp.labels import Text
from components.gcp.postgres import Postgres
from components.gcp.redis import Redis
from components.gcp.volumes import STORAGE_CLASS

INTERNAL = {"networking.gke.io/load-balancer-type": "Internal"}
EXTERNAL = {"cloud.google.com/l4-rbs": "enabled"}
"""Passthrough load balancers, which keep the client's address and connection: TLS ends in the gateway. The
external one on backend services, whose health checks follow the pods
(https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer)."""


@dataclass(frozen=True)
class SealKey:
    """Where Vault's seal key is: ring and key by short name."""

    location: str
    ring: Text
    key: Text


@dataclass(frozen=True)
class GcpBindingsArgs:
    """The components and names that the bindings are made of.

    ``annotations``: role -> annotations of its Kubernetes service account. ``cache_account`` is the address
    of the Google service account as which clients of the cache come. ``thanos_bucket`` None: no long-term
    metrics. ``public`` False keeps the gateway inside the network; ``load_balancer_ip`` is reserved for it.
    ``secret_access``: what must exist before the secret store can be read: its reader's binding, and the
    versions of the secrets.
    """

    cluster: Cluster
    postgres: Postgres
    redis: Redis
    project: str
    region: str
    network_id: pulumi.Output[str]
    secret_prefix: str
    annotations: Mapping[str, Mapping[str, pulumi.Input[str]]]
    cache_account: pulumi.Output[str]
    seal: SealKey
    model_cache_bucket: Text
    vault_snapshot_bucket: Text
    thanos_bucket: Text | None
    public: bool
    load_balancer_ip: pulumi.Output[str] | None = None
    secret_access: tuple[pulumi.Resource, ...] = ()


def gcp_bindings(args: GcpBindingsArgs) -> Bindings:
    """The bindings of a Google Cloud stack."""
    postgres, redis = args.postgres, args.redis
    return Bindings(
        cloud="gcp",
        region=args.region,
        cluster_name=args.cluster.name,
        network_id=args.network_id,
        storage_class=STORAGE_CLASS,
        service_account_annotations=args.annotations,
        load_balancer_annotations=EXTERNAL if args.public else INTERNAL,
        load_balancer_ip=args.load_balancer_ip,
        load_balancer_class=None,  # GKE's own controller
        # no credentials: the controller's own identity reads the store
        secret_store_provider={"gcpsm": {"projectID": args.project}},
        secret_prefix=args.secret_prefix,
        vault_seal=vault_seal(args.project, args.seal),
        thanos_objstore=None if args.thanos_bucket is None else objstore(args.thanos_bucket),
        model_cache_uri=pulumi.Output.concat("gs://", args.model_cache_bucket),
        vault_snapshot_uri=pulumi.Output.concat("gs://", args.vault_snapshot_bucket),
        postgres=PostgresBinding(
            writer_host=postgres.writer_host,
            reader_hosts=postgres.reader_hosts,
            port=postgres.port,
            database=postgres.database,
            admin_user=postgres.admin_user,
            ca_bundle=postgres.authority,
            ca_names_host=False,  # it is reached by an address that its certificate does not carry
        ),
        redis=RedisBinding(
            host=redis.host,
            port=redis.port,
            auth_secret=None,
            ca_pem=redis.ca_pem,
            iam_principal=pulumi.Output.concat("projects/-/serviceAccounts/", args.cache_account),
        ),
        cloud_metrics=cloud_metrics(
            args.project,
            [instance.name for instance in (postgres.primary, *postgres.replicas)],
            redis.cluster.name,
            args.cluster.name,
        ),
        environment={"GOOGLE_CLOUD_PROJECT": args.project},
        secret_access=args.secret_access,
    )


def vault_seal(project: str, seal: SealKey) -> pulumi.Output[str]:
    """Vault's seal stanza (https://developer.hashicorp.com/vault/docs/configuration/seal/gcpckms)."""
    return pulumi.Output.concat(
        'seal "gcpckms" {\n',
        f'  project    = "{project}"\n',
        f'  region     = "{seal.location}"\n',
        '  key_ring   = "',
        seal.ring,
        '"\n  crypto_key = "',
        seal.key,
        '"\n}\n',
    )


def objstore(bucket: Text) -> pulumi.Output[str]:
    """Thanos' object storage configuration, as JSON, which is YAML too; without an account it takes the
    pod's own (https://thanos.io/tip/thanos/storage.md/#gcs)."""
    return pulumi.Output.json_dumps({"type": "GCS", "config": {"bucket": bucket}}, sort_keys=True)
