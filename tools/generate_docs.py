"""Write docs/sizing from the model: the guide's figures, a page per tier, and the providers' rules. These are
the reviewed golden.

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
from tools import docs_guide, docs_rules, docs_tier

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("docs") / "sizing"
DEFAULT_CLOUD = "aws"
"""The guide's own cloud; its pages have the tier's name alone."""


def pages() -> dict[str, str]:
    """File name to text of every generated page: the guide, the rules, and each tier on each cloud."""
    tiers = {_file(tier, cloud): docs_tier.document(tier, cloud) for cloud in CLOUDS for tier in Tier}
    return {"guide.md": docs_guide.document(), "cloud-rules.md": docs_rules.document(), **tiers}


def _file(tier: Tier, cloud: str) -> str:
    return f"{tier.value}.md" if cloud == DEFAULT_CLOUD else f"{cloud}-{tier.value}.md"


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Names of pages in ``folder`` that differ from ``wanted``, are missing, or should not be there."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


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
    parser = argparse.ArgumentParser(description="Generate docs/sizing from the sizing model.")
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        write(ROOT / FOLDER, pages())
        return 0
    different = stale(ROOT / FOLDER, pages())
    if different:
        print(
            f"stale in {FOLDER}: {', '.join(different)}. Run `make docs` and review the diff.",
            file=sys.stderr,
        )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
