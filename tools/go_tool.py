"""Builds a program from pinned Go modules (``tools/NAME``): ``python -m tools.go_tool pulumi``.

The binary lies outside the clone, under a name that changes with every pin, and is built once:
``${AI_GATEWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ai-gateway}/NAME-HASH/NAME``. Needs Go and nothing else,
no C compiler. Nothing is downloaded but modules, through Go's own client and its checksums.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PARALLEL: Final = 2
"""Packages compiled at a time: each takes up to a gigabyte of memory, the linker two."""


class ToolError(Exception):
    """The program cannot be built or is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class GoTool:
    """What to build.

    Attributes:
        package: the main package.
        module: the module of that package, whose version in ``go.mod`` is the program's.
        version_variable: variable of the program that takes this version, "" when there is none.
    """

    package: str
    module: str
    version_variable: str = ""


TOOLS: Final[Mapping[str, GoTool]] = {
    "actionlint": GoTool("github.com/rhysd/actionlint/cmd/actionlint", "github.com/rhysd/actionlint"),
    "pulumi": GoTool(
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "github.com/pulumi/pulumi/pkg/v3",
        "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
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
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return cache() / f"{name}-{digest.hexdigest()[:16]}" / name


def built(name: str) -> Path:
    """The program.

    Raises:
        ToolError: it has not been built.
    """
    path = binary(name)
    if not path.is_file():
        raise ToolError(
            f"{name} is not built: run `python -m tools.go_tool {name}` (needs Go {_wanted(name)})"
        )
    return path


def build(name: str) -> Path:
    """Build the program unless it is there.

    Raises:
        ToolError: no Go, a Go that is too old, or a build that fails.
    """
    path = binary(name)
    if path.is_file():
        return path
    go = _go(name)
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and moved there whole: one that is interrupted, or runs twice, leaves no half.
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as work:
        made = Path(work) / name
        print(
            f"building {name} {_version(name)} from its Go modules; this takes some minutes once",
            file=sys.stderr,
        )
        command = [go, "build", "-p", str(PARALLEL), "-mod=readonly", "-trimpath", "-buildvcs=false"]
        command += ["-ldflags", _flags(name), "-o", str(made), TOOLS[name].package]
        done = subprocess.run(command, cwd=HERE / name, env=_environment(), check=False)
        if done.returncode != 0:
            raise ToolError(f"{name} could not be built: go ended with status {done.returncode}, see above")
        path.parent.mkdir(exist_ok=True)
        shutil.move(made, path)
    return path


def _go(name: str) -> str:
    go = shutil.which(os.environ.get("GO") or "go")
    remedy = f"install Go {_wanted(name)} or newer (Debian: golang-go), or set GO to a newer go command"
    if go is None:
        raise ToolError(f"Go is not installed, and {name} is built from Go modules: {remedy}")
    done = subprocess.run(
        [go, "env", "GOVERSION"], env=_environment(), capture_output=True, text=True, check=False
    )
    found = done.stdout.strip().removeprefix("go")
    if _numbers(found) < _numbers(_wanted(name)):
        raise ToolError(f"{go} is Go {found or 'of no known version'}, too old to build {name}: {remedy}")
    return go


def _environment() -> dict[str, str]:
    """GOTOOLCHAIN=local: Go would fetch another Go by itself otherwise."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}


def _flags(name: str) -> str:
    variable = TOOLS[name].version_variable
    return "-s -w" + (f" -X {variable}={_version(name)}" if variable else "")


def _version(name: str) -> str:
    return _of_go_mod(name, rf"{re.escape(TOOLS[name].module)} (v\S+)")


def _wanted(name: str) -> str:
    return _of_go_mod(name, r"^go (\S+)")


def _of_go_mod(name: str, pattern: str) -> str:
    found = re.search(pattern, (HERE / name / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ToolError(f"tools/{name}/go.mod has nothing like {pattern}")
    return found[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def main() -> None:
    """Build the named programs and print where they are."""
    parser = argparse.ArgumentParser(description="Build programs from pinned Go modules.")
    parser.add_argument("names", nargs="+", choices=sorted(TOOLS))
    for name in parser.parse_args().names:
        try:
            print(build(name))
        except ToolError as error:
            sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
