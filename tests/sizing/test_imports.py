"""The model is plain Python: planning loads no Pulumi, and importing it reads nothing but its own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT

OURS = ("sizing", "infra.settings", "infra.stackfile", "infra.planning", "infra.clouds")

LOADED = """
import json, sys
import sizing, infra.settings, infra.stackfile, infra.planning
stack = infra.stackfile.read_text("config:\\n  ai-gateway:tier: small\\n", "Pulumi.x.yaml")
infra.planning.plan_of(stack)
json.dump(sorted(sys.modules), sys.stdout)
"""

OPENED = """
import importlib, json, pkgutil, sys
import csv, pydantic, ruamel.yaml, importlib.resources  # their files are not ours
opened, touched = [], []

def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.append(str(arguments[0]))
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.mkdir", "os.remove")):
        touched.append(event)

names = ["sizing", *(m.name for m in pkgutil.walk_packages(["sizing"], "sizing."))]
names += ["infra.settings", "infra.stackfile", "infra.planning", "infra.clouds"]
opened.clear()
sys.addaudithook(hook)
for name in names:
    importlib.import_module(name)
imported = list(opened)
opened.clear()
from infra.planning import plan_of
from infra.settings import load
plan_of(load({"tier": "enterprise"}))
json.dump({"names": names, "imported": imported, "planned": opened, "touched": touched}, sys.stdout)
"""


def _run(program: str) -> object:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_planning_loads_no_pulumi_and_no_network() -> None:
    modules = _run(LOADED)
    assert isinstance(modules, list)
    assert [name for name in modules if name.split(".")[0].startswith("pulumi")] == []
    assert [
        name for name in modules if name.split(".")[0] in ("components", "grpc", "requests", "rich")
    ] == []
    assert {"sizing.plan", "sizing.clouds.aws.provider", "infra.planning"} <= set(modules)


def test_importing_opens_code_only_and_planning_the_catalogue() -> None:
    found = _run(OPENED)
    assert isinstance(found, dict)
    assert {"sizing.plan", "sizing.clouds.aws.network", "sizing.guide.ch5_capacity"} <= set(found["names"])
    data = [
        path for path in found["imported"] if not path.endswith((".py", ".pyc")) and not Path(path).is_dir()
    ]
    assert data == [], "read at import"
    catalogues = [Path(path) for path in found["planned"] if not path.endswith((".py", ".pyc"))]
    assert catalogues, "the plan reads the catalogue"
    assert all(path.suffix in (".csv", ".pem") and path.parent.name == "catalog" for path in catalogues)
    assert all(path.is_relative_to(ROOT / "sizing") for path in catalogues)
    assert len(catalogues) == len(set(catalogues)), "each table is read once"
    assert found["touched"] == []
