"""Workload roles: who is trusted, and that each may do what it needs and nothing more."""

from __future__ import annotations

import json
import re

import pulumi
import pulumi_random as random
import pytest

from components.aws.iam import INLINE_POLICY_LIMIT, TRUST_POLICY_LIMIT
from components.aws.identity import Identity
from infra.graph.model import Graph
from sizing.specs import Identity as IdentitySpec
from tests.components.aws.identities import (
    BUCKETS,
    KEYS,
    args,
    every_statement,
    graph_of,
    statements,
    texts,
)
from tests.components.aws.identities import graph as graph
from tests.factories_foundation import (
    ACCOUNT,
    CLUSTER,
    IDENTITIES,
    REGION,
    captured,
    check_contract,
    of_type,
)

LISTING = ["s3:ListBucket", "s3:GetBucketLocation"]


DESCRIBING = {
    ("cloud-metrics", "ReadMetrics"),
    ("cluster-autoscaler", "Describe"),
    ("load-balancer-controller", "Describe"),
    ("load-balancer-controller", "CertificatesAndFirewalls"),
}
"""Statements on all resources: AWS gives these actions none, or (certificates, firewalls) other people's."""


def test_contract() -> None:
    check_contract(lambda opts: Identity("identity", args(), opts))


def test_every_identity_has_a_role_and_an_association(graph: Graph) -> None:
    roles, associations = of_type(graph, "Role"), of_type(graph, "PodIdentityAssociation")
    assert set(roles) == set(associations) == {f"identity-{identity.role}" for identity in IDENTITIES}
    for identity in IDENTITIES:
        found = associations[f"identity-{identity.role}"]
        assert found.inputs["clusterName"] == CLUSTER
        assert found.inputs["namespace"] == identity.namespace
        assert found.inputs["serviceAccount"] == identity.service_account
        assert found.inputs["disableSessionTags"] is False
        assert roles[f"identity-{identity.role}"].urn in found.property_depends_on["roleArn"]


def test_a_role_trusts_one_service_account_of_one_cluster(graph: Graph) -> None:
    roles = of_type(graph, "Role")
    for identity in IDENTITIES:
        text = str(roles[f"identity-{identity.role}"].inputs["assumeRolePolicy"])
        assert len(text) <= TRUST_POLICY_LIMIT
        (trust,) = json.loads(text)["Statement"]
        assert trust["Effect"] == "Allow"
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert trust["Condition"] == {
            "StringEquals": {
                "aws:SourceAccount": ACCOUNT,
                "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}",
                "aws:RequestTag/kubernetes-namespace": identity.namespace,
                "aws:RequestTag/kubernetes-service-account": identity.service_account,
            }
        }


def test_associations_wait_for_policies_and_cluster_and_roles_do_not() -> None:
    def program(opts: pulumi.ResourceOptions) -> None:
        cluster = random.RandomPet("cluster", opts=pulumi.ResourceOptions(provider=random.Provider("other")))
        Identity("identity", args(cluster=(cluster,)), opts)

    graph = captured(program)
    (cluster,) = of_type(graph, "RandomPet").values()
    policies, attached = of_type(graph, "RolePolicy"), of_type(graph, "RolePolicyAttachment")
    for name, found in of_type(graph, "PodIdentityAssociation").items():
        assert cluster.urn in found.depends_on
        assert policies[name].urn in found.depends_on
    driver = of_type(graph, "PodIdentityAssociation")["identity-ebs-csi"]
    assert {found.urn for found in attached.values()} <= set(driver.depends_on)
    assert not [role for role in of_type(graph, "Role").values() if cluster.urn in role.depends_on]


