"""The workflows: pinned, no more rights than they need, and the preview's two jobs as they really run."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.harness import ROOT
from tests.tools.test_pr_comment import STACK_FILE, commit, git, program_of
from tools.pr_comment import LIMIT_BYTES, MARKER

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.y*ml"))


def _workflow(name: str) -> Any:
    return YAML(typ="safe").load(FOLDER / name)


def _steps(job: Any, **wanted: str) -> list[Any]:
    return [step for step in job["steps"] if all(step.get(key) == value for key, value in wanted.items())]


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_commit_and_say_which_release(name: str) -> None:
    lines = [line for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("name", NAMES)
def test_rights_are_given_one_by_one(name: str) -> None:
    """Nothing for all jobs but reading; writing for one job, where it is used."""
    workflow = _workflow(name)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    writes = {
        (job, scope)
        for job, body in workflow["jobs"].items()
        for scope, level in body.get("permissions", {}).items()
        if level == "write"
    }
    assert (
        writes
        == {
            "ci.yml": set(),
            "preview.yml": {("comment", "pull-requests")},
            "pulumi.yml": {
                ("preview", "id-token"),
                ("preview", "pull-requests"),
                ("deploy", "id-token"),
            },
        }[name]
    )
    assert all(body["timeout-minutes"] for body in workflow["jobs"].values())


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_pull_request_becomes_a_script(name: str) -> None:
    for job in _workflow(name)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_pulumi_runs_only_where_somebody_has_set_it_up() -> None:
    jobs = _workflow("pulumi.yml")["jobs"]
    assert set(jobs) == {"preview", "deploy"}
    for job in jobs.values():
        assert job["if"].startswith("vars.PULUMI_STACKS != '' && ")
        assert job["concurrency"]["cancel-in-progress"] is False
    assert "head.repo.full_name == github.repository" in jobs["preview"]["if"]
    assert jobs["deploy"]["concurrency"]["group"] == "pulumi-${{ matrix.stack }}"
    assert jobs["deploy"]["environment"] != jobs["preview"]["environment"]
    commands = {
        name: step["with"]["command"]
        for name, job in jobs.items()
        for step in job["steps"]
        if step.get("uses", "").startswith("pulumi/actions@")
    }
    assert commands == {"preview": "preview", "deploy": "up"}


def test_both_jobs_prepare_the_same_way_with_the_programs_own_release() -> None:
    jobs = _workflow("pulumi.yml")["jobs"]
    first, second = ([s for s in jobs[job]["steps"] if "run" in s] for job in ("preview", "deploy"))
    assert first == second
    (release,) = re.findall(
        r"^pulumi==(\S+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE
    )
    for job in jobs.values():
        (step,) = [s for s in job["steps"] if s.get("uses", "").startswith("pulumi/actions@")]
        assert step["with"]["pulumi-version"] == release
        assert step["with"]["policyPacks"] == "policy"


def test_a_first_up_ends_before_the_session_and_the_job_do() -> None:
    """The page says how long both last; the slowest stack is up in half the session."""
    deploy = _workflow("pulumi.yml")["jobs"]["deploy"]
    (aws,) = [s for s in deploy["steps"] if "configure-aws-credentials" in s.get("uses", "")]
    session, job = aws["with"]["role-duration-seconds"] / 60, deploy["timeout-minutes"]
    totals = re.findall(
        r"^\| [A-Z]\w+, \w+ \| (\d+):\d\d \|", (ROOT / "docs/timeline.md").read_text(), re.MULTILINE
    )
    assert len(totals) == 8
    assert 2 * (max(map(int, totals)) + 1) <= session < job
    page = " ".join((ROOT / "docs/pull-requests.md").read_text(encoding="utf-8").split())
    assert (session, job) == (120, 180)
    assert "session lasts two hours, and the job is ended after three" in page


def test_every_variable_of_the_workflow_is_in_its_page() -> None:
    text = (FOLDER / "pulumi.yml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", text))
    assert len(names) >= 7
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


GH = """#!{python}
import json, pathlib, re, sys
store = pathlib.Path({store!r})
comments = json.loads(store.read_text()) if store.exists() else []
arguments = sys.argv[1:]
assert arguments[0] == "api", arguments
place = next(a for a in arguments if a.startswith("repos/"))
if "--jq" in arguments:
    query = arguments[arguments.index("--jq") + 1]
    login = re.search(r'user.login == "([^"]+)"', query)[1]
    start = re.search(r'startswith[(]"([^"]+)"[)]', query)[1]
    print(*(c["id"] for c in comments if c["login"] == login and c["body"].startswith(start)), sep="\\n")
    sys.exit()
