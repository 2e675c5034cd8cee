"""How long a first ``up`` takes: the calculation by hand, and every shipped stack without a needless wait."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import pytest

from infra.graph import Graph, GraphError
from infra.preview import preview_graph
from infra.settings import load
from infra.timeline import (
    Timeline,
    latency_of,
    limited,
    load_latencies,
    load_needed_waits,
    needed_waits,
    seconds_by_urn,
    timeline,
    unneeded_waits,
    waits,
)
from infra.timeline.latencies import COLUMNS, parse_latencies
from infra.timeline.waits import label, parse_needed_waits
from tests.harness import CASES, captured
from tests.infra.graphs import PROVIDER, graph, resource, urn

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
MORE = 1.05
"""A first ``up`` takes no more than 5% over what is needed."""
LONG_S = 30
"""Operations from here on are looked at one by one; a config map may come when it likes."""
KIND = "aws:s3/bucket:Bucket"
A, B, C, D = (urn(KIND, name) for name in "abcd")
LAST = "gateway-httproute-edge"
"""With it requests are answered."""


def _seconds(shown: Graph, times: Mapping[str, int]) -> dict[str, int]:
    return {r.urn: times.get(r.name, 0) for r in shown.resources}


def _diamond() -> tuple[Graph, dict[str, int]]:
    """``d`` waits for ``b`` and ``c``, both wait for ``a``."""
    shown = graph(
        resource(KIND, "a"),
        resource(KIND, "b", depends_on=(A,)),
        resource(KIND, "c", depends_on=(A,), property_depends_on={"bucket": (A,)}),
        resource(KIND, "d", depends_on=(B, C), property_depends_on={"bucket": (C,)}),
    )
    return shown, _seconds(shown, {"a": 10, "b": 5, "c": 20, "d": 1})


def _shown(found: Timeline) -> dict[str, tuple[int, int, int]]:
    return {o.name: (o.start, o.finish, o.slack) for o in found.operations}


def test_each_starts_when_all_it_waits_for_is_there() -> None:
    shown, seconds = _diamond()
    found = timeline(shown, None, seconds)
    assert _shown(found) == {"a": (0, 10, 0), "b": (10, 15, 15), "c": (10, 30, 0), "d": (30, 31, 0)}
    assert (found.total, found.at_once) == (31, 2)
    assert [o.name for o in found.path] == ["a", "c", "d"]
    assert [o.name for o in found.tightest(5)] == ["b"]
    assert found.tightest(0) == ()


def test_with_one_at_a_time_everything_adds_up() -> None:
    shown, seconds = _diamond()
    assert limited(shown, 1, None, seconds) == 36
    assert limited(shown, 2, None, seconds) == 31


def test_an_operation_that_is_not_urgent_may_take_the_only_place() -> None:
    shown = graph(resource(KIND, "a"), resource(KIND, "b"), resource(KIND, "c", depends_on=(B,)))
    seconds = _seconds(shown, {"a": 50, "b": 5, "c": 50})
    assert timeline(shown, None, seconds).total == 55
    assert limited(shown, 1, None, seconds) == 105


def test_parents_and_providers_are_waited_for_and_steps_without_time_pass_it_on() -> None:
    component = resource("ai-gateway:aws:Network", "net", custom=False, depends_on=(A,))
    shown = graph(
        resource("pulumi:providers:aws", "main", property_depends_on={"region": (B,)}),
        resource(KIND, "a"),
        resource(KIND, "b"),
        component,
        resource(KIND, "c", component.urn),
        resource(KIND, "d", provider=PROVIDER),
    )
    found = timeline(shown, None, _seconds(shown, {"a": 3, "b": 7, "c": 1, "d": 1}))
    assert _shown(found) == {"a": (0, 3, 4), "b": (0, 7, 0), "c": (3, 4, 4), "d": (7, 8, 0)}
    after = {o.name: o.after for o in found.operations}
    assert after == {"a": None, "b": None, "c": A, "d": B}


def test_a_circle_is_told() -> None:
    shown = graph(resource(KIND, "a", depends_on=(B,)), resource(KIND, "b", depends_on=(A,)))
    with pytest.raises(GraphError, match="wait for each other"):
        timeline(shown, None, _seconds(shown, {}))


def test_what_is_needed_are_inputs_and_what_the_table_has_a_reason_for() -> None:
    shown, _ = _diamond()
    table = parse_needed_waits(f"waits,for,reason\n{KIND} b,{KIND} ?,it is so\n")
    assert needed_waits(shown, table) == waits(shown) | {D: waits(shown)[D] - {B}}
    assert unneeded_waits(shown, table) == {D: {B}}
    assert unneeded_waits(shown, ()) == {B: {A}, D: {B}}


HEAD = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_latencies, "type,seconds\n", "columns"),
        (parse_latencies, f"{HEAD}\na,,ten,estimate,,\n", "no seconds"),
        (parse_latencies, f"{HEAD}\na,,10,rumour,,\n", "unknown basis"),
        (parse_latencies, f"{HEAD}\na,,10,estimate,,x,y\n", "cell too many"),
        (parse_needed_waits, "waits,reason\n", "columns"),
        (parse_needed_waits, "waits,for,reason\na,b,\n", "lacks a cell"),
    ],
)
def test_a_damaged_table_is_refused(parse: object, text: str, said: str) -> None:
    assert callable(parse)
    with pytest.raises(GraphError, match=said):
        parse(text)


def test_the_first_row_that_fits_decides() -> None:
    table = parse_latencies(
        f"# remark\n{HEAD}\n{KIND},name~b*,1,estimate,,\n{KIND},set.on=true,2,estimate,,\n"
        "aws:*,,3,estimate,,\n"
    )
    assert latency_of(table, KIND, "big", {"set": {"on": True}}).seconds == 1
    assert latency_of(table, KIND, "a", {"set": {"on": True}}).seconds == 2
    assert latency_of(table, KIND, "a", {"set": {"on": False}}).seconds == 3
    with pytest.raises(GraphError, match="no row for gcp:x/y:Y"):
        latency_of(table, "gcp:x/y:Y", "a")


def test_every_row_is_used_and_says_what_it_rests_on() -> None:
    rows = load_latencies()
    used = {
        latency_of(rows, one.type, one.name, {**one.inputs})
        for case in CASES
        for r in captured(*case).resources
        for one in r.creates or ([r] if r.custom or r.remote else [])
        if not one.type.startswith("eks:")
    }
    assert [row for row in rows if row not in used] == []
    for row in rows:
        assert row.source.startswith("https://") or row.basis in ("estimate", "none"), row
        assert row.note


def test_a_plugins_component_takes_as_long_as_its_kinds_one_after_the_other() -> None:
    shown = captured("small")
    by_type = {r.type: seconds_by_urn(shown)[r.urn] for r in shown.resources if r.remote}
    kinds = ("iam/role:Role", "iam/rolePolicyAttachment:RolePolicyAttachment", "eks/cluster:Cluster")
    kinds = (*kinds, "eks/addon:Addon", "eks/nodeGroup:NodeGroup")
    times = {name: latency_of(load_latencies(), f"aws:{name}", "x").seconds for name in kinds}
    groups = times.pop("eks/nodeGroup:NodeGroup")
    assert by_type["eks:index:ManagedNodeGroup"] == groups
    assert by_type["eks:index:Cluster"] == sum(times.values())


@functools.cache
def _needed(stack: str, cloud: str) -> Timeline:
    shown = captured(stack, cloud)
    return timeline(shown, needed_waits(shown))


def _late(shown: Graph, needed: Timeline) -> list[str]:
    """What takes 5% longer than needed: the whole, the first answer, and long operations that start late."""
    found = timeline(shown)
    starts = {o.urn: o.start for o in needed.operations}
    ready = {o.name: o.finish for o in needed.operations}[LAST]
    late = [
        f"{o.name} starts {o.start - starts[o.urn]} s late"
        for o in found.operations
        if o.seconds >= LONG_S and o.start - starts[o.urn] > (MORE - 1) * needed.total
    ]
    if found.total > MORE * needed.total:
        late.append(f"all: {found.total} s for {needed.total} s")
    [answers] = [o.finish for o in found.operations if o.name == LAST]
    if answers > MORE * ready:
        late.append(f"first answer: {answers} s for {ready} s")
    return late


@EVERY_CASE
def test_nothing_waits_that_need_not_wait(stack: str, cloud: str) -> None:
    assert _late(captured(stack, cloud), _needed(stack, cloud)) == []


def _waiting(shown: Graph, name: str, *others: str) -> Graph:
    """The graph with one more wait in the program."""
    for_ = tuple(r.urn for r in shown.resources if r.name in others and (r.custom or r.remote))
    assert for_
    resources = [
        r.model_copy(update={"depends_on": (*r.depends_on, *for_)}) if r.name == name else r
        for r in shown.resources
    ]
    return shown.model_copy(update={"resources": tuple(resources)})


@pytest.mark.parametrize(
    ("stack", "cloud", "name", "others"),
    [
        ("small", "aws", "gateway-agentgateway-crds", ("litellm-litellm",)),  # as it once was
        ("small", "gcp", "gateway-agentgateway-crds", ("litellm-litellm",)),
        ("enterprise", "aws", "vllm-models-llama-3-1-70b", ("vault-init-run",)),
        ("large", "aws", "litellm-litellm", ("cloud-postgres-replica-1",)),
        ("medium", "gcp", "cloud-cluster", ("cloud-redis",)),
        ("large", "gcp", "vault-vault", ("cloud-redis",)),
    ],
)
def test_a_needless_wait_is_noticed(stack: str, cloud: str, name: str, others: tuple[str, ...]) -> None:
    shown = captured(stack, cloud)
    slower = _waiting(shown, name, *others)
    (one,) = [r.urn for r in shown.resources if r.name == name and (r.custom or r.remote)]
    assert unneeded_waits(slower)[one] - unneeded_waits(shown).get(one, frozenset())
    assert _late(slower, timeline(slower, needed_waits(slower))) != []


def test_every_reason_speaks_of_a_wait_that_there_is() -> None:
    """With a domain, whose certificate is made here, and a key of a provider, as no shipped stack has."""
    brought = {"name": "gpt-4o", "model": "openai/gpt-4o", "apiKeySecret": "openai-key"}
    more = {"ingress": {"domain": "llm.example.com"}, "litellm": {"externalModels": [brought]}}
    graphs = [captured(*case) for case in CASES]
    graphs.append(preview_graph(load({"tier": "small", "cloud": "aws", **more}), "mine"))
    pairs = {
        (label(r), label(known[before]))
        for shown in graphs
        for known in [shown.by_urn()]
        for r in shown.resources
        for before in r.depends_on
    }
    rows = load_needed_waits()
    assert [row for row in rows if not any(row.covers(*pair) for pair in pairs)] == []
