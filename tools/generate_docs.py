"""Write docs/sizing from the model (the guide's figures, a page per tier, the providers' rules), and what
else in docs follows from it. These are the reviewed golden.

    python -m tools.generate_docs [--check]

``--check`` writes nothing and fails when a page is missing, stale or not one of ours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.clouds import CLOUDS
from sizing.guide.cells import Tier
from tools import (
    docs_failures,
    docs_guide,
    docs_network,
    docs_privileges,
    docs_rules,
    docs_tier,
    docs_timeline,
    docs_upgrades,
)

ROOT = Path(__file__).resolve().parent.parent
DOCS = Path("docs")
FOLDER = DOCS / "sizing"
DEFAULT_CLOUD = "aws"
"""The guide's own cloud; its pages have the tier's name alone."""


def pages() -> dict[str, str]:
    """File name to text of every generated page: the guide, the rules, and each tier on each cloud."""
    tiers = {_file(tier, cloud): docs_tier.document(tier, cloud) for cloud in CLOUDS for tier in Tier}
    return {"guide.md": docs_guide.document(), "cloud-rules.md": docs_rules.document(), **tiers}


def documents() -> dict[str, str]:
    """Pages directly below docs, among those that people write: file name to text."""
    return {
        "failures.md": docs_failures.document(),
        "network.md": docs_network.document(),
        "privileges.md": docs_privileges.document(),
        "timeline.md": docs_timeline.document(),
        "upgrades.md": docs_upgrades.document(),
    }


def _file(tier: Tier, cloud: str) -> str:
    return f"{tier.value}.md" if cloud == DEFAULT_CLOUD else f"{cloud}-{tier.value}.md"


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Names of pages in ``folder`` that differ from ``wanted``, are missing, or should not be there."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def stale_documents(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Names of ``wanted`` that ``folder`` does not have, or has otherwise; it may have more."""
    return sorted(
        name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    )


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write the pages and remove what is no longer one."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """The command: exit 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description="Generate pages of docs from the sizing model.")
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        write(ROOT / FOLDER, pages())
        for name, text in documents().items():
            (ROOT / DOCS / name).write_text(text, encoding="utf-8", newline="\n")
        return 0
    found = {FOLDER: stale(ROOT / FOLDER, pages()), DOCS: stale_documents(ROOT / DOCS, documents())}
    for folder, names in found.items():
        if names:
            print(
                f"stale in {folder}: {', '.join(names)}. Run `make docs` and review the diff.",
                file=sys.stderr,
            )
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
