"""``gateway diff``: saved previews and stacks; the guide's terms first, then resources."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import infra.preview
from cli.comparison import compare
from infra.clouds import CLOUDS
from infra.graph import Graph, Resource
from infra.settings import Settings
from tests.cli.conftest import Run, assert_refused
from tests.harness import captured, settings
from tests.infra.graphs import graph, resource

SIZING: dict[str, Any] = {
    "litellm": {"replicas": 2, "cpu_request_m": 500},
    "cluster": {"cpu_nodes": {"min": 3}},
    "vllm": {"engines": [{"name": "8b", "gpus": 1}]},
    "workload": {"requests_per_second": [1, 10]},
    "tier": "small",
    "order": {"zones": ["a", "b"], "nodes": [{"name": "cpu-a", "max": 2}, {"name": "cpu-b", "max": 2}]},
    "findings": [{"ignored": True}],
}


def _finding(name: str, path: str | None, **more: Any) -> dict[str, Any]:
    finding = {"id": name, "section": "2.1", "path": path, "kind": "risk", "guide": 1, "actual": 1}
    return {**finding, "reason": f"because of {name}", "source": "guide", **more}


def _database(**inputs: Any) -> Resource:
    settings = {"instanceClass": "db.m6i.large", "allocatedStorage": 100, "storageEncrypted": True, **inputs}
    return resource("aws:rds/instance:Instance", "db", inputs=settings, protect=True)


BASE = graph(_database(), sizing=SIZING, findings=[_finding("D1", "litellm.replicas"), _finding("D2", None)])


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Write a graph where the command can read it; the name of the file."""

    def save(name: str, contents: Graph) -> str:
        path = tmp_path / name
        path.write_text(contents.to_json(), encoding="utf-8")
        return str(path)

    return save


def _changed() -> Graph:
    sizing = {
        **SIZING,
        "litellm": {"replicas": 5, "cpu_request_m": 2000},
        "vllm": {"engines": [{"name": "70b", "gpus": 8}, {"name": "8b", "gpus": 2}]},
        "workload": {"requests_per_second": [500]},
        "tier": "enterprise",
        "order": {"zones": ["a", "b"], "nodes": [{"name": "cpu-b", "max": 7}]},
    }
    findings = [
        _finding("D1", "litellm.replicas", actual=5),
        _finding("D9", "postgres.storage_gib", guide=100, actual=400),
    ]
    return graph(
        _database(storageEncrypted=False),
        resource("aws:ec2/vpc:Vpc", "net"),
        sizing=sizing,
        findings=findings,
    )


def test_markdown_speaks_the_guides_terms_first(gateway: Run, saved: Any) -> None:
    base, head = saved("base.json", BASE), saved("head.json", _changed())
    result = gateway("diff", base, head)
    assert (result.status, result.err) == (0, "")
    headings = re.findall(r"^##+ (.+)$", result.out, re.MULTILINE)
    assert headings == [
        f"`{base}` → `{head}`",
        "Sizing (6)",
        "Ordered (2)",
        "New findings (1)",
        "Findings that go away (1)",
        "Policies violated by this (2)",
        "Replaced (1)",
        "Created (1)",
    ]
    for line in (
        "| `tier` | small | enterprise |",
        "| `workload.requests_per_second` | 1-10 | 500+ |",
        "| `litellm.cpu_request_m` | 500m | 2000m |",
        "| `litellm.replicas` | 2 | 5 |",
        "| `vllm.engines[70b]` | - | gpus 8 |",
        "| `vllm.engines[8b].gpus` | 1 | 2 |",
        "| `order.nodes[cpu-b].max` | 2 | 7 |",
        "| `order.nodes[cpu-a]` | max 2 | - |",
        "| D9 (guide 2.1) | risk | `postgres.storage_gib` | 100 GiB → 400 GiB | because of D9 |",
        "| D2 (guide 2.1) | risk | - | 1 | because of D2 |",
    ):
        assert f"\n{line}\n" in result.out
    assert result.out.index("`tier`") < result.out.index("`workload.") < result.out.index("`litellm.")


