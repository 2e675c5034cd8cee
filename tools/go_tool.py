"""Builds a program from pinned Go modules (``tools/NAME``): ``python -m tools.go_tool pulumi``.

The binary lies outside the clone, under a name that changes with every pin, and is built once:
``${AI_GATEWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ai-gateway}/NAME-HASH/NAME``. Needs Go and nothing else,
no C compiler. Nothing is downloaded but through Go's own client and its checksums: modules, and with Go 1.21
or newer also the Go that a module asks for, unless GOTOOLCHAIN=local forbids it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PARALLEL: Final = 2
"""Packages compiled at a time: each takes up to a gigabyte of memory, the linker two."""

OLDEST_GO: Final = (1, 21)
"""The first that fetches the newer Go a module asks for (https://go.dev/doc/toolchain)."""

USAGE: Final = 2
"""Exit status when the user has to do something first, as that of ``gateway``."""

PROGRESS_EVERY_S: Final = 15
TAIL: Final = 20
"""Lines of a failed build that its error repeats."""


class ToolError(Exception):
    """The program cannot be built or is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class GoTool:
    """What to build.

    Attributes:
        module: the module whose version in ``go.mod`` is the program's.
        package: the main package; by default the one in ``tools/NAME`` itself.
        stamps: variables of the program and what they are set to: ``{version}``, ``{major}``, ``{minor}``.
    """

    module: str
    package: str = "."
    stamps: tuple[tuple[str, str], ...] = ()


_KUBERNETES_VERSION = "k8s.io/component-base/version"

TOOLS: Final[Mapping[str, GoTool]] = {
    "actionlint": GoTool("github.com/rhysd/actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
    "amtool": GoTool("github.com/prometheus/alertmanager", "github.com/prometheus/alertmanager/cmd/amtool"),
    # Its servers compare these three with each other's; Kubernetes' own builds put them in.
    "kubernetes": GoTool(
        "k8s.io/kubernetes",
        stamps=(
            (f"{_KUBERNETES_VERSION}.gitVersion", "{version}"),
            (f"{_KUBERNETES_VERSION}.gitMajor", "{major}"),
            (f"{_KUBERNETES_VERSION}.gitMinor", "{minor}"),
        ),
    ),
    "otelcol": GoTool("go.opentelemetry.io/collector/otelcol"),
    "pulumi": GoTool(
        "github.com/pulumi/pulumi/pkg/v3",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        (("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "{version}"),),
    ),
}


def cache() -> Path:
    """Where built programs are kept."""
    given = os.environ.get("AI_GATEWAY_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ai-gateway"


def binary(name: str) -> Path:
    """Where the program is, or will be once it is built."""
    digest = hashlib.sha256(repr(TOOLS[name]).encode())
    for path in sorted((HERE / name).iterdir()):
        if path.suffix in (".mod", ".sum", ".go"):
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return cache() / f"{name}-{digest.hexdigest()[:16]}" / name


def built(name: str) -> Path:
    """The program.

    Raises:
        ToolError: it has not been built.
    """
    path = binary(name)
    if not path.is_file():
        raise ToolError(f"{name} is not built: run `python -m tools.go_tool {name}` (needs Go)")
    return path


def build(name: str) -> Path:
    """Build the program unless it is there; says on stderr how far it is, as it takes minutes.

    Raises:
        ToolError: no Go, a Go that is too old, or a build that fails.
    """
    path = binary(name)
    if path.is_file():
        return path
    go = _go(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "set AI_GATEWAY_CACHE to a directory that can be written"
        raise ToolError(f"{error.filename}: {error.strerror}: {remedy}") from None
    # Made apart and moved to its place whole: a build that is interrupted leaves no half.
    with _only_one(path.parent), tempfile.TemporaryDirectory(dir=path.parent) as work:
        if not path.is_file():
            made = Path(work) / name
            _compile(name, go, made)
            made.rename(path)
    return path


def version(name: str) -> str:
    """The version that ``go.mod`` pins, as v1.2.3."""
    return _of_go_mod(name, rf"{re.escape(TOOLS[name].module)} (v\S+)")


@contextmanager
def _only_one(where: Path) -> Generator[None]:
    """One build of a program at a time, whoever asks."""
    with (where / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(name: str, go: str, made: Path) -> None:
    _say(f"building {name} {version(name)} from its Go modules; this takes some minutes once")
    command = [go, "build", "-v", "-p", str(PARALLEL), "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", _flags(name), "-o", str(made), TOOLS[name].package]
    started = said = time.monotonic()
    told: list[str] = []
    with subprocess.Popen(
        command, cwd=HERE / name, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        for line in running.stderr or ():
            told.append(line.strip())
            if time.monotonic() - said > PROGRESS_EVERY_S:
                said = time.monotonic()
                _say(f"{said - started:4.0f} s, {len(told)} steps done, now {told[-1]}")
    if running.returncode:
        raise ToolError(
            f"{name} could not be built: go ended with status {running.returncode}\n"
            + "\n".join(told[-TAIL:])
        )
    _say(f"built in {time.monotonic() - started:.0f} s")


def _go(name: str) -> str:
    go, wanted = shutil.which(os.environ.get("GO") or "go"), _of_go_mod(name, r"^go (\S+)")
    remedy = (
        f"install Go {'.'.join(map(str, OLDEST_GO))} or newer (Debian: golang-go), or set GO to its command"
    )
    if go is None:
        raise ToolError(f"Go is not installed, and {name} is built from Go modules: {remedy}")
    found = _asked(go, "GOVERSION", GOTOOLCHAIN="local").removeprefix("go")
    if _numbers(found) < OLDEST_GO:
        raise ToolError(f"{go} is Go {found or 'of no known version'}, too old to build {name}: {remedy}")
    if _numbers(found) < _numbers(wanted) and _asked(go, "GOTOOLCHAIN") == "local":
        raise ToolError(
            f"{go} is Go {found}, {name} needs {wanted}, and GOTOOLCHAIN=local forbids fetching it: "
            f"unset GOTOOLCHAIN, or set GO to the command of a Go that is new enough"
        )
    return go


def _asked(go: str, variable: str, **environment: str) -> str:
    """A variable of Go's; asked where no module wants a newer one."""
    done = subprocess.run(
        [go, "env", variable], cwd="/", env={**_environment(), **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}


def _flags(name: str) -> str:
    """Without symbols, and with the program's version where it is asked for."""
    pinned = version(name)
    major, minor = pinned.lstrip("v").split(".")[:2]
    stamps = (
        f"{key}={to.format(version=pinned, major=major, minor=minor)}" for key, to in TOOLS[name].stamps
    )
    return " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps)])


def _of_go_mod(name: str, pattern: str) -> str:
    found = re.search(pattern, (HERE / name / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ToolError(f"tools/{name}/go.mod has nothing like {pattern}")
    return found[1]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Build the named programs and print where they are."""
    parser = argparse.ArgumentParser(description="Build programs from pinned Go modules.")
    parser.add_argument("names", nargs="+", choices=sorted(TOOLS))
    for name in parser.parse_args().names:
        try:
            print(build(name))
        except ToolError as error:
            _say(f"error: {error}")
            sys.exit(USAGE)


if __name__ == "__main__":
    main()
