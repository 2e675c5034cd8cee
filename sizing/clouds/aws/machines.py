"""EC2 machine types and the zones to use them in."""

from __future__ import annotations

import functools

from sizing.choices import ZONES
from sizing.clouds.aws.limits import cluster as limits
from sizing.clouds.base import Machine
from sizing.errors import SizingError
from sizing.names import suggestion
from sizing.tables import optional_float, rows

PACKAGE = "sizing.clouds.aws"
DEFAULT_REGION = "us-east-1"
"""The catalogue's prices and zones are of this region (D34)."""
PARTITION = "aws"
"""Of every region in the catalogue; those of China and GovCloud belong to accounts of their own."""


@functools.cache
def machines() -> dict[str, Machine]:
    """Every machine type of the catalogue by name."""
    found: dict[str, Machine] = {}
    for row in rows(PACKAGE, "instances"):
        found[row["instance_type"]] = Machine(
            name=row["instance_type"],
            vcpu=int(row["vcpu"]),
            memory_mib=int(row["memory_mib"]),
            gpus=int(row["gpus"]),
            gpu_model=row["gpu_model"],
            allocatable_cpu_m=int(row["allocatable_cpu_m"]),
            allocatable_memory_mib=int(row["allocatable_memory_mib"]),
            max_pods=int(row["max_pods"]),
            addresses=int(row["eni"]) * int(row["ipv4_per_eni"]),
            network_gbps_baseline=float(row["network_gbps_baseline"]),
            network_gbps_max=float(row["network_gbps_max"]),
            usd_per_hour=optional_float(row["usd_per_hour"]),
            zones=tuple(row["zones"].split()),
        )
    return found


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
        limit = "not an x86_64 instance type of the catalogue"
    raise SizingError(path, name, limit, suggestion("" if name in machines() else name, known))


@functools.cache
def regions() -> dict[str, tuple[str, ...]]:
    """Zone ids of every region."""
    return {row["region"]: tuple(row["zones"].split()) for row in rows(PACKAGE, "regions")}


def zones(region: str, pools: tuple[tuple[str, Machine], ...]) -> tuple[str, ...]:
    """The zones to build in: the first three of the region that offer every pool's machine type.

    Offerings are known for the default region only; elsewhere the first three zones are taken and a finding
    says that they are not verified (D34).

    Raises:
        SizingError: the region does not exist, has too few zones, or a machine type is offered in too few.
    """
    if region not in regions():
        raise SizingError(
            "region", region, "not an AWS region of the catalogue", suggestion(region, regions())
        )
    offered = [zone for zone in regions()[region] if zone not in limits.UNUSABLE_ZONES]
    if len(offered) < ZONES:
        raise limits.ZONES.refusal(
            "region",
            region,
            f"has {len(offered)} availability zones that EKS can use, and a platform needs {ZONES}",
            f"Choose another region, such as {DEFAULT_REGION}.",
        )
    for path, wanted in pools if region == DEFAULT_REGION else ():
        offered = [zone for zone in offered if zone in wanted.zones]
        if len(offered) < ZONES:
            raise limits.OFFERINGS.refusal(
                path,
                wanted.name,
                f"offered in {len(offered)} zones that the other pools can use too, {ZONES} are needed",
                "Choose a machine type that more zones offer.",
            )
    return tuple(offered[:ZONES])