def test_lost_data_is_announced_first_and_bold(gateway: Run, saved: Any) -> None:
    text = gateway("diff", saved("base.json", BASE), saved("head.json", _changed())).out
    first = "> **Data would be lost: 1 resource.**\n> - **`db` (`aws:rds/instance:Instance`) is replaced**\n"
    assert text.index(first) < text.index("A mandatory policy is violated") < text.index("### Sizing")
    assert "\n### Replaced (1)\n\n- **`db` (`aws:rds/instance:Instance`)**: holds data" in text


def test_json_has_the_same(gateway: Run, saved: Any) -> None:
    base, head = saved("base.json", BASE), saved("head.json", _changed())
    result = gateway("diff", base, head, "--json")
    found = json.loads(result.out)
    assert (found["base"], found["head"]) == (base, head)
    assert {"path": "litellm.replicas", "base": 2, "head": 5} in found["sizing"]
    assert [finding["id"] for finding in found["findings"]["appeared"]] == ["D9"]
    assert [finding["id"] for finding in found["findings"]["disappeared"]] == ["D2"]
    assert [change["name"] for change in found["resources"]["replaced"]] == ["db"]


def test_no_changes(gateway: Run, saved: Any) -> None:
    base, again = saved("base.json", BASE), saved("again.json", BASE)
    assert gateway("diff", base, again).out == f"## `{base}` → `{again}`\n\nNo changes.\n"
    found = json.loads(gateway("diff", base, again, "--json").out)
    assert found["sizing"] == []
    assert found["findings"] == {"appeared": [], "disappeared": []}
    assert found["resources"]["unchanged"] > 0


def test_only_figures_or_only_resources_change(gateway: Run, saved: Any) -> None:
    base = saved("base.json", BASE)
    figures = BASE.annotated(sizing={**SIZING, "tier": "large"})
    text = gateway("diff", base, saved("figures.json", figures)).out
    assert "| `tier` | small | large |" in text
    assert "No changes (" in text
    resources = graph(_database(instanceClass="db.m6i.xlarge"), sizing=SIZING, findings=BASE.findings)
    text = gateway("diff", base, saved("resources.json", resources)).out
    assert "### Sizing" not in text
    assert "### Updated (1)" in text


def test_a_preview_without_sizing_says_so(gateway: Run, saved: Any) -> None:
    text = gateway("diff", saved("old.json", graph(_database())), saved("head.json", BASE)).out
    assert "saved without its sizing" in text
    assert "### Sizing" not in text


def test_policies_that_a_change_violates_and_no_longer_violates(gateway: Run, saved: Any) -> None:
    open_, closed = (graph(_database(publiclyAccessible=public)) for public in (True, False))
    base, head = saved("closed.json", closed), saved("open.json", open_)
    found = json.loads(gateway("diff", base, head, "--json").out)["policy"]
    (broken,) = found["appeared"]
    assert (found["verdict"], broken["policy"], found["disappeared"]) == ("violated", "private-services", [])
    assert broken["urn"].endswith("::db")
    assert {"private-services"}.isdisjoint(one["policy"] for one in found["stayed"])
    text = gateway("diff", base, head).out
    assert "### Policies violated by this (1)\n" in text
    assert f"| `private-services` | mandatory | `db` | {broken['message']} | {broken['remedy']} |" in text
    assert (
        "`private-services`" in text.partition("> **A mandatory policy is violated: ")[2].partition("**")[0]
    )
    back = gateway("diff", head, base).out
    assert "### Policies no longer violated (1)\n" in back
    assert "Policies violated by this" not in back
    assert f"_After it policies are violated as before ({len(found['stayed'])})._" in back


def test_policies_of_a_tier_that_nobody_knows_are_not_compared(gateway: Run, saved: Any) -> None:
    strange = BASE.annotated(sizing={**SIZING, "tier": "tiny", "cloud": "aws", "region": "us-east-1"})
    base, head = saved("base.json", BASE), saved("strange.json", strange)
    assert json.loads(gateway("diff", base, head, "--json").out)["policy"] is None
    assert "that the policies of this version do not know" in gateway("diff", base, head).out


