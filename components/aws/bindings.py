"""What workloads need from AWS, as the value that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.aws.cloud_metrics import cloud_metrics
from components.aws.cluster import STORAGE_CLASS, Cluster
from components.aws.iam import Text
from components.aws.postgres import Postgres
from components.aws.redis import Redis
from components.bindings import Bindings, PodLogs, PostgresBinding, RedisBinding

LOAD_BALANCER_CLASS = "service.k8s.aws/nlb"

_PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3 and 1.2 with forward secrecy; the default policy still accepts TLS 1.0
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html)."""

HEALTH_INTERVAL_S = 10
HEALTH_THRESHOLD = 2
"""A replica leaves the load balancer 20 seconds after it stops being ready."""

MAX_IDLE_TIMEOUT_S = 6000
DEFAULT_IDLE_TIMEOUT_S = 350
"""Of a TCP listener
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html)."""

MAX_DEREGISTRATION_S = 3600

FOUND_BY = ("project", "stack")
"""Tags by which the exporter of metrics finds this stack's database and cache."""


@dataclass(frozen=True)
class LoadBalancerArgs:
    """The network load balancer in front of the gateway.

    ``public`` False keeps it inside the VPC. ``certificate_arn``: TLS ends at the load balancer, on ``port``;
    None passes TCP through. ``health_port`` and ``health_path`` are the gateway's readiness check, so that a
    replica that drains gets no new connections. ``drain_s`` is how long a replica may keep serving open
    connections. ``response_timeout_s`` is the longest silence within an answer.
    """

    public: bool
    port: int
    health_port: int
    health_path: str
    drain_s: int
    response_timeout_s: int
    certificate_arn: pulumi.Input[str] | None = None


@dataclass(frozen=True)
class AwsBindingsArgs:
    """The components and names that the bindings are made of.

    ``seal_key_id`` is the id (of a multi-region key: ``mrk-...``, the same in every region) of Vault's seal
    key. ``thanos_bucket`` None: no long-term metrics. ``storage_key_arn`` encrypts the buckets.
    ``postgres_ca_bundle``: the certificates as PEM, so that clients verify the server; None when they cannot.
    ``pod_logs`` is where the lines of pods go. ``secret_access``: what must exist before the secret store
    can be read: its reader's association, and the
    versions of the secrets.
    """

    cluster: Cluster
    postgres: Postgres
    redis: Redis
    region: str
    network_id: pulumi.Output[str]
    secret_prefix: str
    redis_auth_secret: str
    seal_key_id: Text
    storage_key_arn: Text
    model_cache_bucket: Text
    vault_snapshot_bucket: Text
    thanos_bucket: Text | None
    load_balancer: LoadBalancerArgs
    postgres_ca_bundle: str | None = None
    pod_logs: PodLogs | None = None
    secret_access: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def aws_bindings(args: AwsBindingsArgs) -> Bindings:
    """The bindings of an AWS stack. Service accounts carry no annotations: Pod Identity binds roles
    outside."""
    postgres, redis = args.postgres, args.redis
    return Bindings(
        cloud="aws",
        region=args.region,
        cluster_name=args.cluster.name,
        network_id=args.network_id,
        storage_class=STORAGE_CLASS,
        service_account_annotations={},
        load_balancer_annotations=load_balancer_annotations(args.load_balancer, args.tags),
        load_balancer_class=LOAD_BALANCER_CLASS,
        # no credentials: the controller's own identity reads the store
        secret_store_provider={"aws": {"service": "SecretsManager", "region": args.region}},
        secret_prefix=args.secret_prefix,
        vault_seal=vault_seal(args.region, args.seal_key_id),
        thanos_objstore=_objstore(args),
        model_cache_uri=pulumi.Output.concat("s3://", args.model_cache_bucket),
        vault_snapshot_uri=pulumi.Output.concat("s3://", args.vault_snapshot_bucket),
        postgres=PostgresBinding(
            writer_host=postgres.writer_host,
            reader_hosts=postgres.reader_hosts,
            port=postgres.port,
            database=postgres.database,
            admin_user=postgres.admin_user,
            ca_bundle=args.postgres_ca_bundle,
        ),
        redis=RedisBinding(host=redis.host, port=redis.port, auth_secret=args.redis_auth_secret),
        cloud_metrics=cloud_metrics(
            args.region, {key: args.tags[key] for key in FOUND_BY if key in args.tags}
        ),
        environment={"AWS_REGION": args.region},
        pod_logs=args.pod_logs,
        secret_access=args.secret_access,
    )


