"""Where the real programs are. A missing one fails a test with one line that says how to get it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from tools import go_tool

ROOT = Path(__file__).resolve().parents[2]

INSTALL = "python -m tests.real.install"

POSTGRES_BINARIES = "/usr/lib/postgresql/*/bin"
"""Debian keeps the server's programs apart, by major version."""

PGBOUNCER_LEAST = (1, 21)
"""The first with ``max_prepared_statements`` (https://www.pgbouncer.org/changelog.html)."""


class MissingError(Exception):
    """A program that a test needs is not installed; the text says how to get it."""


def cache(name: str, *sources: Path) -> Path:
    """Directory outside the clone for something built from ``sources``: other sources are another
    directory."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return go_tool.cache() / f"{name}-{digest.hexdigest()[:16]}"


def missing(program: str, part: str) -> MissingError:
    return MissingError(f"{program} is not installed: run `{INSTALL} {part}`")


def command(name: str, part: str) -> str:
    """A program on PATH, or among PostgreSQL's own."""
    found = shutil.which(name) or _postgres(name)
    if found is None:
        raise missing(name, part)
    return found


def _postgres(name: str) -> str | None:
    """The newest major version's; PATH comes first, so that a developer's choice counts."""
    found = [path for path in Path("/").glob(f"{POSTGRES_BINARIES.lstrip('/')}/{name}") if path.is_file()]
    return str(max(found, key=lambda path: int(path.parts[-3]))) if found else None


def initdb() -> str:
    """Its directory holds the server that belongs to it; a link on PATH would not."""
    found = _postgres("initdb") or shutil.which("initdb")
    if found is None:
        raise missing("PostgreSQL (initdb)", "postgres")
    return found


def pgbouncer_cache() -> Path:
    """Depends on nothing of ours: a newer release replaces it when the directory is removed."""
    return cache("pgbouncer")


def pgbouncer() -> str:
    """A PgBouncer that knows prepared statements: the system's, or the one that was built."""
    for found in (shutil.which("pgbouncer"), str(pgbouncer_cache() / "pgbouncer")):
        if found is not None and Path(found).is_file() and version_of(found) >= PGBOUNCER_LEAST:
            return found
    raise missing(f"PgBouncer {'.'.join(map(str, PGBOUNCER_LEAST))} or newer", "pgbouncer")


def version_of(program: str) -> tuple[int, ...]:
    """Major and minor of what ``program --version`` prints."""
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def amtool() -> str:
    """Alertmanager's tool of the pinned version; the system's may be too old to know every key."""
    return _built("amtool", "amtool", "prometheus")


def _built(name: str, called: str, part: str) -> str:
    try:
        return str(go_tool.built(name))
    except go_tool.ToolError as error:
        raise missing(called, part) from error


LITELLM_REQUIREMENTS = ROOT / "tests" / "real" / "litellm" / "requirements.txt"


def litellm_venv() -> Path:
    return cache("litellm", LITELLM_REQUIREMENTS)


def litellm() -> str:
    """The proxy's command line, in an environment of its own."""
    found = litellm_venv() / "bin" / "litellm"
    if not (litellm_venv() / ".complete").is_file():
        raise missing("LiteLLM", "litellm")
    return str(found)


def otelcol() -> str:
    """The collector with the components that the configurations use."""
    return _built("otelcol", "the OpenTelemetry collector", "otel")
