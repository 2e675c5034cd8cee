"""What the providers' rules make of a change: in place, replaced, perhaps, and how that spreads."""

from __future__ import annotations

from typing import Any

import pytest

from infra.graph import (
    Graph,
    GraphError,
    Rule,
    diff,
    load_rules,
    parse_rules,
)
from tests.infra.graphs import (
    CONFIG,
    DB,
    POOL,
    SQL,
    SUBNET,
    SUBNETWORK,
    VPC,
    change,
    graph,
    names,
    one,
    resource,
    urn,
)


def test_a_rule_covers_what_lies_inside_and_replace_on_changes_is_a_rule() -> None:
    rules = {"a:b/c:D": {"net[].zone": "force_new", "subnets": "force_new"}}
    for old, new in (
        ({"net": [{"zone": 1}]}, {"net": [{"zone": 2}]}),
        ({"net": []}, {"net": [{"zone": 2}]}),
        ({"subnets": ["a"]}, {"subnets": ["a", "b"]}),
    ):
        assert names(diff(one("a:b/c:D", old), one("a:b/c:D", new), rules).replaced) == ["it"]
    other = diff(one("a:b/c:D", {"net": [{"size": 1}]}), one("a:b/c:D", {"net": [{"size": 2}]}), rules)
    assert names(other.updated) == ["it"]
    forced = change("a:b/c:D", {"size": 1}, {"size": 2}, replace_on_changes=("size",))
    assert (forced.action, forced.paths[0].note) == ("replace", "replaceOnChanges")


@pytest.mark.parametrize(
    ("type_", "old", "new", "effect"),
    [
        (DB, {"storageEncrypted": False}, {"storageEncrypted": True}, "replace"),
        (DB, {"instanceClass": "db.t4g.medium"}, {"instanceClass": "db.m6i.large"}, "restart"),
        (DB, {"allocatedStorage": 50}, {"allocatedStorage": 400}, "update"),
        (VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}, "replace"),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "9.0"},
            {"engineVersion": "8.2"},
            "replace",
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"engineVersion": "8.2"},
            {"engineVersion": "9.0"},
            "restart",
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"numNodeGroups": 1},
            {"numNodeGroups": 3},
            "restart",
        ),
        ("aws:elasticache/replicationGroup:ReplicationGroup", {}, {"durability": "async"}, "may_replace"),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv4": "a"},
            {"cidrIpv4": "b"},
            "update",
        ),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "a"}, {}, "replace"),
        (
            "eks:index:ManagedNodeGroup",
            {"instanceTypes": ["m5.xlarge"]},
            {"instanceTypes": ["m5.2xlarge"]},
            "replace",
        ),
        ("eks:index:Cluster", {"version": "1.33"}, {"version": "1.34"}, "update"),
        ("eks:index:Cluster", {"encryptionConfigKeyArn": "k"}, {}, "replace"),
        ("eks:index:Cluster", {}, {"encryptionConfigKeyArn": "k"}, "update"),
        ("kubernetes:helm.sh/v3:Release", {"namespace": "a"}, {"namespace": "b"}, "replace"),
        ("kubernetes:helm.sh/v3:Release", {"version": "1"}, {"version": "2"}, "update"),
        (
            "kubernetes:keda.sh/v1alpha1:ScaledObject",
            {"metadata": {"name": "a"}},
            {"metadata": {"name": "b"}},
            "replace",
        ),
        (
            "kubernetes:apps/v1:StatefulSet",
            {"spec": {"serviceName": "a"}},
            {"spec": {"serviceName": "b"}},
            "replace",
        ),
        ("pulumi:providers:kubernetes", {"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, "replace"),
        ("pulumi:providers:kubernetes", {}, {"clusterIdentifier": "b"}, "update"),
        (POOL, {"nodeConfig": {"machineType": "a"}}, {"nodeConfig": {"machineType": "b"}}, "restart"),
        (POOL, {"nodeConfig": {"diskSizeGb": 1}}, {"nodeConfig": {"diskSizeGb": 2}}, "restart"),
        (POOL, {"nodeConfig": {"labels": {"a": "b"}}}, {"nodeConfig": {"labels": {"a": "c"}}}, "update"),
        (POOL, {"nodeConfig": {"spot": False}}, {"nodeConfig": {"spot": True}}, "replace"),
        (SUBNETWORK, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/18"}, "update"),
        (SUBNETWORK, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.9.0.0/20"}, "replace"),
        (SUBNETWORK, {"ipCidrRange": "10.0.0.0/18"}, {"ipCidrRange": "10.0.0.0/20"}, "replace"),
        (SUBNETWORK, {"ipCidrRange": "[unknown]"}, {"ipCidrRange": "10.0.0.0/20"}, "may_replace"),
        (SQL, {"settings": {"diskSize": 200}}, {"settings": {"diskSize": 600}}, "update"),
        (SQL, {"settings": {"diskSize": 600}}, {"settings": {"diskSize": 200}}, "update"),
        (DB, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 10}, "update"),
        (DB, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 0}, "restart"),
        ("gcp:container/cluster:Cluster", {"enableL4IlbSubsetting": True}, {}, "replace"),
        ("gcp:container/cluster:Cluster", {}, {"enableL4IlbSubsetting": True}, "update"),
    ],
)
def test_the_programs_own_rules(type_: str, old: dict[str, Any], new: dict[str, Any], effect: str) -> None:
    found = change(type_, old, new)
    assert [path.effect for path in found.paths] == [effect]
    assert found.action == ("replace" if effect == "replace" else "update")
    assert (found.may_replace, found.restarts) == (effect == "may_replace", effect == "restart")


