"""What a cloud module gives the model, and the types of an order. Nothing here names a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from sizing.clouds.notes import Notes
from sizing.clouds.rules import Rule
from sizing.clouds.signals import ServiceSignals
from sizing.guide.cells import Tier
from sizing.overrides import Overrides
from sizing.requirements import Requirements
from sizing.specs import (
    AddonsSpec,
    BucketSpec,
    ClusterSpec,
    Identity,
    KeySpec,
    NetworkSpec,
    NodeGroupSpec,
    Outside,
    PostgresSpec,
    RedisSpec,
    Spec,
    Workload,
)

if TYPE_CHECKING:
    from sizing.node_groups import Share
    from sizing.plan import Plan
    from sizing.quotas import QuotaNeed


class Machine(Spec):
    """A machine type as the scheduler sees a node of it, and what it costs.

    ``allocatable_*`` is what pods may request; ``addresses`` is how many pod and node addresses one node may
    take from its subnet; ``usd_per_hour`` None is unknown. ``gpu_model`` is the card's name in the catalogue
    of cards, ``accelerator`` the cloud's own name of it where that has to be ordered.
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
    accelerator: str = ""


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
    The reasons say why the volume is larger, or gives more IOPS, than was asked for. ``authority`` signs the
    server's certificate (PEM); None when every instance has its own, or the region's is not in the catalogue.
    """

    spec: PostgresSpec
    vcpu: int
    memory_gib: int
    included_iops: int
    sustained_iops: int
    burst_iops: int
    steady_class: str | None
    storage_reason: str
    authority: str | None = None
    iops_reason: str


class RedisOrder(Spec):
    """What is bought for Redis. ``usable_gib`` is what one node leaves for data.

    ``persistence`` says in the guide's manner what is kept, and its reason why it is not the guide's words.
    ``auth`` is how clients prove themselves: by a generated password, or by their cloud identity.
    """

    spec: RedisSpec
    usable_gib: float
    persistence: str
    persistence_reason: str
    auth: Literal["password", "identity"]


class Order(Spec):
    """What is bought before any pod is counted.

    ``certificates``: load balancers take a certificate that the cloud issues for a name in one of its zones.
    ``identities`` are those of the cloud's own controllers, beside the workloads'. ``volume_min_gib`` is the
    smallest block volume, at which smaller ones are ordered, ``volume_max_gib`` the largest, by ``volumes``.
    """

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
    identities: tuple[Identity, ...]
    volume_min_gib: int
    volume_max_gib: int
    volumes: Rule
    notes: Notes
    signals: ServiceSignals
    certificates: bool


class Cloud(Protocol):
    """A cloud provider: what it sells and what its clusters always run.

    ``has_projects``: resources live in a project that the configuration has to name. ``rules``: everything by
    which it refuses an order.
    """

    name: str
    default_region: str
    has_projects: bool
    rules: tuple[Rule, ...]

    def machine_for(self, guide_type: str) -> str:
        """The machine type that stands for one the guide names: itself, or the nearest this cloud sells."""
        ...

    def machines(self) -> Mapping[str, Machine]:
        """Every machine type of its catalogue by name."""
        ...

    def cache_gib(self, node: str) -> float | None:
        """GiB of data that a node of the cache holds; None for a type that the catalogue does not have."""
        ...

    def check_names(self, name: str, project: str) -> None:
        """Raise SizingError when something named after ``name`` would be longer than the cloud takes."""
        ...

    def order(self, requirements: Requirements, overrides: Overrides, region: str) -> Order:
        """What to buy for ``requirements``. Raises SizingError when an override cannot be bought."""
        ...

    def system_workloads(self, tier: Tier, order: Order) -> tuple[Workload, ...]:
        """Pods that the cloud or its add-ons put into every cluster."""
        ...

    def node_groups(self, order: Order, parts: tuple[Share, ...]) -> tuple[NodeGroupSpec, ...]:
        """The node groups of the pools' shares: a group per zone, or one with total counts."""
        ...

    def network(self, order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements,
                overrides: Overrides) -> NetworkSpec:  # fmt: skip
        """Address plan with room for the pods of ``groups`` at their maximum. Raises SizingError."""
        ...

    def quotas(self, plan: Plan) -> tuple[QuotaNeed, ...]:
        """What the plan takes of the provider's quotas, in the catalogue's order."""
        ...

    def cluster(self, order: Order, groups: tuple[NodeGroupSpec, ...], requirements: Requirements,
                overrides: Overrides) -> ClusterSpec:  # fmt: skip
        """The control plane, its add-ons and its node groups."""
        ...

    def outside(self, order: Order, network: NetworkSpec, *, public: bool) -> tuple[Outside, ...]:
        """What pods of this cloud's clusters talk to beside each other: ``sizing.network_edges.BEYOND`` names
        the ends. ``public`` says whether the gateway's load balancer faces the internet."""
        ...
