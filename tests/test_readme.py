"""What README.md and docs say of the program is so: preview, sizes and quotas, the stack file, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML

from components.kubernetes.images import LITELLM
from infra.clouds import CLOUDS
from infra.planning import plan_of
from infra.settings import Settings
from infra.stackfile import namespace_values, read_text
from tests.harness import ROOT
from tools import go_tool, readme

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
PATH = re.compile(r"`((?:\.ci|sizing|components|infra|cli|tests|tools|docs)/[\w./*-]*)`")
MADE_UP_KEYS = {"secrets.rotate", "tags"}
"""Objects whose keys are the user's own."""


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _block(page: str, name: str) -> str:
    return _text(page).split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def _example() -> str:
    return _block("docs/stack-file.md", "stack file").removeprefix("```yaml\n").removesuffix("```\n")


BLOCKS = [(page, name) for page, blocks in readme.PAGES.items() for name in blocks]


@pytest.mark.parametrize(("page", "name"), BLOCKS)
def test_generated_parts_are_current(page: str, name: str) -> None:
    made = readme.PAGES[page][name]()
    assert _block(page, name) == f"{made}\n", "run `python -m tools.readme` and review the diff"


def test_short_example_can_be_planned() -> None:
    """The one of README.md: what a reader copies first."""
    text = _text("README.md").split("```yaml\n")[1].split("```\n")[0]
    assert plan_of(read_text(text, "README.md")).requirements.litellm.replicas == 6


def test_a_missing_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="no block"):
        readme.written("nothing here", {"preview": "x"})


def test_example_stack_can_be_planned() -> None:
    settings = read_text(_example(), "the example")
    plan = plan_of(settings)
    assert plan.requirements.litellm.replicas == settings.litellm.replicas == 6


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{to_camel(name)}"
        yield path
        inner = _model(field.annotation)
        if inner is not None:
            yield from _keys(inner, f"{path}.")


def _model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, (_model(a) for a in getattr(annotation, "__args__", ()))), None)


def _written(value: object, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _written(item, prefix)
    elif isinstance(value, dict):
        for key, item in value.items():
            path = f"{prefix}{key}"
            yield path
            if path not in MADE_UP_KEYS:
                yield from _written(item, f"{path}.")


def test_example_stack_has_every_key() -> None:
    example = namespace_values(YAML(typ="safe", pure=True).load(_example()), "the example")
    assert sorted(set(_written(example))) == sorted(_keys(Settings))


def _pinned(file: str, package: str) -> str:
    """An exact version of a requirements file."""
    found = re.search(
        rf"^{re.escape(package)}==(\S+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found, f"{file} does not pin {package}"
    return found[1]


def test_limits_name_the_versions_that_are_tested_and_those_that_run() -> None:
    limits = " ".join(_text("README.md").split("\n## Limits\n")[1].split("\n## ")[0].split())
    engine, sdk = go_tool.version("pulumi").removeprefix("v"), _pinned("requirements.in", "pulumi")
    assert f"`make engine` builds Pulumi {engine}," in limits
    assert f"for a program on the SDK {sdk}." in limits
    assert (
        f"`make real` runs LiteLLM {_pinned('tests/real/litellm/requirements.in', 'litellm[proxy]')},"
        in limits
    )
    assert f"a stack gets the image {LITELLM.tag}." in limits


def test_the_steps_ask_for_a_pulumi_that_is_not_older_than_the_sdk() -> None:
    pages = "".join(_text(page) for page in readme.PAGES)
    asked = re.findall(r"Pulumi CLI(?:\]\S+)?,? ([0-9.]+) or newer", pages)
    assert asked == [_pinned("requirements.in", "pulumi").rpartition(".")[0]] * len(CLOUDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_pages_name_exist(page: Path) -> None:
    for name in PATH.findall(page.read_text(encoding="utf-8")):
        assert list(ROOT.glob(name.rstrip("/"))), name


def test_decisions_that_are_cited_are_explained() -> None:
    """Every D in code and pages is a row of docs/decisions.md, and every row is cited by the code."""
    explained = re.findall(r"^\| (D\d+) \|", _text("docs/decisions.md"), re.MULTILINE)
    sources = [
        path for room in ("sizing", "components", "infra", "cli") for path in (ROOT / room).rglob("*.py")
    ]
    code = {name for path in sources for name in _cited(path)}
    assert explained == sorted(
        code | {name for path in PAGES for name in _cited(path)}, key=lambda d: int(d[1:])
    )
    assert code == set(explained)


def _cited(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    ranges = re.findall(r"\bD(\d+) to D(\d+)\b", text)
    between = {f"D{number}" for first, last in ranges for number in range(int(first), int(last) + 1)}
    return between | set(re.findall(r"\bD[1-9]\d?\b", text))
