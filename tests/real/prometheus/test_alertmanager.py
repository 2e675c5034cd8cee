"""Alertmanager's own tool accepts the configuration, and each severity reaches its receiver."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from components.kubernetes.alertmanager import routing_config
from sizing.specs import AlertRoutingSpec
from tests.components.kubernetes.test_alerts import ROUTING
from tests.real.prometheus.tools import amtool


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([amtool(), *arguments], capture_output=True, text=True, check=False)


def _config(folder: Path, routing: AlertRoutingSpec) -> str:
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(routing_config(routing), sort_keys=False), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("routing", [ROUTING, AlertRoutingSpec()], ids=["receivers", "nobody"])
def test_configuration_is_valid(tmp_path: Path, routing: AlertRoutingSpec) -> None:
    done = _run("check-config", _config(tmp_path, routing))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(routing.receivers) + 1} receivers" in done.stdout


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=critical", "alertname=VaultSealed"], "oncall"),
        (["severity=warning", "alertname=VaultSealed"], "chat"),
        (["severity=info", "alertname=GpuBusy"], "mail"),
        (["severity=none", "alertname=Watchdog"], "null"),
        (["severity=warning", "alertname=InfoInhibitor"], "null"),
        (["alertname=Unlabelled"], "null"),
    ],
)
def test_alerts_go_to_their_receiver(tmp_path: Path, labels: list[str], receiver: str) -> None:
    done = _run("config", "routes", "test", f"--config.file={_config(tmp_path, ROUTING)}", *labels)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == receiver


def test_a_wrong_configuration_is_refused(tmp_path: Path) -> None:
    path = Path(_config(tmp_path, ROUTING))
    path.write_text(
        path.read_text(encoding="utf-8").replace("routing_key_file", "routing_file"), encoding="utf-8"
    )
    assert _run("check-config", str(path)).returncode != 0
