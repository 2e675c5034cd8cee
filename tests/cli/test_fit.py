"""``gateway fit``, and what previews and the program do with a plan that does not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.program import deploy
from infra.settings import load
from sizing.errors import SizingError
from sizing.fit_report import fit_report
from tests.cli.conftest import Run
from tests.harness import CASES, ROOT, plan

HELD = "config:\n  ai-gateway:tier: small\n  ai-gateway:nodes: {cpu: {max: 3}}\n"


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_json_is_the_report_and_nothing_else(gateway: Run, stack: str, cloud: str) -> None:
    result = gateway("fit", stack, "--cloud", cloud, "--json")
    assert (result.status, result.err) == (0, "")
    report = json.loads(result.out)
    assert report.pop("stack") == stack
    assert report == json.loads(json.dumps(fit_report(plan(stack, cloud))))
    assert report["verdict"] == "fits"


@pytest.mark.parametrize("stack", ["small", "enterprise"])
def test_the_page_has_cases_nodes_cards_and_connections(gateway: Run, stack: str) -> None:
    result = gateway("fit", stack, "--pods")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"{stack}  tier {stack} on aws, us-east-1: fits\n")
    for words in ("a zone lost, autoscalers at their maximum", "How few nodes would do", "GPU memory",
                  "Database connections", "coredns"):  # fmt: skip
        assert words in result.out
    page, _, pods = result.out.partition("\nPods\n")
    assert max(map(len, page.splitlines())) <= 100
    workloads = [pod["name"] for pod in json.loads(gateway("fit", stack, "--json").out)["pods"]]
    # Each is one line that grep finds, whatever its length.
    assert [line.split()[0] for line in pods.splitlines()[1:]] == workloads


def test_what_does_not_fit_exits_1_with_the_smallest_change(gateway: Run, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.held.yaml").write_text(HELD, encoding="utf-8")
    result = gateway("fit", "held", cwd=tmp_path)
    assert (result.status, result.err) == (1, "")
    assert "does not fit" in result.out
    assert "pending: insufficient" in result.out
    report = json.loads(gateway("fit", "held", "--json", cwd=tmp_path).out)
    [remedy] = report["remedies"]
    assert remedy["path"] == "nodes.cpu.max"
    assert remedy["text"] in result.out
    enough = HELD.replace("max: 3", f"max: {remedy['at_least']}")
    (tmp_path / "Pulumi.held.yaml").write_text(enough, encoding="utf-8")
    assert gateway("fit", "held", cwd=tmp_path).status == 0


def test_a_preview_refuses_what_does_not_fit_unless_told_otherwise(gateway: Run, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.held.yaml").write_text(HELD, encoding="utf-8")
    refused = gateway("preview", "held", cwd=tmp_path)
    assert (refused.status, refused.err) == (1, "")
    assert "does not fit: some pods would find no node" in refused.out
    assert "Resources by type" not in refused.out
    as_json = gateway("preview", "held", "--json", cwd=tmp_path)
    assert as_json.status == 1
    assert json.loads(as_json.out)["fit"]["verdict"] == "does not fit"
    shown = gateway("preview", "held", "--allow-unfit", cwd=tmp_path)
    assert shown.status == 0
    assert "Resources by type" in shown.out
    assert "does not fit" in shown.out


def test_the_program_refuses_before_it_registers_anything() -> None:
    """Without a running engine the first resource would raise something else."""
    with pytest.raises(SizingError, match=r"nodes\.cpu\.max"):
        deploy(load({"tier": "small", "nodes": {"cpu": {"max": 3}}}), "held")


def test_the_command_loads_no_pulumi() -> None:
    code = (
        "import sys; from cli.main import main; main(['fit', 'large', '--json']);"
        "sys.exit(any(name.partition('.')[0].startswith('pulumi') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0
