"""``gateway preview``: the tree, the totals, the JSON, from the real stacks and from a small graph."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import infra.preview
from infra.graph import Child, Graph
from infra.settings import Settings
from tests.cli.conftest import Run, assert_refused
from tests.harness import STACKS, captured, of_type, releases
from tests.infra.graphs import ROOT as TOP
from tests.infra.graphs import graph, resource, urn

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
RELEASE = "kubernetes:helm.sh/v3:Release"
COMPONENT = "ai-gateway:aws:Network"


@pytest.fixture(autouse=True)
def _captured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped stacks are captured once for all tests."""

    def preview_graph(settings: Settings, stack: str) -> Graph:
        assert settings.tier == stack
        return captured(stack)

    monkeypatch.setattr(infra.preview, "preview_graph", preview_graph)


def _show(gateway: Run, monkeypatch: pytest.MonkeyPatch, shown: Graph, *options: str) -> str:
    monkeypatch.setattr(infra.preview, "preview_graph", lambda settings, stack: shown)
    result = gateway("preview", "small", *options)
    assert (result.status, result.err) == (0, "")
    return result.out


@EVERY_STACK
def test_json_is_the_graph_and_nothing_else(gateway: Run, stack: str) -> None:
    result = gateway("preview", stack, "--json")
    assert (result.status, result.err) == (0, "")
    assert result.out == captured(stack).to_json() + "\n"
    assert Graph.from_json(result.out) == captured(stack)


def test_out_saves_the_same_json(gateway: Run, tmp_path: Path) -> None:
    saved = tmp_path / "base.json"
    tree = gateway("preview", "small", "--out", str(saved))
    assert tree.out.startswith("small  aws, us-east-1: ")
    assert saved.read_text(encoding="utf-8") == gateway("preview", "small", "--json").out


def test_out_that_cannot_be_written(gateway: Run, tmp_path: Path) -> None:
    result = gateway("preview", "small", "--out", str(tmp_path / "no" / "x.json"))
    assert_refused(result, "--out", "x.json", "cannot be written")


@EVERY_STACK
def test_every_release_shows_chart_version_and_pods(gateway: Run, stack: str) -> None:
    text = gateway("preview", stack).out
    for name, inputs in releases(captured(stack)).items():
        chart = str(inputs["chart"]).rsplit("/", 1)[-1]
        called = "" if chart == name else f"{chart} "
        assert f"Helm release  {name}  {called}{inputs['version']} in {inputs['namespace']}" in text
    litellm = json.loads(captured(stack).to_json())["sizing"]["litellm"]
    assert re.search(rf"{litellm['replicas']} to {litellm['max_replicas']} x +cpu .+ memory ", text)


@EVERY_STACK
def test_database_cache_and_nodes_show_what_is_ordered(gateway: Run, stack: str) -> None:
    text = gateway("preview", stack).out
    order = json.loads(captured(stack).to_json())["sizing"]["order"]
    assert f"aws.rds.Instance  {order['postgres']['instance_class']}, " in text
    assert f"{order['postgres']['storage_gib']} GiB {order['postgres']['storage_type']}" in " ".join(
        text.split()
    )
    assert f"aws.elasticache.ReplicationGroup  {order['redis']['node_type']}, " in text
    for group in order["nodes"]:
        sizes = f"{group['desired']} x {group['machine_type']} ({group['min']} to {group['max']})"
        assert re.search(rf"eks\.ManagedNodeGroup  {group['name']}\S*  {re.escape(sizes)}", text)


@EVERY_STACK
def test_totals_add_up(gateway: Run, stack: str) -> None:
    text = gateway("preview", stack).out
    shown = captured(stack)
    totals = text.split("\nResources by type\n")[1].split("\n\n")[0]
    counts = [int(count) for count in re.findall(r"(?:^|  ) *(\d+) \S", totals, re.MULTILINE)]
    assert sum(counts) == len(shown.resources)
    assert (
        f": {len(shown.resources)} resources, {sum(r.protect for r in shown.resources)} protected\n" in text
    )
    assert f"\nFindings: {len(shown.findings)} " in text


