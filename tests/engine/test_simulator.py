"""The simulated providers by themselves: their tables against the SDKs, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import _types as sdk_types
from pulumi.runtime.proto import provider_pb2

from tests.engine.simulator import arguments, outputs, replacement, wire
from tests.engine.simulator.cloud import Cloud, CloudError
from tests.engine.simulator.protections import IN_THE_STATE, ON_THE_SERVICE, refusal
from tests.engine.simulator.provider import Provider

arguments.preload((*outputs.table(), *(token for token in replacement.table() if not token.endswith("*"))))
INSTANCE = "aws:rds/instance:Instance"
URN = "urn:pulumi:large::ai-gateway::aws:rds/instance:Instance::db"


class Context:
    """The part of a gRPC context that a provider uses."""

    def peer(self) -> str:
        return "here"

    def is_active(self) -> bool:
        return True

    def abort(self, code: Any, details: str) -> None:
        raise RuntimeError(details)


def top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def test_the_table_of_outputs_speaks_of_what_the_sdks_declare() -> None:
    for token, rows in outputs.table().items():
        class_ = arguments.resource_class(token)
        assert class_ is not None, token
        declared = set(_declared(class_))
        assert {top(name) for name in rows} - {"id", "unique"} <= declared, token


def _declared(class_: type) -> list[str]:
    """Wire names of a resource's outputs."""
    return [name for _, name, _ in sdk_types._py_properties(class_)]


def test_the_table_of_replacements_speaks_of_what_the_sdks_declare() -> None:
    tokens = [token for token in replacement.table() if not token.endswith("*")]
    assert len(tokens) > 100
    for token in tokens:
        class_ = arguments.argument_class(token)
        assert class_ is not None, token
        known = set(arguments.properties(class_))
        assert {top(path) for path in replacement.table()[token]} <= known, token


@pytest.mark.parametrize(
    ("token", "inputs", "problem"),
    [
        (
            "aws:kms/key:Key",
            {"descripton": "a"},
            "descripton: no such property of KeyArgs; did you mean description?",
        ),
        ("aws:kms/key:Key", {"multiRegion": "true"}, "multiRegion: 'true' is not true or false"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 7.5}, "deletionWindowInDays: 7.5 is not a whole number"),
        ("aws:kms/key:Key", {"tags": ["a"]}, "tags: ['a'] is not an object"),
        ("aws:kms/key:Key", {"tags": {"a": 1.0}}, "tags.a: 1.0 is not a text"),
        ("aws:kms/alias:Alias", {"name": "alias/a"}, "targetKeyId: missing, AliasArgs requires it"),
        (
            "aws:rds/parameterGroup:ParameterGroup",
            {"family": "postgres17", "parameters": [{"name": "a"}]},
            "parameters[0].value: missing, ParameterGroupParameterArgs requires it",
        ),
        (
            "kubernetes:core/v1:ConfigMap",
            {"metadata": {"labels": {"a": True}}},
            "metadata.labels.a: True is not a text",
        ),
        (
            "kubernetes:example.org/v1:Thing",
            {"apiVersion": "example.org/v1", "metadata": {}},
            "kind: None is not 'Thing'",
        ),
        ("eks:index:ManagedNodeGroup", {"cluster": "name"}, "cluster: 'name' is not a"),
        ("aws:kms/kee:Kee", {}, "there is no resource type aws:kms/kee:Kee"),
    ],
)
def test_inputs_are_checked_against_the_sdks_types(token: str, inputs: dict[str, Any], problem: str) -> None:
    (found,) = arguments.problems(token, inputs)
    assert found.startswith(problem)


@pytest.mark.parametrize("value", [wire.UNKNOWN, wire.secret("a"), wire.secret(wire.UNKNOWN)])
def test_unknown_and_secret_values_pass(value: Any) -> None:
    assert arguments.problems("aws:kms/key:Key", {"description": value}) == []


def test_a_secret_of_the_wrong_type_does_not_pass() -> None:
    assert arguments.problems("aws:kms/key:Key", {"description": wire.secret(1.0)}) != []


def test_a_provider_refuses_in_check_and_names_the_property() -> None:
    request = provider_pb2.CheckRequest(urn=URN, news=wire.to_struct({"instanceClas": "db.t3.medium"}))
    failures = Provider("aws", Cloud()).Check(request, Context()).failures
    assert failures[0].property == "instanceClas"
    assert failures[0].reason.startswith("instanceClas: no such property")
    assert "instanceClass: missing" in failures[1].reason


