"""Kubernetes quantities: strict in, exact out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.quantities import format_cpu, format_memory, format_storage, parse_cpu, parse_memory

AMOUNT = st.integers(1, 10**12)


@given(AMOUNT)
def test_cpu_survives_a_round_trip(milli: int) -> None:
    assert parse_cpu(format_cpu(milli)) == milli


@given(AMOUNT)
def test_memory_survives_a_round_trip(mib: int) -> None:
    assert parse_memory(format_memory(mib)) == mib


@given(AMOUNT)
def test_storage_is_a_memory_quantity_too(gib: int) -> None:
    assert parse_memory(format_storage(gib)) == gib * 1024


@given(st.integers(1, 10**6), st.integers(0, 999))
def test_decimal_cores_are_milli_cores(whole: int, milli: int) -> None:
    assert parse_cpu(f"{whole}.{milli:03}") == 1000 * whole + milli


@pytest.mark.parametrize(
    ("text", "milli"), [("500m", 500), ("2", 2000), (2, 2000), (0.5, 500), ("0.25", 250), ("1.5", 1500)]
)
def test_cpu_as_people_write_it(text: str | float, milli: int) -> None:
    assert parse_cpu(text) == milli


@pytest.mark.parametrize(
    ("text", "mib"),
    [("512Mi", 512), ("2Gi", 2048), ("1Ti", 1 << 20), ("1024Ki", 1), (1 << 30, 1024), ("0.5Gi", 512)],
)
def test_memory_as_people_write_it(text: str | int, mib: int) -> None:
    assert parse_memory(text) == mib


@pytest.mark.parametrize(("milli", "text"), [(500, "500m"), (2000, "2"), (1500, "1500m"), (0, "0")])
def test_cpu_is_written_short(milli: int, text: str) -> None:
    assert format_cpu(milli) == text


@pytest.mark.parametrize(("mib", "text"), [(512, "512Mi"), (2048, "2Gi"), (1536, "1536Mi")])
def test_memory_is_written_short(mib: int, text: str) -> None:
    assert format_memory(mib) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "-1",
        "1 m",
        "1e3",
        "2Gi",
        "½",
        "0.0005",
        "1.5m",
        True,
        None,
        "1,5",
        "nan",
        "٣",
        "4\n",
        "9" * 5000,
    ],
)
def test_what_is_no_cpu_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"cpu quantity|whole number of milli-CPU"):
        parse_cpu(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "Mi", "-1Mi", "1 Gi", "1GiB", "1gi", "500m", "1k", "1M", True, None, "1e9", "٣Gi", "4Gi\n", 8],
)
def test_what_is_no_whole_memory_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"memory quantity|whole number of MiB"):
        parse_memory(text)  # type: ignore[arg-type]
