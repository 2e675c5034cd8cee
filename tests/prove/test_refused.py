"""Negative controls that no scheduler decides: the command refuses them before there is a plan to place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.harness import ROOT

CONTROLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "bf16 8B on a T4": (
        "small",
        {"vllm": {"engines": [{"repository": "meta-llama/Llama-3.1-8B-Instruct", "precision": "bf16"}]}},
        "vllm.engines[0].precision",
    ),
    "70B bf16 on two A100-40GB": (
        "enterprise",
        {
            "vllm": {
                "engines": [
                    {
                        "repository": "meta-llama/Llama-3.1-70B-Instruct",
                        "precision": "bf16",
                        "tensorParallelSize": 2,
                    }
                ]
            }
        },
        "vllm.engines[0]",
    ),
    "RDS gp3 100 GiB with 6,000 IOPS": (
        "medium",
        {"postgres": {"storageType": "gp3", "storageGib": 100, "iops": 6000}},
        "postgres.storageGib",
    ),
    "four workers at 40 replicas through one pool pod": (
        "enterprise",
        {"litellm": {"workers": 4, "maxReplicas": 40}, "pgbouncer": {"replicas": 1}},
        "pgbouncer.replicas",
    ),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_what_cannot_be_had_is_refused(name: str, tmp_path: Path) -> None:
    tier, config, path = CONTROLS[name]
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    settings = {"tier": tier, "cloud": "aws", "region": "us-east-1", **config}
    stack = {"config": {f"ai-gateway:{key}": value for key, value in settings.items()}}
    YAML(typ="safe").dump(stack, tmp_path / "Pulumi.control.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "fit", "control", "--project", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {path}: ")
