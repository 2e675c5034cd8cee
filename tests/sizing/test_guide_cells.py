"""Every cell of the guide's tables 1.1 to 3.3 has a path in ``gateway size``: its value or a finding."""

from __future__ import annotations

from types import ModuleType

import pytest

from sizing.cells import Cell, guide_cells
from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure
from sizing.guide.cells import Tier
from sizing.report import size_report
from sizing.rules import differing_cells, value_at
from tests import harness
from tests.sizing.leaves import constants, mutations

CHAPTERS = (ch1_workload, ch2_components, ch3_infrastructure)
WITHOUT_PATH = {
    "section": "numbers a table",
    "title": "names a table",
    "low": "typical ranges are for reading; the planning factor is what counts",
    "high": "the same",
    "or_more": "the integer is the cell, a finding says that it is open (D1, D13)",
    "text": "the words of a Prometheus cell, whose figures are cells (D19, D20)",
    "burst_factor": "the comment that contradicts the block's maximum, which is the cell (D1)",
    "nodes": "of Redis: nodes are shards and replicas in the report (D15)",
}
TIERS = [tier.value for tier in Tier]


def _all_cells() -> list[dict[str, tuple[str, Cell]]]:
    return [guide_cells(tier) for tier in Tier]


@pytest.mark.parametrize("module", CHAPTERS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_no_field_of_the_guide_is_without_a_path(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    before, lost = _all_cells(), dict[str, str]()
    for name, value in constants(module).items():
        if name.endswith("SECTION"):
            continue
        for where, other in mutations(value, name):
            monkeypatch.setattr(module, name, other)
            field = where.rsplit(".", 1)[-1].split("[", 1)[0]
            if _all_cells() == before and field not in WITHOUT_PATH:
                lost[where] = field
        monkeypatch.setattr(module, name, value)
    assert lost == {}


def test_ranges_of_table_1_1_do_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """``low`` and ``high`` are exempt for the typical ranges of 1.2 only."""
    before = _all_cells()
    value = ch1_workload.PROFILES
    for where, other in mutations(value, "PROFILES"):
        if where.endswith((".low", ".high")):
            monkeypatch.setattr(ch1_workload, "PROFILES", other)
            assert _all_cells() != before, where


def test_nodes_of_postgres_and_vault_do_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """``nodes`` is exempt for Redis only."""
    before = _all_cells()
    for name in ("POSTGRES", "VAULT"):
        for where, other in mutations(value := getattr(ch2_components, name), name):
            if where.endswith(".nodes"):
                monkeypatch.setattr(ch2_components, name, other)
                assert _all_cells() != before, where
        monkeypatch.setattr(ch2_components, name, value)


@pytest.mark.parametrize("tier", TIERS)
def test_every_cell_is_in_the_report_or_has_a_finding(tier: str) -> None:
    plan = harness.plan(tier)
    report = size_report(plan)
    found = {finding.path: finding for finding in plan.findings}
    missing = {
        path: (cell, value_at(report, path))
        for path, (_, cell) in guide_cells(Tier(tier)).items()
        if value_at(report, path) != cell and path not in found
    }
    assert missing == {}


@pytest.mark.parametrize("tier", TIERS)
def test_findings_quote_the_cell_they_are_about(tier: str) -> None:
    """The guide's figure of a finding is its cell, in the path's unit, or the guide's own words."""
    plan, cells = harness.plan(tier), guide_cells(Tier(tier))
    for finding in plan.findings:
        if finding.path in cells:
            section, cell = cells[finding.path]
            assert finding.section in (section, "2.3", "3.3"), finding
            assert finding.guide == cell or isinstance(finding.guide, str), finding


@pytest.mark.parametrize("tier", TIERS)
def test_without_overrides_nothing_is_called_an_override(tier: str) -> None:
    plan = harness.plan(tier)
    assert not [finding for finding in plan.findings if finding.id == "override"]
    assert set(differing_cells(plan)) <= {finding.path for finding in plan.findings}


@pytest.mark.parametrize("tier", TIERS)
def test_requirements_stay_the_guides_apart_from_what_runs(tier: str) -> None:
    """Only what the contract calls "what runs" may differ from its cell in the report."""
    allowed = ("vllm.engines[", "litellm.max_replicas")
    assert [path for path in differing_cells(harness.plan(tier)) if not path.startswith(allowed)] == []


def test_sections_of_cells_are_those_of_the_chapters() -> None:
    sections = {section for tier in Tier for section, _ in guide_cells(tier).values()}
    tables = {
        getattr(value, "section", None)
        for module in CHAPTERS
        for name, value in constants(module).items()
        if not name.endswith("SECTION")
    }
    assert sections == (tables - {None}) | {ch2_components.INFERENCE_SECTION}