@EVERY_STACK
def test_piped_output_is_100_columns_without_escape_codes(gateway: Run, stack: str) -> None:
    text = gateway("preview", stack).out
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


@EVERY_STACK
def test_all_has_a_line_for_each_resource(gateway: Run, stack: str) -> None:
    text = gateway("preview", stack, "--all").out
    shown = captured(stack)
    for token, kind in (("aws:ec2/subnet:Subnet", "aws.ec2.Subnet"), ("aws:kms/key:Key", "aws.kms.Key")):
        assert len(re.findall(rf"─ {re.escape(kind)}  \S", text)) == len(of_type(shown, token))
    assert not re.search(r"─ aws\.\S+ x \d", text)


def test_alike_siblings_share_a_line_and_others_do_not(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    network = urn(COMPONENT, "net")
    shown = graph(
        resource(COMPONENT, "net", custom=False),
        *(resource("aws:kms/key:Key", f"net-{name}", network, protect=name == "a") for name in "abc"),
        resource("aws:kms/key:Key", "net-seal", network, inputs={"multiRegion": True}, protect=True),
    )
    text = _show(gateway, monkeypatch, shown)
    assert "net  aws Network, 4 resources" in text
    assert "aws.kms.Key x 3  1 protected  a, b, c" in text
    assert "aws.kms.Key  seal  multi-region  protected" in text


def test_a_remote_component_says_what_it_creates(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = urn("eks:index:Cluster", "main")
    made = [
        Child(urn=f"{cluster}{index}", type=token, name=str(index))
        for index, token in enumerate(
            ["aws:eks/cluster:Cluster", "aws:eks/addon:Addon", "aws:eks/addon:Addon"]
        )
    ]
    tiered = made[0].model_copy(update={"inputs": {"controlPlaneScalingConfig": {"tier": "tier-xl"}}})
    options = {"custom": False, "remote": True}
    shown = graph(
        resource(
            "eks:index:Cluster", "main", inputs={"version": "1.36"}, creates=(tiered, *made[1:]), **options
        ),
        resource("kubernetes:yaml/v2:ConfigFile", "crds", inputs={"file": "https://x.org/a.yaml"}, **options),
    )
    text = _show(gateway, monkeypatch, shown)
    assert "eks.Cluster  main  Kubernetes 1.36, control plane tier-xl\n" in text
    assert "its plugin creates aws.eks.Cluster, 2 x aws.eks.Addon\n" in text
    assert "ConfigFile  crds  x.org/a.yaml\n" in text
    assert "its plugin creates resources that it alone knows\n" in text


def test_names_are_those_that_a_user_meets(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = graph(
        resource(
            RELEASE,
            "shop-app",
            inputs={"name": "app", "chart": "oci://x.org/web", "version": "2", "namespace": "n"},
        ),
        resource("kubernetes:core/v1:Service", "shop-svc", inputs={"metadata": {"name": "front"}}),
        resource("kubernetes:core/v1:Secret", "shop-generated", inputs={"metadata": {"name": "[unknown]"}}),
        resource("pulumi:providers:aws", "shop-aws", inputs={"region": "us-east-1"}),
    )
    text = _show(gateway, monkeypatch, shown)
    for line in (
        "Helm release  app  web 2 in n",
        "Service  front",
        "Secret  shop-generated",
        "provider aws  us-east-1",
    ):
        assert f"─ {line}\n" in text


def test_outputs_and_warnings_are_shown(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"gatewayUrl": "https://llm.example.com", "sizing": {"tier": "small"}}
    text = _show(gateway, monkeypatch, graph(outputs=outputs, warnings=("provider is old",)))
    assert re.search(r"^  gatewayUrl +https://llm\.example\.com$", text, re.MULTILINE)
    assert "sizing" not in text
    assert text.endswith("Warnings of the program\n  provider is old\n")


def test_markup_in_a_name_is_printed_as_it_is(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = graph(resource("aws:ec2/vpc:Vpc", "[red]net[/red]", TOP, inputs={"cidrBlock": "10.0.0.0/16"}))
    assert "aws.ec2.Vpc  [red]net[/red]  10.0.0.0/16\n" in _show(gateway, monkeypatch, shown)
