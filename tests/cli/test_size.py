"""``gateway size`` and ``gateway findings``: complete, in the guide's terms, the same bytes everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import report as report_module
from cli.figures import ABSENT, lookup
from cli.sheet import sections
from sizing.cells import guide_cells
from sizing.findings import Kind
from sizing.guide.cells import Tier
from sizing.report import size_report
from tests.cli.conftest import Run
from tests.harness import ROOT, STACKS, plan

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
NOT_IN_THE_TABLE = re.compile(
    r"litellm\.hpa\.scale_|postgres\.instances|vault\.ha|vllm\.engines\[\d+\]\.(gpus|name)$|vllm\.throughput\[\d+\]\.model$"
)
"""Cells that a person reads elsewhere: the HPA's block, what follows from another row, titles and labels."""


@EVERY_STACK
def test_json_is_the_report_and_nothing_else(gateway: Run, stack: str) -> None:
    result = gateway("size", stack, "--json")
    assert (result.status, result.err) == (0, "")
    assert json.loads(result.out) == json.loads(json.dumps(size_report(plan(stack))))
    assert list(json.loads(result.out))[:3] == ["tier", "cloud", "region"]
    assert result.out.isascii()


@EVERY_STACK
def test_every_cell_of_the_guide_has_a_place_in_the_table(stack: str) -> None:
    shown = {
        path for section in sections(size_report(plan(stack))) for row in section.rows for path in row.paths
    }
    missing = [
        path for path in guide_cells(Tier(stack)) if path not in shown and not NOT_IN_THE_TABLE.match(path)
    ]
    assert missing == []


@EVERY_STACK
def test_every_path_of_the_table_exists(stack: str) -> None:
    report = size_report(plan(stack))
    paths = [path for section in sections(report) for row in section.rows for path in row.paths]
    assert [path for path in paths if lookup(report, path) is ABSENT] == []


def _line(text: str, section: str, label: str) -> str:
    part = text.split(f"\n{section}\n")[1].split("\n\n")[0]
    return next(line for line in part.splitlines() if line.strip().startswith(label))


def test_what_is_ordered_stands_beside_the_guide_where_it_differs(gateway: Run) -> None:
    text = gateway("size", "large").out
    assert text.startswith("large  tier large on aws, us-east-1\n")
    memory = _line(text, "2.4  PostgreSQL", "vCPU / memory")
    assert re.search(r"8 / 16 GiB +8 / 32 GiB +D10 changed$", memory)
    assert re.search(r"IOPS +12,000$", _line(text, "2.4  PostgreSQL", "IOPS"))
    assert re.search(r"Instance class +db\.", _line(text, "2.4  PostgreSQL", "Instance class"))
    assert re.search(r"Replicas, least / most +5 / 20$", _line(text, "2.1  LiteLLM", "Replicas"))
    assert re.search(r"CPU nodes +10 x m5\.4xlarge$", _line(text, "3.1  Cluster", "CPU nodes"))


def test_open_figures_are_shown_as_the_guide_writes_them(gateway: Run) -> None:
    text = gateway("size", "enterprise").out
    assert re.search(r"Requests/s +500\+$", _line(text, "1  Workload", "Requests/s"))
    assert re.search(r"10\+ / 20 +10 / 40 ", _line(text, "2.1  LiteLLM", "Replicas"))
    assert "\n2.3  vLLM engine llama-3.1-70b\n" in text


def test_an_override_is_shown_as_ordered(gateway: Run, project: Path) -> None:
    override = "config:\n  ai-gateway:tier: small\n  ai-gateway:litellm: {replicas: 3, maxReplicas: 12}\n"
    (project / "Pulumi.mine.yaml").write_text(override, encoding="utf-8")
    line = _line(gateway("size", "mine", cwd=project).out, "2.1  LiteLLM", "Replicas")
    assert re.search(r"2 / 20 +3 / 12 +override$", line)


def test_region_and_project_options(gateway: Run, project: Path) -> None:
    result = gateway("size", "mine", "--region", "eu-west-1", "--project", str(project), "--json")
    report = json.loads(result.out)
    assert (report["tier"], report["region"]) == ("small", "eu-west-1")
    assert "D34" in {finding["id"] for finding in report["findings"]}


@EVERY_STACK
def test_findings_are_counted_by_kind(gateway: Run, stack: str) -> None:
    found = plan(stack).findings
    text = gateway("size", stack).out
    assert f"\nFindings: {len(found)} " in text
    for kind in Kind:
        count = sum(finding.kind is kind for finding in found)
        assert re.search(rf"^ +{count}  {kind} ", text, re.MULTILINE)


@EVERY_STACK
def test_every_finding_is_listed_with_reason_and_source(gateway: Run, stack: str) -> None:
    text = gateway("findings", stack).out
    flat = "".join(text.split())  # an address longer than the line is broken
    for finding in plan(stack).findings:
        head = f"{finding.id} {finding.section} {finding.path or '(no single figure)'}"
        for part in (head, finding.reason, finding.source):
            assert "".join(part.split()) in flat


@pytest.mark.parametrize("kind", list(Kind))
def test_findings_of_one_kind(gateway: Run, kind: Kind) -> None:
    found = json.loads(gateway("findings", "large", "--kind", kind, "--json").out)
    assert (found["stack"], found["tier"], found["cloud"]) == ("large", "large", "aws")
    assert found["findings"] == [f.model_dump(mode="json") for f in plan("large").findings if f.kind is kind]
    text = gateway("findings", "large", "--kind", kind).out
    assert f"\n{kind} ({len(found['findings'])})" in text
    assert [other for other in Kind if f"\n{other} (" in text] == [kind]


def test_no_findings_of_a_kind_is_said(gateway: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_module, "size_report", lambda of: {**size_report(of), "findings": []})
    assert "No findings of the kind risk." in gateway("findings", "large", "--kind", "risk").out


ENVIRONMENTS = (
    {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "1", "COLUMNS": "40"},
    {"TZ": "America/Lima", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "COLUMNS": "300", "FORCE_COLOR": "1"},
    {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "TERM": "xterm-256color", "NO_COLOR": "1"},
)


@pytest.mark.parametrize("arguments", [("size", "large", "--json"), ("size", "large"), ("findings", "large")])
def test_the_same_bytes_everywhere(shell: Run, gateway: Run, arguments: tuple[str, ...]) -> None:
    results = {shell(*arguments, **environment).out for environment in ENVIRONMENTS}
    assert results == {gateway(*arguments).out}


@pytest.mark.parametrize("command", ["size", "findings"])
def test_piped_output_is_100_columns_without_escape_codes(gateway: Run, command: str) -> None:
    text = gateway(command, "enterprise").out
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_no_pulumi_is_loaded() -> None:
    code = (
        "import sys; from cli.main import main; status = main(['size', 'large', '--json']);"
        "sys.exit(status or any(name.split('.')[0].startswith('pulumi') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