def _fit(verdict: str, *pods: str) -> dict[str, Any]:
    return {"verdict": verdict, "cases": [{"unplaced": [{"pod": p, "reason": "no node"} for p in pods]}] * 2}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            _fit("fits"),
            _fit("does not fit", "vault"),
            "> **It does not fit any more: `pulumi up` refuses it.**",
        ),
        (_fit("does not fit", "vault"), _fit("fits"), "**It fits again**: every pod finds a node"),
        (_fit("does not fit", "a"), _fit("does not fit", "vault"), "> **It still does not fit"),
        (None, _fit("does not fit", "vault"), "> **It does not fit any more"),
        (_fit("fits"), _fit("fits"), None),
    ],
)
def test_the_verdict_of_fit_comes_and_goes(
    gateway: Run, saved: Any, before: Any, after: Any, expected: str | None
) -> None:
    base, head = (
        saved("base.json", BASE.annotated(fit=before)),
        saved("head.json", _changed().annotated(fit=after)),
    )
    text = gateway("diff", base, head).out
    if expected is None:
        assert "fit" not in text.partition("### ")[0].partition("\n")[2]
    else:
        assert text.index(expected) < text.index("### Sizing")
        assert (text.count("> vault: no node") == 1) == (after["verdict"] != "fits")
    verdicts = json.loads(gateway("diff", base, head, "--json").out)["fit"]
    assert verdicts == {"base": before and before["verdict"], "head": after["verdict"]}


def test_a_verdict_alone_is_a_change(gateway: Run, saved: Any) -> None:
    base, head = (BASE.annotated(fit=_fit(verdict)) for verdict in ("fits", "does not fit"))
    text = gateway("diff", saved("base.json", base), saved("head.json", head)).out
    assert "does not fit any more" in text
    assert "No changes.\n" not in text


def test_one_number_is_named_with_what_follows_from_it_and_nothing_else(gateway: Run, saved: Any) -> None:
    """One more replica of the proxy in the stack file, and the decisions that read it: four times as many at
    most (D1), nodes for them with a zone lost (D2), tokens per chunk of a stream (D37)."""
    small = settings("small")
    more = small.model_copy(update={"litellm": small.litellm.model_copy(update={"replicas": 3})})
    head = infra.preview.preview_graph(more, "small")
    base_file, head_file = saved("base.json", captured("small")), saved("head.json", head)
    found = json.loads(gateway("diff", base_file, head_file, "--json").out)
    assert {"path": "litellm.replicas", "base": 2, "head": 3} in found["sizing"]
    assert [change["path"] for change in found["sizing"]] == [
        "litellm.max_replicas",
        "litellm.replicas",
        "vllm.engines[llama-3.1-8b].stream_interval",
        "cluster.cpu_nodes.max",
        "order.nodes[cpu-a].max",
        "order.nodes[cpu-b].max",
        "order.nodes[cpu-c].max",
    ]
    assert [(f["id"], f["path"]) for f in found["findings"]["appeared"]] == [("override", "litellm.replicas")]
    assert found["findings"]["disappeared"] == []
    resources = found["resources"]
    assert [resources[kind] for kind in ("created", "replaced", "deleted")] == [[], [], []]
    assert {change["name"] for change in resources["updated"]} == {
        "cloud-cluster-nodes-cpu-a-m5-xlarge",
        "cloud-cluster-nodes-cpu-b-m5-xlarge",
        "cloud-cluster-nodes-cpu-c-m5-xlarge",
        "litellm-litellm",
        "observability-metrics-rules-ai-gateway-resources",  # thresholds that come from the plan
        "vllm-vllm",
    }
    text = gateway("diff", base_file, head_file).out
    assert text.index("`litellm.replicas` | 2 | 3") < text.index("### Updated (6)")
    assert "fit" not in text.partition("### ")[0].partition("\n")[2]


def test_a_component_renamed_with_an_alias_is_neither_replaced_nor_deleted(gateway: Run, saved: Any) -> None:
    before = resource("ai-gateway:aws:Postgres", "postgres", custom=False)
    after = resource("ai-gateway:aws:Database", "database", custom=False, aliases=(before.urn,))
    inputs = {"instanceClass": "db.m6i.large"}
    old = resource("aws:rds/instance:Instance", "db", before.urn, inputs=inputs, protect=True)
    new = resource(
        "aws:rds/instance:Instance", "db", after.urn, inputs=inputs, protect=True, aliases=(old.urn,)
    )
    base, head = saved("base.json", graph(before, old)), saved("head.json", graph(after, new))
    text = gateway("diff", base, head).out
    assert not re.search("^### (Replaced|Deleted|Created)", text, re.MULTILINE)
    assert "Data would be lost" not in text
    lost = new.model_copy(update={"aliases": ()})
    text = gateway("diff", base, saved("lost.json", graph(after, lost))).out
    assert "> **Data would be lost: 1 resource.**" in text


