"""The Google Cloud catalogue: allocatable figures follow GKE's published reserves."""

from __future__ import annotations

import math

import pytest

from sizing.clouds.gcp.machines import DEFAULT_REGION, machines, regions
from sizing.clouds.gcp.redis import nodes
from sizing.gpu import card

CPU_RESERVED = ((1, 0.06), (2, 0.01), (4, 0.005), (math.inf, 0.0025))
"""Share of each core up to a count (https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes)."""
MEMORY_RESERVED = ((4, 0.25), (8, 0.20), (16, 0.10), (128, 0.06), (math.inf, 0.02))
"""Share of memory up to so many GiB."""
EVICTION_MIB = 100
KERNEL_GIB, KERNEL_SHARE = 0.48, 0.0205


def _reserved(amount: float, bands: tuple[tuple[float, float], ...]) -> float:
    taken, start = 0.0, 0.0
    for end, share in bands:
        taken += max(0.0, min(amount, end) - start) * share
        start = end
    return taken


@pytest.mark.parametrize("name", machines())
def test_allocatable_follows_the_published_reserves(name: str) -> None:
    machine = machines()[name]
    cpu_m = 1000 * (machine.vcpu - _reserved(machine.vcpu, CPU_RESERVED))
    assert machine.allocatable_cpu_m == pytest.approx(cpu_m, abs=1)
    nominal = machine.memory_mib / 1024
    seen = nominal - max(KERNEL_GIB, KERNEL_SHARE * nominal)
    memory_mib = 1024 * (seen - _reserved(seen, MEMORY_RESERVED)) - EVICTION_MIB
    assert machine.allocatable_memory_mib == pytest.approx(memory_mib, abs=2)


@pytest.mark.parametrize("name", machines())
def test_machines_can_be_bought_somewhere_with_a_known_card(name: str) -> None:
    machine = machines()[name]
    assert machine.usd_per_hour is not None
    assert set(machine.zones) & set(regions()[DEFAULT_REGION])
    assert bool(machine.gpus) == bool(machine.gpu_model) == bool(machine.accelerator)
    if machine.gpus:
        assert card(machine.gpu_model).memory_mib > 0


@pytest.mark.parametrize(
    ("name", "observed_mib"), [("n2-standard-4", 13_591_652 / 1024), ("e2-standard-4", 13_498_416 / 1024)]
)
def test_allocatable_is_never_above_a_listed_node(name: str, observed_mib: float) -> None:
    """Two nodes in public listings; the figure is at most 1.1% below."""
    assert 0.989 * observed_mib <= machines()[name].allocatable_memory_mib <= observed_mib


def test_an_unknown_price_is_unknown() -> None:
    assert {n.name for n in nodes() if n.usd_per_hour is None} == {
        "REDIS_HIGHCPU_MEDIUM",
        "REDIS_STANDARD_LARGE",
        "REDIS_HIGHMEM_2XLARGE",
    }
    assert all(n.usd_per_hour for n in nodes() if n.usd_per_hour is not None)
