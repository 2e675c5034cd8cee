"""A stack on the real engine: a copy of the project, a file backend, simulated clouds, Pulumi's commands."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulumi.runtime.proto import language_pb2_grpc
from ruamel.yaml import YAML

from tests.engine.language import ProgramHost
from tests.engine.simulator.cloud import Cloud
from tests.engine.simulator.servers import Providers, serve

ROOT: Final = Path(__file__).resolve().parents[2]
PASSPHRASE: Final = "a passphrase of the tests"
ELSEWHERE: Final = {
    "aws": {"cloud": "aws", "region": "us-east-1"},
    "gcp": {"cloud": "gcp", "region": "us-central1", "gcpProject": "my-platform-42"},
}
ONE_WRITE: Final = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""A write of the whole state after each of four hundred steps is what most of an engine's time goes into."""
NO_LOGS: Final = "logs"
"""The engine logs each value of each step, compressed and encrypted, below a directory of this name: half of
its time. A file of the same name stands in the way, and it goes without."""
GARBAGE_PERCENT: Final = "300"
"""Garbage that the engine lets pile up before it collects: three times the default, for a sixth less time."""
TIMEOUT_S: Final = 300.0
"""Seconds after which a command counts as hung; the largest takes twenty, on a busy machine more."""


def stack_config(tier: str, cloud: str) -> dict[str, str]:
    """A shipped stack file's settings, moved to ``cloud`` as a user would move it."""
    content = YAML(typ="safe").load(ROOT / f"Pulumi.{tier}.yaml")["config"]
    config = {key.partition(":")[2]: value for key, value in content.items()}
    return config if cloud == config["cloud"] else {**config, **ELSEWHERE[cloud]}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished command. ``text`` is all it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    def checked(self) -> Run:
        """Itself, when the command succeeded; else AssertionError with what it printed."""
        told = "\n".join(line for line in self.text.splitlines() if "error" in line.lower())
        assert self.code == 0, f"exit status {self.code}\n{told}\n\n{self.text[-6000:]}"
        return self

    @property
    def changes(self) -> dict[str, int]:
        """Operation to number of resources, as the engine sums up when asked for JSON."""
        lines = [json.loads(line) for line in self.stdout.splitlines() if line.startswith('{"sequence"')]
        (summary,) = (line["summaryEvent"] for line in lines if "summaryEvent" in line)
        return summary["resourceChanges"]


class EngineStack:
    """One stack of the project and everything around it.

    Args:
        pulumi: the engine's command line (``tools/pulumi``).
        directory: a directory of its own, for the project's copy, the state and Pulumi's home.
        name: the stack's name.
        config: the stack file's settings, without namespace.
        cloud: what its providers find; a new one by default.
    """

    def __init__(
        self, pulumi: Path, directory: Path, name: str, config: Mapping[str, Any], cloud: Cloud | None = None
    ) -> None:
        self.name = name
        self.cloud = cloud or Cloud()
        self.directory = directory
        self.project = directory / "project"
        self._pulumi = pulumi
        self.providers = Providers(self.cloud)
        self._host, port = serve(language_pb2_grpc.add_LanguageRuntimeServicer_to_server, ProgramHost())
        self.environment = self._environment(port)
        if not self.project.exists():
            self._set_up(config)

    def _environment(self, port: int) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        return {
            **kept,
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.directory / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_STACK": self.name,
            "PULUMI_DEBUG_PROVIDERS": self.providers.attach,
            "PULUMI_DEBUG_LANGUAGES": f"python:{port}",
            "NO_COLOR": "1",
            "GOGC": GARBAGE_PERCENT,
        }

    def _set_up(self, config: Mapping[str, Any]) -> None:
        for part in ("project", "home", "backend"):
            (self.directory / part).mkdir(parents=True)
        (self.directory / "home" / NO_LOGS).touch()
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / file, self.project / file)
        self.run("stack", "init", self.name).checked()
        self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the stack file; what Pulumi itself put there (the salt of the passphrase) stays."""
        path, yaml = self.project / f"Pulumi.{self.name}.yaml", YAML()
        content = yaml.load(path) if path.exists() else {}
        content["config"] = {f"ai-gateway:{key}": value for key, value in config.items()}
        yaml.dump(content, path)

    def command(self, *arguments: str) -> list[str]:
        """The command line that :meth:`run` runs."""
        return [str(self._pulumi), *arguments, "--non-interactive", "--cwd", str(self.project)]

    def run(self, *arguments: str, **environment: str) -> Run:
        """Run a command of Pulumi's on this stack. It writes the state once, at its end."""
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environment, **ONE_WRITE, **environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert not self.providers.faults, "\n".join(self.providers.faults)
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running. It writes the state after every step, as Pulumi does."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    def kill(self, engine: subprocess.Popen[str]) -> None:
        """Kill an engine between two writes of its state: it writes in place, and a half is no state.

        What such a half needs is another test.
        """
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            engine.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, engine.pid, os.WSTOPPED)
            try:
                json.loads(self.state_file.read_text(encoding="utf-8"))
            except ValueError:
                engine.send_signal(signal.SIGCONT)
                continue
            engine.kill()
            engine.communicate()
            return
        raise AssertionError("the engine never came to rest")

    def preview(self, *arguments: str) -> dict[str, Any]:
        """What ``pulumi preview --json`` says."""
        return self.json_of(self.run("preview", "--json", *arguments).checked())

    def planned(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same, and what the program registered (the goals of the plan that a preview saves), by URN."""
        file = self.directory / "plan.json"
        preview = self.preview("--save-plan", str(file))
        plans = json.loads(file.read_text(encoding="utf-8"))["resourcePlans"]
        return preview, {urn: plan["goal"] for urn, plan in plans.items() if plan.get("goal")}

    @staticmethod
    def json_of(run: Run) -> dict[str, Any]:
        """The JSON that a command printed; AssertionError with what it said when there is none."""
        assert run.stdout.startswith("{"), run.text[-6000:]
        return json.loads(run.stdout)

    def up(self, *arguments: str) -> Run:
        """``pulumi up`` without questions and without a preview before it."""
        return self.run("up", "--yes", "--skip-preview", *arguments)

    @property
    def state_file(self) -> Path:
        """The state as it lies on disk."""
        (path,) = (self.directory / "backend").glob(f".pulumi/stacks/*/{self.name}.json")
        return path

    def resources(self) -> dict[str, dict[str, Any]]:
        """URN to resource of the state on disk."""
        checkpoint = json.loads(self.state_file.read_text(encoding="utf-8"))["checkpoint"]
        return {item["urn"]: item for item in checkpoint["latest"].get("resources", ())}

    def pending(self) -> list[dict[str, Any]]:
        """Operations that were under way when an engine died."""
        checkpoint = json.loads(self.state_file.read_text(encoding="utf-8"))["checkpoint"]
        return checkpoint["latest"].get("pending_operations") or []

    def twin(self, directory: Path) -> EngineStack:
        """The same stack in the same state once more, with a cloud of its own."""
        for part in ("project", "backend", "home"):
            shutil.copytree(self.directory / part, directory / part)
        return EngineStack(self._pulumi, directory, self.name, {}, self.cloud.copy())

    def stop(self) -> None:
        """End the servers."""
        self.providers.stop()
        self._host.stop(None)

    def __enter__(self) -> EngineStack:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
