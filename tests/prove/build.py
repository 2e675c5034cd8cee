"""Build the control plane of ``tools/kubernetes`` once, into a cache outside the clone.

    python -m tests.prove.build        # prints where the program is

The cache's folder is named after the sources, so an unchanged module is built once per machine: some six
minutes on two cores, nothing afterwards.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "tools" / "kubernetes"
PROGRAM = "kubernetes"
OLDEST_GO = (1, 21)
"""The first that fetches the newer Go a module asks for."""
PROGRESS_EVERY_S = 15


class BuildError(Exception):
    """The control plane cannot be built; the message says what is missing."""


def program(sources: Path = SOURCES) -> Path:
    """The control plane's program, built when it is not there yet. Raises BuildError."""
    target = folder(sources) / PROGRAM
    if not target.exists():
        check_go()
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target.parent):
            if not target.exists():
                _build(sources, target)
    return target


def folder(sources: Path = SOURCES) -> Path:
    """Where the program of these sources is cached."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(os.environ.get("AI_GATEWAY_CACHE") or Path(home) / "ai-gateway")
    digest = hashlib.sha256()
    for path in sorted(sources.iterdir()):
        if path.suffix in (".mod", ".sum", ".go"):
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return cache / f"{PROGRAM}-{digest.hexdigest()[:16]}"


def kubernetes_version(sources: Path = SOURCES) -> str:
    """The version of Kubernetes that the module pins, as v1.2.3."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)$", (sources / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise BuildError(f"{sources / 'go.mod'} requires no k8s.io/kubernetes")
    return found[1]


def check_go() -> None:
    """Raise BuildError when there is no Go, or one too old to read the module."""
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            "Go is not installed, and the control plane is built from Go modules. Install Go 1.21 or newer."
        )
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"go(\d+)\.(\d+)", said)
    if version and (int(version[1]), int(version[2])) < OLDEST_GO:
        raise BuildError(f"{said.strip()} is too old for tools/kubernetes. Install Go 1.21 or newer.")


@contextmanager
def _only_one(where: Path) -> Iterator[None]:
    """One build at a time, whoever asks."""
    with (where / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(sources: Path, target: Path) -> None:
    """Compile with progress lines; the program appears under its name only when it is whole."""
    version = kubernetes_version(sources)
    say(f"building Kubernetes {version} and etcd from Go modules: some minutes, once")
    made = target.with_suffix(".new")
    started = said = time.monotonic()
    compiled, last = 0, ""
    command = ["nice", "go", "build", "-v", "-p", "2", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", _link_flags(version), "-o", str(made), "."]
    environment = {**os.environ, "GOWORK": "off"}
    with subprocess.Popen(
        command, cwd=sources, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        tail: list[str] = []
        for line in running.stderr:
            compiled, last = compiled + 1, line.strip()
            tail = [*tail[-20:], last]
            if time.monotonic() - said > PROGRESS_EVERY_S:
                said = time.monotonic()
                say(f"{said - started:4.0f} s, {compiled} packages fetched or compiled, now {last}")
    if running.returncode:
        raise BuildError("go build failed in tools/kubernetes:\n" + "\n".join(tail))
    made.rename(target)
    say(f"built in {time.monotonic() - started:.0f} s: {target}")


def _link_flags(version: str) -> str:
    """Without symbols, and with the version that Kubernetes' own builds put in: servers compare it."""
    package = "k8s.io/component-base/version"
    major, minor, _ = version.lstrip("v").split(".", 2)
    named = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return "-s -w " + " ".join(f"-X {package}.{name}={value}" for name, value in named.items())


def say(text: str) -> None:
    print(f"prove: {text}", flush=True)


if __name__ == "__main__":
    try:
        print(program())
    except BuildError as error:
        raise SystemExit(f"prove: {error}") from None
