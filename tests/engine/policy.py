"""The policy pack on the engine: its environment, and the program that the engine starts it with.

Pulumi's own distribution brings ``pulumi-analyzer-policy-python``, which the engine looks for on PATH and
calls with its address and the pack's directory; it is a shell script around ``python -m pulumi.policy``
(https://github.com/pulumi/pulumi, sdk/python/dist). The environment is that of docs/policy.md, in the cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.engine.stack import ROOT, EngineStack, Run
from tools.go_tool import cache

PACK: Final = ROOT / "policy"
ANALYZER: Final = "pulumi-analyzer-policy-python"


def environment() -> Path:
    """The directory of the pack's virtual environment, every package by its hash; made once."""
    requirements = PACK / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = cache() / f"policy-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / ANALYZER).is_file():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            pip += ["--disable-pip-version-check", "--require-hashes", "-r", str(requirements)]
            subprocess.run(pip, check=True)
            script = place / "analyzer"
            script.write_text(
                f'#!/bin/sh\nexec "{place}/bin/python" -u -m pulumi.policy "$1" "$2"\n', encoding="utf-8"
            )
            script.chmod(0o755)
            script.rename(place / ANALYZER)
    return place


def run(stack: EngineStack, *arguments: str) -> Run:
    """A command of Pulumi's with ``--policy-pack policy`` on a stack."""
    path = f"{environment()}:{stack.environment['PATH']}"
    return stack.run(*arguments, "--policy-pack", str(PACK), PATH=path)