method = arguments[arguments.index("--method") + 1]
name, _, file = arguments[arguments.index("-F") + 1].partition("=@")
body = pathlib.Path(file).read_text()
assert (name, len(body) <= 65536) == ("body", True)
if method == "PATCH":
    (one,) = [c for c in comments if place.endswith(f"/issues/comments/{{c['id']}}")]
    one["body"] = body
else:
    assert (method, place) == ("POST", "repos/us/gateway/issues/7/comments")
    comments.append({{"id": 100 + len(comments), "login": "github-actions[bot]", "body": body}})
store.write_text(json.dumps(comments))
"""
"""Plays GitHub's command: it keeps comments in a file, and refuses what GitHub refuses."""


def _run(script: str, directory: Path, **environment: str) -> None:
    """A step's script as a runner runs it."""
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _post(directory: Path, store: Path) -> list[dict[str, Any]]:
    """The second job: all comments after it."""
    tools = directory.parent / "bin"
    tools.mkdir(exist_ok=True)
    gh = tools / "gh"
    gh.write_text(GH.format(python=sys.executable, store=str(store)), encoding="utf-8")
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    (step,) = [s for s in _workflow("preview.yml")["jobs"]["comment"]["steps"] if "run" in s]
    known = {"REPOSITORY": "us/gateway", "NUMBER": "7", "GH_TOKEN": "none"}
    assert set(step["env"]) == set(known)
    _run(step["run"], directory, PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", **known)
    found: list[dict[str, Any]] = json.loads(store.read_text(encoding="utf-8"))
    return found


def test_a_second_run_edits_its_own_comment_and_nobody_elses(tmp_path: Path) -> None:
    work, store = tmp_path / "work", tmp_path / "comments.json"
    work.mkdir()
    others = [
        {"id": 1, "login": "somebody", "body": f"{MARKER}\nquoted"},
        {"id": 2, "login": "github-actions[bot]", "body": "of another workflow"},
    ]
    store.write_text(json.dumps(others), encoding="utf-8")
    for text in ("first", "second"):
        (work / "comment.md").write_text(f"{MARKER}\n{text}\n", encoding="utf-8")
        found = _post(work, store)
        assert found[:2] == others
        assert [one["body"] for one in found[2:]] == [f"{MARKER}\n{text}\n"]


FOLLOWS = {
    "litellm.max_replicas",  # four times as many at most (D1)
    "litellm.replicas",
    "vllm.engines[llama-3.1-8b].stream_interval",  # tokens per chunk of a stream (D37)
    "cluster.cpu_nodes.max",  # nodes for all of them with a zone lost (D2)
    "order.nodes[cpu-a].max",
    "order.nodes[cpu-b].max",
    "order.nodes[cpu-c].max",
}


def test_the_comment_on_one_number_names_it_and_what_follows_and_nothing_else(tmp_path: Path) -> None:
    """The first job on a repository of two commits, whose second one changes a number in a stack file."""
    project, summary = tmp_path / "project", tmp_path / "summary.md"
    project.mkdir()
    git(project, "init", "--quiet")
    program_of(project)
    (project / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    (project / ".gitignore").write_text(".venv\ncomment.md\n__pycache__\n", encoding="utf-8")
    commit(project, {"Pulumi.small.yaml": STACK_FILE, "Pulumi.other.yaml": STACK_FILE})
    commit(project, {"Pulumi.small.yaml": f"{STACK_FILE}  ai-gateway:litellm:\n    replicas: 3\n"})
    (step,) = _steps(_workflow("preview.yml")["jobs"]["compare"], name="Compare")
    _run(step["run"], project, GITHUB_STEP_SUMMARY=str(summary), PYTHONPATH=str(project))
    text = (project / "comment.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == text
    assert text.startswith(MARKER)
    assert len(text.encode()) <= LIMIT_BYTES
    assert "| `litellm.replicas` | 2 | 3 |" in text
    assert set(re.findall(r"^\| `([a-z][^`]*)` \|", text, re.MULTILINE)) == FOLLOWS
    assert set(re.findall(r"^### (.+) \(\d+\)$", text, re.MULTILINE)) == {
        "Sizing", "Ordered", "New findings", "Updated",
    }  # fmt: skip
    assert set(re.findall(r"^- `([^`]+)`", text, re.MULTILINE)) == {
        "cloud-cluster-nodes-cpu-a-m5-xlarge",
        "cloud-cluster-nodes-cpu-b-m5-xlarge",
        "cloud-cluster-nodes-cpu-c-m5-xlarge",
        "litellm-litellm",
        "observability-metrics-rules-ai-gateway-resources",  # thresholds that come from the plan
        "vllm-vllm",
    }
    assert "_After it every pod finds a node and no policy is violated._" in text
    assert "<b>small</b>: 0 created, 6 updated, 0 replaced, 0 deleted" in text
    assert "other" not in text
