"""Which metrics there are, who serves them, and how each workload is scraped: two tables beside the model's.

``sizing/catalog/metrics.csv`` has a row for every metric that an alert or a dashboard uses, with the labels
its exporter gives it. ``sizing/catalog/monitors.csv`` has a row for every workload: the exporter, and the
switch that makes a monitor for it, or why there is none.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

TARGET_LABELS = frozenset(
    {"job", "instance", "namespace", "pod", "service", "container", "endpoint", "exported_namespace", "node"}
)
"""What Prometheus adds to every series from its target, or renames when both have it."""
HISTOGRAM_SUFFIXES = ("_bucket", "_count", "_sum")


@dataclass(frozen=True)
class Metric:
    """A metric as its exporter serves it; ``labels`` may end in "*" for a family of them."""

    name: str
    type: str
    labels: tuple[str, ...]
    unit: str
    exporter: str
    source: str

    def has_label(self, name: str) -> bool:
        """Whether a series of it may carry the label."""
        if name == "le":
            return self.type == "histogram"
        return name in TARGET_LABELS or any(fnmatchcase(name, label) for label in self.labels)


@dataclass(frozen=True)
class Monitor:
    """How a workload is scraped. ``workload`` may be a pattern, or in brackets what is no workload.

    ``switch`` is empty where there is nothing to scrape; else words of the form ``release=path`` (a Helm
    value that must be true), ``release~path`` (true unless set otherwise) or ``Kind/name`` (our own).
    """

    workload: str
    exporter: str
    switch: str
    note: str


@cache
def metrics() -> Mapping[str, Metric]:
    """All metrics by name."""
    return {
        row["metric"]: Metric(
            name=row["metric"],
            type=row["type"],
            labels=tuple(row["labels"].split()),
            unit=row["unit"],
            exporter=row["exporter"],
            source=row["source"],
        )
        for row in _rows("metrics.csv")
    }


@cache
def monitors() -> tuple[Monitor, ...]:
    """All monitors, in the table's order: an exact name stands before a pattern that also matches it."""
    return tuple(Monitor(**row) for row in _rows("monitors.csv"))


def metric_of(series: str) -> Metric | None:
    """The metric a series belongs to; a histogram's parts belong to the histogram."""
    found = metrics().get(series)
    if found is not None:
        return found
    for suffix in HISTOGRAM_SUFFIXES:
        whole = metrics().get(series.removesuffix(suffix)) if series.endswith(suffix) else None
        if whole is not None and whole.type == "histogram":
            return whole
    return None


def monitors_of(workload: str) -> tuple[Monitor, ...]:
    """The rows about a workload: those with its name, else the first pattern that matches."""
    exact = tuple(row for row in monitors() if row.workload == workload)
    if exact:
        return exact
    for row in monitors():
        if "*" in row.workload and fnmatchcase(workload, row.workload):
            return (row,)
    return ()


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("sizing") / "catalog" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
