"""IAM roles of the workloads that call AWS, bound to their service accounts by EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Arns, Text, document, pod_trust
from components.aws.policies import Grants, Permissions, permissions
from components.base import Component, merge_tags
from sizing.specs import Identity as IdentitySpec


@dataclass(frozen=True)
class IdentityArgs:
    """Who needs a role, and what the roles refer to.

    ``cluster_name`` is plain, so that roles need not wait for the cluster; the associations wait for
    ``cluster``. ``bucket_arns`` by purpose ("vault-snapshots", "thanos", "model-cache"), ``key_arns`` by
    purpose ("seal", "storage", "ebs", "secrets"). ``secret_names`` are the entries that become Kubernetes
    Secrets.
    """

    identities: tuple[IdentitySpec, ...]
    cluster_name: str
    account_id: Text
    region: str
    partition: Text
    bucket_arns: Mapping[str, Text]
    key_arns: Mapping[str, Text]
    secret_prefix: str
    secret_names: tuple[str, ...]
    bedrock: bool
    cluster: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Identity(Component):
    """One role, one policy and one association per identity that may do something in AWS.

    An identity that may do nothing (LiteLLM without Bedrock, Thanos without a bucket) gets none of them. A
    role is trusted for one service account of this cluster only. Does not create service accounts, and needs
    the Pod Identity agent on the nodes; pods that ran before their association was made must be restarted.

    Attributes:
        roles: role name of the specification -> IAM role.
        associations: the same for the associations: what a workload depends on before its first pod starts.
    """

    TYPE = "ai-gateway:aws:Identity"

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._arns = Arns(args.account_id, args.region, args.partition)
        self.roles: dict[str, aws.iam.Role] = {}
        self.associations: dict[str, aws.eks.PodIdentityAssociation] = {}
        grants = Grants(
            arns=self._arns,
            cluster_name=args.cluster_name,
            bucket_arns=args.bucket_arns,
            key_arns=args.key_arns,
            secret_prefix=args.secret_prefix,
            secret_names=args.secret_names,
            bedrock=args.bedrock,
        )
        for identity in args.identities:
            granted = permissions(identity.role, grants)
            if granted is not None:
                self._grant(identity, granted)
        self.register_outputs({"roles": {role: resource.arn for role, resource in self.roles.items()}})

    def _grant(self, identity: IdentitySpec, granted: Permissions) -> None:
        name = f"{self.prefix}-{identity.role}"
        role = aws.iam.Role(
            name,
            description=f"{self._args.cluster_name}: {identity.namespace}/{identity.service_account}",
            assume_role_policy=pod_trust(
                self._arns, self._args.cluster_name, identity.namespace, identity.service_account
            ),
            tags=merge_tags(self._args.tags),
            opts=self.child(),
        )
        policies: list[pulumi.Resource] = [
            aws.iam.RolePolicy(name, role=role.name, policy=document(*granted.statements), opts=self.child())
        ]
        policies += [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=self._arns.managed_policy(policy),
                opts=self.child(),
            )
            for policy in granted.managed
        ]
        self.roles[identity.role] = role
        self.associations[identity.role] = aws.eks.PodIdentityAssociation(
            name,
            cluster_name=self._args.cluster_name,
            namespace=identity.namespace,
            service_account=identity.service_account,
            role_arn=role.arn,
            disable_session_tags=False,  # the trust policy reads them
            tags=merge_tags(self._args.tags),
            # a pod that starts right after the association must find the policies there
            opts=self.child(depends_on=[*self._args.cluster, *policies]),
        )