@pytest.mark.parametrize(
    ("token", "old", "new", "replaces"),
    [
        (INSTANCE, {"kmsKeyId": "a"}, {"kmsKeyId": "b"}, ["kmsKeyId"]),
        (INSTANCE, {"instanceClass": "a"}, {"instanceClass": "b"}, []),
        (INSTANCE, {"kmsKeyId": "a"}, {"kmsKeyId": wire.UNKNOWN}, ["kmsKeyId"]),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "9.0"},
            {"engineVersion": "9.1"},
            [],
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "9.1"},
            {"engineVersion": "8.2"},
            ["engineVersion"],
        ),
        (
            "gcp:compute/subnetwork:Subnetwork",
            {"ipCidrRange": "10.0.0.0/20"},
            {"ipCidrRange": "10.0.0.0/16"},
            [],
        ),
        (
            "gcp:compute/subnetwork:Subnetwork",
            {"ipCidrRange": "10.0.0.0/20"},
            {"ipCidrRange": "10.1.0.0/20"},
            ["ipCidrRange"],
        ),
        ("kubernetes:core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, ["data.a"]),
        (
            "kubernetes:batch/v1:Job",
            {"spec": {"template": {"a": 1}}},
            {"spec": {"template": {}}},
            ["spec.template.a"],
        ),
        ("kubernetes:helm.sh/v3:Release", {"values": {"a": 1}}, {"values": {"a": 2}}, []),
        ("random:index/randomPassword:RandomPassword", {"keepers": {"a": "1"}}, {}, ["keepers"]),
    ],
)
def test_replacements(token: str, old: dict[str, Any], new: dict[str, Any], replaces: list[str]) -> None:
    assert replacement.replacing(token, old, new, {}) == replaces


def test_a_given_name_is_freed_before_its_successor_takes_it() -> None:
    given = {"identifier": "a", "kmsKeyId": "k"}
    assert replacement.deleted_first(INSTANCE, given, {**given, "kmsKeyId": "l"}, named=True)
    assert not replacement.deleted_first(INSTANCE, given, {**given, "identifier": "b"}, named=True)
    assert not replacement.deleted_first(INSTANCE, given, {**given, "kmsKeyId": "l"}, named=False)


def test_a_cloud_refuses_what_exists_and_numbers_successors() -> None:
    cloud = Cloud()
    first = cloud.create(URN, INSTANCE, {"identifier": "a"}, {"region": "us-east-1"})
    with pytest.raises(CloudError, match="AlreadyExists"):
        cloud.create(f"{URN}2", INSTANCE, {"identifier": "a"}, {"region": "us-east-1"})
    cloud.delete(URN, INSTANCE, first.id)
    second = cloud.create(URN, INSTANCE, {"identifier": "a"}, {"region": "us-east-1"})
    assert first.id != second.id
    assert second.outputs["arn"] == f"arn:aws:rds:us-east-1:{outputs.ACCOUNT}:db:a"
    assert [entry.error != "" for entry in cloud.log] == [False, True, False, False]


def test_a_copy_of_a_cloud_is_another_cloud() -> None:
    cloud = Cloud()
    cloud.create(URN, INSTANCE, {"identifier": "a"}, {})
    twin = cloud.copy()
    twin.change("::db", instanceClass="b")
    twin.lose("::db")
    assert cloud.find("::db").inputs == {"identifier": "a"}
    assert twin.records() == []


def test_a_planned_update_knows_what_the_cloud_had_added() -> None:
    """As the bridge plans it: a change elsewhere in a block leaves the block's computed values known."""
    olds = {"vpcConfig": {"subnetIds": ["a"], "clusterSecurityGroupId": "sg-1"}, "arn": "arn:1", "gone": "b"}
    request = provider_pb2.UpdateRequest(
        urn=URN.replace(INSTANCE, "aws:eks/cluster:Cluster"),
        olds=wire.to_struct(olds),
        old_inputs=wire.to_struct({"vpcConfig": {"subnetIds": ["a"]}, "gone": "b"}),
        news=wire.to_struct({"vpcConfig": {"subnetIds": ["a"]}, "version": "1.36"}),
        preview=True,
    )
    planned = wire.to_dict(Provider("aws", Cloud()).Update(request, Context()).properties)
    assert planned == {"vpcConfig": olds["vpcConfig"], "arn": "arn:1", "version": "1.36"}


def test_operations_take_the_time_they_are_given() -> None:
    cloud, asked = Cloud(), []
    cloud.pace(lambda kind, token: asked.append((kind, token)) or 0.0)
    cloud.create(URN, INSTANCE, {"identifier": "a"}, {})
    assert asked == [("create", INSTANCE)]


@pytest.mark.parametrize("token", sorted({*ON_THE_SERVICE, *IN_THE_STATE}))
def test_protected_things_are_not_deleted(token: str) -> None:
    class_ = arguments.argument_class(token)
    assert class_ is not None
    live: Any = True
    for part in reversed(ON_THE_SERVICE.get(token, ())):
        live = {part: live}
    flag, default = IN_THE_STATE.get(token, ("deletionProtection", False))
    assert {flag, *list(live if isinstance(live, dict) else ())} <= set(arguments.properties(class_))
    assert bool(refusal(token, {}, {})) is default
    assert refusal(token, {}, {flag: False}) is None
    if token in ON_THE_SERVICE:
        assert refusal(token, live, {flag: False}) is not None
