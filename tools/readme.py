"""The parts of README.md and of two pages that are facts about the program: a real preview, sizes, quotas.

``python -m tools.readme`` writes them between their comments (``<!-- preview -->``), ``--check`` compares.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cli.figures import figure
from cli.main import main as gateway
from cli.quotas import raise_of
from infra.planning import plan_of, quotas_of, relocated
from infra.stackfile import read
from sizing.guide.cells import Tier
from sizing.plan import Plan
from sizing.report import size_report

ROOT = Path(__file__).resolve().parent.parent
STACK = "large"
SHOWN = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^{STACK}  ",
        r"^.── (cloud|litellm|vllm) ",
        r"── eks\.Cluster  ",
        r"ManagedNodeGroup  [cg]pu-a",
        r"── aws\.rds\.Instance",
        r"│ +backups kept",
        r"── aws\.elasticache\.ReplicationGroup",
        r"│ +.*snapshots kept",
        r"── Helm release  (litellm|vllm) ",
        r" (gateway|\+ metricsServer|router|llama-[\w-]+) .*cpu .*memory",
        r"── ScaledObject",
        r"^Findings: ",
        r"^ +\d+  (changed|interpreted|risk|conflict) ",
    )
)
"""Lines of the preview that are worth a reader's time; the others become one line with three dots."""

GPU_QUOTA = "L-DB2E81BA"
POOLS = ("cpu_nodes", "gpu_nodes")
STANDBY = {"aws": "Multi-AZ", "gcp": "REGIONAL"}
"""What each cloud calls a standby in a second zone."""
QUOTAS = {
    "aws": {"L-1216C47A": "Standard", "L-DB2E81BA": "G and VT", "L-417A185B": "P"},
    "gcp": dict.fromkeys(("N2_CPUS", "A2_CPUS", "NVIDIA_L4_GPUS", "NVIDIA_A100_GPUS", "SSD_TOTAL_GB"), ""),
}
"""Quotas that a new account has too little of, by code, with a name where the code has no meaning."""


def preview() -> str:
    """A part of the real output of ``gateway preview``, as a code block."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = gateway(["preview", STACK, "--project", str(ROOT)])
    if status != 0:
        raise RuntimeError(f"gateway preview {STACK} ended with {status}")
    return "\n".join(["```", *_excerpt(printed.getvalue().splitlines()), "```"])


def _excerpt(lines: list[str]) -> Iterator[str]:
    left_out = False
    for line in lines:
        if any(pattern.search(line) for pattern in SHOWN):
            if left_out:
                yield "..."
            left_out = False
            yield line
        else:
            left_out = True


def _plan(tier: Tier, cloud: str) -> Plan:
    return plan_of(relocated(read(ROOT, tier.value), cloud, None))


def sizes(cloud: str) -> str:
    """What every tier is for and made of, in a line each."""
    rows = [
        "| Stack | Requests/s | CPU nodes | GPU nodes | Database | Read replicas"
        " | Cache, shards x replicas |",
        "|---|---|---|---|---|---|---|",
    ]
    for tier in Tier:
        report = size_report(_plan(tier, cloud))
        cluster, postgres, redis = report["cluster"], report["order"]["postgres"], report["order"]["redis"]
        cells = (
            figure("", report["workload"]["requests_per_second"]),
            *(f"{cluster[pool]['desired']} x {cluster[pool]['machine_type']}" for pool in POOLS),
            f"{postgres['instance_class']}{f', {STANDBY[cloud]}' if postgres['multi_az'] else ''}",
            str(postgres["read_replicas"]),
            f"{redis['node_type']}, {redis['shards']} x {redis['replicas_per_shard']}",
        )
        rows.append(f"| {tier.value} | {' | '.join(cells)} |")
    return "\n".join(rows)


def quotas(cloud: str) -> str:
    """What every tier takes of the quotas that matter, at the start and at most."""
    titles = [f"{name} ({code}), start / most" if name else code for code, name in QUOTAS[cloud].items()]
    rows = [f"| Stack | {' | '.join(titles)} |", f"|---|{'---|' * len(titles)}"]
    for tier in Tier:
        found = {need.code: f"{need.now} / {need.most}" for need in quotas_of(_plan(tier, cloud))}
        rows.append(f"| {tier.value} | {' | '.join(found.get(code, '-') for code in QUOTAS[cloud])} |")
    return "\n".join(rows)


def raised() -> str:
    """The command that asks for the GPU quota of the example, as ``gateway quotas`` prints it."""
    plan = _plan(Tier(STACK), "aws")
    need = next(need for need in quotas_of(plan) if need.code == GPU_QUOTA)
    return f"```sh\n{raise_of(plan, need)}\n```"


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {
        "preview": preview,
        "sizes": functools.partial(sizes, "aws"),
        "sizes gcp": functools.partial(sizes, "gcp"),
    },
    "docs/deploy-aws.md": {"quotas": functools.partial(quotas, "aws"), "raise": raised},
    "docs/deploy-google-cloud.md": {"quotas": functools.partial(quotas, "gcp")},
}
"""Each page's blocks."""


def written(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with each block between its comments. Raises ValueError when a comment is missing."""
    for name, block in blocks.items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"the page has no block <!-- {name} -->")
        text = f"{before}{opening}{block}\n{closing}{after}"
    return text


def main() -> int:
    """The command: exit 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description="Write the parts of README.md and docs that are facts.")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    stale = [page for page, blocks in PAGES.items() if _differs(ROOT / page, blocks, write=not options.check)]
    if stale and options.check:
        print(
            f"{', '.join(stale)}: stale. Run `python -m tools.readme` and review the diff.", file=sys.stderr
        )
        return 1
    return 0


def _differs(path: Path, blocks: Mapping[str, Callable[[], str]], *, write: bool) -> bool:
    text = path.read_text(encoding="utf-8")
    wanted = written(text, {name: make() for name, make in blocks.items()})
    if write:
        path.write_text(wanted, encoding="utf-8", newline="\n")
    return text != wanted


if __name__ == "__main__":
    raise SystemExit(main())
