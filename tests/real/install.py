"""Install what the tests of real programs need: `python -m tests.real.install [part ...]`, all parts by
default.

Debian packages when root, environments and builds into a cache outside the clone. What is there already is
left alone, so a second run does nothing. Exit status 1 and one line per missing thing when something cannot
be installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.real import programs
from tools import go_tool

PACKAGES: Mapping[str, Mapping[str, str]] = {
    "postgres": {"psql": "postgresql-client", "initdb": "postgresql", "openssl": "openssl"},
    "pgbouncer": {"pgbench": "postgresql", "openssl": "openssl"},
    "litellm": {"redis-server": "redis-server", "redis-cli": "redis-tools", "openssl": "openssl"},
    "otel": {"go": "golang-go"},
    "prometheus": {"promtool": "prometheus", "go": "golang-go"},
    "workflows": {"shellcheck": "shellcheck", "go": "golang-go"},
}
"""Part -> program -> the Debian package that brings it. A part whose tests need no more needs no more
here."""

BUILD_PACKAGES = ("gcc", "make", "pkg-config", "libevent-dev", "libssl-dev", "dpkg-dev", "ca-certificates")

NEWER_SUITE = "trixie"
"""The Debian release whose PgBouncer (1.24) knows prepared statements. Its source is built: its binary needs
a newer C library than the release before has."""


class CannotError(Exception):
    """Something is missing and cannot be installed here; the text says what to do."""


def run(*argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run quietly; the output is shown when it fails."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise CannotError(f"`{' '.join(argv)}` failed with {done.returncode}:\n{tail}")


def apt_get(*packages: str) -> None:
    """Install Debian packages. Raises CannotError with the command when not root."""
    if shutil.which("apt-get") is None:
        raise CannotError(f"install with your package manager: {' '.join(packages)}")
    if os.geteuid() != 0:
        raise CannotError(f"run as root: apt-get install --no-install-recommends {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=quiet)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=quiet)


def debian(part: str) -> None:
    """The part's packages whose programs are not there. Debian starts servers; those of the tests are their
    own."""
    wanted = set[str]()
    for program, package in PACKAGES[part].items():
        try:
            programs.initdb() if program == "initdb" else programs.command(program, part)
        except programs.MissingError:
            wanted.add(package)
    if wanted:
        print(f"{part}: installing {' '.join(sorted(wanted))}", flush=True)
        apt_get(*sorted(wanted))


def postgres() -> None:
    debian("postgres")


def pgbouncer() -> None:
    """The system's package when it is new enough, else the next release's source, built."""
    debian("postgres")
    debian("pgbouncer")
    try:
        programs.pgbouncer()
    except programs.MissingError:
        print("pgbouncer: building a newer one", flush=True)
        _build_pgbouncer(programs.pgbouncer_cache())


def _build_pgbouncer(target: Path) -> None:
    if shutil.which("gcc") is None or shutil.which("dpkg-source") is None or not _libraries():
        apt_get(*BUILD_PACKAGES)
    with tempfile.TemporaryDirectory() as scratch:
        source = _source(Path(scratch))
        run("./configure", "--disable-debug", "--without-pam", cwd=source)
        run("make", "-j2", "pgbouncer", cwd=source)
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / "pgbouncer", target / "pgbouncer")


def _libraries() -> bool:
    done = subprocess.run(["pkg-config", "--exists", "libevent", "libssl"], capture_output=True)
    return done.returncode == 0


def _source(scratch: Path) -> Path:
    """PgBouncer's source as Debian packs it, from the mirror and with the keys that this system's apt
    uses."""
    sources = scratch / "newer.sources"
    sources.write_text(_newer_sources(), encoding="utf-8")
    lists, archives = scratch / "lists", scratch / "archives"
    for directory in (lists / "partial", archives / "partial"):
        directory.mkdir(parents=True)
    options = [
        *("-o", "Dir::Etc::sourceparts=/dev/null", "-o", f"Dir::Etc::sourcelist={sources}"),
        *("-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache::archives={archives}"),
        *("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-o", "APT::Sandbox::User="),
    ]
    run("apt-get", *options, "update", "-qq")
    run("apt-get", *options, "source", "-qq", "pgbouncer", cwd=scratch)
    return next(path for path in scratch.glob("pgbouncer-*") if path.is_dir())


def _newer_sources() -> str:
    """The system's own archive, with the newer suite for the current one."""
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for stanza in path.read_text().split("\n\n"):
            lines = (line for line in stanza.splitlines() if ":" in line and line[0] not in "# ")
            fields = {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}
            if fields.get("URIs", "").rstrip("/").endswith("/debian"):
                return _stanza(fields["URIs"], fields.get("Signed-By", ""))
    for line in Path("/etc/apt/sources.list").read_text().splitlines() if _plain_list() else ():
        words = [word for word in line.split() if not word.startswith("[")]
        if words[:1] == ["deb"] and words[1].rstrip("/").endswith("/debian"):
            return _stanza(words[1], "")
    raise CannotError(
        f"no Debian archive among apt's sources: install PgBouncer {programs.PGBOUNCER_LEAST} yourself"
    )


def _plain_list() -> bool:
    return Path("/etc/apt/sources.list").is_file()


def _stanza(uri: str, signed_by: str) -> str:
    key = f"Signed-By: {signed_by}\n" if signed_by else ""
    return f"Types: deb-src\nURIs: {uri}\nSuites: {NEWER_SUITE}\nComponents: main\n{key}"


def litellm() -> None:
    """LiteLLM's own environment, every package by its hash. --no-deps: the file is the whole list, and one
    package of it is not the release that LiteLLM names (tests/real/litellm/overrides.txt)."""
    debian("litellm")
    target = programs.litellm_venv()
    if (target / ".complete").is_file():
        return
    print("litellm: making its environment", flush=True)
    shutil.rmtree(target, ignore_errors=True)
    run(sys.executable, "-m", "venv", str(target))
    pip = (str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--require-hashes", "-r", str(programs.LITELLM_REQUIREMENTS))
    (target / ".complete").touch()


def otel() -> None:
    """The collector, built from Go modules with the checksums of tools/otelcol/go.sum."""
    debian("otel")
    _build("otelcol")


def prometheus() -> None:
    """promtool from the system; amtool from Go modules with the checksums of tools/amtool/go.sum."""
    debian("prometheus")
    _build("amtool")


def _build(name: str) -> None:
    try:
        go_tool.build(name)
    except go_tool.ToolError as error:
        raise CannotError(str(error)) from error


def workflows() -> None:
    """shellcheck from the system, which actionlint asks about scripts; actionlint from Go modules."""
    debian("workflows")
    _build("actionlint")


PARTS: Mapping[str, Callable[[], None]] = {
    "postgres": postgres,
    "pgbouncer": pgbouncer,
    "litellm": litellm,
    "otel": otel,
    "prometheus": prometheus,
    "workflows": workflows,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]}: choose among {', '.join(PARTS)}")
    failed = False
    for part in wanted:
        try:
            PARTS[part]()
        except CannotError as error:
            failed = True
            print(f"{part}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
