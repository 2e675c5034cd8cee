"""The parts of README.md that are facts about the program: a piece of a real preview, sizes, quotas.

``python -m tools.readme`` writes them between their comments (``<!-- preview -->``), ``--check`` compares.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cli.figures import figure
from cli.main import main as gateway
from infra.planning import plan_of, relocated
from infra.stackfile import read
from sizing.clouds.aws.machines import machines
from sizing.clouds.gcp.machines import machines as gcp_machines
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

POOLS = ("cpu_nodes", "gpu_nodes")
STANDBY = {"aws": "Multi-AZ", "gcp": "REGIONAL"}
"""What each cloud calls a standby in a second zone."""
FAMILIES = {"standard": "acdhimrtz", "graphics": "g", "training": "p"}
"""First letters of the instance families that share a quota of vCPUs: L-1216C47A, L-DB2E81BA, L-417A185B
(https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html)."""
GPU_QUOTAS = {"nvidia-l4": "NVIDIA_L4_GPUS", "nvidia-tesla-a100": "NVIDIA_A100_GPUS"}
CPU_QUOTAS = {"n2": "N2_CPUS", "a2": "A2_CPUS"}
GCP_QUOTAS = (*CPU_QUOTAS.values(), *GPU_QUOTAS.values(), "SSD_TOTAL_GB")
"""Regional quotas of Compute Engine by machine family and accelerator. G2's vCPUs have none; balanced disks
count as SSD (https://cloud.google.com/compute/resource-usage)."""


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


def quotas() -> str:
    """vCPUs that every tier's nodes take on AWS, at the start and at most, by quota."""
    rows = [
        "| Stack | Standard (L-1216C47A), start / most | G and VT (L-DB2E81BA), start / most"
        " | P (L-417A185B), start / most |",
        "|---|---|---|---|",
    ]
    for tier in Tier:
        needed = {family: [0, 0] for family in FAMILIES}
        for group in _plan(tier, "aws").node_groups:
            vcpu = machines()[group.machine_type].vcpu
            family = next(name for name, letters in FAMILIES.items() if group.machine_type[0] in letters)
            needed[family][0] += vcpu * group.desired
            needed[family][1] += vcpu * group.max
        rows.append(f"| {tier.value} | {_start_and_most(needed)} |")
    return "\n".join(rows)


def gcp_quotas() -> str:
    """vCPUs, GPUs and disks that every tier takes on Google Cloud, at the start and at most, by quota."""
    rows = [f"| Stack | {' | '.join(GCP_QUOTAS)} |", f"|---|{'---|' * len(GCP_QUOTAS)}"]
    for tier in Tier:
        plan = _plan(tier, "gcp")
        needed = {name: [0, 0] for name in GCP_QUOTAS}
        for group in plan.node_groups:
            each = {"SSD_TOTAL_GB": group.disk_gib}
            if family := CPU_QUOTAS.get(group.machine_type.split("-")[0]):
                each[family] = gcp_machines()[group.machine_type].vcpu
            if group.gpus_per_node:
                each[GPU_QUOTAS[group.gpu_model]] = group.gpus_per_node
            for name, amount in each.items():
                needed[name][0] += amount * group.desired
                needed[name][1] += amount * group.max
        volumes = sum(
            max(volume.size_gib, plan.order.volume_min_gib) * workload.replicas
            for workload in plan.workloads.items
            for volume in workload.volumes
        )
        needed["SSD_TOTAL_GB"] = [disks + volumes for disks in needed["SSD_TOTAL_GB"]]
        rows.append(f"| {tier.value} | {_start_and_most(needed)} |")
    return "\n".join(rows)


def _start_and_most(needed: Mapping[str, Sequence[int]]) -> str:
    return " | ".join(f"{start} / {most}" if most else "-" for start, most in needed.values())


BLOCKS: Mapping[str, Callable[[], str]] = {
    "preview": preview,
    "sizes": functools.partial(sizes, "aws"),
    "sizes gcp": functools.partial(sizes, "gcp"),
    "quotas": quotas,
    "quotas gcp": gcp_quotas,
}


def written(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with each block between its comments. Raises ValueError when a comment is missing."""
    for name, block in blocks.items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise ValueError(f"README.md has no block <!-- {name} -->")
        text = f"{before}{opening}{block}\n{closing}{after}"
    return text


def main() -> int:
    """The command: exit 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description="Write the parts of README.md that are facts.")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    wanted = written(text, {name: make() for name, make in BLOCKS.items()})
    if not options.check:
        path.write_text(wanted, encoding="utf-8", newline="\n")
    elif text != wanted:
        print("README.md is stale. Run `python -m tools.readme` and review the diff.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
