"""Which figures of a resource matter to a reader: data for ``cli.details``, by type token.

A type that is not here is shown by its kind and name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Pieces = Mapping[str, tuple[str, ...]]

_AWS: Final[Pieces] = {
    "aws:cloudwatch/logGroup:LogGroup": ("kept {retentionInDays} days",),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "disk {blockDeviceMappings[0].ebs.volumeSize} GiB {blockDeviceMappings[0].ebs.volumeType}",
        "?blockDeviceMappings[0].ebs.encrypted encrypted",
    ),
    "aws:ec2/route:Route": ("{destinationCidrBlock}",),
    "aws:ec2/subnet:Subnet": ("{cidrBlock}",),
    "aws:ec2/vpc:Vpc": ("{cidrBlock}",),
    "aws:eks/addon:Addon": ("{addonVersion}",),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "{nodeType}",
        "{engine} {engineVersion}",
        "shards {numNodeGroups}",
        "replicas a shard {replicasPerNodeGroup}",
        "?multiAzEnabled Multi-AZ",
        "durability {durability}",
        "snapshots kept {snapshotRetentionLimit} days",
    ),
    "aws:kms/key:Key": ("?multiRegion multi-region", "?enableKeyRotation rotated"),
    "aws:rds/instance:Instance": (
        "?replicateSourceDb read replica",
        "{instanceClass}",
        "{engine} {engineVersion}",
        "{allocatedStorage} GiB {storageType}",
        "up to {maxAllocatedStorage} GiB",
        "{iops} IOPS",
        "?multiAz Multi-AZ",
        "?backupRetentionPeriod backups kept {backupRetentionPeriod} days",
    ),
    "eks:index:Cluster": (
        "Kubernetes {version}",
        "?endpointPublicAccess public API",
        "?endpointPrivateAccess private API",
    ),
    "eks:index:ManagedNodeGroup": (
        "{scalingConfig.desiredSize} x {instanceTypes[0]}"
        " ({scalingConfig.minSize} to {scalingConfig.maxSize})",
    ),
    "pulumi:providers:aws": ("{region}",),
}

_GCP: Final[Pieces] = {
    "gcp:compute/firewall:Firewall": ("from {sourceRanges[0]}",),
    "gcp:compute/globalAddress:GlobalAddress": ("{address}", "/{prefixLength}"),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": ("{target}",),
    "gcp:compute/routerNat:RouterNat": (
        "addresses {#natIps}",
        "ports a node {minPortsPerVm} to {maxPortsPerVm}",
    ),
    "gcp:compute/subnetwork:Subnetwork": (
        "{ipCidrRange}",
        "{secondaryIpRanges[0].rangeName} {secondaryIpRanges[0].ipCidrRange}",
        "{secondaryIpRanges[1].rangeName} {secondaryIpRanges[1].ipCidrRange}",
        "?privateIpGoogleAccess Private Google Access",
    ),
    "gcp:container/cluster:Cluster": (
        "Kubernetes {minMasterVersion}",
        "channel {releaseChannel.channel}",
        "{location} with {#nodeLocations} zones",
        "?privateClusterConfig.enablePrivateNodes private nodes",
        "!privateClusterConfig.enablePrivateEndpoint public API",
        "?privateClusterConfig private API",
    ),
    "gcp:container/nodePool:NodePool": (
        "{nodeConfig.machineType} ({autoscaling.totalMinNodeCount} to {autoscaling.totalMaxNodeCount}"
        " over {#nodeLocations} zones)",
        "{nodeConfig.guestAccelerators[0].count} x {nodeConfig.guestAccelerators[0].type} a node",
        "disk {nodeConfig.diskSizeGb} GiB {nodeConfig.diskType}",
    ),
    "gcp:gkebackup/backupPlan:BackupPlan": (
        "at {backupSchedule.cronSchedule}",
        "backups kept {retentionPolicy.backupRetainDays} days",
    ),
    "gcp:kms/cryptoKey:CryptoKey": ("rotated every {rotationPeriod}",),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("kept {retentionDays} days",),
    "gcp:networkconnectivity/serviceConnectionPolicy:ServiceConnectionPolicy": ("{serviceClass}",),
    "gcp:redis/cluster:Cluster": (
        "{nodeType}",
        "shards {shardCount}",
        "replicas a shard {replicaCount}",
        "{persistenceConfig.mode} {persistenceConfig.aofConfig.appendFsync}",
        "{persistenceConfig.mode} {persistenceConfig.rdbConfig.rdbSnapshotPeriod}",
        "backups kept {automatedBackupConfig.retention}",
    ),
    "gcp:servicenetworking/connection:Connection": ("{service}",),
    "gcp:sql/databaseInstance:DatabaseInstance": (
        "+masterInstanceName read replica",
        "{settings.tier}",
        "postgres {databaseVersion}",
        "edition {settings.edition}",
        "{settings.diskSize} GiB {settings.diskType}",
        "up to {settings.diskAutoresizeLimit} GiB",
        "{settings.availabilityType}",
        "backups kept {settings.backupConfiguration.backupRetentionSettings.retainedBackups}",
    ),
    "gcp:storage/bucket:Bucket": ("?versioning.enabled versioned",),
    "pulumi:providers:gcp": ("{project}", "{region}"),
}

_KUBERNETES: Final[Pieces] = {
    "kubernetes:agentgateway.dev/v1alpha1:AgentgatewayParameters": (
        "{spec.horizontalPodAutoscaler.spec.minReplicas} to"
        " {spec.horizontalPodAutoscaler.spec.maxReplicas} replicas",
        "cpu {spec.resources.requests.cpu} / {spec.resources.limits.cpu}",
        "memory {spec.resources.requests.memory} / {spec.resources.limits.memory}",
    ),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": (
        "{spec.minReplicaCount} to {spec.maxReplicaCount} replicas",
    ),
    "kubernetes:scheduling.k8s.io/v1:PriorityClass": ("{value}",),
    "kubernetes:storage.k8s.io/v1:StorageClass": ("{provisioner}", "{parameters.type}"),
    "kubernetes:yaml/v2:ConfigFile": ("{file}",),
}

FACTS: Final[Pieces] = {**_AWS, **_GCP, **_KUBERNETES}
"""Type -> pieces of its line. ``{path}`` is an input, ``{#path}`` the length of a list; a piece with one that
is missing or unknown is left out. ``?path words`` are said only when that input is true, or not zero,
``!path words`` when it is false, ``+path words`` when it is there at all, though it may be unknown."""
