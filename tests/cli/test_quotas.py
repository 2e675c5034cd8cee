"""``gateway quotas``: every need, what to ask for first, pure JSON, no Pulumi."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.planning import quotas_of
from sizing.quotas import Increase
from tests.cli.conftest import Run
from tests.harness import CASES, ROOT, plan

EVERY_STACK = pytest.mark.parametrize(("stack", "cloud"), CASES)


@EVERY_STACK
def test_json_is_every_need_and_nothing_else(gateway: Run, stack: str, cloud: str) -> None:
    result = gateway("quotas", stack, "--cloud", cloud, "--json")
    assert (result.status, result.err) == (0, "")
    report = json.loads(result.out)
    assert (report["stack"], report["tier"], report["cloud"]) == (stack, stack, cloud)
    needs = quotas_of(plan(stack, cloud))
    assert report["quotas"] == [need.model_dump(mode="json") for need in needs]
    assert report["summary"]["first_up"] == [n.code for n in needs if n.increase is Increase.FIRST_UP] != []
    assert sum(len(codes) for codes in report["summary"].values()) == len(needs)


@EVERY_STACK
def test_the_table_has_every_need_and_says_what_to_ask_for(gateway: Run, stack: str, cloud: str) -> None:
    result = gateway("quotas", stack, "--cloud", cloud)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"{stack}  tier {stack} on {cloud}, ")
    table, _, asked = result.out.partition("Ask for a raise before the first up:")
    for need in quotas_of(plan(stack, cloud)):
        assert need.code[:27] in table
        if need.increase is Increase.FIRST_UP:
            assert need.code in asked
            assert need.why.split()[0] in asked
    commands = [line for line in result.out.splitlines() if line.startswith("    aws ")]
    assert max(len(line) for line in result.out.splitlines() if line not in commands) <= 100
    assert all("--desired-value " in line for line in commands) or cloud != "aws"
    assert "\x1b" not in result.out


def test_the_command_that_asks_is_complete(gateway: Run) -> None:
    lines = gateway("quotas", "small", "--region", "eu-west-1").out.splitlines()
    need = next(n for n in quotas_of(plan("small")) if n.code == "L-DB2E81BA")
    assert (
        "    aws service-quotas request-service-quota-increase --region eu-west-1 --service-code ec2"
        f" --quota-code L-DB2E81BA --desired-value {need.most + need.update}" in lines
    )


def test_what_no_page_says_is_marked(gateway: Run) -> None:
    report = json.loads(gateway("quotas", "large", "--cloud", "gcp", "--json").out)
    unverified = [need for need in report["quotas"] if not need["verified"]]
    assert unverified
    text = gateway("quotas", "large", "--cloud", "gcp").out
    assert all(f"{need['code']} ?" in text or len(need["code"]) > 25 for need in unverified)
    assert "no public page" in text
    unknown = [need for need in report["quotas"] if need["default"] is None]
    assert unknown
    assert {(need["ask_first"], need["increase"]) for need in unknown} == {(None, "check yours")}


def test_a_stack_of_ones_own(gateway: Run, project: Path) -> None:
    (project / "Pulumi.mine.yaml").write_text(
        "config:\n  ai-gateway:tier: small\n  ai-gateway:nodes: {gpu: {machineType: p4d.24xlarge}}\n",
        encoding="utf-8",
    )
    codes = json.loads(gateway("quotas", "mine", "--json", cwd=project).out)["summary"]["first_up"]
    assert "L-417A185B" in codes
    assert "L-DB2E81BA" not in codes


def test_no_pulumi_is_loaded() -> None:
    code = (
        "import sys; from cli.main import main; status = main(['quotas', 'large', '--json']);"
        "sys.exit(status or any(name.split('.')[0].startswith('pulumi') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
