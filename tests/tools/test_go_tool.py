"""Building from Go modules: where, once, and what is said when it cannot be done. A script plays Go."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from tools import go_tool
from tools.go_tool import ToolError, binary, build, built


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing else on it, and a cache of its own."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for program in ("sh", "cat", "touch"):
        (directory / program).symlink_to(shutil.which(program) or f"/bin/{program}")
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("AI_GATEWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GO", raising=False)
    return directory


def go(directory: Path, version: str, then: str = "") -> None:
    """A `go` that says its version, writes its arguments down, and makes the file after `-o`."""
    text = f"""#!/bin/sh
if [ "$1" = env ]; then echo go{version}; exit; fi
echo "$@" "$CGO_ENABLED" "$GOTOOLCHAIN" >> {directory}/calls
{then}
while [ "$1" != -o ]; do shift; done
echo made > "$2"
"""
    path = directory / "go"
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_it_is_built_once_with_the_pinned_version(bin_dir: Path) -> None:
    go(bin_dir, "1.99.0")
    path = build("pulumi")
    assert path == binary("pulumi") == built("pulumi") == build("pulumi")
    (call,) = (bin_dir / "calls").read_text(encoding="utf-8").splitlines()
    assert "-mod=readonly" in call
    assert call.endswith("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 0 local")
    assert "common/version.Version=v3." in call
    assert path.read_text(encoding="utf-8") == "made\n"
    assert [entry.name for entry in path.parent.parent.iterdir()] == [path.parent.name]


def test_without_go_the_message_says_how_to_get_it(bin_dir: Path) -> None:
    with pytest.raises(
        ToolError, match=r"Go is not installed.*install Go 1\.\d+\.\d+ or newer.*golang-go.*set GO"
    ):
        build("pulumi")


def test_an_old_go_is_refused_with_both_versions(bin_dir: Path) -> None:
    go(bin_dir, "1.19.8")
    with pytest.raises(ToolError, match=r"is Go 1\.19\.8, too old to build pulumi: install Go 1\.\d+"):
        build("pulumi")


def test_a_build_that_fails_leaves_nothing(bin_dir: Path) -> None:
    go(bin_dir, "1.99.0", "exit 3")
    with pytest.raises(ToolError, match="pulumi could not be built: go ended with status 3"):
        build("pulumi")
    assert not binary("pulumi").exists()
    with pytest.raises(ToolError, match=r"pulumi is not built: run `python -m tools.go_tool pulumi`"):
        built("pulumi")


def test_another_pin_is_another_place(bin_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = binary("pulumi")
    shutil.copytree(go_tool.HERE / "pulumi", tmp_path / "pulumi")
    monkeypatch.setattr(go_tool, "HERE", tmp_path)
    assert binary("pulumi") == before
    with (tmp_path / "pulumi" / "go.sum").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert binary("pulumi") != before


def test_main_prints_the_place_or_one_line(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["go_tool", "pulumi"])
    with pytest.raises(SystemExit) as ended:
        go_tool.main()
    assert str(ended.value.code).startswith("error: Go is not installed")
    go(bin_dir, "1.99.0")
    go_tool.main()
    assert capsys.readouterr().out == f"{binary('pulumi')}\n"
