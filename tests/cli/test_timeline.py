"""``gateway preview --timeline``: the longest path of a first ``up``, and the expected time."""

from __future__ import annotations

import itertools
import json
import re

import pytest

import infra.preview
from cli.timeline import PARALLEL, TIGHTEST
from infra.timeline import limited, timeline
from tests.cli.conftest import Run, assert_refused
from tests.harness import STACKS, captured


@pytest.fixture(autouse=True)
def _captured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        infra.preview, "preview_graph", lambda settings, stack: captured(stack, settings.cloud)
    )


@pytest.mark.parametrize("stack", STACKS)
def test_json_has_the_path_from_the_first_operation_to_the_last(gateway: Run, stack: str) -> None:
    result = gateway("preview", stack, "--timeline", "--json")
    assert (result.status, result.err) == (0, "")
    found = json.loads(result.out)
    path = found["path"]
    assert (path[0]["start"], path[-1]["finish"]) == (0, found["seconds"])
    for before, after in itertools.pairwise(path):
        assert (after["after"], after["start"]) == (before["urn"], before["finish"])
    assert sum(one["seconds"] for one in path) == found["seconds"]
    slack = [one["slack"] for one in found["tightest"]]
    assert slack == sorted(slack)
    assert len(slack) == TIGHTEST
    assert not {one["urn"] for one in path} & {one["urn"] for one in found["tightest"]}
    assert found["at_once"] == timeline(captured(stack)).at_once
    assert found["parallel"] == [
        {"parallel": limit, "seconds": limited(captured(stack), limit)} for limit in PARALLEL
    ]


def test_page_says_the_same(gateway: Run) -> None:
    found = json.loads(gateway("preview", "small", "--cloud", "gcp", "--timeline", "--json").out)
    text = gateway("preview", "small", "--cloud", "gcp", "--timeline").out
    minutes = -(-found["seconds"] // 60)
    assert text.startswith(f"small  gcp: the first `pulumi up` takes about {minutes} minutes\n")
    shown, others = text.split("\nThe longest path\n")[1].split(
        f"\nThe {TIGHTEST} others with the least slack\n"
    )
    lines = re.findall(r"^ *(\d+):(\d\d) +(\d+):(\d\d) +\d+:\d\d  (\S+)", shown, re.MULTILINE)
    assert [(int(a) * 60 + int(b), int(c) * 60 + int(d), name) for a, b, c, d, name in lines] == [
        (one["start"], one["seconds"], one["name"]) for one in found["path"]
    ]
    assert others.count("\n") > TIGHTEST
    assert f"Up to {found['at_once']} operations at once." in text


@pytest.mark.parametrize("option", ["--all", "--allow-unfit", "--out=x.json"])
def test_options_of_the_tree_are_refused_beside_it(gateway: Run, option: str) -> None:
    result = gateway("preview", "small", "--timeline", option)
    assert_refused(result, option.partition("=")[0], "does nothing together with --timeline")


def test_policies_and_timeline_are_two_questions(gateway: Run) -> None:
    assert_refused(
        gateway("preview", "small", "--policy", "--timeline"), "--timeline", "together with --policy"
    )
