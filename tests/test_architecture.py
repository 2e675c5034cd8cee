"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
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
