"""Trim raw Google Cloud tables to the catalogue files of ``sizing/clouds/gcp``; a part of refresh_catalogue.

Raw tables: gcp-machines.csv, gcp-allocatable.csv, gcp-managed.csv and gcp-zones.json, a mapping of region to
zone letters. Their origin is noted in ``sizing/clouds/gcp/catalog/README.md``.
"""

from __future__ import annotations

import json
from pathlib import Path

from tools.catalogue_files import GCP, read, write

CARDS = {
    "nvidia-tesla-t4": "T4",
    "nvidia-l4": "L4",
    "nvidia-tesla-a100": "A100-40GB",
    "nvidia-a100-80gb": "A100-80GB",
    "nvidia-h100-80gb": "H100-80GB",
}
"""Accelerator type of the Compute API -> name in sizing/catalog/gpus.csv."""
REGION = "us-central1"
WRITABLE_SHARE = 0.8
"""Share of a Memorystore node's memory left for keys by default (maxmemory 80%)."""
SHARED_CORE = ("REDIS_SHARED_CORE_NANO",)
"""Node types without a service level agreement."""


def machines(raw: Path) -> None:
    """Machine types that can be bought on demand in known zones, with what GKE leaves of them for pods."""
    allocatable = {row["machine_type"]: row for row in read(raw / "gcp-allocatable.csv")}
    rows: list[dict[str, str]] = []
    for row in read(raw / "gcp-machines.csv"):
        if row["on_demand"] != "yes" or not row["zones_us_central1"]:
            continue
        free = allocatable[row["machine_type"]]
        rows.append(
            {
                "machine_type": row["machine_type"],
                "vcpu": row["vcpu"],
                "memory_mib": row["memory_mib"],
                "gpus": row["gpu_count"],
                "gpu_model": CARDS[row["gpu_model"]] if row["gpu_model"] else "",
                "accelerator": row["gpu_model"],
                "allocatable_cpu_m": free["allocatable_cpu_m"],
                "allocatable_memory_mib": free["allocatable_memory_mib"],
                "max_pods": row["max_pods_gke"],
                "network_gbps": row["network_gbps_max"],
                "usd_per_hour": row["usd_per_hour_us_central1"],
                "zones": " ".join(f"{REGION}-{letter}" for letter in row["zones_us_central1"]),
            }
        )
    write(GCP / "machines.csv", rows[0], rows)


def caches(raw: Path) -> None:
    """Node types of Memorystore for Redis Cluster with the memory left for keys."""
    rows = [
        {
            "node_type": row["item"],
            "usable_gib": f"{float(row['memory_gb']) * WRITABLE_SHARE:g}",
            "shared_core": "yes" if row["item"] in SHARED_CORE else "no",
            "usd_per_hour": row["usd"],
        }
        for row in read(raw / "gcp-managed.csv")
        if row["service"] == "memorystore-redis-cluster" and row["unit"] == "node-hour"
    ]
    write(GCP / "caches.csv", rows[0], rows)


def regions(raw: Path) -> None:
    """Regions with the names of their zones."""
    zones: dict[str, str] = json.loads((raw / "gcp-zones.json").read_text())
    rows = [
        {"region": region, "zones": " ".join(f"{region}-{letter}" for letter in letters)}
        for region, letters in sorted(zones.items())
    ]
    write(GCP / "regions.csv", ("region", "zones"), rows)
