"""docs/sizing is the reviewed golden: it is what the model says, and no figure of the guide is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.harness import ROOT
from tests.sizing.leaves import chapters, constants, mutations
from tools import docs_guide, generate_docs

FOLDER = ROOT / generate_docs.FOLDER
LEAST_FIGURES = 400
"""The guide has more; a walk that finds fewer has stopped somewhere."""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generate_docs.pages()


def test_committed_pages_are_what_the_model_says(pages: dict[str, str]) -> None:
    assert generate_docs.stale(FOLDER, pages) == [], "run `make docs` and review the diff"


def test_committed_documents_are_what_the_model_says(tmp_path: Path) -> None:
    documents = generate_docs.documents()
    assert generate_docs.stale_documents(ROOT / generate_docs.DOCS, documents) == [], "run `make docs`"
    assert generate_docs.stale_documents(tmp_path, documents) == sorted(documents)


def test_check_names_changed_missing_and_foreign_pages(tmp_path: Path) -> None:
    pages = {"guide.md": "500m", "small.md": "one", "large.md": "two"}
    generate_docs.write(tmp_path, pages)
    assert generate_docs.stale(tmp_path, pages) == []
    (tmp_path / "guide.md").write_text("501m", encoding="utf-8")
    (tmp_path / "small.md").unlink()
    (tmp_path / "tiny.md").write_text("", encoding="utf-8")
    assert generate_docs.stale(tmp_path, pages) == ["guide.md", "small.md", "tiny.md"]
    generate_docs.write(tmp_path, pages)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == pages


def test_pages_do_not_depend_on_the_machine(pages: dict[str, str]) -> None:
    elsewhere = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
    }
    program = "import json, sys; from tools.generate_docs import pages; json.dump(pages(), sys.stdout)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=elsewhere, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == pages


@pytest.mark.parametrize("module", chapters(), ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_every_figure_of_the_guide_is_on_the_page(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = "\n\n".join(docs_guide.chapter(module))
    assert part in docs_guide.document()
    unseen: list[str] = []
    for name, value in constants(module).items():
        for where, other in mutations(value, name):
            monkeypatch.setattr(module, name, other)
            if "\n\n".join(docs_guide.chapter(module)) == part:
                unseen.append(where)
        monkeypatch.setattr(module, name, value)
    assert unseen == []


def test_the_walk_reaches_the_whole_guide() -> None:
    found = [
        where for module in chapters() for n, v in constants(module).items() for where, _ in mutations(v, n)
    ]
    assert len(found) > LEAST_FIGURES
    assert len(set(found)) == len(found)
