"""Building from Go modules: where, once, and what is said when it cannot be done. A script plays Go."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from tools import go_tool
from tools.go_tool import TOOLS, ToolError, binary, build, built, version


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing else on it, and a cache of its own."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for program in ("sh", "cat", "touch"):
        (directory / program).symlink_to(shutil.which(program) or f"/bin/{program}")
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("AI_GATEWAY_CACHE", str(tmp_path / "cache"))
    for variable in ("GO", "GOTOOLCHAIN"):
        monkeypatch.delenv(variable, raising=False)
    return directory


def go(directory: Path, found: str, then: str = "") -> None:
    """A `go` that says its version, writes its arguments down, and makes the file after `-o`."""
    text = f"""#!/bin/sh
if [ "$1 $2" = "env GOVERSION" ]; then echo go{found}; exit; fi
if [ "$1 $2" = "env GOTOOLCHAIN" ]; then echo "${{GOTOOLCHAIN:-auto}}"; exit; fi
echo "$@" "$CGO_ENABLED" "$PWD" >> {directory}/calls
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
    assert call.endswith(f"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi 0 {go_tool.HERE / 'pulumi'}")
    assert "common/version.Version=v3." in call
    assert path.read_text(encoding="utf-8") == "made\n"
    assert [entry.name for entry in path.parent.parent.iterdir()] == [path.parent.name]
    assert {entry.name for entry in path.parent.iterdir()} == {"pulumi", "lock"}


@pytest.mark.parametrize("name", TOOLS)
def test_every_program_is_built_with_the_version_that_its_module_pins(bin_dir: Path, name: str) -> None:
    go(bin_dir, "1.99.0")
    assert build(name).name == name
    (call,) = (bin_dir / "calls").read_text(encoding="utf-8").splitlines()
    stamps = dict(
        word.split("=") for word in call.split() if word.startswith(("github.com", "k8s.io")) and "=" in word
    )
    pinned = version(name)
    major, minor = pinned.removeprefix("v").split(".")[:2]
    if name == "kubernetes":
        package = "k8s.io/component-base/version"
        assert stamps == {
            f"{package}.gitVersion": pinned,
            f"{package}.gitMajor": major,
            f"{package}.gitMinor": minor,
        }
    else:
        assert set(stamps.values()) <= {pinned}


def test_the_folders_of_tools_are_those_that_can_be_built() -> None:
    assert {path.parent.name for path in go_tool.HERE.glob("*/go.mod")} == set(TOOLS)


def test_without_go_the_message_says_how_to_get_it(bin_dir: Path) -> None:
    with pytest.raises(
        ToolError, match=r"^Go is not installed.*install Go 1\.21 or newer.*golang-go.*set GO.*$"
    ):
        build("pulumi")


@pytest.mark.parametrize("name", TOOLS)
def test_a_go_that_cannot_fetch_a_newer_one_is_refused(bin_dir: Path, name: str) -> None:
    go(bin_dir, "1.20.14")
    with pytest.raises(
        ToolError, match=rf"^\S+/go is Go 1\.20\.14, too old to build {name}: install Go 1\.21.*$"
    ):
        build(name)
    assert not binary(name).parent.exists()


def test_what_is_no_go_is_refused(bin_dir: Path) -> None:
    (bin_dir / "go").symlink_to(bin_dir / "cat")
    with pytest.raises(ToolError, match=r"^\S+/go is Go of no known version, too old to build pulumi"):
        build("pulumi")


def test_go_fetches_the_newer_go_that_a_module_wants(bin_dir: Path) -> None:
    go(bin_dir, "1.21.0")
    assert build("pulumi").is_file()


def test_unless_it_may_not(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(bin_dir, "1.21.0")
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    with pytest.raises(
        ToolError, match=r"is Go 1\.21\.0, pulumi needs 1\.\S+, and GOTOOLCHAIN=local.*unset GOTOOLCHAIN"
    ):
        build("pulumi")
    go(bin_dir, "1.99.0")
    assert build("pulumi").is_file()


def test_a_build_that_fails_leaves_nothing(bin_dir: Path) -> None:
    go(bin_dir, "1.99.0", "echo main.go:7: something is wrong >&2; exit 3")
    with pytest.raises(
        ToolError, match=r"pulumi could not be built: go ended with status 3\nmain.go:7: something"
    ):
        build("pulumi")
    assert [entry.name for entry in binary("pulumi").parent.iterdir()] == ["lock"]
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


def test_what_is_no_source_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = binary("kubernetes")
    shutil.copytree(go_tool.HERE / "kubernetes", tmp_path / "kubernetes")
    monkeypatch.setattr(go_tool, "HERE", tmp_path)
    (tmp_path / "kubernetes" / "README.md").write_text("no source", encoding="utf-8")
    assert binary("kubernetes") == before


def test_the_cache_is_where_caches_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AI_GATEWAY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert binary("amtool").parent.parent == tmp_path / "ai-gateway"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert binary("amtool").parent.parent == Path.home() / ".cache" / "ai-gateway"


def test_a_cache_that_cannot_be_written_is_one_line(
    bin_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AI_GATEWAY_CACHE", str(tmp_path / "file"))
    go(bin_dir, "1.99.0")
    with pytest.raises(ToolError, match=r"^\S+/file/pulumi-\w+: Not a directory: set AI_GATEWAY_CACHE to"):
        build("pulumi")


def test_main_prints_the_place_or_one_line(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["go_tool", "pulumi"])
    with pytest.raises(SystemExit) as ended:
        go_tool.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: Go is not installed")
    go(bin_dir, "1.99.0")
    go_tool.main()
    assert capsys.readouterr().out == f"{binary('pulumi')}\n"
