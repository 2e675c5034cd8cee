"""The AWS side of the model: machines, database, cache, network and cluster behind ``Cloud``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sizing import choices
from sizing.clouds.aws import checks, logs, network, postgres, quotas, reach, redis, system
from sizing.clouds.aws.authority import authority
from sizing.clouds.aws.limits import RULES
from sizing.clouds.aws.limits import cluster as limits
from sizing.clouds.aws.machines import DEFAULT_REGION, machine, machines, zones
from sizing.clouds.aws.notes import NOTES
from sizing.clouds.aws.signals import signals
from sizing.clouds.base import Machine, Order, PoolOrder
from sizing.clouds.cidrs import api_allowed, check_count
from sizing.guide.cells import Tier
from sizing.node_groups import Share, zonal
from sizing.overrides import Overrides
from sizing.quotas import QuotaNeed
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
    Workload,
)

if TYPE_CHECKING:
    from sizing.plan import Plan

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
IDENTITIES = (
    Identity(role="cluster-autoscaler", namespace="kube-system", service_account="cluster-autoscaler"),
    Identity(
        role="load-balancer-controller",
        namespace="kube-system",
        service_account="aws-load-balancer-controller",
    ),
    Identity(role="ebs-csi", namespace="kube-system", service_account="ebs-csi-controller-sa"),
    Identity(role="log-agent", namespace=logs.NAMESPACE, service_account=logs.AGENT),
)
"""Controllers that call AWS for the cluster itself."""


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


def _check_groups(groups: tuple[NodeGroupSpec, ...], order: Order) -> None:
    """Refuse more nodes in a group, or more groups, than EKS makes. Raises SizingError."""
    for group in groups:
        if group.max > limits.MAX_GROUP_NODES:
            key, pool = ("cpu", order.cpu) if group.pool == "cpu_nodes" else ("gpu", order.gpu)
            raise limits.GROUP_NODES.refusal(
                f"nodes.{key}.max" if pool.max is not None or key == "cpu" else "vllm.engines",
                pool.max if pool.max is not None else group.max,
                f"makes {group.max} nodes in the node group {group.name}, and EKS makes"
                f" {limits.MAX_GROUP_NODES}",
                f"Choose a larger nodes.{key}.machineType, or lower the maximum.",
            )
    if len(groups) > limits.MAX_GROUPS:
        raise limits.GROUPS.refusal(
            "vllm.engines",
            sum(1 for group in groups if group.pool == "gpu_nodes"),
            f"an engine that fills a node gives each engine groups of its own, {len(groups)} in all, and EKS"
            f" makes {limits.MAX_GROUPS}",
            "Use fewer engines, or none that fills a node.",
        )


class Aws:
    """AWS as the model sees it. Stateless; figures come from the catalogue beside this module."""

    name = "aws"
    default_region = DEFAULT_REGION
    has_projects = False
    rules = RULES

    def machine_for(self, guide_type: str) -> str:
        """The guide's own type: it names EC2 types."""
        return guide_type

    def machines(self) -> Mapping[str, Machine]:
        """Every machine type of the catalogue by name."""
        return machines()

    def cache_gib(self, node: str) -> float | None:
        """GiB of data that a node of this type holds."""
        return next((known.usable_gib for known in redis.nodes() if known.name == node), None)

    def check_names(self, name: str, project: str) -> None:  # noqa: ARG002 - the interface's
        """Refuse a cluster name that EKS would refuse; other names are shortened to their service's limit."""
        longest = limits.CLUSTER_NAME_LIMIT
        if len(name) > longest:
            raise limits.NAMES.refusal(
                "stack",
                name,
                f"the cluster's name has {len(name)} characters, and EKS takes {longest}",
                f"Use a stack name that is {len(name) - longest} characters shorter.",
            )

    def order(self, requirements: Requirements, overrides: Overrides, region: str) -> Order:
        """What to buy for ``requirements`` in ``region``. Raises SizingError when it cannot be bought."""
        need, nodes = requirements.cluster, overrides.nodes
        cpu = machine("nodes.cpu.machineType", need.cpu_nodes.machine_type, gpu=False)
        gpu = machine("nodes.gpu.machineType", need.gpu_nodes.machine_type, gpu=True)
        database = postgres.order(requirements.postgres, requirements.tier, overrides.postgres)
        pools = (("nodes.cpu.machineType", cpu), ("nodes.gpu.machineType", gpu))
        usable = zones(region, pools)  # a region that does not exist is said before what is not in it
        checks.check_overrides(overrides, region)
        return Order(
            cloud=self.name,
            region=region,
            verified_region=region == self.default_region,
            zones=usable,
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
            postgres=database.model_copy(update={"authority": authority(region)}),
            redis=redis.order(requirements.redis, requirements.tier, overrides.redis),
            addons=AddonsSpec(
                cluster_autoscaler=True,
                load_balancer_controller=True,
                nvidia_device_plugin=True,
                dcgm_exporter=True,
            ),
            buckets=_buckets(requirements),
            keys=KEYS,
            identities=IDENTITIES,
            volume_min_gib=limits.VOLUME_MIN_GIB,
            volume_max_gib=limits.VOLUME_MAX_GIB,
            volumes=limits.VOLUMES,
            notes=NOTES,
            signals=signals(database.spec),
            certificates=True,
        )

    def system_workloads(self, tier: Tier, order: Order) -> tuple[Workload, ...]:
        """Pods of the managed add-ons and of the controllers that only AWS needs."""
        return (*system.addon_workloads(), *system.controllers(tier, order), logs.agent())

    def node_groups(self, order: Order, parts: tuple[Share, ...]) -> tuple[NodeGroupSpec, ...]:
        """A managed node group per zone: the autoscaler takes a multi-zone group for one random node (D2)."""
        groups = zonal(order, parts)
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
        """The control plane, its add-ons and its node groups."""
        clients = api_allowed(overrides.network.api_allowed_cidrs or ())
        check_count(limits.API_CIDRS, clients, limits.MAX_API_CIDRS)
        return ClusterSpec(
            kubernetes_version=system.KUBERNETES_VERSION,
            node_release_version=system.NODE_RELEASE_VERSION,
            control_plane_tier=CONTROL_PLANE_TIERS.get(requirements.tier, "standard"),
            api_allowed_cidrs=clients,
            admin_role_arns=overrides.access.admin_role_arns,
            log_types=LOG_TYPES,
            log_retention_days=choices.CONTROL_PLANE_LOG_RETENTION_DAYS[requirements.tier],
            node_groups=groups,
            addons=system.addons(),
        )

    def outside(self, order: Order, network: NetworkSpec, *, public: bool) -> tuple[Outside, ...]:
        """What pods talk to beside each other."""
        return reach.outside(order, network, public=public)
