"""Compute Engine machine types, those that stand for the guide's, and the zones to use them in."""

from __future__ import annotations

import functools

from sizing.choices import ZONES
from sizing.clouds.base import Machine
from sizing.clouds.gcp.limits import cluster as limits
from sizing.errors import SizingError
from sizing.names import suggestion
from sizing.tables import optional_float, rows

PACKAGE = "sizing.clouds.gcp"
DEFAULT_REGION = "us-central1"
"""The catalogue's prices and zones are of this region (D34)."""

EQUIVALENTS = {
    "m5.xlarge": "n2-standard-4",
    "m5.2xlarge": "n2-standard-8",
    "m5.4xlarge": "n2-standard-16",
    "m5.8xlarge": "n2-standard-32",
    "c5.2xlarge": "c2-standard-8",
    "r5.2xlarge": "n2-highmem-8",
    "g4dn.xlarge": "g2-standard-4",
    "g4dn.2xlarge": "g2-standard-8",
    "g5.4xlarge": "g2-standard-16",
    "p4d.24xlarge": "a2-highgpu-8g",
}
"""D28: same vCPU and memory, GPU memory at least the same. A T4 becomes an L4: bf16 and 24 GB for 16."""


@functools.cache
def machines() -> dict[str, Machine]:
    """Every machine type of the catalogue by name. Egress has one limit without bursts."""
    found: dict[str, Machine] = {}
    for row in rows(PACKAGE, "machines"):
        found[row["machine_type"]] = Machine(
            name=row["machine_type"],
            vcpu=int(row["vcpu"]),
            memory_mib=int(row["memory_mib"]),
            gpus=int(row["gpus"]),
            gpu_model=row["gpu_model"],
            accelerator=row["accelerator"],
            allocatable_cpu_m=int(row["allocatable_cpu_m"]),
            allocatable_memory_mib=int(row["allocatable_memory_mib"]),
            max_pods=int(row["max_pods"]),
            addresses=1,  # pods have a range of their own
            network_gbps_baseline=float(row["network_gbps"]),
            network_gbps_max=float(row["network_gbps"]),
            usd_per_hour=optional_float(row["usd_per_hour"]),
            zones=tuple(row["zones"].split()),
        )
    return found


def api_name(name: str) -> str:
    """The Compute API's machine type: the catalogue writes attached accelerators behind a ``+``."""
    return name.partition("+")[0]


def machine(path: str, name: str, *, gpu: bool) -> Machine:
    """The machine type of a pool.

    Raises:
        SizingError: not in the catalogue, or a GPU type for the CPU pool and the other way round.
    """
    known = {n: m for n, m in machines().items() if bool(m.gpus) == gpu}
    if name in known:
        return known[name]
    kind = "GPU" if gpu else "CPU"
    if name in machines():
        limit = f"has {'no' if gpu else 'a'} GPU, and this is the {kind} pool"
    else:
        limit = "not a machine type of the Google Cloud catalogue"
    nearest = EQUIVALENTS.get(name)
    remedy = (
        f"Use {nearest}, its equivalent."
        if nearest in known
        else suggestion("" if name in machines() else name, known)
    )
    if gpu and name in limits.SPOT_ONLY:
        raise limits.ON_DEMAND.refusal(path, name, "sold as Spot or Flex-start only, not on demand", remedy)
    raise SizingError(path, name, limit, remedy)


@functools.cache
def regions() -> dict[str, tuple[str, ...]]:
    """Zones of every region."""
    return {row["region"]: tuple(row["zones"].split()) for row in rows(PACKAGE, "regions")}


def zones(region: str, pools: tuple[tuple[str, Machine], ...]) -> tuple[str, ...]:
    """The zones to build in: the first three of the region that offer every pool's machine type.

    Offerings are known for the default region only; elsewhere the first three zones are taken and a finding
    says that they are not verified (D34).

    Raises:
        SizingError: the region does not exist, or a machine type is offered in too few of its zones.
    """
    if region not in regions():
        raise SizingError(
            "region", region, "not a Google Cloud region of the catalogue", suggestion(region, regions())
        )
    offered = list(regions()[region])
    for path, wanted in pools if region == DEFAULT_REGION else ():
        offered = [zone for zone in offered if zone in wanted.zones]
        if len(offered) < ZONES:
            what = f"its GPU, {wanted.gpus} x {wanted.gpu_model}, is" if wanted.gpus else "it is"
            raise limits.OFFERINGS.refusal(
                path,
                wanted.name,
                f"{what} offered in {len(offered)} zones of {region} that the other pools can use too"
                f" ({', '.join(offered) or 'none'}), and {ZONES} are needed",
                "Choose a machine type that more zones offer.",
            )
    return tuple(offered[:ZONES])
