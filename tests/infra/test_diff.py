"""Comparisons: what is created, updated, replaced, deleted, and what of it loses data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.graph import (
    Graph,
    GraphError,
    Resource,
    Rule,
    diff,
    holds_data,
    load_rules,
    parse_rules,
    render_markdown,
)
from infra.graph.render import MAX_VALUE
from tests.infra.graphs import ROOT, graph, names, resource, urn

DB = "aws:rds/instance:Instance"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
POOL = "gcp:container/nodePool:NodePool"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
CONFIG = "kubernetes:core/v1:ConfigMap"


def one(type_: str, inputs: dict[str, Any] | None = None, **options: Any) -> Graph:
    """A graph of one resource called ``it``."""
    return graph(resource(type_, "it", inputs=inputs or {}, **options))


def change(type_: str, old: dict[str, Any], new: dict[str, Any], **options: Any) -> Any:
    """The single change between two graphs of one resource."""
    found = diff(one(type_, old), one(type_, new, **options))
    (result,) = (*found.updated, *found.replaced)
    return result


def test_equal_graphs_have_no_changes() -> None:
    found = diff(one(DB, {"engine": "postgres"}), one(DB, {"engine": "postgres"}))
    assert found.empty
    assert found.unchanged == 2
    assert "No changes (2 resources)." in render_markdown(found)


def test_created_updated_replaced_and_deleted_are_told_apart() -> None:
    def make(name: str, **inputs: Any) -> Any:
        return resource("a:b/c:D", name, inputs=inputs)

    base = graph(make("gone"), make("grown", size=1, zone="a"), make("moved", size=1, zone="a"), make("same"))
    head = graph(make("new"), make("grown", size=2, zone="a"), make("moved", size=1, zone="b"), make("same"))
    found = diff(base, head, {"a:b/c:D": {"zone": "force_new"}})
    assert [names(found.created), names(found.updated), names(found.replaced), names(found.deleted)] == [
        ["new"],
        ["grown"],
        ["moved"],
        ["gone"],
    ]
    (path,) = found.replaced[0].paths
    assert (path.path, path.old, path.new, path.effect) == ("zone", "a", "b", "replace")
    assert found.unchanged == 2


NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"


def routed(gateway: Resource, value: Any = "[unknown]", **options: Any) -> Graph:
    """A route whose way out is not known before the gateway is there."""
    inputs = {"way": {"out": value}, "cidr": "0.0.0.0/0"}
    origin = {"way": (gateway.urn,)}
    return graph(gateway, resource(ROUTE, "it", inputs=inputs, property_depends_on=origin, **options))


A, B = (resource(NAT, name) for name in "ab")


@pytest.mark.parametrize("value", ["[unknown]", "[secret]", "to [unknown] and on"])
@pytest.mark.parametrize(
    ("rules", "action"), [({}, "update"), ({ROUTE: {"way.out": "force_new"}}, "replace")]
)
def test_a_value_that_nobody_knows_changes_with_where_it_comes_from(
    value: str, rules: dict[str, Any], action: str
) -> None:
    found = diff(routed(A, value), routed(B, value), rules)
    (only,) = (*found.updated, *found.replaced)
    assert only.action == action
    assert [(p.path, p.old, p.new, p.note) for p in only.paths] == [
        ("way.out", value, value, "comes from b, before from a")
    ]
    assert "comes from b, before from a" in render_markdown(found)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (routed(A), routed(A)),
        (routed(A, "nat-1"), routed(B, "nat-1")),
        (routed(A), routed(B, ignore_changes=("way",))),
        (routed(A), routed(resource(NAT, "b", aliases=(A.urn,)))),
    ],
    ids=["the same origin", "a known value", "ignored", "a renamed origin"],
)
def test_the_same_value_is_no_change(base: Graph, head: Graph) -> None:
    found = diff(base, head, {})
    assert [change.urn for change in (*found.updated, *found.replaced)] == []


@pytest.mark.parametrize(
    ("rules", "effect"), [({}, "update"), ({"aws:eks/cluster:Cluster": {"scaling": "force_new"}}, "replace")]
)
def test_what_a_transform_gives_a_components_child_is_compared(rules: dict[str, Any], effect: str) -> None:
    def cluster(tier: str, *, name: str = "c") -> Graph:
        made = {
            "urn": "u", "type": "aws:eks/cluster:Cluster", "name": name, "inputs": {"scaling": {"tier": tier}}
        }  # fmt: skip
        return one("eks:index:Cluster", remote=True, custom=False, creates=(made,))

    found = diff(cluster("standard"), cluster("xl"), rules)
    (only,) = (*found.updated, *found.replaced)
    assert [(p.path, p.old, p.new, p.effect) for p in only.paths] == [
        ("c.scaling.tier", "standard", "xl", effect)
    ]
    assert diff(cluster("standard"), cluster("standard"), rules).empty
    assert diff(cluster("standard"), cluster("xl", name="another"), rules).empty


def test_paths_are_as_short_and_exact_as_possible() -> None:
    old = {"a": {"b": [1, {"c": 1}], "x": True}, "tags": {"k8s.io/role": "a"}, "gone": 1, "n": 1}
    new = {"a": {"b": [1, {"c": 2}, 3], "x": 1}, "tags": {"k8s.io/role": "b"}, "added": {"deep": 1}, "n": 1}
    assert [(path.path, path.old, path.new) for path in change("a:b/c:D", old, new).paths] == [
        ("a.b[1].c", 1, 2),
        ("a.b[2]", None, 3),
        ("a.x", True, 1),
        ("added", None, {"deep": 1}),
        ("gone", 1, None),
        ('tags["k8s.io/role"]', "a", "b"),
    ]


def test_ignored_changes_are_none() -> None:
    old, new = (
        {"size": 1, "tags": {"a": "1"}, "x": [{"y": 1}]},
        {"size": 2, "tags": {"a": "2"}, "x": [{"y": 2}]},
    )
    found = diff(one("a:b/c:D", old), one("a:b/c:D", new, ignore_changes=("size", "tags", "x[*].y")))
    assert found.empty


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


def test_a_rename_without_alias_is_a_loss_and_with_one_is_nothing() -> None:
    base = graph(resource(DB, "old"), resource("a:b/c:D", "user", inputs={"db": urn(DB, "old")}))
    for aliases, lost in (((), ["old"]), ((urn(DB, "older"), urn(DB, "old")), [])):
        head = graph(
            resource(DB, "new", aliases=aliases), resource("a:b/c:D", "user", inputs={"db": urn(DB, "new")})
        )
        found = diff(base, head)
        assert names(found.data_loss) == lost
        assert found.empty == (not lost)


def test_a_changed_resource_behind_an_alias_tells_its_old_urn() -> None:
    base = graph(resource(DB, "old", inputs={"allocatedStorage": 1}))
    head = graph(resource(DB, "new", inputs={"allocatedStorage": 2}, aliases=(urn(DB, "old"),)))
    (updated,) = diff(base, head).updated
    assert (updated.urn, updated.old_urn) == (urn(DB, "new"), urn(DB, "old"))


def test_an_alias_of_something_that_still_exists_is_not_followed() -> None:
    base = graph(resource(DB, "old"))
    head = graph(resource(DB, "old"), resource(DB, "new", aliases=(urn(DB, "old"),)))
    found = diff(base, head)
    assert (names(found.created), found.deleted) == (["new"], ())


def test_stacks_of_other_names_are_compared_as_one() -> None:
    def make(stack: str, size: int) -> Graph:
        root = ROOT.replace(":dev::", f":{stack}::").replace("shop-dev", f"shop-{stack}")
        box = resource("shop:x:Box", "box", root, stack=stack, custom=False)
        inputs = {"allocatedStorage": size, "near": box.urn, "identifier": f"shop-{stack}-db"}
        inputs |= {"tags": {"stack": stack, "size": "small"}}
        return graph(box, resource(DB, "db", box.urn, stack=stack, inputs=inputs), stack=stack)

    found = diff(make("small", 50), make("large", 500))
    assert [(path.path, path.old, path.new) for path in found.updated[0].paths] == [
        ("allocatedStorage", 50, 500)
    ]
    assert (found.created, found.deleted, found.replaced) == ((), (), ())
    assert (found.base, found.head) == ("small", "large")


def test_what_is_only_read_takes_no_part() -> None:
    read = resource(VPC, "shared", external=True)
    assert diff(graph(), graph(read)).empty
    assert diff(graph(read), graph()).empty


def test_protection_stands_in_the_way_until_both_sides_lack_it() -> None:
    def replaced(before: bool, after: bool) -> bool:
        old, new = {"engine": "mysql"}, {"engine": "postgres"}
        return diff(one(DB, old, protect=before), one(DB, new, protect=after)).replaced[0].protected

    assert [replaced(True, True), replaced(True, False), replaced(False, True)] == [True, False, False]
    assert diff(one(DB, protect=True), graph()).deleted[0].protected


@pytest.mark.parametrize(
    ("type_", "inputs", "holds"),
    [
        (DB, {}, True),
        ("aws:s3/bucket:Bucket", {}, True),
        ("aws:s3/bucketPolicy:BucketPolicy", {}, False),
        ("aws:kms/key:Key", {}, True),
        ("aws:kms/alias:Alias", {}, False),
        ("kubernetes:core/v1:PersistentVolumeClaim", {}, True),
        ("kubernetes:helm.sh/v3:Release", {"values": {"server": {"dataStorage": {"enabled": True}}}}, True),
        ("kubernetes:helm.sh/v3:Release", {"values": {"server": {"dataStorage": {"enabled": False}}}}, False),
        ("kubernetes:helm.sh/v3:Release", {"values": {"sets": [{"volumeClaimTemplates": [{}]}]}}, True),
        ("kubernetes:helm.sh/v3:Release", {"values": {"persistence": {}}}, False),
        ("kubernetes:helm.sh/v3:Release", {}, False),
    ],
)
def test_what_holds_data(type_: str, inputs: dict[str, Any], holds: bool) -> None:
    assert holds_data(resource(type_, "it", inputs=inputs)) is holds


def test_markdown_shows_loss_first_and_cannot_be_broken_out_of() -> None:
    base = graph(
        resource(SUBNET, "a-subnet", inputs={"cidrBlock": "1"}),
        resource(DB, "db", inputs={"engine": "a"}, protect=True),
        resource("a:b/c:D", "text", inputs={"value": "x"}),
    )
    head = graph(
        resource(SUBNET, "a-subnet", inputs={"cidrBlock": "2"}),
        resource(DB, "db", inputs={"engine": "b"}, protect=True),
        resource("a:b/c:D", "text", inputs={"value": "`**`\n# no"}),
    )
    assert render_markdown(diff(base, head)) == (
        "## Preview of `dev`\n"
        "\n"
        "0 created, 1 updated, 2 replaced, 0 deleted, 1 unchanged.\n"
        "\n"
        "> **Data would be lost: 1 resource.**\n"
        "> - **`db` (`aws:rds/instance:Instance`) is replaced**\n"
        "\n"
        "### Replaced (2)\n"
        "\n"
        "- **`db` (`aws:rds/instance:Instance`)**: holds data; "
        "protected: Pulumi refuses this until the protection is removed\n"
        '  - `engine`: `"a"` → `"b"` (**replaces**)\n'
        "- `a-subnet` (`aws:ec2/subnet:Subnet`)\n"
        '  - `cidrBlock`: `"1"` → `"2"` (**replaces**)\n'
        "\n"
        "### Updated (1)\n"
        "\n"
        "- `text` (`a:b/c:D`)\n"
        '  - `value`: `"x"` → `` "`**`\\n# no" ``\n'
    )


def test_long_values_are_cut_and_the_json_is_complete() -> None:
    found = diff(one("a:b/c:D", {"text": "a" * 500}), one("a:b/c:D", {"text": "b" * 500}))
    assert max(map(len, render_markdown(found).splitlines())) < 300
    data = json.loads(found.to_json())
    assert data["updated"][0]["paths"][0]["new"] == "b" * 500
    assert data["base"] == data["head"] == "dev"


@pytest.mark.parametrize(
    ("old", "new"),
    [("5" + "b" * 500, "7" + "b" * 500), ("5", "7"), ("", "7" + "b" * 500), ("5" + "b" * 500, None)],
)
def test_long_values_show_where_they_differ(old: str, new: str | None) -> None:
    """The beginning of two dashboards is the same, and says nothing."""
    before, after = ({} if text is None else {"text": f"{'a' * 500}{text}"} for text in (old, new))
    text = render_markdown(diff(one("a:b/c:D", before), one("a:b/c:D", after)))
    (line,) = [line for line in text.splitlines() if "`text`" in line]
    shown = line.partition(": ")[2].split(" → ")
    assert all(len(value) <= MAX_VALUE + 4 for value in shown)
    if old and new:
        assert [value.lstrip("`…").lstrip("a")[0] for value in shown] == ["5", "7"]


def _named(*names: str, **changed: str) -> dict[str, list[dict[str, str]]]:
    return {"rules": [{"alert": name, "expr": changed.get(name, "up")} for name in names]}


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        (_named("a", "b", "c"), _named("a", "c"), {"rules[1]"}),
        (_named("a", "c"), _named("a", "b", "c"), {"rules[1]"}),
        (_named("a", "b", "c"), _named("b", "c", c="down"), {"rules[0]", "rules[2].expr"}),
        (_named("a", "b"), _named("b", "a"), {"rules[0].alert", "rules[1].alert"}),
        (_named("a", "b", "c"), _named("c", "a"), {"rules[0].alert", "rules[1].alert", "rules[2]"}),
        (_named("a", "a", "b"), _named("a", "b"), {"rules[1].alert", "rules[2]"}),
        ({"rules": ["a", "b", "c"]}, {"rules": ["a", "c"]}, {"rules[1]", "rules[2]"}),
        (_named("a"), {"rules": []}, {"rules[0]"}),
    ],
)
def test_entries_that_only_move_up_are_no_change(old: Any, new: Any, paths: set[str]) -> None:
    (change,) = diff(one("a:b/c:D", old), one("a:b/c:D", new)).updated
    assert {path.path for path in change.paths} == paths


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
