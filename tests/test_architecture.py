"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra.settings import Settings
from sizing.guide.cells import Tier
from tests.harness import ROOT

CODE = ("sizing", "components", "infra", "cli", "policy", "tools")
TIER_WORDS = re.compile(rf"\b({'|'.join(Tier)})\b", re.IGNORECASE)
MOST_LINES, MOST_FUNCTION_LINES = 330, 60


def _files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def _names_and_values(tree: ast.AST) -> list[str]:
    """Identifiers and string constants, docstrings and comments left out: those may speak of sizes."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    words: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            words.append(node.value)
        elif isinstance(node, ast.Name):
            words.append(node.id)
        elif isinstance(node, ast.Attribute):
            words.append(node.attr)
    return words


@pytest.mark.parametrize("path", _files("components"), ids=lambda p: p.name)
def test_components_know_no_tier(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""  # free-standing strings document the line above
    assert [word for word in _names_and_values(tree) if TIER_WORDS.fullmatch(word)] == []


@pytest.mark.parametrize("path", _files(*CODE), ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_project_file_declares_the_settings_that_need_it() -> None:
    """Required and scalar settings are declared with the model's description and default, nothing else is."""
    project = YAML(typ="safe", pure=True).load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
    declared = {key: value for key, value in project["config"].items() if key.startswith("ai-gateway:")}
    expected: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        if field.description is None or (field.default is None and not field.is_required()):
            continue
        entry: dict[str, object] = {"type": "string", "description": field.description}
        if not field.is_required():
            entry["default"] = field.default
        expected[f"ai-gateway:{name}"] = entry
    assert declared == expected


def test_every_tier_has_a_stack_file() -> None:
    assert sorted(p.name for p in ROOT.glob("Pulumi.*.yaml")) == sorted(
        f"Pulumi.{tier}.yaml" for tier in Tier
    )


SIMULATOR_MAY_IMPORT = {*sys.stdlib_module_names, "google", "grpc", "pulumi"}
"""Beside itself. The SDKs' argument types are loaded by name (`arguments.PACKAGES`)."""


def _imported(path: Path) -> set[str]:
    """What a module imports anywhere in it, by full name."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {f"{'.' * n.level}{n.module or ''}" for n in nodes if isinstance(n, ast.ImportFrom)}


@pytest.mark.parametrize(
    "path", [*_files("tests/engine/simulator"), ROOT / "tests/engine/aliases.py"], ids=lambda p: p.name
)
def test_the_simulated_clouds_share_no_code_with_what_they_check(path: Path) -> None:
    """What both got from one place would agree with itself, right or wrong."""
    own = "tests.engine.simulator"
    others = {name for name in _imported(path) if name != own and not name.startswith(f"{own}.")}
    assert {name.partition(".")[0] for name in others} <= SIMULATOR_MAY_IMPORT


def test_the_simulated_clouds_load_nothing_of_the_program() -> None:
    """By name neither, nor through something else."""
    code = "import sys, tests.engine.simulator.servers\nprint(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "grpc" in loaded
    assert loaded & {*CODE} == set()
