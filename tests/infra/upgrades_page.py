"""docs/upgrades.md as it stands: the row of a pair of sizes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sizing.guide.cells import Tier
from tests.harness import ROOT
from tools.docs_upgrades import pair_name, title

PAGE: Final = (ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8")
ACTIONS: Final = ("create", "update", "replace", "delete")
"""In the order of the page's columns."""


class Row(NamedTuple):
    """What the page says of a pair; ``counts`` in the order of ``ACTIONS``."""

    refused: bool
    counts: list[int]


def row(cloud: str, base: Tier, head: Tier) -> Row:
    """The row of a pair. AssertionError when there is not exactly one."""
    part = PAGE.partition(f"\n## {title(cloud)}\n")[2].partition("\n## ")[0]
    cells = r" \| ".join([re.escape(pair_name(base, head)), "(in place|refused)", *[r"(\d+)"] * len(ACTIONS)])
    ((verdict, *counts),) = re.findall(rf"^\| {cells} \|", part, re.MULTILINE)
    return Row(verdict == "refused", [int(count) for count in counts])
