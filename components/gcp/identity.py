"""Google service accounts of the workloads that call Google, lent to their Kubernetes service accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.base import Component, safe_name
from components.gcp.cluster import ACCOUNT_ID_LIMIT
from components.gcp.labels import Text
from components.gcp.roles import Grant, grants_of
from sizing.specs import Identity as IdentitySpec

ANNOTATION = "iam.gke.io/gcp-service-account"


@dataclass(frozen=True)
class IdentityArgs:
    """Who needs an account, and what the roles refer to.

    ``workload_pool`` is the domain of Kubernetes service accounts in IAM; it exists once the project has had
    a cluster with Workload Identity, so the bindings wait for ``cluster``. ``buckets`` and ``key_ids`` by
    purpose, ``secret_ids`` by name: those that become Kubernetes Secrets; ``entry_ids``: the
    others. ``bedrock``: LiteLLM may call the cloud's own models. ``before``: the APIs.
    """

    identities: tuple[IdentitySpec, ...]
    name: str
    project: str
    workload_pool: str
    buckets: Mapping[str, Text]
    key_ids: Mapping[str, Text]
    secret_ids: Mapping[str, Text]
    entry_ids: Mapping[str, Text]
    bedrock: bool
    cluster: tuple[pulumi.Resource, ...] = ()
    before: tuple[pulumi.Resource, ...] = ()


class Identity(Component):
    """One account, its grants and one Workload Identity binding per identity that may do something.

    An identity whose bucket this stack does not have (Thanos) gets none of them. An account is lent to one
    Kubernetes service account; that is one of this name in any cluster of the project, since IAM does not
    tell clusters of one project apart
    (https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#identity_sameness). Does not
    create Kubernetes service accounts; they carry ``annotations``.

    Attributes:
        accounts: role of the specification -> Google service account.
        bindings: the same for the bindings: what a workload depends on before its first pod starts.
        annotations: the same for the annotations of the Kubernetes service account.
    """

    TYPE = "ai-gateway:gcp:Identity"

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.accounts: dict[str, gcp.serviceaccount.Account] = {}
        self.bindings: dict[str, gcp.serviceaccount.IAMMember] = {}
        for identity in args.identities:
            grants = [g for g in grants_of(identity.role, bedrock=args.bedrock) if self._has(g)]
            if grants:
                self._make(identity, grants)
        self.annotations: dict[str, dict[str, pulumi.Input[str]]] = {
            role: {ANNOTATION: account.email} for role, account in self.accounts.items()
        }
        self.register_outputs({"accounts": {role: a.email for role, a in self.accounts.items()}})

    def _has(self, grant: Grant) -> bool:
        return grant.kind != "bucket" or grant.target in self._args.buckets

    def _make(self, identity: IdentitySpec, grants: list[Grant]) -> None:
        args, name = self._args, f"{self.prefix}-{identity.role}"
        account = gcp.serviceaccount.Account(
            name,
            project=args.project,
            account_id=safe_name(f"{identity.role}-{args.name}", ACCOUNT_ID_LIMIT),
            display_name=f"{args.name}: {identity.namespace}/{identity.service_account}",
            opts=self.child(depends_on=[*args.before]),
        )
        granted = [made for grant in grants for made in self._grant(name, account, grant)]
        self.accounts[identity.role] = account
        self.bindings[identity.role] = gcp.serviceaccount.IAMMember(
            name,
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=f"serviceAccount:{args.workload_pool}[{identity.namespace}/{identity.service_account}]",
            # a pod that starts right after the binding must find the grants there
            opts=self.child(depends_on=[*args.cluster, *granted]),
        )

    def _grant(self, name: str, account: gcp.serviceaccount.Account, grant: Grant) -> list[pulumi.Resource]:
        args, member, role = self._args, account.member, grant.role
        named = f"{name}-{role.split('/')[1]}"
        match grant.kind:
            case "project":
                return [
                    gcp.projects.IAMMember(
                        named, project=args.project, role=role, member=member, opts=self.child()
                    )
                ]
            case "bucket":
                bucket = args.buckets[grant.target]
                return [
                    gcp.storage.BucketIAMMember(
                        named, bucket=bucket, role=role, member=member, opts=self.child()
                    )
                ]
            case "key":
                key = args.key_ids[grant.target]
                return [
                    gcp.kms.CryptoKeyIAMMember(
                        named, crypto_key_id=key, role=role, member=member, opts=self.child()
                    )
                ]
            case "entry":
                id_ = args.entry_ids[grant.target]
                return [
                    gcp.secretmanager.SecretIamMember(
                        f"{named}-{grant.target}", secret_id=id_, role=role, member=member, opts=self.child()
                    )
                ]
            case "itself":
                return [
                    gcp.serviceaccount.IAMMember(
                        named, service_account_id=account.name, role=role, member=member, opts=self.child()
                    )
                ]
            case "secrets":
                return [
                    gcp.secretmanager.SecretIamMember(
                        f"{named}-{secret}", secret_id=id_, role=role, member=member, opts=self.child()
                    )
                    for secret, id_ in args.secret_ids.items()
                ]
