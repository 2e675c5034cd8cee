"""What findings say about Google Cloud."""

from __future__ import annotations

from sizing.clouds.gcp.machines import DEFAULT_REGION
from sizing.clouds.notes import Notes, PostgresNotes, RedisNotes, Remark

_GKE = "https://cloud.google.com/kubernetes-engine/docs"
_SQL = "https://cloud.google.com/sql/docs/postgres"
_REDIS = "https://cloud.google.com/memorystore/docs/cluster"

NOTES = Notes(
    region=DEFAULT_REGION,
    prices="on-demand list, us-central1, 2026-07-30",
    kubernetes="GKE",
    machines="https://cloud.google.com/compute/docs/machine-resource",
    node_reserves=f"GKE reserves: {_GKE}/concepts/plan-node-sizes",
    control_plane=Remark(
        reason="GKE runs a regional control plane over three zones; its size in nodes cannot be chosen, and"
        " none is dedicated",
        source=f"{_GKE}/concepts/regional-clusters",
    ),
    api_access=Remark(
        reason="run `pulumi up` inside the VPC, or list your networks in network.apiAllowedCidrs",
        source=f"{_GKE}/concepts/network-isolation",
    ),
    bandwidth="https://cloud.google.com/compute/docs/network-bandwidth",
    endpoints=Remark(
        reason="Google's APIs are reached without public addresses; NAT stays: charts, images and external"
        " models are outside Google Cloud",
        source="https://cloud.google.com/vpc/docs/private-google-access",
    ),
    endpoints_included=("private google access",),
    volumes=Remark(
        reason="the smallest Persistent Disk",
        source="https://cloud.google.com/compute/docs/disks/persistent-disks",
    ),
    pools=Remark(
        reason="a pool begins with the same number of nodes in every zone, and one too many of this type"
        " would be dear or refused by the quota, so it begins below",
        source="https://cloud.google.com/kubernetes-engine/docs/concepts/cluster-autoscaler",
    ),
    raise_quota="console, IAM & Admin, Quotas: {code} in {region}, new value {value}",
    postgres=PostgresNotes(
        storage="https://cloud.google.com/compute/docs/disks/performance",
        classes=f"{_SQL}/instance-settings",
        standby=f"{_SQL}/high-availability",
        limit=Remark(
            reason="a limit below the allocation is none, and ours is 26% above the",
            source=f"{_SQL}/instance-settings",
        ),
        topology=Remark(
            reason="Cloud SQL has no cluster of three: a REGIONAL primary has a standby that cannot be read,"
            " and read replicas are instances of their own",
            source=f"{_SQL}/high-availability",
        ),
        with_standby="REGIONAL",
        without_standby="ZONAL",
        unverified=None,
    ),
    redis=RedisNotes(
        added_replica="failover needs one",
        counted_replica="failover needs one",
        persistence=f"{_REDIS}/about-persistence",
        backups=f"{_REDIS}/about-cluster-backups",
    ),
)
