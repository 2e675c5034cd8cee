"""The Google Cloud side of the model: machines, database, cache, network and cluster behind ``Cloud``."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sizing import choices
from sizing.clouds.base import Machine, Order, PoolOrder
from sizing.clouds.cidrs import api_allowed, check_count
from sizing.clouds.gcp import checks, network, postgres, quotas, reach, redis, system
from sizing.clouds.gcp.limits import RULES
from sizing.clouds.gcp.limits import cluster as limits
from sizing.clouds.gcp.machines import (
    DEFAULT_REGION,
    EQUIVALENTS,
    api_name,
    machine,
    machines,
    zones,
)
from sizing.clouds.gcp.notes import NOTES
from sizing.clouds.gcp.signals import signals
from sizing.guide.cells import Tier
from sizing.node_groups import Share, regional
from sizing.overrides import NetworkPart, Overrides, PoolPart
from sizing.quotas import QuotaNeed
from sizing.requirements import PoolRequirements, Requirements
from sizing.specs import (
    AddonsSpec,
    BucketSpec,
    ClusterSpec,
    KeySpec,
    NetworkSpec,
    NodeGroupSpec,
    Outside,
    Workload,
)

if TYPE_CHECKING:
    from sizing.plan import Plan

CONTROL_PLANE = "regional"
"""In every tier (D23): a cluster's location cannot be changed."""
LOG_TYPES = ("SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER")
"""GKE's own agent brings the lines of all pods; an agent of ours would bill each twice."""
BACKED_UP = (Tier.LARGE, Tier.ENTERPRISE)
"""Backup for GKE."""

KEYS = (
    KeySpec(purpose="cluster", multi_region=False),
    KeySpec(purpose="disks", multi_region=False),
    KeySpec(purpose="database", multi_region=False),
    KeySpec(purpose="cache", multi_region=False),
    KeySpec(purpose="storage", multi_region=False),
    KeySpec(purpose="secrets", multi_region=False),
    KeySpec(purpose="seal", multi_region=True),  # D17: a regional seal key can never unseal elsewhere
)


def _buckets(requirements: Requirements) -> tuple[BucketSpec, ...]:
    made = [
        BucketSpec(
            purpose="vault-snapshots", versioned=True, expire_days=90, noncurrent_days=30, protect=True
        ),
        BucketSpec(
            purpose="model-cache", versioned=False, expire_days=None, noncurrent_days=None, protect=False
        ),
        BucketSpec(
            purpose="access-logs", versioned=False, expire_days=90, noncurrent_days=None, protect=True
        ),
    ]
    if requirements.observability.thanos.enabled:
        made.append(
            BucketSpec(
                purpose="thanos", versioned=False, expire_days=None, noncurrent_days=None, protect=True
            )
        )
    return tuple(made)