def test_true_is_not_one() -> None:
    base, head = (graph(sizing={"vault": {"ha": value}}) for value in (1, True))
    assert [(change.base, change.head) for change in compare(base, head).figures] == [(1, True)]


def test_cells_cannot_break_the_table(gateway: Run, saved: Any) -> None:
    head = BASE.annotated(sizing={**SIZING, "tier": "a|b\n<c>"})
    text = gateway("diff", saved("base.json", BASE), saved("head.json", head)).out
    assert "\n| `tier` | small | a\\|b &lt;c> |\n" in text


# ---------------------------------------------------------------------------------------------- operands


def _preview(settings: Settings, stack: str) -> Graph:
    return captured(stack)


def test_two_stacks_compare_as_an_upgrade(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD is previewed under BASE's name: names and tags are no difference, data stays where it is."""
    asked: list[tuple[str, str]] = []

    def preview(settings: Settings, stack: str) -> Graph:
        asked.append((settings.tier.value, stack))
        return captured(settings.tier.value)

    monkeypatch.setattr(infra.preview, "preview_graph", preview)
    result = gateway("diff", "medium", "large", "--json")
    assert asked == [("medium", "medium"), ("large", "medium")]
    found = json.loads(result.out)
    assert {"path": "litellm.replicas", "base": 3, "head": 5} in found["sizing"]
    changes = [change for kind in ("replaced", "deleted") for change in found["resources"][kind]]
    assert [change["name"] for change in changes if change["type"].startswith("aws:rds")] == []
    assert "medium" not in json.dumps(found["resources"]["updated"])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_saved_previews_of_two_stacks_differ_in_no_name(gateway: Run, saved: Any, cloud: str) -> None:
    """What is named after the stack, whole or by a hash, is replaced because of its name in no case."""
    base, head = (saved(f"{stack}.json", captured(stack, cloud)) for stack in ("small", "medium"))
    found = json.loads(gateway("diff", base, head, "--json").out)["resources"]
    assert {change["type"] for change in found["replaced"]} <= {
        "kubernetes:core/v1:ConfigMap", "kubernetes:batch/v1:Job",
    }  # fmt: skip
    assert not [change["name"] for change in found["replaced"] if change["name"].startswith("cloud-")]
    assert "observability-cloud-metrics-config" not in {change["name"] for change in found["replaced"]}


def test_a_stack_and_a_saved_preview(gateway: Run, monkeypatch: pytest.MonkeyPatch, saved: Any) -> None:
    monkeypatch.setattr(infra.preview, "preview_graph", _preview)
    assert gateway("diff", saved("base.json", captured("small")), "small").out.endswith("\n\nNo changes.\n")


@pytest.mark.parametrize(
    ("contents", "fragments"),
    [
        ("", ("not readable as JSON",)),
        ("{}", ("Field required",)),
        ("[]", ("not a JSON object",)),
        ('{"stack": 1e999}', ("saved preview",)),
        ("\x00\xff", ("saved preview",)),
    ],
)
def test_damaged_previews_are_refused(
    gateway: Run, tmp_path: Path, contents: str, fragments: tuple[str, ...]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(contents, encoding="latin-1")
    result = gateway("diff", str(path), "small")
    assert_refused(result, "preview", "bad.json", *(fragments if contents.isascii() else ("cannot be read",)))


@pytest.mark.parametrize("operand", ["nowhere.json", "some/where", "./x"])
def test_files_that_do_not_exist_are_refused(gateway: Run, project: Path, operand: str) -> None:
    assert_refused(
        gateway("diff", operand, "mine", cwd=project), f'"{operand}"', "no such file", "--json > FILE"
    )


def test_a_stack_that_does_not_exist_is_refused(gateway: Run, project: Path) -> None:
    assert_refused(gateway("diff", "yours", "mine", cwd=project), "no Pulumi.yours.yaml", "mine")