def vault_seal(region: str, key_id: Text) -> pulumi.Output[str]:
    """Vault's seal stanza (https://developer.hashicorp.com/vault/docs/configuration/seal/awskms)."""
    return pulumi.Output.concat(
        'seal "awskms" {\n', f'  region     = "{region}"\n', '  kms_key_id = "', key_id, '"\n}\n'
    )


def _objstore(args: AwsBindingsArgs) -> pulumi.Output[str] | None:
    if args.thanos_bucket is None:
        return None
    return objstore(args.region, args.thanos_bucket, args.storage_key_arn)


def objstore(region: str, bucket: Text, key_arn: Text) -> pulumi.Output[str]:
    """Thanos' object storage configuration, as JSON, which is YAML too.

    ``aws_sdk_auth`` takes credentials from the SDK's default chain, which is Pod Identity here
    (https://thanos.io/tip/thanos/storage.md/#s3).
    """
    config = {
        "bucket": bucket,
        "endpoint": f"s3.{region}.amazonaws.com",
        "region": region,
        "aws_sdk_auth": True,
        "sse_config": {"type": "SSE-KMS", "kms_key_id": key_arn},
    }
    return pulumi.Output.json_dumps({"type": "S3", "config": config}, sort_keys=True)


def load_balancer_annotations(
    args: LoadBalancerArgs, tags: Mapping[str, str]
) -> dict[str, pulumi.Input[str]]:
    """Annotations of the gateway's Service for the AWS load balancer controller.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/

    Targets are pods, without the detour over node ports, and every zone's address reaches the pods of all
    zones: with few replicas a zone may have none. Deletion protection is off: the controller could not delete
    the load balancer of a deleted Service, which would then keep the network from being deleted.
    """
    annotations: dict[str, pulumi.Input[str]] = {
        "type": "external",
        "nlb-target-type": "ip",
        "scheme": "internet-facing" if args.public else "internal",
        "attributes": "load_balancing.cross_zone.enabled=true",
        "target-group-attributes": (
            f"deregistration_delay.timeout_seconds={min(args.drain_s, MAX_DEREGISTRATION_S)}"
        ),
        "healthcheck-protocol": "http",
        "healthcheck-port": str(args.health_port),
        "healthcheck-path": args.health_path,
        "healthcheck-interval": str(HEALTH_INTERVAL_S),
        "healthcheck-healthy-threshold": str(HEALTH_THRESHOLD),
        "healthcheck-unhealthy-threshold": str(HEALTH_THRESHOLD),
        **_listener(args),
    }
    if tags:
        annotations["additional-resource-tags"] = ",".join(f"{key}={tags[key]}" for key in sorted(tags))
    return {f"{_PREFIX}{name}": annotations[name] for name in sorted(annotations)}


def _listener(args: LoadBalancerArgs) -> dict[str, pulumi.Input[str]]:
    """TLS with the certificate, or TCP that outlasts the longest silence; of a TLS listener that time is
    fixed."""
    if args.certificate_arn is not None:
        return {
            "ssl-cert": args.certificate_arn,
            "ssl-ports": str(args.port),
            "ssl-negotiation-policy": TLS_POLICY,
        }
    idle = min(max(args.response_timeout_s, DEFAULT_IDLE_TIMEOUT_S), MAX_IDLE_TIMEOUT_S)
    return {f"listener-attributes.TCP-{args.port}": f"tcp.idle_timeout.seconds={idle}"}
