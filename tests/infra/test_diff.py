"""Comparisons: what is created, updated, replaced, deleted, and what of it loses data."""

from __future__ import annotations

from typing import Any

import pytest

from infra.graph import (
    Graph,
    Resource,
    diff,
    holds_data,
    render_markdown,
)
from tests.infra.graphs import (
    DB,
    ROOT,
    VPC,
    change,
    graph,
    names,
    one,
    resource,
    urn,
)


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
