"""GKE, its nodes, disks and network, with the page that says so."""

from __future__ import annotations

from sizing.clouds.rules import Rule

_GKE = "https://cloud.google.com/kubernetes-engine"
_COMPUTE = "https://cloud.google.com/compute/docs"

NAME_LIMIT = 40
MAX_POOL_ZONE_NODES = 1000
CHANNELS = ("RAPID", "REGULAR", "STABLE", "EXTENDED")
MAX_API_CIDRS = 50
VOLUME_MIN_GIB, VOLUME_MAX_GIB = 10, 65_536
RULE_NAME_LIMIT = 20

WIDEST_PREFIX = 10
NARROWEST_PREFIX = 21
"""A /10 is the widest private range but one; the quarter of a /21 is a subnet of 512 addresses."""
NODE_PREFIX = 24
"""GKE gives every node a /24 for at most 110 pods."""
RESERVED_ADDRESSES = 4
"""Google keeps the first two addresses and the last two of every subnet."""
CONTROL_PLANE_PREFIX = 28

NAMES = Rule(
    id="gke-names",
    service="GKE",
    limit=f"names of clusters and node pools have at most {NAME_LIMIT} characters",
    source=f"{_GKE}/docs/reference/rest/v1/projects.locations.clusters",
    components="longer names are shortened with a hash",
)
POOL_NODES = Rule(
    id="gke-pool-nodes",
    service="GKE",
    limit=f"a node pool has at most {MAX_POOL_ZONE_NODES} nodes in a zone, and 0 <= min <= desired <= max",
    source=f"{_GKE}/quotas",
    model="one pool over three zones",
    overrides=("nodes.cpu.max", "nodes.gpu.max", "vllm.engines"),
)
TOTALS = Rule(
    id="gke-total-counts",
    service="GKE",
    limit="limits of a pool are totals or per zone, never both; per zone a guide's 3 would become 9",
    source=f"{_GKE}/docs/concepts/cluster-autoscaler",
    components="totals with a balanced location policy",
)
CHANNEL = Rule(
    id="gke-release-channel",
    service="GKE",
    limit=f"the release channel is one of {', '.join(CHANNELS)}",
    source=f"{_GKE}/docs/concepts/release-channels",
    model="REGULAR",
)
OFFERINGS = Rule(
    id="gke-gpu-zones",
    service="GKE",
    limit="a pool whose zones include one without its machine type or GPU is refused",
    source=f"{_COMPUTE}/gpus/gpu-regions-zones",
    model="the first three zones that offer every pool's type, named on every pool",
    overrides=("nodes.cpu.machineType", "nodes.gpu.machineType"),
)
SPOT_ONLY = ("a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g")
ON_DEMAND = Rule(
    id="gce-machine-types",
    service="Compute Engine",
    limit=f"types that are sold as Spot or Flex-start only ({', '.join(SPOT_ONLY)}) are refused on demand",
    source=f"{_COMPUTE}/accelerator-optimized-machines",
    model="types of the catalogue, which has none of those",
    overrides=("nodes.gpu.machineType",),
)
GPU_COUNT = Rule(
    id="gke-gpu-count",
    service="GKE",
    limit="accelerator-optimised types have a fixed number of GPUs, which the pool has to repeat",
    source=f"{_COMPUTE}/accelerator-optimized-machines",
    model="the catalogue's number",
    components="written on every GPU pool",
)
VOLUMES = Rule(
    id="pd-size",
    service="Compute Engine",
    limit=f"a balanced Persistent Disk has {VOLUME_MIN_GIB} to {VOLUME_MAX_GIB} GiB",
    source=f"{_COMPUTE}/disks/persistent-disks",
    model="volumes below the smallest are ordered at it",
    overrides=("vault.storageGib", "observability.prometheus.storageGib"),
)
API_CIDRS = Rule(
    id="gke-authorized-networks",
    service="GKE",
    limit=f"the API server lists at most {MAX_API_CIDRS} authorised networks, the cluster's own among them",
    source=f"{_GKE}/docs/reference/rest/v1/projects.locations.clusters",
    overrides=("network.apiAllowedCidrs",),
)
RANGES = Rule(
    id="vpc-ranges",
    service="VPC",
    limit=f"ranges of nodes, pods, services and the control plane (a /{CONTROL_PLANE_PREFIX}) overlap"
    " nothing, and cannot be changed later",
    source=f"{_GKE}/docs/concepts/alias-ips",
    model="all from one range",
    overrides=("network.cidr",),
)
PODS = Rule(
    id="gke-pod-range",
    service="GKE",
    limit=f"every node takes a /{NODE_PREFIX} of the pods' range, also while it surges",
    source=f"{_GKE}/docs/how-to/flexible-pod-cidr",
    model="half of the range is for pods",
    overrides=("network.cidr",),
)
SQL_RANGE = Rule(
    id="cloudsql-own-range",
    service="Cloud SQL",
    limit="172.17.0.0/16 cannot reach an instance: Cloud SQL keeps it for itself",
    source="https://cloud.google.com/sql/docs/postgres/private-ip",
    overrides=("network.cidr",),
)
RULE_NAMES = Rule(
    id="psc-rule-name",
    service="VPC",
    limit=f"the forwarding rule to Google's APIs has 1 to {RULE_NAME_LIMIT} lower case letters and digits, a"
    " letter first",
    source="https://cloud.google.com/vpc/docs/configure-private-service-connect-apis",
    components="a hash of the cluster's name",
)

RULES: tuple[Rule, ...] = (
    NAMES,
    POOL_NODES,
    TOTALS,
    CHANNEL,
    OFFERINGS,
    ON_DEMAND,
    GPU_COUNT,
    VOLUMES,
    API_CIDRS,
    RANGES,
    PODS,
    SQL_RANGE,
    RULE_NAMES,
)