def _room_to_start(group: NodeGroupSpec) -> int:
    """The maximum, with room for a CPU pool to begin with the same number of nodes in every zone.

    GKE starts pools per zone, and its autoscaler does not fill a pool up to its minimum: what does not start
    is missing until pods wait for it. The surplus is removed again when it stays idle.
    """
    zones = len(group.zones)
    return group.max if group.gpus_per_node else max(group.max, -(-group.desired // zones) * zones)


def _api_clients(part: NetworkPart) -> tuple[str, ...]:
    """Who reaches the API server: the stack's own range takes a place of the list while nothing public does.

    Raises:
        SizingError: not a CIDR, as good as open to the world, or too many.
    """
    listed = api_allowed(part.api_allowed_cidrs or ())
    private = not any(ipaddress.ip_network(cidr).is_global for cidr in listed)
    own = private and (part.cidr or network.DEFAULT_CIDR) not in listed
    check_count(limits.API_CIDRS, listed, limits.MAX_API_CIDRS - own)
    return listed


def initial_per_zone(group: NodeGroupSpec) -> int:
    """Nodes in each zone at the start: enough for the desired total where that is no more than may begin.

    GPU pools begin with no more than desired, since a node too many is dear or refused by the quota; the
    autoscaler adds what the engines ask for.
    """
    zones = len(group.zones)
    most = group.desired if group.gpus_per_node else group.max
    enough = -(-group.desired // zones)
    return enough if enough * zones <= most else group.desired // zones


def _pool(group: NodeGroupSpec, *, bounded: bool) -> NodeGroupSpec:
    """The group as GKE's API names and begins it; ``bounded``: the stack says its maximum."""
    pool = group.model_copy(
        update={
            "machine_type": api_name(group.machine_type),
            "gpu_model": machines()[group.machine_type].accelerator,
            "max": group.max if bounded else _room_to_start(group),
        }
    )
    return pool.model_copy(update={"initial_per_zone": initial_per_zone(pool)})


def _check_groups(groups: tuple[NodeGroupSpec, ...], order: Order) -> None:
    """Refuse more nodes in a pool than GKE makes over its zones. Raises SizingError."""
    for group in groups:
        most = limits.MAX_POOL_ZONE_NODES * len(group.zones)
        if group.max > most:
            key, pool = ("cpu", order.cpu) if group.pool == "cpu_nodes" else ("gpu", order.gpu)
            raise limits.POOL_NODES.refusal(
                f"nodes.{key}.max" if pool.max is not None or key == "cpu" else "vllm.engines",
                pool.max if pool.max is not None else group.max,
                f"makes {group.max} nodes in the node pool {group.name}, and GKE makes {most} over"
                f" {len(group.zones)} zones",
                f"Choose a larger nodes.{key}.machineType, or lower the maximum.",
            )


class Gcp:
    """Google Cloud as the model sees it. Stateless; figures come from the catalogue beside this module."""

    name = "gcp"
    default_region = DEFAULT_REGION
    has_projects = True
    rules = RULES

    def machine_for(self, guide_type: str) -> str:
        """The Compute Engine type nearest to an EC2 type of the guide (D28); any other name is its own."""
        return EQUIVALENTS.get(guide_type, guide_type)

    def machines(self) -> Mapping[str, Machine]:
        """Every machine type of the catalogue by name."""
        return machines()

    def cache_gib(self, node: str) -> float | None:
        """GiB of data that a node of this type holds."""
        return next((known.usable_gib for known in redis.nodes() if known.name == node), None)

    def check_names(self, name: str, project: str) -> None:
        """Refuse names that GKE or Cloud SQL would refuse."""
        checks.check_names(name, project)

    def _pool(self, pool: str, need: PoolRequirements, part: PoolPart, disk_gib: int) -> PoolOrder:
        path = f"nodes.{pool}.machineType"
        wanted = part.machine_type or self.machine_for(need.machine_type)
        return PoolOrder(
            machine=machine(path, wanted, gpu=pool == "gpu"),
            min=need.min,
            desired=need.desired,
            max=need.max,
            disk_gib=part.disk_gib or disk_gib,
        )

    def order(self, requirements: Requirements, overrides: Overrides, region: str) -> Order:
        """What to buy for ``requirements`` in ``region``. Raises SizingError when it cannot be bought."""
        checks.check_overrides(overrides)
        need, nodes = requirements.cluster, overrides.nodes
        cpu = self._pool("cpu", need.cpu_nodes, nodes.cpu, choices.NODE_DISK_GIB)
        gpu = self._pool("gpu", need.gpu_nodes, nodes.gpu, choices.GPU_NODE_DISK_GIB)
        pools = (("nodes.cpu.machineType", cpu.machine), ("nodes.gpu.machineType", gpu.machine))
        database = postgres.order(requirements.postgres, requirements.tier, overrides.postgres)
        return Order(
            cloud=self.name,
            region=region,
            verified_region=region == self.default_region,
            zones=zones(region, pools),
            cpu=cpu,
            gpu=gpu,
            postgres=database,
            redis=redis.order(requirements.redis, requirements.tier, overrides.redis),
            addons=AddonsSpec(
                cluster_autoscaler=False,
                load_balancer_controller=False,
                nvidia_device_plugin=False,
                dcgm_exporter=False,
            ),
            buckets=_buckets(requirements),
            keys=KEYS,
            identities=(),
            volume_min_gib=limits.VOLUME_MIN_GIB,
            volume_max_gib=limits.VOLUME_MAX_GIB,
            volumes=limits.VOLUMES,
            notes=NOTES,
            signals=signals(database.spec),
            certificates=False,  # connections pass through its load balancers, TLS too
        )

    def system_workloads(self, tier: Tier, order: Order) -> tuple[Workload, ...]:  # noqa: ARG002
        """Google's own pods; autoscaler, load balancer and GPU drivers need none of ours."""
        return system.workloads(order)

    def node_groups(self, order: Order, parts: tuple[Share, ...]) -> tuple[NodeGroupSpec, ...]:
        """A node pool per share over all zones, with total counts: GKE balances the zones itself (D2)."""
        bounded = order.cpu.max is not None
        groups = tuple(_pool(group, bounded=bounded) for group in regional(order, parts))
        _check_groups(groups, order)
        return groups

    def network(
        self,
        order: Order,
        groups: tuple[NodeGroupSpec, ...],
        requirements: Requirements,
        overrides: Overrides,
    ) -> NetworkSpec:
        """Address plan with room for the pods of ``groups`` at their maximum."""
        return network.plan(order, groups, requirements, overrides)

    def quotas(self, plan: Plan) -> tuple[QuotaNeed, ...]:
        """What the plan takes of the provider's quotas."""
        return quotas.quotas(plan)

    def cluster(
        self,
        order: Order,  # noqa: ARG002 - the interface's; other clouds need it
        groups: tuple[NodeGroupSpec, ...],
        requirements: Requirements,
        overrides: Overrides,
    ) -> ClusterSpec:
        """The control plane and its node groups; GKE's add-ons are settings of the cluster."""
        tier = requirements.tier
        backup = tier in BACKED_UP
        return ClusterSpec(
            kubernetes_version=system.KUBERNETES_VERSION,
            node_release_version="",
            control_plane_tier=CONTROL_PLANE,
            api_allowed_cidrs=_api_clients(overrides.network),
            admin_role_arns=(),
            log_types=LOG_TYPES,
            log_retention_days=choices.CONTROL_PLANE_LOG_RETENTION_DAYS[tier],
            node_groups=groups,
            addons=(),
            release_channel=system.RELEASE_CHANNEL,
            backup=backup,
            backup_retention_days=choices.BACKUP_RETENTION_DAYS[tier] if backup else 0,
        )

    def outside(
        self,
        order: Order,
        network: NetworkSpec,
        *,
        public: bool,  # noqa: ARG002 - the interface's
    ) -> tuple[Outside, ...]:
        """What pods talk to beside each other."""
        return reach.outside(order, network)
