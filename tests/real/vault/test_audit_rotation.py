"""The script that keeps Vault's audit file within its volume, in a real shell, beside a real writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.files import script

LIMIT_S = 120

SERVER = """
import signal, sys, time
path, line = sys.argv[1], b"x" * 1023 + b"\\n"
def opened(*_):
    global file
    file = open(path, "ab", buffering=0)
opened()
signal.signal(signal.SIGHUP, opened)
end = time.monotonic() + 120
while time.monotonic() < end:
    file.write(line)
    time.sleep(0.001)
"""
"""Writes until it is stopped, and opens its file anew on SIGHUP, as Vault does."""


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Path]:
    """A file that a server fills and the script rotates. ``pidof`` is a stand-in that knows this server and a
    second process, which is no server and must not be signalled: the signal would end it."""
    path, tools = tmp_path / "audit.log", tmp_path / "bin"
    tools.mkdir()
    with ExitStack() as stack:

        def started(*command: str, **changes: Any) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(list(command), **changes)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        server = started(sys.executable, "-c", SERVER, str(path), "vault server -config=x")
        person = started(sys.executable, "-c", f"import time; time.sleep({LIMIT_S})", "vault kv put")
        (tools / "pidof").write_text(f"#!/bin/sh\necho {person.pid} {server.pid}\n")
        (tools / "pidof").chmod(0o755)
        environment = {
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "AUDIT_FILE": str(path),
            "MAX_KIB": "64", "KEEP": "3", "CHECK_S": "1", "RELOAD_S": "86400",
        }  # fmt: skip
        started("/bin/sh", "-c", script("rotate_audit.sh"), env=environment)
        yield path
        assert person.poll() is None
        assert server.poll() is None


def test_the_audit_file_stays_within_its_bound_and_goes_on(audit: Path) -> None:
    """Waits until the oldest kept file has been replaced: then more was written than is kept."""
    kept = [audit.with_name(f"audit.log.{number}") for number in (1, 2, 3)]
    end = time.monotonic() + LIMIT_S
    seen: set[int] = set()
    while len(seen) < 2:
        assert time.monotonic() < end, "the script has not rotated"
        if kept[-1].exists():
            seen.add(kept[-1].stat().st_ino)
        time.sleep(0.05)
    while not audit.exists() or audit.stat().st_size == 0:  # the server goes on in a new file
        assert time.monotonic() < end, "the server still writes to a file that was moved away"
        time.sleep(0.05)
    names = {file.name for file in audit.parent.glob("audit.log*")}
    assert names == {"audit.log", *(file.name for file in kept)}
    assert all(file.stat().st_size >= 64 * 1024 for file in kept)
