"""Trim raw price and capacity tables to the compact catalogue files the model reads.

    python -m tools.refresh_catalogue --raw DIR

``DIR`` holds the raw tables (aws-instances.csv, aws-managed.csv, aws-orderable.csv, gpus.csv, models.csv,
aws-zones.json, a mapping of region to availability zone ids, and those that ``refresh_gcp`` names). Their
origin is noted in each catalogue's README. Output is sorted and byte-stable, so a refresh shows as a
reviewable diff.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tools import refresh_gcp
from tools.catalogue_files import AWS, COMMON, read, write

RDS_FAMILIES = ("t3", "m5", "m6i", "r5", "r6i")  # x86_64 only: see docs/adr/0003
REVISIONS = {
    "meta-llama/Llama-3.1-8B-Instruct": "0e9e39f249a16976918f6564b8830bc894c89659",
    "meta-llama/Llama-3.1-70B-Instruct": "1605565b47bb9346c5515c34102e054115b4f98b",
    "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4": "db1f81ad4b8c7e39777509fac66c652eb0a52f91",
    "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4": "2123003760781134cfc31124aa6560a45b491fdf",
    "casperhansen/llama-3.3-70b-instruct-awq": "64d255621f40b42adaf6d1f32a47e1d4534c0f14",
    "Qwen/Qwen3-8B": "b968826d9c46dd6066d109eabc6255188de91218",
    "Qwen/Qwen3-32B": "9216db5781bf21249d130ec9da846c4624c16137",
    "openai/gpt-oss-20b": "6cee5e81ee83917806bbde320786a8fb61efebee",
}
"""Commits of the repositories that several public projects pin or have in their caches (D26); others are not
known here and follow the repository's main branch until the stack pins them."""
GPU_MODELS = {("A100", "40960"): "A100-40GB", ("A100", "81920"): "A100-80GB", ("H100", "81920"): "H100-80GB"}


def instances(raw: Path) -> None:
    """EC2 types a node group may use: x86_64 and offered in at least one zone."""
    columns = (
        "instance_type",
        "vcpu",
        "memory_mib",
        "gpus",
        "gpu_model",
        "allocatable_cpu_m",
        "allocatable_memory_mib",
        "max_pods",
        "eni",
        "ipv4_per_eni",
        "network_gbps_baseline",
        "network_gbps_max",
        "usd_per_hour",
        "zones",
    )
    rows: list[dict[str, str]] = []
    for row in read(raw / "aws-instances.csv"):
        if row["arch"] != "x86_64" or not row["az_ids_us_east_1"]:
            continue
        gpu = GPU_MODELS.get((row["gpu_model"], row["gpu_memory_mib_each"]), row["gpu_model"])
        rows.append(
            {
                **row,
                "gpus": row["gpu_count"],
                "gpu_model": gpu,
                "allocatable_memory_mib": row["allocatable_memory_mib_safe"],
                "max_pods": row["max_pods_eks"],
                "eni": row["eni_default_card"],
                "usd_per_hour": row["usd_per_hour_us_east_1"],
                "zones": " ".join(f"use1-{z}" for z in row["az_ids_us_east_1"].split()),
            }
        )
    write(AWS / "instances.csv", columns, rows)


def databases(raw: Path) -> None:
    """RDS PostgreSQL classes that a single instance can be ordered in."""
    rows: list[dict[str, str]] = []
    for row in read(raw / "aws-managed.csv"):
        family = row["item"].split(".")[1] if row["item"].startswith("db.") else ""
        if (
            row["service"] == "rds-postgresql"
            and family in RDS_FAMILIES
            and row["orderable_db_instance"] == "true"
        ):
            rows.append(
                {
                    "instance_class": row["item"],
                    "vcpu": row["vcpu"],
                    "memory_gib": row["memory_gib"],
                    "iops_baseline": row["ebs_iops_baseline_ec2_twin"],
                    "iops_max": row["ebs_iops_max_ec2_twin"],
                    "usd_per_hour": row["usd"],
                }
            )
    write(AWS / "databases.csv", rows[0], rows)


def caches(raw: Path) -> None:
    """ElastiCache for Valkey nodes without data tiering."""
    rows = [
        {
            "node_type": row["item"],
            "vcpu": row["vcpu"],
            "usable_gib": row["usable_after_25pct_reserved_gib"],
            "usd_per_hour": row["usd"],
        }
        for row in read(raw / "aws-managed.csv")
        if row["service"] == "elasticache-valkey" and "r6gd" not in row["item"]
    ]
    write(AWS / "caches.csv", rows[0], rows)


def versions(raw: Path) -> None:
    """Engine versions that a new instance may be created with."""
    kinds = {
        "rds_postgres_engine_version_not_deprecated": "postgres",
        "elasticache_valkey_version": "valkey",
    }
    rows = [
        {"engine": kinds[row["kind"]], "version": row["value"]}
        for row in read(raw / "aws-orderable.csv")
        if row["kind"] in kinds
    ]
    write(AWS / "versions.csv", ("engine", "version"), rows)


def regions(raw: Path) -> None:
    """Regions with their availability zone ids."""
    zones: dict[str, list[str]] = json.loads((raw / "aws-zones.json").read_text())
    rows = [{"region": region, "zones": " ".join(ids)} for region, ids in sorted(zones.items())]
    write(AWS / "regions.csv", ("region", "zones"), rows)


def gpus(raw: Path) -> None:
    """Cards: memory as CUDA reports it and what they can compute."""
    rows = [
        {
            "gpu": row["gpu"],
            "memory_mib": row["memory_mib_nominal"],
            "cuda_memory_mib": row["memory_mib_cuda_min_seen"]
            or str(int(int(row["memory_mib_driver"]) * 0.98)),
            "compute_capability": row["compute_capability"],
            "bf16": row["bf16"],
            "fp8": row["fp8_native"],
            "memory_gb_per_s": row["mem_bandwidth_gb_s"],
        }
        for row in read(raw / "gpus.csv")
    ]
    write(COMMON / "gpus.csv", rows[0], rows)


def models(raw: Path) -> None:
    """Model facts with a known weight size; ids nobody has seen are left out."""
    columns = (
        "repository",
        "family",
        "precision",
        "layers",
        "attention_heads",
        "kv_heads",
        "head_dim",
        "max_position",
        "weight_mib",
        "revision",
        "licence",
        "gated",
        "source",
    )
    rows = [r for r in read(raw / "models.csv") if r["weight_mib"] and not r["verified"].startswith("no")]
    for row in rows:
        row["revision"] = REVISIONS.get(row["repository"], "")
        row["gated"] = "yes" if row["gated"].startswith("yes") else "no"
    write(COMMON / "models.csv", columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--raw", type=Path, required=True, help="directory of the raw tables")
    raw: Path = parser.parse_args().raw
    google = (refresh_gcp.machines, refresh_gcp.caches, refresh_gcp.regions)
    for step in (instances, databases, caches, versions, regions, gpus, models, *google):
        step(raw)


if __name__ == "__main__":
    main()
