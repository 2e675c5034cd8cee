"""What pulumi-eks has no argument for, set on the resources that its Cluster makes."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

CONTROL_PLANE_TYPE = "aws:eks/cluster:Cluster"
KUBERNETES_PROVIDER_TYPE = "pulumi:providers:kubernetes"


def control_plane_transform(cluster_name: str, tier: str) -> pulumi.ResourceTransform:
    """A transform for the options of an ``eks.Cluster``; Pulumi applies it to everything that component
    makes.

    It sets two things:

    - the control plane's scaling tier. "standard" is set explicitly as well: removing the property from a
      cluster does not bring it back from a provisioned tier
      (https://docs.aws.amazon.com/eks/latest/userguide/eks-provisioned-control-plane.html);
    - a fixed identity of the component's own Kubernetes provider. Without it any update of the cluster
      previews as a replacement of that provider, which inherits the cluster's protection, so that the preview
      fails (https://github.com/pulumi/pulumi-kubernetes/issues/1148).
    """
    additions: Mapping[str, Mapping[str, object]] = {
        CONTROL_PLANE_TYPE: {"controlPlaneScalingConfig": {"tier": tier}},
        KUBERNETES_PROVIDER_TYPE: {"clusterIdentifier": cluster_name},
    }

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        extra = additions.get(args.type_)
        if extra is None:
            return None
        return pulumi.ResourceTransformResult(props={**args.props, **extra}, opts=args.opts)

    return transform
