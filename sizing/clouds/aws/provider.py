"""The AWS side of the model: machines, database, cache, network and cluster behind ``Cloud``."""

from __future__ import annotations

from sizing import choices
from sizing.clouds.aws import network, postgres, redis, system
from sizing.clouds.aws.machines import DEFAULT_REGION, machine, zones
from sizing.clouds.base import Order, PoolOrder
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
    Workload,
)

CONTROL_PLANE_TIERS = {Tier.ENTERPRISE: "tier-xl"}
"""The guide's "Dedicated" (D23): the smallest provisioned control plane; others run on "standard"."""
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

KEYS = (
    KeySpec(purpose="cluster", multi_region=False),
    KeySpec(purpose="ebs", multi_region=False),
    KeySpec(purpose="database", multi_region=False),
    KeySpec(purpose="cache", multi_region=False),
    KeySpec(purpose="storage", multi_region=False),
    KeySpec(purpose="logs", multi_region=False),
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


class Aws:
    """AWS as the model sees it. Stateless; figures come from the catalogue beside this module."""

    name = "aws"
    default_region = DEFAULT_REGION

    def order(self, requirements: Requirements, overrides: Overrides, region: str) -> Order:
        """What to buy for ``requirements`` in ``region``. Raises SizingError when it cannot be bought."""
        need, nodes = requirements.cluster, overrides.nodes
        cpu = machine("nodes.cpu.machineType", need.cpu_nodes.machine_type, gpu=False)
        gpu = machine("nodes.gpu.machineType", need.gpu_nodes.machine_type, gpu=True)
        pools = (("nodes.cpu.machineType", cpu), ("nodes.gpu.machineType", gpu))
        return Order(
            cloud=self.name,
            region=region,
            verified_region=region == self.default_region,
            zones=zones(region, pools),
            cpu=PoolOrder(
                machine=cpu,
                min=need.cpu_nodes.min,
                desired=need.cpu_nodes.desired,
                max=need.cpu_nodes.max,
                disk_gib=nodes.cpu.disk_gib or choices.NODE_DISK_GIB,
            ),
            gpu=PoolOrder(
                machine=gpu,
                min=need.gpu_nodes.min,
                desired=need.gpu_nodes.desired,
                max=need.gpu_nodes.max,
                disk_gib=nodes.gpu.disk_gib or choices.GPU_NODE_DISK_GIB,
            ),
            postgres=postgres.order(requirements.postgres, requirements.tier, overrides.postgres),
            redis=redis.order(requirements.redis, requirements.tier, overrides.redis),
            addons=AddonsSpec(
                cluster_autoscaler=True,
                load_balancer_controller=True,
                nvidia_device_plugin=True,
                dcgm_exporter=True,
            ),
            buckets=_buckets(requirements),
            keys=KEYS,
        )

    def system_workloads(self, tier: Tier, order: Order) -> tuple[Workload, ...]:
        """Pods of the managed add-ons and of the controllers that only AWS needs."""
        return (*system.addon_workloads(), *system.controllers(tier, order))

    def network(
        self,
        order: Order,
        groups: tuple[NodeGroupSpec, ...],
        requirements: Requirements,
        overrides: Overrides,
    ) -> NetworkSpec:
        """Address plan with room for the pods of ``groups`` at their maximum."""
        return network.plan(order, groups, requirements, overrides)

    def cluster(
        self,
        order: Order,
        groups: tuple[NodeGroupSpec, ...],
        requirements: Requirements,
        overrides: Overrides,
    ) -> ClusterSpec:
        """The control plane, its add-ons and its node groups."""
        return ClusterSpec(
            kubernetes_version=system.KUBERNETES_VERSION,
            node_release_version=system.NODE_RELEASE_VERSION,
            control_plane_tier=CONTROL_PLANE_TIERS.get(requirements.tier, "standard"),
            api_allowed_cidrs=network.api_allowed(overrides.network.api_allowed_cidrs or ()),
            admin_role_arns=overrides.access.admin_role_arns,
            log_types=LOG_TYPES,
            log_retention_days=choices.CONTROL_PLANE_LOG_RETENTION_DAYS[requirements.tier],
            node_groups=groups,
            addons=system.addons(),
        )
