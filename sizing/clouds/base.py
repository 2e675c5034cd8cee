"""What a cloud module gives the model, and the types of an order. Nothing here names a cloud."""

from __future__ import annotations

from typing import Protocol

from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.requirements import Requirements
from sizing.specs import (
    AddonsSpec,
    BucketSpec,
    ClusterSpec,
    KeySpec,
    NetworkSpec,
    NodeGroupSpec,
    PostgresSpec,
    RedisSpec,
    Spec,
    Workload,
)


class Machine(Spec):
    """A machine type as the scheduler sees a node of it, and what it costs.

    ``allocatable_*`` is what pods may request; ``addresses`` is how many pod and node addresses one node may
    take from its subnet; ``usd_per_hour`` None is unknown.
    """

    name: str
    vcpu: int
    memory_mib: int
    gpus: int
    gpu_model: str
    allocatable_cpu_m: int
    allocatable_memory_mib: int
    max_pods: int
    addresses: int
    network_gbps_baseline: float
    network_gbps_max: float
    usd_per_hour: float | None
    zones: tuple[str, ...]


class PoolOrder(Spec):
    """One pool: totals over all zones. ``max`` None until the placement has computed it."""

    machine: Machine
    min: int
    desired: int
    max: int | None
    disk_gib: int


class PostgresOrder(Spec):
    """What is bought for PostgreSQL, with the class's own figures beside the specification.

    ``steady_class`` is the cheapest class that sustains the IOPS without bursting, None when there is none.
    """

    spec: PostgresSpec
    vcpu: int
    memory_gib: int
    included_iops: int
    sustained_iops: int
    burst_iops: int
    steady_class: str | None


class RedisOrder(Spec):
    """What is bought for Redis. ``usable_gib`` is what one node leaves for data."""

    spec: RedisSpec
    usable_gib: float


class Order(Spec):
    """What is bought before any pod is counted."""

    cloud: str
    region: str
    verified_region: bool
    zones: tuple[str, ...]
    cpu: PoolOrder
    gpu: PoolOrder
    postgres: PostgresOrder
    redis: RedisOrder
    addons: AddonsSpec
    buckets: tuple[BucketSpec, ...]
    keys: tuple[KeySpec, ...]


class Cloud(Protocol):
    """A cloud provider: what it sells and what its clusters always run."""

    name: str
    default_region: str

    def order(self, requirements: Requirements, overrides: Overrides, region: str) -> Order:
        """What to buy for ``requirements``. Raises SizingError when an override cannot be bought."""
        ...

    def system_workloads(self, tier: Tier, order: Order) -> tuple[Workload, ...]:
        """Pods that the cloud or its add-ons put into every cluster."""
        ...

    def network(self, order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements,
                overrides: Overrides) -> NetworkSpec:  # fmt: skip
        """Address plan with room for the pods of ``groups`` at their maximum. Raises SizingError."""
        ...

    def cluster(self, order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements,
                overrides: Overrides) -> ClusterSpec:  # fmt: skip
        """The control plane, its add-ons and its node groups."""
        ...
