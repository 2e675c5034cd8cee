"""What workloads need from a cloud, as one typed value: the only way cloud differences reach them.

``components/<cloud>/bindings.py`` builds it; ``components/kubernetes`` reads it. A workload never asks which
cloud it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

Json = Mapping[str, object]


@dataclass(frozen=True)
class PostgresBinding:
    """The database as clients see it. Hosts are outputs of the managed service; credentials are Secrets.

    ``ca_bundle`` is the authority of the server's certificate as PEM, None when nobody knows it;
    ``ca_names_host`` False: the certificate does not carry the host that clients connect to.
    """

    writer_host: pulumi.Output[str]
    reader_hosts: tuple[pulumi.Output[str], ...]
    port: int
    database: str
    admin_user: str
    ca_bundle: pulumi.Input[str] | None
    ca_names_host: bool = True


@dataclass(frozen=True)
class RedisBinding:
    """The cache as clients see it: cluster protocol with TLS.

    ``auth_secret`` is the name in the secret store of the AUTH token; None when identities are used:
    ``iam_principal`` is then the full name of the one in whose name clients ask for a token. ``ca_pem`` are
    the certificates of an authority of the cache's own; None when one signs that every system trusts.
    """

    host: pulumi.Output[str]
    port: int
    auth_secret: str | None
    ca_pem: pulumi.Output[str] | None = None
    iam_principal: pulumi.Output[str] | None = None


@dataclass(frozen=True)
class CloudMetricsBinding:
    """The exporter that brings the cloud's figures about database and cache into Prometheus.

    ``files`` by name are mounted; ``arguments`` may refer to them. It calls the cloud with the role
    "cloud-metrics".
    """

    image: str
    port: int
    arguments: tuple[pulumi.Input[str], ...]
    files: Mapping[str, str]


@dataclass(frozen=True)
class PodLogs:
    """Where an agent of ours takes the lines of all pods, in the collector's terms.

    ``exporter`` is the configuration of an ``otlp_http`` exporter, ``extensions`` what it refers to.
    ``max_request_bytes`` is what the service takes at once. ``ready``: the log's own resources, and the
    permission to write them.
    """

    exporter: Json
    extensions: Json
    max_request_bytes: int
    ready: tuple[pulumi.Resource, ...] = ()


@dataclass(frozen=True)
class Bindings:
    """Everything cloud-specific that a Kubernetes workload refers to.

    Attributes:
        cloud: "aws" or "gcp", for labels and log lines only; no component branches on it.
        region: region of the cluster.
        cluster_name: name of the Kubernetes cluster (known before it exists).
        network_id: VPC id; controllers that create load balancers need it.
        storage_class: name of the default StorageClass (encrypted, expandable, waits for its consumer).
        service_account_annotations: role -> annotations of the ServiceAccount that carries the role.
        load_balancer_annotations: annotations of the agent gateway's Service.
        load_balancer_ip: the address reserved for that Service, or None.
        load_balancer_class: ``spec.loadBalancerClass`` of that Service, or None.
        secret_store_provider: the ``provider`` block of an external-secrets ClusterSecretStore.
        secret_prefix: prefix of every name in the secret store.
        vault_seal: HCL of the ``seal`` stanza.
        thanos_objstore: Thanos object storage configuration (holds no credential), or None.
        model_cache_uri: ``s3://bucket`` or ``gs://bucket``.
        vault_snapshot_uri: where raft snapshots go.
        environment: environment variables a workload needs to find its region (``AWS_REGION``).
        postgres, redis: the managed data services.
        cloud_metrics: how their figures get into Prometheus.
        pod_logs: None where the cloud's nodes bring the lines of pods to its log service by themselves.
    """

    cloud: str
    region: str
    cluster_name: str
    network_id: pulumi.Output[str]
    storage_class: str
    service_account_annotations: Mapping[str, Mapping[str, pulumi.Input[str]]]
    load_balancer_annotations: Mapping[str, pulumi.Input[str]]
    load_balancer_class: str | None
    secret_store_provider: Json
    secret_prefix: str
    vault_seal: pulumi.Output[str]
    thanos_objstore: pulumi.Output[str] | None
    model_cache_uri: pulumi.Output[str]
    vault_snapshot_uri: pulumi.Output[str]
    postgres: PostgresBinding
    redis: RedisBinding
    cloud_metrics: CloudMetricsBinding
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    pod_logs: PodLogs | None = None
    load_balancer_ip: pulumi.Input[str] | None = None
    secret_access: tuple[pulumi.Resource, ...] = ()  # what must exist before the secret store can be read

    def annotations(self, role: str) -> dict[str, pulumi.Input[str]]:
        """Annotations of the ServiceAccount with ``role``; empty where the cloud binds it elsewhere."""
        return dict(self.service_account_annotations.get(role, {}))