def test_policies_are_in_the_form_that_iam_accepts(graph: Graph) -> None:
    for found in of_type(graph, "RolePolicy").values():
        text = str(found.inputs["policy"])
        assert len(text) <= INLINE_POLICY_LIMIT
        sids = [statement["Sid"] for statement in json.loads(text)["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


def test_no_wildcard_actions_and_no_wildcard_resources_but_for_describing(graph: Graph) -> None:
    everywhere = set()
    for role, statement in every_statement(graph):
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in texts(statement["Action"])), (role, statement["Sid"])
        if "*" in texts(statement["Resource"]):
            everywhere.add((role, statement["Sid"]))
    assert everywhere == DESCRIBING


@pytest.mark.parametrize(
    ("role", "purpose", "objects", "key"),
    [
        ("vault-snapshot", "vault-snapshots", ["s3:PutObject", "s3:AbortMultipartUpload"], True),
        (
            "thanos",
            "thanos",
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"],
            True,
        ),
        ("prometheus", "thanos", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], True),
        ("model-cache", "model-cache", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], True),
        ("vllm", "model-cache", ["s3:GetObject"], False),
    ],
)
def test_bucket_roles(graph: Graph, role: str, purpose: str, objects: list[str], key: bool) -> None:
    found = statements(graph, role)
    assert set(found) == {"Bucket", "Objects", "KeyForThisBucket"}
    bucket = BUCKETS[purpose]
    assert (found["Bucket"]["Action"], found["Bucket"]["Resource"]) == (LISTING, bucket)
    assert (found["Objects"]["Action"], found["Objects"]["Resource"]) == (objects, f"{bucket}/*")
    use = found["KeyForThisBucket"]
    assert use["Action"] == (["kms:Decrypt", "kms:GenerateDataKey"] if key else ["kms:Decrypt"])
    assert use["Resource"] == KEYS["storage"]
    assert use["Condition"] == {
        "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
    }


def test_vault_uses_its_seal_key_and_nothing_else(graph: Graph) -> None:
    (found,) = statements(graph, "vault").values()
    assert found["Action"] == ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]
    assert found["Resource"] == KEYS["seal"]


def test_litellm_calls_models_on_bedrock(graph: Graph) -> None:
    (found,) = statements(graph, "litellm").values()
    assert found["Action"] == ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    assert found["Resource"] == [
        "arn:aws:bedrock:*::foundation-model/*",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/*",
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/*",
    ]


def test_who_may_do_nothing_gets_no_role() -> None:
    graph = graph_of(bedrock=False, bucket_arns={})
    left = {
        "vault",
        "vault-init",
        "cloud-metrics",
        "cluster-autoscaler",
        "load-balancer-controller",
        "ebs-csi",
        "external-secrets",
        "log-agent",
    }
    for type_ in ("Role", "RolePolicy", "PodIdentityAssociation"):
        assert set(of_type(graph, type_)) == {f"identity-{role}" for role in left}


def test_resources_are_of_this_account_and_region(graph: Graph) -> None:
    for role, statement in every_statement(graph):
        for resource in texts(statement["Resource"]):
            if resource == "*" or resource.startswith("arn:aws:s3:::"):
                continue
            service = resource.split(":")[2]
            if resource == "arn:aws:bedrock:*::foundation-model/*":
                continue
            region = "" if service == "iam" else REGION
            assert resource.split(":")[3:5] == [region, ACCOUNT], (role, resource)


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    stranger = IdentitySpec(role="stranger", namespace="x", service_account="x")
    with pytest.raises(ValueError, match=r"'stranger'; there are cloud-metrics, cluster-autoscaler"):
        graph_of(identities=(stranger,))


def test_other_partitions_are_followed() -> None:
    graph = graph_of(partition="aws-us-gov")
    attached = of_type(graph, "RolePolicyAttachment")["identity-ebs-csi-AmazonEBSCSIDriverPolicyV2"]
    assert attached.inputs["policyArn"] == "arn:aws-us-gov:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
    assert str(statements(graph, "external-secrets")["ReadSecrets"]["Resource"][0]).startswith(
        "arn:aws-us-gov:"
    )


def test_metrics_are_read_and_nothing_else(graph: Graph) -> None:
    found = statements(graph, "cloud-metrics")
    assert set(found) == {"ReadMetrics"}
    assert found["ReadMetrics"]["Action"] == [
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
        "tag:GetResources",
    ]


def test_the_log_agent_writes_to_one_group(graph: Graph) -> None:
    (statement,) = statements(graph, "log-agent").values()
    assert texts(statement["Action"]) == ["logs:PutLogEvents"]
    (resource,) = texts(statement["Resource"])
    assert resource.endswith(f":log-group:/ai-gateway/{CLUSTER}/pods:*")
