"""The difference as people read it: losses first, long values cut where they differ."""

from __future__ import annotations

import json

import pytest

from infra.graph import (
    diff,
    render_markdown,
)
from infra.graph.render import MAX_VALUE
from tests.infra.graphs import (
    DB,
    SUBNET,
    graph,
    one,
    resource,
)


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
