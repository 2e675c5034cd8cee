"""What every cloud's platform component takes and gives: all of a stack that lies below Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pulumi

from components.bindings import Bindings
from sizing.specs import (
    AgentGatewaySpec,
    BucketSpec,
    ClusterSpec,
    Identity,
    KeySpec,
    NetworkSpec,
    PostgresSpec,
    RedisSpec,
    SecretSpec,
)


@dataclass(frozen=True)
class CloudPlatformArgs:
    """Specifications of the managed services of one stack.

    ``name`` is the cluster's name and the prefix of everything named explicitly. ``bedrock`` lets LiteLLM
    call the cloud's own models. ``service_linked_roles`` False in an account that has them already.
    ``postgres_ca_bundle`` is PEM text with which clients verify the database, on a cloud where an instance
    does not bring its own; None: encrypted, not verified.
    ``secret_users`` gives the user of each secret that is an account, ``secret_generations`` 2, 3, ... for
    those that have been rotated. ``entries`` are made empty in the secret store, for Jobs inside the cluster
    to fill. ``brought`` names entries that people make under the stack's prefix; pods get those as well.
    ``project`` is the cloud project that holds everything, empty on a cloud without projects.
    """

    name: str
    region: str
    network: NetworkSpec
    cluster: ClusterSpec
    postgres: PostgresSpec
    redis: RedisSpec
    buckets: tuple[BucketSpec, ...]
    keys: tuple[KeySpec, ...]
    secrets: tuple[SecretSpec, ...]
    secret_users: Mapping[str, str]
    identities: tuple[Identity, ...]
    gateway: AgentGatewaySpec
    postgres_ca_bundle: str | None
    bedrock: bool
    service_linked_roles: bool
    tags: Mapping[str, str]
    project: str = ""
    entries: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    secret_generations: Mapping[str, int] = field(default_factory=dict[str, int])


class GatewayName(Protocol):
    """The gateway's name in a zone of the cloud."""

    def publish(self, address: pulumi.Output[str]) -> None:
        """Point the name at the load balancer's host name or IP address; once, when the gateway has one."""
        ...


class CloudPlatform(Protocol):
    """The cloud's component: network, keys, storage, secrets, cluster, database, cache, identities.

    Attributes:
        kubernetes_provider: provider for everything inside the cluster.
        bindings: what workloads need from this cloud.
        ready: what pods need before they start (nodes, names, volumes, credentials).
        identities: role -> what a workload with that role waits for.
        dns: makes the gateway's DNS record; None when no zone is given.
        outputs: the stack's outputs that only the cloud knows.
    """

    kubernetes_provider: pulumi.ProviderResource
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...]
    identities: Mapping[str, pulumi.Resource]
    outputs: Mapping[str, pulumi.Input[str] | pulumi.Output[str]]
    dns: GatewayName | None

    def __init__(
        self, name: str, args: CloudPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...
