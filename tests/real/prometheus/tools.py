"""The programs that these tests run: promtool from the system, amtool built from Go modules."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import ROOT

AMTOOL = ROOT / "tools" / "amtool"


@functools.cache
def promtool() -> str:
    """The path of promtool; without one the tests fail."""
    found = shutil.which("promtool")
    if found is None:
        pytest.fail(
            "promtool is missing: apt-get install prometheus (Debian), or put it on PATH", pytrace=False
        )
    return found


@functools.cache
def amtool() -> str:
    """The path of amtool of the version in tools/amtool, built once and kept outside the clone.

    The system's may be too old: Debian 12's does not know ``url_file`` of webhooks.
    """
    sources = b"".join((AMTOOL / name).read_bytes() for name in ("go.mod", "go.sum", "tools.go"))
    binary = _cache() / f"amtool-{hashlib.sha256(sources).hexdigest()[:12]}" / "amtool"
    if not binary.exists():
        go = shutil.which("go")
        if go is None:
            pytest.fail("go is missing: install Go 1.25 or newer to build amtool", pytrace=False)
        binary.parent.mkdir(parents=True, exist_ok=True)
        made = binary.with_name(f"amtool.{os.getpid()}")
        package = "github.com/prometheus/alertmanager/cmd/amtool"
        subprocess.run([go, "build", "-p", "2", "-o", str(made), package], cwd=AMTOOL, check=True)
        made.replace(binary)
    return str(binary)


def _cache() -> Path:
    own, shared = os.environ.get("AI_GATEWAY_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own)
    return (Path(shared) if shared else Path.home() / ".cache") / "ai-gateway"
