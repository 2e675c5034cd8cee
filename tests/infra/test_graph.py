"""The graph's text is stable and complete, and a damaged one is refused with one clear message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.graph import Graph, GraphError, tree
from infra.urns import Alias, alias_urns, make_urn, package_of, parse_urn
from tests.infra.graphs import PROVIDER, ROOT, graph, resource, urn

CONTRACT = {
    "urn",
    "type",
    "name",
    "parent",
    "provider",
    "inputs",
    "depends_on",
    "protect",
    "custom",
    "delete_before_replace",
    "ignore_changes",
}


FINDING = {
    "id": "D9", "section": "2.1", "path": "postgres.storage_gib", "kind": "changed",
    "guide": 100, "actual": 400, "reason": "because", "source": "guide 2.1",
}  # fmt: skip


def sample() -> Graph:
    """A provider, a component and two resources, one with everything set."""
    box = resource("shop:x:Box", "box", custom=False, providers={"aws": PROVIDER})
    plain = resource("aws:x/thing:Thing", "plain", box.urn, provider=PROVIDER)
    rich = resource(
        "aws:x/thing:Thing",
        "rich",
        provider=PROVIDER,
        inputs={"b": [1, 2.5, None, True], "a": {"deep": "[secret]"}},
        depends_on=(plain.urn,),
        property_depends_on={"a": (plain.urn,)},
        protect=True,
        ignore_changes=("tags",),
        aliases=(urn("aws:x/thing:Thing", "poor"),),
        custom_timeouts={"create": "30m"},
    )
    provider = resource("pulumi:providers:aws", "main")
    return graph(
        rich,
        plain,
        box,
        provider,
        outputs={"url": "[unknown]"},
        findings=(FINDING,),
        fit={"verdict": "fits", "cases": [{"unplaced": []}]},
        sizing={"tier": "small"},
    )


def test_text_has_the_contracts_keys_and_survives_a_round_trip() -> None:
    data = json.loads(sample().to_json())
    assert {"stack", "cloud", "resources", "outputs", "findings", "summary"} <= data.keys()
    assert all(data_resource.keys() >= CONTRACT for data_resource in data["resources"])
    assert data["summary"] == {
        "total": 5,
        "by_type": {
            "aws:x/thing:Thing": 2,
            "pulumi:providers:aws": 1,
            "pulumi:pulumi:Stack": 1,
            "shop:x:Box": 1,
        },
    }
    assert data["sizing"] == {"tier": "small"}
    assert Graph.from_json(sample().to_json()) == sample()


def test_equal_graphs_have_equal_bytes_whatever_the_order_of_their_making() -> None:
    one = sample()
    other = Graph(**{**dict(one), "resources": one.resources[::-1]})
    assert other.to_json() == one.to_json()
    assert one.to_json().isascii()


def test_parents_stand_before_their_children_and_siblings_by_urn() -> None:
    last = resource("a:x/y:Z", "zz")
    child = resource("a:x/y:Z", "child", last.urn)
    made = graph(child, last, resource("a:x/y:Z", "b"), resource("a:x/y:Z", "a"))
    assert [item.name for item in made.resources] == ["shop-dev", "a", "b", "zz", "child"]
    assert {parent: [item.name for item in found] for parent, found in tree(made).items()} == {
        None: ["shop-dev"],
        ROOT: ["a", "b", "zz"],
        last.urn: ["child"],
    }


def test_annotations_are_added_without_touching_the_original() -> None:
    bare = graph()
    full = bare.annotated(cloud="gcp", findings=[{"id": "D1"}], sizing={"tier": "large"})
    assert (full.cloud, full.findings, full.sizing) == ("gcp", ({"id": "D1"},), {"tier": "large"})
    assert (bare.cloud, bare.findings, bare.sizing) == ("aws", (), None)


def broken(change: Any) -> str:
    """The sample's text after ``change`` has had its way with the data."""
    data = json.loads(sample().to_json())
    change(data)
    return json.dumps(data)


