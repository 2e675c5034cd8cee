"""Managed services: network, cluster, database, cache, buckets, keys, secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from sizing.specs.base import Spec

Pool = Literal["cpu_nodes", "gpu_nodes"]


class NetworkSpec(Spec):
    """A network over three zones. The i-th CIDR of each kind is in the i-th zone.

    Where a subnet spans the region, ``private_cidrs`` has one entry, the nodes', the other kinds have none.
    ``pod_cidr`` and ``control_plane_cidr`` are empty where pods take addresses of the nodes' subnets and the
    control plane has none of its own.
    """

    cidr: str
    service_cidr: str
    zones: tuple[str, ...]
    private_cidrs: tuple[str, ...]
    public_cidrs: tuple[str, ...]
    data_cidrs: tuple[str, ...]
    nat_gateways: int
    interface_endpoints: tuple[str, ...]
    flow_log_retention_days: int | None
    pod_cidr: str = ""
    control_plane_cidr: str = ""


class NodeGroupSpec(Spec):
    """One node group. Counts are totals over its zones; a group whose zones share nothing has one zone.

    ``gpu_model`` is the accelerator's name at the cloud, empty where the machine type says it all.
    ``initial_per_zone`` is what each zone begins with where a group cannot begin with a total, else None.
    """

    name: str
    pool: Pool
    zones: tuple[str, ...]
    machine_type: str
    min: int
    desired: int
    max: int
    disk_gib: int
    gpus_per_node: int = 0
    gpu_model: str = ""
    initial_per_zone: int | None = None
    labels: Mapping[str, str] = {}
    tainted: bool = False  # carries the taint nvidia.com/gpu=present:NoSchedule

    @property
    def start(self) -> int:
        """Nodes that the group begins with."""
        return self.desired if self.initial_per_zone is None else self.initial_per_zone * len(self.zones)


class AddonSpec(Spec):
    """A managed cluster add-on with an exact version and its configuration values."""

    name: str
    version: str
    configuration: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ClusterSpec(Spec):
    """The Kubernetes cluster. ``api_allowed_cidrs`` empty means private access only.

    ``release_channel`` is set where the cloud keeps nodes current by a channel instead of a pinned release;
    ``backup`` is the cloud's own backup of the cluster's objects.
    """

    kubernetes_version: str
    node_release_version: str
    control_plane_tier: str
    api_allowed_cidrs: tuple[str, ...]
    admin_role_arns: tuple[str, ...]
    log_types: tuple[str, ...]
    log_retention_days: int
    node_groups: tuple[NodeGroupSpec, ...]
    addons: tuple[AddonSpec, ...]
    release_channel: str = ""
    backup: bool = False
    backup_retention_days: int = 0


class PostgresSpec(Spec):
    """The managed PostgreSQL. ``iops`` None: the storage includes what is needed, no argument is set.

    ``edition`` is the service's price class where it has several.
    """

    engine_version: str
    parameter_family: str
    instance_class: str
    storage_type: str
    storage_gib: int
    max_storage_gib: int
    iops: int | None
    read_replicas: int
    multi_az: bool
    max_connections: int
    database: str
    port: int
    backup_retention_days: int
    insights_retention_days: int
    edition: str = ""


class RedisSpec(Spec):
    """The managed Redis-compatible cache. ``durability`` None: snapshots only."""

    engine: str
    engine_version: str
    parameter_family: str
    node_type: str
    shards: int
    replicas_per_shard: int
    multi_az: bool
    durability: Literal["async", "sync"] | None
    port: int
    snapshot_retention_days: int


class BucketSpec(Spec):
    """An object storage bucket. ``expire_days`` None keeps objects for ever."""

    purpose: str
    versioned: bool
    expire_days: int | None
    noncurrent_days: int | None
    protect: bool


class KeySpec(Spec):
    """An encryption key by purpose. A multi-region key can be replicated later; a regional one never."""

    purpose: str
    multi_region: bool


class DnsSpec(Spec):
    """The gateway's name in a zone that exists: a hosted zone's id, or a managed zone's name.

    ``certificate``: the cloud issues one for the load balancer, proven by a record in the zone.
    """

    domain: str
    zone: str
    certificate: bool


class SecretSpec(Spec):
    """A generated secret: its name in the secret store and how it is made. Values never appear here."""

    name: str
    length: int
    prefix: str = ""
    rotates: bool = True
