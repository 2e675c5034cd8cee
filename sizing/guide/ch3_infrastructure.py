"""Chapter 3, Infrastructure Requirements: tables 3.1 to 3.3."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.guide.cells import Nodes, Size, Table, Tier


@dataclass(frozen=True)
class Cluster:
    """A row of table 3.1."""

    control_plane: str
    cpu_nodes: Nodes
    gpu_nodes: Nodes


CLUSTER: Table[Cluster] = Table(
    "3.1",
    "Kubernetes Cluster Sizing",
    {
        Tier.SMALL: Cluster("Managed (3 node)", Nodes(3, "m5.xlarge"), Nodes(1, "g4dn.xlarge")),
        Tier.MEDIUM: Cluster("Managed (3 node)", Nodes(5, "m5.2xlarge"), Nodes(2, "g4dn.2xlarge")),
        Tier.LARGE: Cluster("Managed (5 node)", Nodes(10, "m5.4xlarge"), Nodes(4, "g5.4xlarge")),
        Tier.ENTERPRISE: Cluster("Dedicated (5 node)", Nodes(20, "m5.8xlarge"), Nodes(8, "p4d.24xlarge")),
    },
)


@dataclass(frozen=True)
class Network:
    """A row of table 3.2. Bandwidth in Mbit/s and Gbit/s; ``endpoints`` is the guide's word."""

    ingress_mbps: int
    internal_gbps: int
    endpoints: str


NETWORK: Table[Network] = Table(
    "3.2",
    "Network Requirements",
    {
        Tier.SMALL: Network(100, 1, "Optional"),
        Tier.MEDIUM: Network(500, 10, "Recommended"),
        Tier.LARGE: Network(1000, 25, "Required"),
        Tier.ENTERPRISE: Network(10_000, 100, "Required"),
    },
)


@dataclass(frozen=True)
class Storage:
    """A column of table 3.3."""

    postgres: Size
    redis: Size
    prometheus: Size
    model_cache: Size


STORAGE: Table[Storage] = Table(
    "3.3",
    "Storage Requirements",
    {
        Tier.SMALL: Storage(Size(50, "GB"), Size(5, "GB"), Size(50, "GB"), Size(100, "GB")),
        Tier.MEDIUM: Storage(Size(200, "GB"), Size(20, "GB"), Size(200, "GB"), Size(500, "GB")),
        Tier.LARGE: Storage(Size(1, "TB"), Size(50, "GB"), Size(1, "TB"), Size(2, "TB")),
        Tier.ENTERPRISE: Storage(Size(5, "TB"), Size(200, "GB"), Size(5, "TB"), Size(10, "TB")),
    },
)