def put(*path: str | int, value: object) -> Any:
    """A change that sets the value at ``path``."""

    def change(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"not readable as JSON"),
        ('{"stack": ', r"not readable as JSON"),
        ("[" * 100_000, r"not readable as JSON"),
        ('{"stack": NaN}', r"NaN is no JSON value"),
        ('{"stack": "a", "stack": "b"}', r"'stack' stands there twice"),
        ("[]", r"is \[\], not a JSON object"),
        ("{}", r"`cloud`: Field required \(and 2 more faults\)"),
        (broken(put("stack", value=7)), r"`stack` is 7: Input should be a valid string"),
        (broken(put("colour", value="red")), r'`colour` is "red": this version .* does not know that key'),
        (broken(put("resources", 0, "protekt", value=True)), r"`resources\[0\].protekt` is true"),
        (broken(put("resources", 0, "protect", value="yes")), r'`resources\[0\].protect` is "yes"'),
        (broken(put("resources", 1, "name", value="x")), r"do not agree with the URN"),
        (broken(put("resources", 1, "urn", value="nonsense")), r"'nonsense' is no URN"),
        (broken(put("resources", 1, "parent", value=urn("a:b:C", "d"))), r"which is not in the graph"),
        (
            broken(put("resources", 3, "depends_on", value=[urn("a:b:C", "d")])),
            r"has depends_on '.*', which is not",
        ),
        (
            broken(put("resources", 3, "provider", value=urn("a:b:C", "d"))),
            r"has provider '.*', which is not",
        ),
        (broken(put("summary", "total", value=6)), r"contradicts itself: `summary` says"),
        (broken(lambda data: data.pop("summary")), r"has no `summary`"),
        (broken(put("findings", 0, value={})), r"`findings\[0\].actual`: Field required"),
        (broken(put("findings", 0, "kind", value=None)), r"`findings\[0\].kind` is null"),
        (broken(put("findings", 0, "path", value=5)), r"`findings\[0\].path` is 5"),
        (broken(put("findings", 0, "guide", value=[])), r"`findings\[0\].guide"),
        (broken(put("sizing", value="x")), r'`sizing` is "x"'),
        (broken(put("sizing", "tier", value=[])), r"`sizing.tier` is \[\]"),
        (broken(put("sizing", "cloud", value="gcp")), r"resources are of aws, the sizing is of gcp"),
        (broken(put("fit", value="x")), r'`fit` is "x"'),
        (broken(put("fit", value={})), r"`fit.verdict`: Field required"),
        (broken(put("fit", "verdict", value=5)), r"`fit.verdict` is 5"),
        (broken(put("fit", "cases", value={})), r"`fit.cases` is {}"),
        (broken(put("fit", "cases", 0, "unplaced", value=[5])), r"`fit.cases\[0\].unplaced\[0\]` is 5"),
        (broken(put("cloud", value="azure")), r"'azure' is not a cloud this version builds on"),
        (broken(put("stack", value="else")), r"is of another stack than 'else'"),
        (broken(put("project", value="")), r"is of another stack than 'dev' of ''"),
        (broken(put("project", value="else")), r"is of another stack than 'dev' of 'else'"),
        (broken(put("resources", value=[])).replace('"total": 5', '"total": 0'), r"contradicts itself"),
        (
            '{"stack": "a", "cloud": "aws", "resources": [], "summary": {"total": 0, "by_type": {}}}',
            r"has no res",
        ),
        (broken(put("sizing", "replicas", value=10**400)), r"the number .* is too large"),
        (broken(put("sizing", "replicas", value="1e999")).replace('"1e999"', "1e999"), r"is too large"),
        (
            broken(put("outputs", "deep", value=json.loads("[" * 90 + "]" * 90))),
            r"nested more than 60 levels",
        ),
        (broken(lambda data: data["resources"].append(data["resources"][1])), r"stands there twice"),
    ],
)
def test_a_damaged_preview_is_refused_with_fault_and_remedy(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        Graph.from_json(text)
    assert str(caught.value).endswith("save a new one with `gateway preview STACK --json > FILE`")
    assert "\n" not in str(caught.value)


def test_parents_in_a_circle_are_refused() -> None:
    one, two = (
        resource("a:b/c:D", name, urn("a:b/c:D", other)) for name, other in (("one", "two"), ("two", "one"))
    )
    circle = [item.model_copy(update={"parent": parent.urn}) for item, parent in ((one, two), (two, one))]
    with pytest.raises(ValueError, match="is its own ancestor"):
        graph(*circle)


def test_urns_are_taken_apart_and_put_together() -> None:
    text = "urn:pulumi:dev::shop::a:b:C$d:e/f:G::name::with::colons"
    assert str(parse_urn(text)) == text
    assert (parse_urn(text).type, parse_urn(text).name) == ("d:e/f:G", "name::with::colons")
    assert make_urn("dev", "shop", ROOT, "a:b:C", "x") == "urn:pulumi:dev::shop::a:b:C::x"
    assert make_urn("dev", "shop", "", "a:b:C", "x") == "urn:pulumi:dev::shop::a:b:C::x"
    assert make_urn("dev", "shop", text, "h:i:J", "x") == "urn:pulumi:dev::shop::a:b:C$d:e/f:G$h:i:J::x"
    assert package_of("aws:ec2/vpc:Vpc") == "aws"


@pytest.mark.parametrize(
    "text", ["", "urn:pulumi:dev::shop::a", "urn:pulumi:dev::shop::a::", "dev::shop::a::b"]
)
def test_what_is_no_urn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no URN"):
        parse_urn(text)


def test_aliases_follow_every_part_of_what_was() -> None:
    box = "urn:pulumi:dev::shop::shop:x:Box::new"
    child = make_urn("dev", "shop", box, "a:b/c:D", "new-child")
    aliases = (
        Alias(name="first"),
        Alias(type="a:b/c:E"),
        Alias(no_parent=True),
        Alias(stack="old"),
        Alias(urn="u"),
    )
    own = alias_urns(child, box, aliases[:4], ())
    assert own == (
        "urn:pulumi:dev::shop::shop:x:Box$a:b/c:D::first",
        "urn:pulumi:dev::shop::shop:x:Box$a:b/c:E::new-child",
        "urn:pulumi:dev::shop::a:b/c:D::new-child",
        "urn:pulumi:old::shop::shop:x:Box$a:b/c:D::new-child",
    )
    assert alias_urns(child, box, aliases[4:], ()) == ("u",)
    parent = make_urn("dev", "shop", ROOT, "shop:x:Crate", "old")
    assert alias_urns(child, box, aliases[:1], (parent,)) == (
        "urn:pulumi:dev::shop::shop:x:Box$a:b/c:D::first",
        "urn:pulumi:dev::shop::shop:x:Crate$a:b/c:D::old-child",
        "urn:pulumi:dev::shop::shop:x:Crate$a:b/c:D::first",
    )
