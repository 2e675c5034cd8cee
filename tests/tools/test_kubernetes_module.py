"""The module of ``make prove``: pinned as the model says, built once, and clear about what is missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from sizing.clouds.aws.system import KUBERNETES_VERSION
from tests.prove import build


def test_the_scheduler_is_of_the_models_version() -> None:
    assert build.kubernetes_version().startswith(f"v{KUBERNETES_VERSION}.")


def test_every_staging_module_is_replaced_by_the_same_release() -> None:
    release = build.kubernetes_version().replace("v1.", "v0.", 1)
    replaced = re.findall(r"^\s*(k8s\.io/\S+) => (\S+) (\S+)$", (build.SOURCES / "go.mod").read_text(), re.M)
    assert len(replaced) > 25
    assert {version for _, _, version in replaced} == {release}
    assert all(module == target for module, target, _ in replaced)


def test_a_program_that_is_there_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_GATEWAY_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(build.BuildError, match=r"Go is not installed.*Install Go 1\.21 or newer"):
        build.program()
    there = build.folder() / build.PROGRAM
    there.parent.mkdir(parents=True)
    there.touch()
    assert build.program() == there
    assert there.is_relative_to(tmp_path)


def test_other_sources_are_another_program(tmp_path: Path) -> None:
    copy = tmp_path / "kubernetes"
    shutil.copytree(build.SOURCES, copy)
    assert build.folder(copy) == build.folder()
    (copy / "README.md").write_text("no source")
    assert build.folder(copy) == build.folder()
    (copy / "go.sum").write_text((copy / "go.sum").read_text() + "\n")
    assert build.folder(copy) != build.folder()


def test_the_cache_is_where_caches_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AI_GATEWAY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.folder().parent == tmp_path / "ai-gateway"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert build.folder().parent == Path.home() / ".cache" / "ai-gateway"
