"""What findings say about AWS."""

from __future__ import annotations

from sizing.clouds.aws.machines import DEFAULT_REGION
from sizing.clouds.notes import Notes, PostgresNotes, RedisNotes, Remark

_EKS = "https://docs.aws.amazon.com/eks/latest/userguide"
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
_ELASTICACHE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg"

NOTES = Notes(
    region=DEFAULT_REGION,
    prices="on-demand list, us-east-1, 2026-07-20",
    kubernetes="EKS",
    machines="https://aws.amazon.com/ec2/instance-types/",
    node_reserves="EKS reserves: https://github.com/awslabs/amazon-eks-ami",
    control_plane=Remark(
        reason="EKS runs the control plane over three zones and its size in nodes cannot be chosen; a"
        " provisioned tier is the nearest to a dedicated one",
        source=f"{_EKS}/eks-provisioned-control-plane.html",
    ),
    api_access=Remark(
        reason="run `pulumi up` inside the VPC, or list your networks in network.apiAllowedCidrs",
        source=f"{_EKS}/cluster-endpoint.html",
    ),
    bandwidth="EC2 DescribeInstanceTypes",
    endpoints=Remark(
        reason="endpoints do not replace NAT, which stays: charts, images and external models are outside"
        " AWS",
        source=f"{_EKS}/private-clusters.html",
    ),
    endpoints_included=("s3",),
    volumes=Remark(
        reason="the smallest EBS volume",
        source="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html",
    ),
    pools=None,
    raise_quota="aws service-quotas request-service-quota-increase --region {region} --service-code {service}"
    " --quota-code {code} --desired-value {value}",
    postgres=PostgresNotes(
        storage=f"{_RDS}/CHAP_Storage.html",
        classes=f"{_RDS}/Concepts.DBInstanceClass.html",
        standby=f"{_RDS}/Concepts.MultiAZSingleStandby.html",
        limit=Remark(reason="AWS advises one 26% above the", source=f"{_RDS}/CHAP_Storage.html"),
        topology=Remark(
            reason="a Multi-AZ DB cluster has no storage autoscaling and no cross-region backups, and would"
            " replace the instance of the tier below; an instance is reached in place",
            source=f"{_RDS}/multi-az-db-clusters-concepts.Limitations.html",
        ),
        with_standby="Multi-AZ",
        without_standby="single-zone",
        unverified=Remark(
            reason="the catalogue has no authority of this region's databases, so clients encrypt without"
            " checking who answers: set postgres.caBundle to the region's bundle, and they verify the server",
            source=f"{_RDS}/UsingWithRDS.SSL.html",
        ),
    ),
    redis=RedisNotes(
        added_replica="durability and failover need one",
        counted_replica="the durable log needs one",
        persistence=f"{_ELASTICACHE}/Durability.Limitations.html",
        backups=f"{_ELASTICACHE}/backups.html",
    ),
)