def test_a_kubeconfig_replaces_only_without_an_unchanged_identifier() -> None:
    def paths(identifier: dict[str, Any]) -> list[str]:
        old, new = ({"kubeconfig": text, **identifier} for text in ("a", "b"))
        return [path.effect for path in change("pulumi:providers:kubernetes", old, new).paths]

    assert paths({"clusterIdentifier": "c"}) == ["update"]
    assert paths({}) == ["may_replace"]


def with_provider(
    type_: str, provider: dict[str, Any], inputs: dict[str, Any], package: str = "aws"
) -> Graph:
    """One resource on an explicit provider."""
    main = resource(f"pulumi:providers:{package}", "main", inputs=provider)
    return graph(main, resource(type_, "it", provider=main.urn, inputs=inputs))


def test_a_region_left_to_the_provider_replaces_when_the_provider_moves() -> None:
    def moved(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        before, after = ({"region": region} for region in ("us-east-1", "eu-west-1"))
        return names(diff(with_provider(DB, before, old), with_provider(DB, after, new)).replaced)

    assert moved({}, {}) == ["it"]
    assert moved({}, {"region": "us-east-1"}) == []
    assert moved({"region": "us-east-1"}, {"region": "us-east-1"}) == []


def test_config_maps_are_replaced_unless_their_provider_may_change_them() -> None:
    def replaced(provider: dict[str, Any]) -> list[str]:
        old, new = (
            with_provider(CONFIG, provider, {"data": {"a": text}}, "kubernetes") for text in ("1", "2")
        )
        return names(diff(old, new).replaced)

    assert replaced({}) == ["it"]
    assert replaced({"enableConfigMapMutable": "true"}) == []


def test_a_replaced_provider_replaces_what_it_serves_and_nothing_else() -> None:
    def make(identifier: str) -> Graph:
        main = resource("pulumi:providers:kubernetes", "main", inputs={"clusterIdentifier": identifier})
        served = resource("kubernetes:core/v1:Namespace", "served", provider=main.urn)
        return graph(main, served, resource("kubernetes:core/v1:Namespace", "free"))

    found = diff(make("a"), make("b"))
    assert names(found.replaced) == ["served", "main"]
    assert found.replaced[0].paths[0].note == "its provider is replaced"


def test_another_provider_with_the_same_settings_replaces_nothing() -> None:
    def make(name: str) -> Graph:
        main = resource("pulumi:providers:aws", name, inputs={"region": "us-east-1"})
        return graph(main, resource(DB, "db", provider=main.urn))

    found = diff(make("one"), make("two"))
    assert (names(found.created), names(found.deleted), found.replaced) == (["two"], ["one"], ())


def network(cidr: str, **ignored: Any) -> Graph:
    """A VPC, a subnet in it, a node group in the subnet, a route that only mentions the VPC's known range."""
    vpc = resource(VPC, "vpc", inputs={"cidrBlock": cidr})
    subnet = resource(
        SUBNET, "subnet", inputs={"vpcId": "[unknown]"}, property_depends_on={"vpcId": (vpc.urn,)}
    )
    nodes = resource(
        "eks:index:ManagedNodeGroup",
        "nodes",
        custom=False,
        remote=True,
        inputs={"subnetIds": ["[unknown]"]},
        property_depends_on={"subnetIds": (subnet.urn,)},
        **ignored,
    )
    route = resource(
        "aws:ec2/route:Route",
        "route",
        inputs={"destinationCidrBlock": "10.0.0.0/8"},
        property_depends_on={"destinationCidrBlock": (vpc.urn,)},
    )
    return graph(vpc, subnet, nodes, route)


def test_a_disk_that_may_not_grow_by_itself_is_replaced_when_it_shrinks() -> None:
    old, new = ({"settings": {"diskSize": size, "diskAutoresize": False}} for size in (600, 200))
    assert "replace" in [path.effect for path in change(SQL, old, new).paths]
    assert [path.effect for path in change(SQL, new, old).paths] == ["update"]


def test_a_possible_replacement_spreads_as_a_possible_one() -> None:
    """Whether the subnet stays is not known from here, so neither is it of the cluster in it."""

    def make(range_: str) -> Graph:
        subnet = resource(SUBNETWORK, "subnet", inputs={"ipCidrRange": "[unknown]", "privateIpv6": range_})
        cluster = resource(
            "gcp:container/cluster:Cluster", "cluster", inputs={"subnetwork": "[unknown]"},
            property_depends_on={"subnetwork": (subnet.urn,)},
        )  # fmt: skip
        return graph(subnet, cluster)

    rules = {
        SUBNETWORK: {"privateIpv6": Rule("conditional")},
        "gcp:container/cluster:Cluster": {"subnetwork": Rule("force_new")},
    }
    found = diff(make("a"), make("b"), rules)
    assert found.replaced == ()
    assert sorted(c.name for c in found.updated if c.may_replace) == ["cluster", "subnet"]
    (cluster,) = (c for c in found.updated if c.name == "cluster")
    assert cluster.paths[0].note.endswith("which may be replaced")


def test_replacement_spreads_through_unknown_inputs_that_cannot_change_in_place() -> None:
    found = diff(network("10.0.0.0/16"), network("10.1.0.0/16"))
    assert names(found.replaced) == ["subnet", "vpc", "nodes"]
    assert found.replaced[0].paths[0].note == f"comes from {urn(VPC, 'vpc')}, which is replaced"
    assert found.updated == ()
    spared = diff(network("10.0.0.0/16"), network("10.1.0.0/16", ignore_changes=("subnetIds",)))
    assert names(spared.replaced) == ["subnet", "vpc"]


def test_a_property_may_have_several_rules() -> None:
    rules = load_rules()
    assert rules[DB]["storageEncrypted"] == (Rule("force_new"),)
    assert {
        rule.kind for rule in rules["aws:elasticache/replicationGroup:ReplicationGroup"]["engineVersion"]
    } == {
        "conditional",
        "in_place_restart",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type,property\na,b\n",
        "type,property,kind,when,condition\na,b,sometimes,,\n",
        "type,property,kind,when,condition\na,b,conditional,at_night,\n",
    ],
)
def test_a_damaged_table_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="replacement rule"):
        parse_rules(text)
