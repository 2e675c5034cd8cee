"""KMS keys and the service-linked roles that their policies name."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aws.keys import Keys, KeysArgs
from components.aws.service_roles import SERVICES, ServiceLinkedRoles, ServiceLinkedRolesArgs
from infra.graph.model import Graph
from tests.factories_foundation import (
    ACCOUNT,
    CLUSTER,
    PARTITION,
    REGION,
    TAGS,
    captured,
    check_contract,
    key_specs,
    of_type,
    policy,
)

PURPOSES = ("cluster", "ebs", "database", "cache", "storage", "logs", "secrets", "seal")
AUTOSCALING = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)


def keys(opts: pulumi.ResourceOptions, role: pulumi.Input[str] = AUTOSCALING) -> Keys:
    args = KeysArgs(
        specs=key_specs(*PURPOSES, multi_region=("seal",)),
        cluster_name=CLUSTER,
        account_id=ACCOUNT,
        region=REGION,
        partition=PARTITION,
        autoscaling_role_arn=role,
        tags=TAGS,
    )
    return Keys("keys", args, opts)


def roles(opts: pulumi.ResourceOptions, services: tuple[str, ...] = SERVICES) -> ServiceLinkedRoles:
    args = ServiceLinkedRolesArgs(ACCOUNT, PARTITION, services, TAGS)
    return ServiceLinkedRoles("roles", args, opts)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(keys)


def statements(graph: Graph, purpose: str) -> dict[str, dict[str, Any]]:
    return policy(of_type(graph, "Key")[f"keys-{purpose}"].inputs["policy"])


def test_contract() -> None:
    check_contract(lambda opts: (keys(opts), roles(opts)))


def test_every_purpose_has_a_protected_rotated_key_with_an_alias(graph: Graph) -> None:
    found = of_type(graph, "Key")
    assert set(found) == {f"keys-{purpose}" for purpose in PURPOSES}
    for key in found.values():
        assert key.protect is True
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30
    aliases = {name: alias.inputs["name"] for name, alias in of_type(graph, "Alias").items()}
    assert aliases == {f"keys-{purpose}": f"alias/{CLUSTER}/{purpose}" for purpose in PURPOSES}


def test_only_the_keys_that_ask_for_it_are_multi_region(graph: Graph) -> None:
    assert {name for name, key in of_type(graph, "Key").items() if key.inputs["multiRegion"]} == {"keys-seal"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_account_can_never_lock_itself_out(graph: Graph, purpose: str) -> None:
    assert statements(graph, purpose)["AccountDecidesThroughIam"] == {
        "Sid": "AccountDecidesThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def test_only_node_volumes_and_logs_name_anyone_else(graph: Graph) -> None:
    others = {
        purpose: len(statements(graph, purpose))
        for purpose in PURPOSES
        if len(statements(graph, purpose)) > 1
    }
    assert others == {"ebs": 3, "logs": 2}


USE = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
]


def test_auto_scaling_may_start_nodes_with_encrypted_volumes(graph: Graph) -> None:
    found = statements(graph, "ebs")
    role = {"Effect": "Allow", "Principal": {"AWS": AUTOSCALING}, "Resource": "*"}
    use, grant = "AutoScalingUsesTheKey", "AutoScalingGrantsTheKeyToVolumes"
    assert found[use] == {"Sid": use, "Action": USE, **role}
    only_volumes = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert found[grant] == {"Sid": grant, "Action": "kms:CreateGrant", "Condition": only_volumes, **role}


def test_cloudwatch_may_encrypt_log_groups_of_this_account_only(graph: Graph) -> None:
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    assert statements(graph, "logs")["LogGroupsOfThisAccount"] == {
        "Sid": "LogGroupsOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": USE,
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }


def test_the_node_volume_key_waits_for_the_role_it_names() -> None:
    graph = captured(lambda opts: keys(opts, roles(opts).autoscaling_arn))
    role = of_type(graph, "ServiceLinkedRole")["roles-autoscaling"]
    waiting = {name for name, key in of_type(graph, "Key").items() if role.urn in key.depends_on}
    assert waiting == {"keys-ebs"}


def test_service_linked_roles_belong_to_the_account() -> None:
    found = of_type(captured(roles), "ServiceLinkedRole")
    assert {name: role.inputs["awsServiceName"] for name, role in found.items()} == {
        f"roles-{service}": f"{service}.amazonaws.com"
        for service in ("autoscaling", "elasticache", "elasticloadbalancing", "rds")
    }
    assert all(role.retain_on_delete for role in found.values())


def test_an_account_that_has_the_roles_gets_none_and_the_same_name() -> None:
    seen: list[str] = []
    graph = captured(lambda opts: roles(opts, ()).autoscaling_arn.apply(seen.append))
    assert not of_type(graph, "ServiceLinkedRole")
    assert seen == [AUTOSCALING]
